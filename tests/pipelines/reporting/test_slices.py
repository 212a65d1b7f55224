"""Slices say where a classifier is better: a difference that was planted in some slices is found
there.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fabricate import REJECTIONS, binormal_scores, result, to_png
from pydantic import ValidationError
from sklearn.metrics import roc_auc_score

from lexon.config import EvaluationConfig, ReportConfig, SignificanceConfig, SlicesConfig
from lexon.datasets.evaluated_events import EvaluatedEvents
from lexon.experiments import Member, Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifier import OfEvents, compare_results
from lexon.pipelines.reporting.slices import slices_of
from lexon.plots.slices import by_slice

N = 4000
REPORT = ReportConfig(n_bootstrap=200, min_effect={"loss": 0.05, "score": 0.005}, source=None)
CONFIG = SlicesConfig(n_jets=(7, 8), n_b_jets=(3,), n_leptons=(3,), ht=2, met=2, min_events=50)

SIGNIFICANCE = SignificanceConfig(
    luminosity=139, background_uncertainty=0.2, cross_sections={}, efficiencies={}, fit_bins=8
)


def quantities() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    return {
        "n_jets": rng.integers(6, 9, N).astype(np.float32),
        "n_b_jets": np.where(rng.random(N) < 0.02, 3, 2).astype(np.float32),
        "n_leptons": np.full(N, 2, np.float32),
        "ht": rng.uniform(500, 1500, N).astype(np.float32),
        "met": rng.exponential(100, N).astype(np.float32),
    }


EVENTS = EvaluatedEvents(quantities(), np.arange(N), "same", {})


def good_at(rows: np.ndarray, own: int, good: float = 2.0, else_: float = 0.8) -> Scores:
    """Better where `rows` is true."""
    weak, strong = (
        binormal_scores(separation, N, own=own, noise=0.5) for separation in (else_, good)
    )
    return replace(
        weak, probabilities=np.where(rows[:, None], strong.probabilities, weak.probabilities)
    )


def members() -> list[Result]:
    """`direct` is good at 8 jets, `binned` nowhere."""
    eight = quantities()["n_jets"] == 8
    rows = {"direct": eight, "binned": np.zeros(N, bool)}
    found = []
    for tokeniser, where in rows.items():
        for seed in (42, 123, 314):
            one = result({"tokeniser": tokeniser}, seed, n=N)
            val = {"auroc": 0.9 if tokeniser == "direct" else 0.7}
            scores = good_at(where, own=seed + len(tokeniser))
            found.append(replace(one, scores=scores, metrics=one.metrics | {"val": val}))
    return found


BASELINES = {
    "event_level": good_at(quantities()["n_jets"] == 7, own=5),
    "flat": binormal_scores(0.5, N, own=6, noise=0.5),
}


@cache
def report(events: bool = True, least: int = 50) -> dict[str, Any]:
    config = CONFIG.model_copy(update={"min_events": least})
    return compare_results(
        members(),
        BASELINES,
        EvaluationConfig(rejections=REJECTIONS),
        REPORT,
        "main",
        (),
        OfEvents(EVENTS if events else None, config, SIGNIFICANCE),
    )


def difference(kind: str, where: str, against: str = "all", b: str = "") -> pd.Series:
    table = report()["slice_differences"]
    (found,) = table[
        (table["kind"] == kind)
        & (table["quantity"] == "jets")
        & (table["slice"] == where)
        & (table["against"] == against)
        & (table["b"].str.contains(b))
    ].to_dict("records")
    return pd.Series(found)


def test_slices_hold_each_event_once_and_edges_belong_to_the_slice_above():
    found = slices_of(quantities(), CONFIG)
    assert {one.quantity for one in found} == {"n_jets", "n_b_jets", "ht", "met"}, "leptons: one"
    for name in ("n_jets", "ht"):
        rows = np.concatenate([one.rows for one in found if one.quantity == name])
        np.testing.assert_array_equal(np.sort(rows), np.arange(N))
    jets = [one for one in found if one.quantity == "n_jets"]
    assert [one.words for one in jets] == ["up to 6 jets", "7 jets", "8 or more jets"]
    assert (quantities()["n_jets"][jets[1].rows] == 7).all()


@pytest.mark.parametrize("parts", [2, 3, 5])
def test_equal_parts_are_equal_where_values_are_continuous(parts):
    config = CONFIG.model_copy(update={"ht": parts})
    sizes = [len(one.rows) for one in slices_of(quantities(), config) if one.quantity == "ht"]
    assert len(sizes) == parts
    assert np.allclose(sizes, N / parts, rtol=0.02)


def test_parts_of_whole_numbers_end_between_them():
    config = CONFIG.model_copy(update={"n_jets": 20})
    jets = [one for one in slices_of(quantities(), config) if one.quantity == "n_jets"]
    assert [one.words for one in jets] == ["up to 6 jets", "7 jets", "8 or more jets"]


def test_aurocs_are_those_of_the_events_in_the_slice():
    table, chosen = report()["slices"], quantities()["n_jets"] == 8
    scores = BASELINES["event_level"]
    for against, background in (("all", ~scores.is_signal), ("ttH", scores.labels == 2)):
        rows = chosen & (scores.is_signal | background)
        (row,) = table[
            (table["quantity"] == "jets")
            & (table["slice"] == "8 or more")
            & (table["against"] == against)
            & (table["cell"] == "event_level")
        ].to_dict("records")
        assert row["auroc"] == pytest.approx(
            roc_auc_score(scores.is_signal[rows], scores.signal[rows]), abs=1e-6
        )
        assert row["auroc_low"] < row["auroc"] < row["auroc_high"]
        assert row["n_signal"] + row["n_background"] == rows.sum()


def test_a_planted_difference_is_found_where_it_is():
    baseline = "event-level"
    assert difference("best network", "8 or more", b=baseline)["verdict"] == "higher"
    assert difference("best network", "7", b=baseline)["verdict"] == "lower"
    assert difference("best network", "up to 6", b=baseline)["verdict"] not in ("higher", "lower")
    assert difference("representation", "8 or more")["verdict"] == "higher"
    one = "representation, each background"
    assert difference(one, "8 or more", "ttH")["verdict"] == "higher"
    assert difference("representation", "7")["verdict"] not in ("higher", "lower")


def test_words_name_the_slices_with_their_numbers():
    sentences = report()["findings"]["sentences"]
    against = next(one for one in sentences if "slices and backgrounds" in one)
    assert "worse in" in against
    assert "7 jets: -0." in against
    assert "better in" in against
    spread = next(one for one in sentences if one.startswith("By slice and background"))
    assert "direct less binned is highest for 8 or more jets" in spread


def test_small_slices_are_left_out_and_counted():
    table = report()["slices"]
    assert not ((table["quantity"] == "b-jets") & (table["slice"] == "3 or more")).any()
    notes = " ".join(report()["findings"]["slices"])
    assert "3 or more b-jets" in notes
    assert "fewer than 50 events of signal or of the background (slices.min_events)" in notes
    rare = int((quantities()["n_b_jets"] == 3).sum())
    assert f"1 of these are whole slices, of {rare} events." in notes
    everything = report(least=N)["slice_differences"]
    assert everything.empty


def test_backgrounds_that_weights_take_away_are_left_out_and_named():
    """Events with nearly as many negative weights as positive ones are worth next to none."""
    seven = quantities()["n_jets"] == 7

    def weighted(scores: Scores) -> Scores:
        signs = np.where(np.arange(N) // 2 % 20 < 9, -1.0, 1.0)
        return replace(scores, weights=np.where(seven & (scores.labels == 2), signs, 1.0))

    def trained(one: Result) -> Member:
        return replace(one.member, config=one.member.config | {"training": {}})

    found = compare_results(
        [replace(one, member=trained(one), scores=weighted(one.scores)) for one in members()],
        {kind: weighted(scores) for kind, scores in BASELINES.items()},
        EvaluationConfig(rejections=REJECTIONS),
        REPORT,
        "main",
        (),
        OfEvents(EVENTS, CONFIG, SIGNIFICANCE),
    )

    def against(table: pd.DataFrame) -> set[str]:
        rows = (table["quantity"] == "jets") & (table["slice"] == "7")
        return set(table[rows]["against"])

    assert against(report()["slices"]) - against(found["slices"]) == {"ttH"}
    assert found["slices"]["auroc"].between(0, 1).all()
    (note,) = [one for one in found["findings"]["slices"] if one.startswith("Left out")]
    assert "(slices.min_events, counted as (sum w)^2 / sum w^2 of their weights)" in note
    assert "7 jets, against ttH" in note


def test_without_quantities_the_report_says_why():
    found = report(events=False)
    assert found["slices"].empty
    assert "evaluated_events.h5" in found["findings"]["slices"][0]
    others = replace(EVENTS, digest="others")
    again = compare_results(
        members()[:1],
        {},
        EvaluationConfig(rejections=REJECTIONS),
        REPORT,
        "main",
        (),
        OfEvents(others, CONFIG, SIGNIFICANCE),
    )
    assert "of other test events" in again["findings"]["slices"][0]


def test_each_background_has_a_panel_and_no_slice_a_sentence():
    figure = by_slice(report()["slices"])
    assert [axes.get_ylabel().split()[-1] for axes in figure.axes] == ["all", "ttH", "ttW"]
    names = [text.get_text() for text in figure.axes[0].texts]
    assert names == ["jets", "b-jets", "HT", "MET"]
    values = np.asarray(figure.axes[0].containers[0].lines[0].get_ydata(), dtype=float)
    assert np.isnan(values).sum() == len(names), "a line ends with its quantity"
    assert to_png(figure)
    assert to_png(by_slice(report(events=False)["slices"]))


@pytest.mark.parametrize("edges", [(8, 7), (7, 7), 1, ()])
def test_edges_must_rise_and_parts_be_several(edges):
    with pytest.raises(ValidationError):
        SlicesConfig(**CONFIG.model_dump() | {"n_jets": edges})


def test_one_seed_is_undecided():
    found = compare_results(
        [one for one in members() if one.member.seed == 42],
        BASELINES,
        EvaluationConfig(rejections=REJECTIONS),
        REPORT,
        "main",
        (),
        OfEvents(EVENTS, CONFIG, SIGNIFICANCE),
    )
    assert set(found["slice_differences"]["verdict"]) == {"undecided (1 seed)"}
    assert any(
        "event-level features: undecided (1 seed); lowest 7 jets" in one
        for one in found["findings"]["sentences"]
    )
    assert not math.isnan(found["slices"]["auroc_low"].iloc[0])
