"""A training that can only get worse may be ended, and what it did so far is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from lexon.training import Resume, Training

BY_EPOCH = (("epoch", "max"),)


def after(epoch: int) -> Callable[[list[dict[str, Any]]], str]:
    return lambda history: f"seen enough at {epoch}" if len(history) >= epoch else ""


def test_the_reason_ends_it_and_is_kept(
    make_table: Callable, make_model: Callable, make_config: Callable
) -> None:
    arguments = make_model(), make_table(), make_table(24, 1), make_config(epochs=4)
    result = Training(*arguments, seed=0, device="cpu", select_by=BY_EPOCH, give_up=after(2)).run()
    assert (len(result.history), result.given_up, result.best_epoch) == (2, "seen enough at 2", 2)
    assert not result.stopped_early


def test_a_loss_that_is_not_finite_is_a_row_of_the_history(
    make_table: Callable, make_model: Callable, make_config: Callable
) -> None:
    table = make_table()
    table.tensors["values"][0] = torch.nan
    table.tensors["mask"][0] = True
    arguments = make_model(), table, make_table(24, 1), make_config(epochs=3)
    result = Training(*arguments, seed=0, device="cpu", select_by=BY_EPOCH, give_up=after(1)).run()
    assert len(result.history) == 1
    assert not torch.isfinite(torch.tensor(result.history[0]["train_loss"]))


def test_one_that_was_given_up_is_not_continued(
    make_table: Callable, make_model: Callable, make_config: Callable, resume: Resume
) -> None:
    data = make_table(), make_table(24, 1), make_config(epochs=4)
    settings: dict[str, Any] = {
        "seed": 0,
        "device": "cpu",
        "select_by": BY_EPOCH,
        "resume": resume,
        "give_up": after(2),
    }
    first, second = (Training(make_model(), *data, **settings).run() for _ in range(2))
    assert len(first.history) == len(second.history) == 2
    assert second.given_up == first.given_up
