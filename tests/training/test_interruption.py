"""An interrupted training, continued, is the training that was never interrupted."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import needs
import pytest
import torch
from torch import Tensor

from lexon.config import TrainingConfig
from lexon.models import Batch
from lexon.models.classifier import Classifier
from lexon.training import TIMINGS, TensorTable, Training, TrainingStopped

STEPS_PER_EPOCH = 6


class Interrupted(Classifier):
    """A classifier in whose training a signal arrives at step `at`."""

    at = 0
    signum = signal.SIGTERM

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        if self.training:
            self.at -= 1
            if self.at == 0:
                os.kill(os.getpid(), self.signum)
        return super().loss(batch)


@pytest.fixture
def train(
    make_table: Callable[..., TensorTable], make_config: Callable[..., TrainingConfig]
) -> Callable[..., Training]:
    def train(
        model: Classifier, resume: Any = None, data_seed: int = 0, **changes: Any
    ) -> Training:
        config = make_config(**{"epochs": 3} | changes)
        tables = make_table(seed=data_seed), make_table(seed=99)
        return Training(
            model,
            *tables,
            config,
            seed=5,
            device="cpu",
            select_by=(("val_loss", "min"),),
            resume=resume,
        ).run()

    return train


def without_timings(result: Training) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name not in TIMINGS}
        for row in result.history
    ]


def assert_same_weights(left: dict[str, Tensor], right: dict[str, Tensor]) -> None:
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"length_aware": False},
        {"ema": 0.9},
        pytest.param({"optimiser": "muon", "ema": 0.5}, marks=needs.MUON),
    ],
)
@pytest.mark.parametrize(
    "stops", [[1], [3], [STEPS_PER_EPOCH], [STEPS_PER_EPOCH + 2], [3 * STEPS_PER_EPOCH], [2, 3, 8]]
)
def test_exact_resume(
    stops: list[int], changes: dict[str, Any], train: Callable, make_model: Callable, resume: Any
) -> None:
    """Stops before, in, at the end of an epoch, at the very end, and three times."""
    whole = make_model()
    uninterrupted = train(whole, **changes)
    for at in stops:
        model = make_model(Interrupted)
        model.at = at
        with pytest.raises(TrainingStopped) as stopped:
            train(model, resume, **changes)
        assert stopped.value.code == 128 + signal.SIGTERM
    model = make_model()
    resumed = train(model, resume, **changes)
    assert without_timings(resumed) == without_timings(uninterrupted)
    assert resumed.best_epoch == uninterrupted.best_epoch
    assert_same_weights(resumed.best_state, uninterrupted.best_state)
    assert_same_weights(model.state_dict(), whole.state_dict())
    again = train(make_model(), resume, **changes)
    assert again.history == resumed.history, (
        "a finished training is not made twice, should its model not have reached the disk"
    )


def test_a_training_goes_on_with_the_threads_that_it_began_with(
    train: Callable, make_model: Callable, resume: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("lexon.training.device.cores", lambda: 2)
    before, model = torch.get_num_threads(), make_model(Interrupted)
    model.at = 1
    try:
        torch.set_num_threads(2)
        with pytest.raises(TrainingStopped):
            train(model, resume)
        torch.set_num_threads(1)
        train(make_model(), resume)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("stops", [[3], [STEPS_PER_EPOCH], [2, 9]])
def test_exact_resume_where_each_epoch_shows_other_values(
    stops: list[int], make_table: Callable, make_model: Callable, make_config: Callable, resume: Any
) -> None:
    asked: list[int] = []

    def turned(epoch: int) -> TensorTable:
        asked.append(epoch)
        table = make_table(seed=0)
        return TensorTable(
            table.tensors | {"values": table.tensors["values"] * (1 - 0.2 * epoch)},
            table.ragged,
            table.lengths,
        )

    def train(model: Classifier, resume: Any = None, turned: Any = turned) -> Training:
        tables, asked_for = (
            (make_table(seed=0), make_table(seed=99)),
            {"resume": resume, "turned": turned},
        )
        by_loss = (("val_loss", "min"),)
        return Training(
            model,
            *tables,
            make_config(epochs=3),
            seed=5,
            device="cpu",
            select_by=by_loss,
            **asked_for,
        ).run()

    whole, plain = train(make_model()), train(make_model(), turned=None)
    assert asked == [1, 2, 3]
    assert without_timings(whole) != without_timings(plain)
    for at in stops:
        model = make_model(Interrupted)
        model.at = at
        with pytest.raises(TrainingStopped):
            train(model, resume)
    assert without_timings(train(make_model(), resume)) == without_timings(whole)


def test_a_stop_loses_no_step(train: Callable, make_model: Callable, resume: Any) -> None:
    model = make_model(Interrupted)
    model.at = STEPS_PER_EPOCH + 2
    with pytest.raises(TrainingStopped):
        train(model, resume)
    state = resume.load()
    assert (len(state["history"]), state["step"]) == (1, 2)


def test_ctrl_c_stops_with_130_and_the_handlers_come_back(
    train: Callable, make_model: Callable
) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    model = make_model(Interrupted)
    model.at, model.signum = 2, signal.SIGINT
    with pytest.raises(TrainingStopped) as stopped:
        train(model)
    assert stopped.value.code == 130
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_the_state_is_saved_after_every_epoch(
    train: Callable, make_model: Callable, resume: Any
) -> None:
    train(make_model(), resume)
    assert resume.saved == 3


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"lr": 1e-4}, "training.lr"),
        ({"data_seed": 1}, "training data"),
        ({"pool": "max"}, "recipe"),
        ({"seed": 1}, "initial weights"),
    ],
)
def test_a_checkpoint_of_another_training_is_left_alone(
    *,
    changes: dict[str, Any],
    named: str,
    train: Callable,
    make_model: Callable,
    resume: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Even where shapes agree: other values of the data, another pooling, other first weights."""
    interrupted = make_model(Interrupted)
    interrupted.at = 8
    with pytest.raises(TrainingStopped):
        train(interrupted, resume)
    of_model = {key: value for key, value in changes.items() if key in {"pool", "seed"}}
    of_fit = {key: value for key, value in changes.items() if key not in of_model}
    resumed = train(make_model(**of_model), resume, **of_fit)
    assert f"different: {named}" in caplog.text
    assert without_timings(resumed) == without_timings(train(make_model(**of_model), **of_fit))


def test_outside_the_main_thread_signals_are_not_touched(
    train: Callable, make_model: Callable
) -> None:
    results: list[Training] = []
    thread = threading.Thread(target=lambda: results.append(train(make_model())))
    thread.start()
    thread.join()
    assert len(results[0].history) == 3
