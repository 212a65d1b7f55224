"""Regressions from tables, end to end as functions: honest ones, planted pathologies, and data that
break lesser loops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from torch import Tensor

from lexon.config import CollapseConfig, RegressionConfig, TableRegression, TrainingConfig
from lexon.datasets.checkpoint import CheckpointDataset, Checkpoints
from lexon.datasets.table import Table
from lexon.errors import ConfigurationError, DataError
from lexon.events import Events
from lexon.metrics.collapse import run_stability, verdict
from lexon.models.regressor import Regressor
from lexon.pipelines.modelling.regression import baselines
from lexon.pipelines.modelling.regression import train as training
from lexon.pipelines.modelling.regression.baselines import (
    baselines_on_events,
    baselines_on_table,
    predict_baselines,
)
from lexon.pipelines.modelling.regression.evaluate import evaluate_on_table
from lexon.pipelines.modelling.regression.rows import clean_table, read_diabetes
from lexon.pipelines.modelling.regression.train import train_on_table
from lexon.regression_data import split_rows

CONF = Path(__file__).parents[3] / "conf" / "base" / "parameters_modelling.yml"
PARAMETERS = yaml.safe_load(CONF.read_text())
LIMITS = CollapseConfig(**PARAMETERS["collapse"])
SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}

Trained = tuple[Regressor, pd.DataFrame, dict[str, Any]]


def table(n: int = 300, noise: float = 0.5) -> Table:
    """A linear signal in the first of three columns."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 3))
    return Table(
        x, 100 + 20 * (x[:, 0] + noise * rng.normal(size=n)), None, ["a", "b", "c"], "made up", []
    )


def config(
    variance_lambda: float = 0.0,
    epochs: int = 15,
    batch_size: int = 32,
    lr: float = 0.01,
    **changes: Any,
) -> TableRegression:
    recipe = TrainingConfig(
        **PARAMETERS["training"]
        | {
            "epochs": epochs,
            "batch_size": batch_size,
            "lr": lr,
            "warmup_steps": 2,
        }
    )
    fixed = {
        "source": "table",
        "group": None,
        "split": SHARES,
        "split_seed": 42,
        "hidden": (16,),
        "dropout": 0.0,
        "target": "y",
    }
    own = {
        "seed": 42,
        "training": recipe,
        "variance_lambda": variance_lambda,
        "penalty": "batch",
        "exploded_loss": 10.0,
    }
    return TableRegression(**fixed | own | changes)


def train(rows: Table, settings: TableRegression, folder: Path) -> Trained:
    model, history, record = train_on_table(rows, settings, "cpu", Checkpoints(folder), "one")
    assert isinstance(model, Regressor)
    return model, history, record


def stability(history: pd.DataFrame, record: dict[str, Any], epochs: int = 15) -> str:
    return run_stability(
        history, epochs, bool(record["stopped_early"] or record["given_up"]), LIMITS
    )


def last_verdict(history: pd.DataFrame) -> str:
    return verdict(history["val_variance_ratio"].iloc[-1], history["val_pearson"].iloc[-1], LIMITS)


def test_a_signal_is_learnt_and_every_number_of_an_epoch_is_kept(tmp_path: Path) -> None:
    _, history, record = train(table(noise=0.2), config(), tmp_path)
    assert history["val_r2"].iloc[-1] > 0.9
    assert (stability(history, record), last_verdict(history)) == ("stable", "matched")
    losses = {
        f"{split}_{name}"
        for split in ("train", "val")
        for name in ("loss", "base_loss", "variance_loss")
    }
    metrics = {
        "val_r2",
        "val_variance_ratio",
        "val_sd_ratio",
        "val_pearson",
        "val_bias",
        "val_calibration_slope",
    }
    assert losses | metrics | {"lr", "grad_norm"} <= set(history)


def test_the_last_epoch_is_the_model_whatever_came_before(tmp_path: Path) -> None:
    model, history, record = train(table(), config(variance_lambda=2.0), tmp_path)
    metrics, arrays, *_ = evaluate_on_table(
        table(),
        model,
        history,
        record,
        config(variance_lambda=2.0),
        "cpu",
        Checkpoints(tmp_path),
        "one",
    )
    assert record["best_epoch"] == record["epochs"] == 15
    assert metrics["val"]["r2"] == pytest.approx(history["val_r2"].iloc[-1], abs=1e-5)
    assert {name: len(values) for name, values in arrays.items()} == {
        f"{split}_{what}": 45
        for split in ("val", "test")
        for what in ("prediction", "target", "index")
    }
    assert not list(tmp_path.rglob("checkpoint.pt"))


def test_rows_of_groups_leave_their_groups_beside_their_predictions(tmp_path: Path) -> None:
    rows = replace(table(), groups=np.arange(len(table())) // 3)
    model, history, record = train(rows, config(epochs=2), tmp_path)
    _, arrays, *_ = evaluate_on_table(
        rows, model, history, record, config(epochs=2), "cpu", Checkpoints(tmp_path), "one"
    )
    for split in ("val", "test"):
        np.testing.assert_array_equal(arrays[f"{split}_group"], arrays[f"{split}_index"] // 3)


def test_a_saved_model_predicts_the_same_from_raw_columns(tmp_path: Path) -> None:
    model, *_ = train(table(), config(epochs=2), tmp_path)
    dataset = CheckpointDataset(filepath=str(tmp_path / "model.pt"))
    dataset.save(model)
    batch = {"features": torch.from_numpy(table().features).float()}
    assert torch.equal(dataset.load().score(batch), model.eval().score(batch))


@pytest.mark.parametrize("frozen", [True, False])
def test_an_output_layer_frozen_near_the_mean_is_called_a_collapse(
    frozen: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: weights of 0.001 that cannot grow predict the mean, with a perfectly smooth loss."""
    standardise = Regressor.standardise

    def freeze(self: Regressor, tensors: dict[str, Tensor]) -> None:
        standardise(self, tensors)
        last: Any = self.network.layers[-1]  # type: ignore[index, union-attr]
        last.weight.data.mul_(0.001)
        last.bias.data.zero_()
        last.requires_grad_(not frozen)

    monkeypatch.setattr(Regressor, "standardise", freeze)
    _, history, record = train(table(), config(), tmp_path)
    assert stability(history, record) == "stable"
    assert (last_verdict(history) in ("constant", "collapsed")) == frozen


def test_planted_over_dispersion_is_called_so(tmp_path: Path) -> None:
    """Planted: the output layer of an honest model, times two."""
    model, history, record = train(table(), config(), tmp_path)
    last: Any = model.network.layers[-1]  # type: ignore[index, union-attr]
    last.weight.data.mul_(2)
    metrics, *_ = evaluate_on_table(
        table(), model, history, record, config(), "cpu", Checkpoints(tmp_path), "one"
    )
    assert (
        verdict(metrics["val"]["variance_ratio"], metrics["val"]["pearson"], LIMITS)
        == "over_dispersed"
    )


def test_a_run_that_becomes_nan_ends_and_leaves_its_history(tmp_path: Path) -> None:
    model, history, record = train(table(), _diverging(), tmp_path)
    assert len(history) < 15
    assert "not finite" in record["given_up"]
    assert stability(history, record) == "non_finite"
    metrics, arrays, _, run = evaluate_on_table(
        table(), model, history, record, _diverging(), "cpu", Checkpoints(tmp_path), "one"
    )
    assert (metrics["val"], run["status"]) == ({}, "done")
    assert not np.isfinite(arrays["val_prediction"]).any()


def _diverging() -> TableRegression:
    """Without clipping, this rate overflows float32 in the first epochs."""
    recipe = config(lr=1e20).training.model_copy(update={"grad_clip": None})
    return config(variance_lambda=10.0, training=recipe)


def test_a_run_that_explodes_ends_and_leaves_its_history(tmp_path: Path) -> None:
    settings = config(variance_lambda=10.0, exploded_loss=1.001, lr=0.05)
    _, history, record = train(table(noise=3.0), settings, tmp_path)
    assert 1 < len(history) < 15
    assert "1.001 times its best" in record["given_up"]
    strict = LIMITS.model_copy(update={"exploded_loss": 1.001})
    assert run_stability(history, 15, True, strict) == "exploded"


def test_one_overshoot_ends_no_training_and_three_in_a_row_do() -> None:
    give_up = training._reason_to_end(10.0)

    def reason(losses: list[float]) -> str:
        rows = [
            {"epoch": i + 1, "train_loss": 0.4, "val_loss": loss} for i, loss in enumerate(losses)
        ]
        return next(filter(None, (give_up(rows[:n]) for n in range(1, len(rows) + 1))), "")

    assert reason([0.46, 0.41, 4.52, 0.9, 0.45, 0.4]) == ""
    assert (
        reason([0.46, 0.41, 4.52, 4.6, 5.1, 0.4])
        == "epoch 5: a loss has been above 10 times its best for 3 epochs"
    )
    assert "not finite" in reason([0.46, np.nan])


def test_an_interrupted_training_goes_on_to_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(table(), config(variance_lambda=1.0, epochs=4), tmp_path / "whole")[1]
    validate = training._whole_split

    def dies(model: Regressor) -> Any:
        calls = iter(range(2))

        def once(prediction: Any, rows: Any) -> dict[str, float]:
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return validate(model)(prediction, rows)

        return once

    monkeypatch.setattr(training, "_whole_split", dies)
    with pytest.raises(KeyboardInterrupt):
        train(table(), config(variance_lambda=1.0, epochs=4), tmp_path / "cut")
    monkeypatch.setattr(training, "_whole_split", validate)
    again = train(table(), config(variance_lambda=1.0, epochs=4), tmp_path / "cut")[1]
    timings = ["seconds", "events_per_second", "evaluation_seconds"]
    pd.testing.assert_frame_equal(again.drop(columns=timings), whole.drop(columns=timings))


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_batches_of_one_and_fewer_rows_than_a_batch_have_a_result(
    batch_size: int, tmp_path: Path
) -> None:
    _, history, _ = train(
        table(40), config(variance_lambda=1.0, epochs=2, batch_size=batch_size), tmp_path
    )
    assert np.isfinite(history[["train_loss", "val_loss", "val_r2"]].to_numpy()).all()
    assert (history["train_variance_loss"] == 0).all() == (batch_size == 1)


def test_a_constant_column_that_changes_after_training_does_no_harm(tmp_path: Path) -> None:
    """A division by 1e-8 once gave R2 = -1e5 here."""
    rows = table()
    rows.features[:, 2] = 0.1
    model, history, _ = train(rows, config(), tmp_path)
    rows.features[:, 2] = 0.1 + 1e-6
    moved = model.score({"features": torch.from_numpy(rows.features).float()}).detach().numpy()
    assert history["val_r2"].iloc[-1] > 0.6
    assert np.corrcoef(moved, rows.target)[0, 1] > 0.8


def test_targets_that_are_constant_in_training_are_an_error(tmp_path: Path) -> None:
    rows = table()
    held_out = split_rows(np.arange(300), config().split, 42)["test"][0]
    constant = replace(rows, target=np.where(np.arange(300) == held_out, 1.0, 2.0))
    with pytest.raises(DataError, match="all 210 training targets are 2.0"):
        train(constant, config(), tmp_path)


def test_options_that_would_have_no_effect_are_refused() -> None:
    recipe = config().training.model_copy(update={"early_stopping": 3})
    with pytest.raises(ValueError, match="early_stopping=3: regressions have none"):
        config(training=recipe.model_dump())


def test_a_model_of_other_parameters_gets_no_new_name(tmp_path: Path) -> None:
    model, history, record = train(table(), config(epochs=1), tmp_path)
    with pytest.raises(ConfigurationError, match="other parameters"):
        evaluate_on_table(
            table(),
            model,
            history,
            record,
            config(1.0, epochs=1),
            "cpu",
            Checkpoints(tmp_path),
            "one",
        )


def test_baselines_see_training_rows_only_and_share_the_split(tmp_path: Path) -> None:
    regression = PARAMETERS["regression"] | {"source": "diabetes"}
    rows = read_diabetes("diabetes")
    arrays = baselines_on_table(rows, RegressionConfig(**regression))
    sample = training.table_sample(config(source="diabetes"), rows)
    np.testing.assert_allclose(arrays["val_target"], sample.target("val"), rtol=1e-6)
    assert np.unique(arrays["test_mean"]).tolist() == pytest.approx([sample.target("train").mean()])
    changed = {
        split: sample.tables[split].tensors["features"].double().numpy()
        for split in ("train", "val", "test")
    }
    targets = {split: sample.target(split).astype(float) for split in ("train", "val", "test")}
    again = predict_baselines(
        changed | {"test": changed["test"] + 100}, targets | {"test": targets["test"] - 5}
    )
    np.testing.assert_allclose(again["val_trees"], predict_baselines(changed, targets)["val_trees"])


@pytest.mark.parametrize(
    ("shown", "n_columns"), [([(4, False)], 38), ([(5, True)], 63), ([(4, True), (5, False)], 63)]
)
def test_baselines_of_events_are_shown_what_the_plan_s_networks_are(
    shown: list[tuple[int, bool]],
    n_columns: int,
    make_events: Callable[..., Events],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        baselines,
        "predict_baselines",
        lambda features, _targets: {split: x.shape for split, x in features.items()},
    )
    source: Any = SimpleNamespace(
        classified=lambda _split, _classes: SimpleNamespace(events=make_events(10))
    )
    plan = [{"config": {"tokeniser": {"vector": vector, "pid": pid}}} for vector, pid in shown]
    found = baselines_on_events(source, {}, RegressionConfig(**PARAMETERS["regression"]), plan)
    assert found == dict.fromkeys(("train", "val", "test"), (10, n_columns))


def test_a_table_on_which_nothing_could_be_judged_is_refused_before_any_training():
    assert clean_table(table(), SHARES, 42).names == ["a", "b", "c"]
    with pytest.raises(
        DataError, match=r"split \(\d of 10 rows\) holds one target value, .*give more rows"
    ):
        clean_table(table(10), SHARES, 42)
    constant = table()
    constant.target[split_rows(np.arange(len(constant)), SHARES, 42)["test"]] = 7
    with pytest.raises(
        DataError, match=r"the test split \(45 of 300 rows\) holds one target value, 7,"
    ):
        clean_table(constant, SHARES, 42)
