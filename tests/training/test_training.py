"""The loop: it learns what can be learnt, obeys each key of its recipe, and is the same
every time.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from typing import Any

import needs
import numpy as np
import pytest
import rich.console
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from lexon.config import TrainingConfig
from lexon.models import Batch
from lexon.models.classifier import Classifier
from lexon.training import TensorTable, Training, TrainingDiverged, predict
from lexon.training.progress import Reporter

OTHER_VALUE = {
    "epochs": 3,
    "batch_size": 24,
    "lr": 1e-3,
    "weight_decay": 0.5,
    "warmup_steps": 4,
    "warmup_start": 0.5,
    "schedule": "linear",
    "grad_clip": 0.01,
    "label_smoothing": 0.2,
    "early_stopping": 1,
    "length_aware": False,
    "precision": "bf16",
    "ema": 0.9,
    "optimiser": "muon",
}


def auroc(scores: np.ndarray, table: TensorTable) -> dict[str, float]:
    return {"auroc": roc_auc_score(table.tensors["target"].numpy(), scores[:, 1])}


@pytest.fixture
def train(
    make_table: Callable, make_model: Callable, make_config: Callable
) -> Callable[..., Training]:
    def train(
        model: Classifier | None = None,
        n: int = 96,
        shuffled: bool = False,
        seed: int = 0,
        **changes: Any,
    ) -> Training:
        config = make_config(**changes)
        model = model or make_model(label_smoothing=config.label_smoothing)
        tables = make_table(n, 0, shuffled), make_table(max(n, 96), 1, shuffled)
        return Training(
            model,
            *tables,
            config,
            seed=seed,
            device="cpu",
            validate=auroc,
            select_by=(("val_auroc", "max"), ("val_loss", "min")),
        ).run()

    return train


def curve(result: Training) -> list[tuple[float, ...]]:
    return [
        tuple(row[name] for name in ("train_loss", "val_loss", "val_auroc", "grad_norm"))
        for row in result.history
    ]


# These act on the data before a training sees them (tests/pipelines/modelling).
OF_THE_DATA = {"augmentation", "event_weights", "class_weights", "negative_weights"}


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=needs.MUON if key == "optimiser" else ())
        for key in sorted(TrainingConfig.model_fields.keys() - OF_THE_DATA)
    ],
)
def test_each_key_of_the_recipe_is_alive(
    key: str, make_table: Callable, make_model: Callable, make_config: Callable
) -> None:
    """At another value, the loss curve or the schedule is another. The first epoch counts as best,
    so that patience runs out.
    """

    def outcome(config: TrainingConfig) -> tuple[Any, ...]:
        model = make_model(label_smoothing=config.label_smoothing)
        tables = make_table(), make_table(seed=1)
        result = Training(
            model, *tables, config, seed=0, device="cpu", select_by=(("epoch", "min"),)
        ).run()
        return [
            (row["train_loss"], row["val_loss"]) for row in result.history
        ], result.schedule.tolist()

    plain = make_config(epochs=4)
    assert outcome(plain) == outcome(plain)
    assert outcome(plain) != outcome(plain.model_copy(update={key: OTHER_VALUE[key]}))


def test_no_clipping_is_clipping_at_infinity(train: Callable) -> None:
    assert (
        curve(train(grad_clip=None)) == curve(train(grad_clip=1e9)) != curve(train(grad_clip=0.01))
    )


def test_it_learns_what_is_there(train: Callable) -> None:
    assert train(n=256, epochs=6, lr=2e-2).history[-1]["val_auroc"] > 0.9


def test_it_learns_nothing_from_shuffled_labels(train: Callable) -> None:
    result = train(n=512, epochs=3, shuffled=True)
    assert result.history[-1]["val_auroc"] == pytest.approx(0.5, abs=0.09)


def test_one_batch_can_be_overfitted(train: Callable, make_model: Callable) -> None:
    model = make_model(dropout=0.0, dim=16)
    result = train(model, n=16, shuffled=True, epochs=80, lr=1e-2, schedule="constant")
    assert result.history[-1]["train_loss"] < 0.02
    assert result.history[-1]["train_accuracy"] == 1


def test_the_same_seed_gives_the_same_curve_and_another_does_not(train: Callable) -> None:
    torch.manual_seed(1)
    first = train(seed=1)
    torch.manual_seed(2)
    assert curve(first) == curve(train(seed=1)) != curve(train(seed=2))


def test_the_caller_s_random_numbers_do_not_change(train: Callable) -> None:
    before = torch.get_rng_state()
    train()
    assert torch.equal(torch.get_rng_state(), before)


def test_early_stopping_stops_and_says_so(
    make_table: Callable, make_model: Callable, make_config: Callable
) -> None:
    tables, config = (make_table(), make_table(seed=1)), make_config(epochs=9, early_stopping=2)
    result = Training(
        make_model(), *tables, config, seed=0, device="cpu", select_by=(("epoch", "min"),)
    ).run()
    assert (len(result.history), result.best_epoch, result.stopped_early) == (3, 1, True)


def test_the_best_state_is_that_of_the_best_epoch(
    train: Callable, make_table: Callable, make_model: Callable
) -> None:
    """An enormous rate makes later epochs worse; loaded into a new model, the weights give the
    metric of the history.
    """
    result = train(epochs=5, lr=0.3, schedule="constant", n=256)
    scores = [row["val_auroc"] for row in result.history]
    assert result.best_epoch == 1 + int(np.argmax(scores))
    assert not result.stopped_early
    model, val = make_model(seed=7), make_table(256, 1)
    model.load_state_dict(result.best_state)
    assert auroc(predict(model, val, 50, "cpu"), val)["auroc"] == pytest.approx(
        max(scores), abs=1e-3
    )


@pytest.mark.parametrize(
    ("values", "best"),
    [([0.5, 0.7, 0.7], 3), ([0.5, 0.7, float("nan")], 2), ([float("nan"), 0.1, 0.0], 2)],
)
def test_ties_fall_to_the_next_metric_and_nan_is_worst(
    values: list[float],
    best: int,
    make_table: Callable,
    make_model: Callable,
    make_config: Callable,
) -> None:
    epochs = iter(values)
    result = Training(
        make_model(),
        make_table(),
        make_table(seed=1),
        make_config(epochs=3),
        seed=0,
        device="cpu",
        validate=lambda scores, table: {"metric": next(epochs)},
        select_by=(("val_metric", "max"), ("epoch", "max")),
    ).run()
    assert result.best_epoch == best


def test_an_unknown_metric_is_named(
    make_table: Callable, make_model: Callable, make_config: Callable
) -> None:
    with pytest.raises(ValueError, match=r"select_by=val_auroc: no such column .* val_loss"):
        Training(
            make_model(),
            make_table(),
            make_table(),
            make_config(),
            seed=0,
            device="cpu",
            select_by=(("val_loss", "min"), ("val_auroc", "max")),
        ).run()


def test_a_loss_that_is_not_finite_ends_the_training(
    make_table: Callable, make_model: Callable, make_config: Callable
) -> None:
    table = make_table()
    table.tensors["met"][:] = torch.inf
    with pytest.raises(TrainingDiverged, match=r"epoch 1, step 1 of 6: the training loss is nan"):
        Training(
            make_model(),
            table,
            make_table(),
            make_config(),
            seed=0,
            device="cpu",
            select_by=(("val_loss", "min"),),
        ).run()


def test_an_empty_split_is_named(
    make_table: Callable, make_model: Callable, make_config: Callable
) -> None:
    with pytest.raises(ValueError, match="val: no events"):
        Training(
            make_model(),
            make_table(),
            make_table(0),
            make_config(),
            seed=0,
            device="cpu",
            select_by=(("val_loss", "min"),),
        ).run()


def test_validation_loss_is_the_mean_over_events(
    train: Callable, make_model: Callable, make_table: Callable
) -> None:
    model, val = make_model(), make_table(96, 1)
    result = train(model, batch_size=20)
    expected = model.eval().loss(val.tensors)[0].item()
    assert result.history[-1]["val_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("batch_size", [1, 7, 500])
def test_predictions_come_in_the_order_of_the_table(
    batch_size: int, make_table: Callable, make_model: Callable
) -> None:
    model, table = make_model(), make_table(40)
    expected = model.eval().score(table.tensors).detach().numpy()
    np.testing.assert_allclose(predict(model, table, batch_size, "cpu"), expected, rtol=1e-5)


def test_the_row_tells_training_from_evaluation_time(train: Callable) -> None:
    result = train()
    assert all(row["seconds"] > 0 and row["evaluation_seconds"] > 0 for row in result.history)
    assert all(
        row["events_per_second"] == pytest.approx(96 / row["seconds"]) for row in result.history
    )
    assert result.seconds == pytest.approx(sum(row["seconds"] for row in result.history))


def test_a_warm_up_longer_than_the_training_is_reported(
    train: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    train(warmup_steps=1000)
    assert "training.warmup_steps=1000, but there are 12 steps" in caplog.text


def test_one_line_an_epoch_without_a_terminal(
    train: Callable, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, logger="lexon.training"):
        train(epochs=3)
    device, *epochs = caplog.messages[:4]
    assert "on cpu" in device
    assert [f"epoch {epoch}/3" in message for epoch, message in enumerate(epochs, start=1)] == [
        True
    ] * 3
    assert all(
        "loss" in message and "val_auroc" in message and "events/s" in message for message in epochs
    )
    written = capsys.readouterr().out  # by the log, where Kedro's is set up
    assert all(line.strip() for line in written.splitlines()), "no bar, and no empty line"


def test_a_line_shows_the_variance_ratio_where_there_is_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = {"epoch": 1, "train_loss": 1.0, "val_loss": 1.0, "lr": 1e-3, "events_per_second": 10.0}
    with (
        caplog.at_level(logging.INFO, logger="lexon.training"),
        Reporter("a regression", 1, 1, 0, "val_loss") as reporter,
    ):
        reporter.epoch(row)
        reporter.epoch(row | {"val_variance_ratio": 0.1234})
    assert "variance ratio" not in caplog.messages[0]
    assert "variance ratio 0.12" in caplog.messages[1]


def test_a_bar_in_a_terminal(
    train: Callable, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(
        rich,
        "get_console",
        lambda: rich.console.Console(file=screen, force_terminal=True, width=140),
    )
    with caplog.at_level(logging.INFO, logger="lexon.training"):
        train(epochs=2)
    assert "epoch 2/2" in screen.getvalue()
    assert "12/12" in screen.getvalue()
    assert "val_auroc" in screen.getvalue()
    assert not any("epoch 1/2" in message for message in caplog.messages)


class Line(nn.Module):
    """y = a x: no classes, no objects, no lengths, and a row per event that is one number."""

    def __init__(self) -> None:
        super().__init__()
        self.recipe: dict[str, Any] = {}
        self.slope = nn.Linear(1, 1)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        return ((self.score(batch) - batch["y"]) ** 2).mean(), {}

    def score(self, batch: Batch) -> Tensor:
        return self.slope(batch["x"])[:, 0]


def test_any_model_with_a_loss_and_a_score_trains(make_config: Callable) -> None:
    x = torch.linspace(-1, 1, 101)[:, None]
    table, model = TensorTable({"x": x, "y": 3 * x[:, 0] + 1}), Line()
    Training(
        model,
        table,
        table,
        make_config(epochs=40, lr=0.1),
        seed=0,
        device="cpu",
        select_by=(("val_loss", "min"),),
    ).run()
    np.testing.assert_allclose(
        predict(model, table, 10, "cpu"), (3 * x + 1).squeeze().numpy(), atol=0.05
    )
