"""The report says what features are worth: what was planted, and why it is missing where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from fabricate import REJECTIONS, binormal_scores, result, to_png

from lexon.config import EvaluationConfig, ReportConfig, SignificanceConfig, SlicesConfig
from lexon.datasets.arrays import Arrays
from lexon.exchange import FEATURES
from lexon.experiments import Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifier import OfEvents, compare_results
from lexon.pipelines.reporting.importance import LeftExchanged
from lexon.plots.importance import importances

N = 3000
REPORT = ReportConfig(n_bootstrap=200, min_effect={"loss": 0.05, "score": 0.005}, source=None)
SLICES = SlicesConfig(n_jets=2, n_b_jets=2, n_leptons=2, ht=2, met=2, min_events=50)
SIGNIFICANCE = SignificanceConfig(
    luminosity=139, background_uncertainty=0.2, cross_sections={}, efficiencies={}, fit_bins=8
)
# Share of the events whose scores are dealt out anew, by tokeniser and feature.
PLANTED = {
    "direct": {"type": 0.9, "pt": 0.5, "eta": 0.02},
    "binned": {"type": 0.9, "pt": 0.1, "eta": 0.02},
}


def members(seeds: tuple[int, ...] = (42, 123, 314)) -> list[Result]:
    found = []
    for tokeniser, separation in (("direct", 1.8), ("binned", 1.7)):
        for seed in seeds:
            one = result({"tokeniser": tokeniser}, seed, separation, own=seed + len(tokeniser), n=N)
            found.append(replace(one, metrics=one.metrics | {"val": {"auroc": separation / 2}}))
    return found


def left_behind(one: Result) -> Arrays:
    assert one.scores is not None
    plain = one.scores.signal

    def of(feature: str, number: int) -> Any:
        rng = np.random.default_rng((one.member.seed, number))
        share = PLANTED[one.member.cell["tokeniser"]].get(feature, 0)
        chosen = np.flatnonzero(rng.random(N) < share)
        values = plain.copy()
        values[chosen] = plain[rng.permutation(chosen)]
        return values

    exchanged = {name: np.stack([of(name, number) for number in range(2)]) for name in FEATURES}
    return {"index": one.scores.index, "plain": plain, **exchanged}


TREES = binormal_scores(1.6, n=N, own=7, noise=0.3)


def left_by_trees(kind: str) -> Arrays | None:
    """They make more of pT than any network, and nothing of all else."""
    if kind != "event_level":
        return None
    rng, plain = np.random.default_rng(5), TREES.signal
    exchanged = {name: np.stack([plain, plain]) for name in FEATURES}
    exchanged["pt"] = np.stack([rng.permutation(plain) for _ in range(2)])
    return {"index": TREES.index, "plain": plain, **exchanged}


def report(
    read: Callable[[Result], Arrays | None] = left_behind,
    results: list[Result] | None = None,
    baselines: Mapping[str, Scores] | None = None,
) -> dict[str, Any]:
    return compare_results(
        results or members(),
        baselines or {},
        EvaluationConfig(rejections=REJECTIONS),
        REPORT,
        "main",
        (),
        OfEvents(None, SLICES, SIGNIFICANCE, LeftExchanged(read, left_by_trees)),
    )


@cache
def usual() -> dict[str, Any]:
    return report()


def row(table: str, **wanted: str) -> dict[str, Any]:
    rows = usual()[table].to_dict("records")
    (found,) = [one for one in rows if all(one[key] == value for key, value in wanted.items())]
    return found


def test_planted_importances_are_found_with_intervals_that_hold_them():
    largest = row("importance", label="direct", feature="type")
    middle = row("importance", label="direct", feature="pT")
    assert largest["verdict"] == middle["verdict"] == "higher"
    assert largest["low"] < largest["importance"] < largest["high"]
    assert largest["low_all"] <= largest["low"]
    assert largest["importance"] > middle["importance"] > 0.05
    nothing = row("importance", label="direct", feature="phi")
    assert [nothing[name] for name in ("importance", "low_all", "high_all")] == [0, 0, 0]
    assert nothing["verdict"] == "same"
    assert nothing["n_permutations"] == 2
    assert nothing["n_seeds"] == 3


def test_differences_between_representations_are_paired():
    found = row("importance_differences", feature="pT", kind="representation")
    assert (found["a"], found["b"], found["verdict"]) == ("direct", "binned", "higher")
    parts = [
        row("importance", label=one, feature="pT")["importance"] for one in ("direct", "binned")
    ]
    assert found["difference"] == pytest.approx(parts[0] - parts[1])
    assert row("importance_differences", feature="MET")["verdict"] == "same"
    assert row("importance_differences", feature="type")["verdict"] not in ("higher", "lower")


def test_words_give_the_order_and_what_differs():
    sentences = usual()["findings"]["sentences"]
    best = next(one for one in sentences if one.startswith("Exchanged between events"))
    assert "features cost direct in AUROC: type 0." in best
    assert best.index("type") < best.index("pT") < best.index("nothing certain by")
    pair = next(one for one in sentences if one.startswith("Importance of features"))
    assert "direct less binned: pT +0." in pair
    assert "type" not in pair
    assert "2 permutations" in usual()["findings"]["importance"][0]


def test_one_seed_has_intervals_over_events_only_and_says_so():
    found = report(results=members(seeds=(42,)))
    assert set(found["importance"]["verdict"]) == {"undecided (1 seed)"}
    assert any("one seed, so" in one for one in found["findings"]["sentences"])


def test_trees_are_held_beside_networks_on_the_same_exchanges():
    found = report(baselines={"event_level": TREES, "flat": TREES})
    table = found["importance"].set_index(["cell", "feature"])
    trees = table.loc["event_level"]
    assert trees.loc["pT", "verdict"] == "higher"
    assert set(trees.drop("pT")["importance"]) == {0.0}
    assert set(trees["kind"]) == {"shown"}
    assert "flat" not in table.index
    (row,) = (
        row
        for row in found["importance_differences"].to_dict("records")
        if row["kind"] == "best network" and row["feature"] == "pT"
    )
    best = table.loc["tokeniser_direct", "pT"]["importance"]
    assert row["verdict"] == "lower"
    assert row["difference"] == pytest.approx(best - trees.loc["pT", "importance"])
    pair = next(
        one
        for one in found["findings"]["sentences"]
        if one.startswith("Importance of features, direct less gradient boosting")
    )
    assert "pT -0." in pair
    assert "type +0." in pair
    (note,) = [one for one in found["findings"]["importance"] if one.startswith("Without")]
    assert "gradient boosting on flat columns, where it was not measured" in note


def changed(key: str, change: Callable[[Any], Any]) -> Callable[[Result], Arrays | None]:
    """What members leave, something about the first one changed."""

    def read(one: Result) -> Arrays | None:
        arrays = dict(left_behind(one))
        if one.member.name == members()[0].member.name:
            arrays[key] = change(arrays[key])
        return arrays

    return read


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (changed("plain", lambda plain: plain[::-1]), "of another training"),
        (changed("index", lambda index: index + 1), "of other test events"),
        (lambda one: None if one.member.seed == 42 else left_behind(one), "was not measured"),
        (lambda one: {"plain": np.zeros(3)}, "holds something else"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_named(read, reason):
    found = report(read)
    (note,) = [one for one in found["findings"]["importance"] if one.startswith("Without")]
    assert reason in note
    assert "seed_42" in note


def test_nothing_finished_is_said():
    found = report(results=[result({"tokeniser": "direct"}, 42, status="pending")])
    assert found["importance"].empty
    assert found["findings"]["importance"] == ["No importance: nothing is finished."]


def test_events_in_another_order_are_matched():
    def shuffled(one: Result) -> Arrays:
        order = np.random.default_rng(1).permutation(N)
        return {name: values[..., order] for name, values in left_behind(one).items()}

    found = report(shuffled)["importance"]
    np.testing.assert_allclose(found["importance"], usual()["importance"]["importance"], atol=1e-9)


def test_a_figure_has_a_group_of_bars_a_cell_and_without_any_a_sentence():
    figure = importances(usual()["importance"])
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == ["direct", "binned"]
    assert len(figure.axes[0].patches) == 2 * len(FEATURES)
    assert to_png(figure)
    assert to_png(importances(report(lambda one: None)["importance"]))
