"""Any axis of a grid of autoencoders is analysed: rows, sentences, and figures that average over
nothing but seeds.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fabricate import finished, planned, to_png

from lexon.config import ReportConfig
from lexon.experiments import Member, Result
from lexon.pipelines.reporting.autoencoder import compare_results, figures
from lexon.pipelines.reporting.autoencoder_changes import (
    collect_grid,
    estimate_grid,
    mean_over_seeds,
)
from lexon.pipelines.reporting.page import write_page

REPORT = ReportConfig(n_bootstrap=100, min_effect={"loss": 0.05, "score": 0.005}, source=None)
SWEEP = {
    "kind": "autoencoder",
    "autoencoder": {
        "encoder": ["mlp", "transformer"],
        "latent_dim": [8, 32],
        "bottleneck": ["none", "vq"],
    },
    "training": {"lr": [0.01, 0.001]},
    "grid": {
        "axes": [
            "autoencoder.bottleneck",
            "autoencoder.encoder",
            "autoencoder.latent_dim",
            "training.lr",
        ]
    },
    "n_seeds": 2,
}


def summarise_results(results: Sequence[Result], *asked: Any) -> Any:
    """Tables, findings and texts, in order."""
    return tuple(compare_results(results, *asked).values())


def planted(member: Member) -> float:
    """The transformer costs a fifth less, a higher rate a tenth more with the MLP alone; the size
    of the latent space does nothing.
    """
    cell = member.cell
    mlp = cell["autoencoder.encoder"] == "mlp"
    return (
        (1.0 if mlp else 0.8)
        * (1.1 if mlp and cell["training.lr"] == 0.01 else 1.0)
        * (2.0 if cell["autoencoder.bottleneck"] == "vq" else 1.0)
    )


def made(member: Member, loss: Callable[[Member], float] = planted, overfit: float = 0.0) -> Result:
    result = finished(member)
    assert result.arrays is not None
    arrays: dict[str, Any] = dict(result.arrays)
    noise = 1 + 0.002 * np.random.default_rng(member.seed).normal()
    metrics = {split: dict(values) for split, values in result.metrics.items()}
    for number, split in enumerate(("train", "val", "test")):
        events = np.random.default_rng(number).gamma(4, 0.25, len(arrays[f"{split}_target"]))
        events *= (1 + overfit * (split != "train")) / events.mean()
        for name in ("rec_tokens", "rec_globals", "total"):
            arrays[f"{split}_{name}"] = (
                loss(member) * noise * events * (2 if name == "total" else 1)
            )
            metrics[split][name] = float(arrays[f"{split}_{name}"].mean())
    return replace(result, arrays=arrays, metrics=metrics)


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return [made(member) for member in planned(**SWEEP).planned]


@pytest.fixture(scope="module")
def report(results: list[Result]) -> Any:
    return summarise_results(results, REPORT, "main", "sweep")


def test_every_axis_has_rows_with_its_planted_change(report):
    changes = report[3]
    rows = changes[changes["axis"].ne("") & changes["metric"].eq("rec_tokens")].set_index("axis")
    assert list(rows.index) == ["autoencoder.encoder", "autoencoder.latent_dim", "training.lr"]
    assert rows.loc["autoencoder.encoder", ["a", "b", "verdict", "notes"]].tolist() == [
        "transformer",
        "mlp",
        "lower",
        "averaged over 8 settings",
    ]
    assert rows.loc["autoencoder.encoder", "relative"] == pytest.approx(
        0.8 / np.sqrt(1.1) - 1, abs=0.005
    )
    assert rows.loc["autoencoder.latent_dim", "verdict"] == "same"
    assert rows.loc["training.lr", ["a", "b"]].tolist() == ["0.01", "0.001"]
    assert rows.loc["training.lr", "relative"] == pytest.approx(np.sqrt(1.1) - 1, abs=0.005)


def test_cells_that_differ_in_one_further_thing_are_compared_one_by_one(report):
    changes = report[3]
    cells = changes[
        changes["axis"].eq("")
        & changes["metric"].eq("rec_tokens")
        & changes["b"].str.contains("encoder mlp")
    ]
    pair = cells[cells["a"].str.contains("encoder transformer")]
    assert len(pair) == 8
    assert pair["relative"].max() < -0.19


def test_every_axis_has_a_sentence(report):
    sentences = report[4]["sentences"]
    encoder = next(
        text for text in sentences if text.startswith("Encoder, transformer against mlp")
    )
    assert "rec_tokens -23.7 %" in encoder
    assert "lower" in encoder
    assert encoder.endswith("averaged over 8 settings.")
    assert any(
        text.startswith("Latent dim, 32 against 8") and text.count(": same") == 2
        for text in sentences
    )
    assert any(
        text.startswith("Lr, 0.01 against 0.001") and text.count("higher, small") == 2
        for text in sentences
    )
    assert not any("not asked" in text for text in sentences)


def test_missing_settings_are_counted(results):
    def is_lost(cell: dict[str, Any]) -> bool:
        return (cell["training.lr"], cell["autoencoder.encoder"]) == (0.01, "mlp")

    lost = [
        replace(one, status="failed", arrays=None) if is_lost(one.member.cell) else one
        for one in results
    ]
    sentences = summarise_results(lost, REPORT, "main", "sweep")[4]["sentences"]
    assert any(
        text.startswith("Encoder, ") and text.endswith("averaged over 4 of 8 settings.")
        for text in sentences
    )


def test_one_seed_decides_nothing_but_averages_over_settings():
    single = [made(member) for member in planned(**SWEEP | {"n_seeds": 1}).planned]
    *_, changes, words, _ = summarise_results(single, REPORT, "main", "sweep")
    assert set(changes.loc[changes["axis"].eq(""), "verdict"]) == {"undecided (1 seed)"}
    assert any(
        text.startswith("Encoder, ") and text.count(": lower") == 2 for text in words["sentences"]
    )


def test_tables_and_maps_have_one_mean(results, report):
    """Seeds that differ: the geometric mean is not the arithmetic one."""
    spread = [
        made(one.member, lambda member: planted(member) * (4 if member.seed == 42 else 1))
        for one in results
    ]
    summary = summarise_results(spread, REPORT, "main", "sweep")[1]
    cells = collect_grid(spread)
    for cell, row in zip(cells, summary.to_dict("records"), strict=True):
        assert cell.mean("test", "rec_globals") == pytest.approx(row["rec_globals"])
        assert row["val_criterion"] == pytest.approx(2 * cell.mean("val", "rec_tokens"))
    texts = [
        text.get_text()
        for axes in figures(estimate_grid(cells, "test", REPORT))["heat_maps"].axes
        for text in axes.texts
    ]
    assert f"{summary['rec_globals'][0]:.3g}" in texts


def test_a_map_has_a_row_for_each_setting_of_the_other_axes(results):
    axes = figures(estimate_grid(collect_grid(results), "test", REPORT))["heat_maps"].axes[0]
    assert len(axes.get_yticklabels()) == 16
    assert "none, encoder mlp, latent dim 8, lr 0.01" in [
        label.get_text() for label in axes.get_yticklabels()
    ]


def test_a_gap_between_training_and_test_is_a_column_and_a_sentence(results):
    overfit = [
        made(one.member, overfit=0.5 if one.member.cell["autoencoder.bottleneck"] == "vq" else 0.01)
        for one in results
    ]
    found = summarise_results(overfit, REPORT, "main", "sweep")
    gaps = found[1].set_index("bottleneck")["rec_tokens_gap"]
    assert gaps["vq"].to_numpy() == pytest.approx(0.5)
    assert gaps["none"].to_numpy() == pytest.approx(0.01)
    assert any(
        text.startswith("Test against training split") and "rec_tokens +50.0% in vq" in text
        for text in found[4]["sentences"]
    )


def test_the_page_shows_axes_and_gaps(report):
    *frames, words, _ = report
    names = ("members", "summary", "pivot", "changes")
    tables = {
        name: pd.read_csv(io.StringIO(frame.to_csv(index=False)))
        for name, frame in zip(names, frames, strict=True)
    }
    html = write_page("autoencoder", words, "sweep", "Which?", **tables, heat_maps=None)
    assert "rec_tokens, test against train" in html
    assert "autoencoder.encoder" in html


@pytest.mark.parametrize(("metric", "expected"), [("rec_tokens", 2.0), ("probe_met_r2", 2.5)])
def test_losses_have_a_geometric_mean(metric, expected):
    assert mean_over_seeds([1.0, 4.0], metric) == pytest.approx(expected)
    assert mean_over_seeds([0.0, 0.0], metric) == 0
    assert np.isnan(mean_over_seeds([], metric))


def test_figures_of_a_sweep_can_be_written(results):
    for figure in figures(estimate_grid(collect_grid(results), "test", REPORT)).values():
        assert to_png(figure)
