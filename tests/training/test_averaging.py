"""The average of weights is the one of its formula, and what is evaluated and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from lexon.models.classifier import Classifier
from lexon.training import Training
from lexon.training.averaging import WeightAverage


def test_it_is_the_average_of_the_formula(make_model: Callable[..., Classifier]) -> None:
    """Of weights 1, 2, 3, ...: with a decay of 0.9, the first steps forget more."""
    model = make_model()
    average, expected = WeightAverage(model, 0.9), model.cls.detach().clone()
    for step in range(1, 200):
        model.cls.data.fill_(step)
        average.update(step)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * step
    torch.testing.assert_close(average.model.cls, expected)
    assert average.model.cls[0] == pytest.approx(199 - 9, abs=0.01), (
        "it lags behind by d / (1 - d) steps"
    )
    assert not any(parameter.requires_grad for parameter in average.model.parameters())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_what_is_kept_is_what_was_evaluated(
    make_model: Callable, make_table: Callable, make_config: Callable
) -> None:
    def train(**changes: Any) -> tuple[Classifier, Training]:
        model = make_model()
        result = Training(
            model,
            make_table(),
            make_table(seed=1),
            make_config(**changes),
            seed=0,
            device="cpu",
            select_by=(("epoch", "max"),),
        ).run()
        return model, result

    (model, averaged), (plain, last) = train(ema=0.9), train()
    assert [row["train_loss"] for row in averaged.history] == [
        row["train_loss"] for row in last.history
    ], "the training is the same"
    assert [row["val_loss"] for row in averaged.history] != [
        row["val_loss"] for row in last.history
    ]
    assert all(
        torch.equal(model.state_dict()[name], value) for name, value in plain.state_dict().items()
    )
    kept = make_model()
    kept.load_state_dict(averaged.best_state)
    assert kept.eval().loss(make_table(seed=1).tensors)[0].item() == pytest.approx(
        averaged.history[-1]["val_loss"], rel=1e-4
    )
