"""The report says how classifiers do on a second sample: what was planted, paired by seed, and why
it is missing where it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from fabricate import REJECTIONS, binormal_scores, result, to_png

from lexon.config import EvaluationConfig, ReportConfig, SignificanceConfig, SlicesConfig
from lexon.datasets.elsewhere import ElsewhereScores
from lexon.experiments import Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifier import OfEvents, compare_results
from lexon.pipelines.reporting.elsewhere import LeftElsewhere
from lexon.plots.elsewhere import apart, on_both

N, M = 2000, 1500
SEEDS = (42, 123, 314)
STARTED = "2026-01-02T03:04:05+00:00"
REPORT = ReportConfig(n_bootstrap=200, min_effect={"loss": 0.05, "score": 0.005}, source=None)
SLICES = SlicesConfig(n_jets=2, n_b_jets=2, n_leptons=2, ht=2, met=2, min_events=50)
SIGNIFICANCE = SignificanceConfig(
    luminosity=139, background_uncertainty=0.2, cross_sections={}, efficiencies={}, fit_bins=8
)
SEPARATION = {"direct": 1.8, "binned": 1.7}
# On the second sample one representation loses much, the other nothing.
THERE = {"direct": 1.2, "binned": 1.7}
SHIFT = {
    "path": "second.h5",
    "digest": "other",
    "test_digest": "same",
    "notes": ["a note on the file"],
    "sizes": [],
    "features": [
        {
            "group": group,
            "feature": name,
            "distance": distance,
            "floor": 0.02,
            "floor_all": 0.03,
            "median_test": 1.0,
            "median_elsewhere": None,
            "n_test": N,
            "n_elsewhere": M,
        }
        for group in ("all", "signal")
        for name, distance in (("ht", 0.02), ("met", 0.2))
    ],
    "two_samples": [
        {
            "group": "all",
            "auroc": 0.8,
            "auroc_low": 0.78,
            "auroc_high": 0.82,
            "n_test": N,
            "n_elsewhere": M,
        }
    ],
}


def members(seeds: tuple[int, ...] = SEEDS) -> list[Result]:
    found = []
    for tokeniser, separation in SEPARATION.items():
        for seed in seeds:
            one = result({"tokeniser": tokeniser}, seed, separation, own=seed + len(tokeniser), n=N)
            found.append(
                replace(
                    one,
                    metrics=one.metrics | {"val": {"auroc": separation / 2}},
                    record=one.record | {"started": STARTED},
                )
            )
    return found


def there(one: Result) -> ElsewhereScores:
    tokeniser, seed = one.member.cell["tokeniser"], one.member.seed
    scores = binormal_scores(
        THERE[tokeniser], M, events=9, own=seed + len(tokeniser), noise=0.3, digest="other"
    )
    return ElsewhereScores(scores, STARTED)


def report(
    read: Callable[[Result], ElsewhereScores | None] = there,
    results: list[Result] | None = None,
    shift: Any = SHIFT,
    kept: Callable[[Scores], Scores] = lambda scores: scores,
) -> dict[str, Any]:
    return compare_results(
        results or members(),
        {"flat": binormal_scores(1.5, N, own=5, noise=0.3)},
        EvaluationConfig(rejections=REJECTIONS),
        REPORT,
        "main",
        (),
        OfEvents(
            None,
            SLICES,
            SIGNIFICANCE,
            elsewhere=LeftElsewhere(
                read,
                {"flat": kept(binormal_scores(1.5, M, 9, own=5, noise=0.3, digest="other"))},
                shift,
            ),
        ),
    )


@cache
def usual() -> dict[str, Any]:
    return report()


def row(table: str, **wanted: str) -> dict[str, Any]:
    rows = usual()[table].to_dict("records")
    (found,) = [one for one in rows if all(one[key] == value for key, value in wanted.items())]
    return found


def test_what_is_lost_on_the_second_sample_is_found():
    lost = row("elsewhere", label="direct", against="all")
    kept = row("elsewhere", label="binned", against="all")
    assert (lost["verdict"], lost["effect"]) == ("lower", True)
    assert lost["difference"] == pytest.approx(lost["auroc_elsewhere"] - lost["auroc_test"])
    assert lost["low_all"] <= lost["low"] < lost["difference"] < lost["high"] <= lost["high_all"]
    assert kept["verdict"] not in ("higher", "lower")
    assert kept["n_seeds"] == 3


def test_own_numbers_are_those_of_the_results():
    found, summary = row("elsewhere", label="direct", against="all"), row("summary", label="direct")
    assert found["auroc_test"] == pytest.approx(summary["auroc"])
    assert found["auroc_test_low"] == pytest.approx(summary["auroc_low"])


def test_each_process_of_both_has_a_row():
    found = usual()["elsewhere"]
    assert list(dict.fromkeys(found["against"])) == ["all", "ttH", "ttW"]
    assert row("elsewhere", label="direct", against="ttH")["verdict"] == "lower"
    assert set(found["kind"]) == {"cell", "baseline"}


def test_events_are_independent_and_seeds_are_paired():
    """What a seed does to both samples cancels; what events do adds up."""
    found = row("elsewhere", cell="flat", against="all")
    widths = [
        found[f"auroc_{name}_high"] - found[f"auroc_{name}_low"] for name in ("test", "elsewhere")
    ]
    assert found["high"] - found["low"] == pytest.approx(np.hypot(*widths), rel=0.25)
    seeds = np.array([0.0, 0.3, -0.3])

    def moved(scores: Scores, seed: int) -> Scores:
        shift = seeds[SEEDS.index(seed)]
        worse = scores.is_signal * shift
        return replace(
            scores,
            probabilities=np.clip(scores.probabilities + np.stack([worse, -worse], 1), 0, 1).astype(
                np.float32
            ),
        )

    every = [
        replace(one, scores=moved(binormal_scores(1.5, N, own=1, noise=0.3), one.member.seed))
        for one in members()[:3]
    ]

    def same(one: Result) -> ElsewhereScores:
        scores = binormal_scores(1.5, M, 9, own=1, noise=0.3, digest="other")
        return ElsewhereScores(moved(scores, one.member.seed), STARTED)

    table = report(same, every)["elsewhere"]
    (one,) = table[(table["kind"] == "cell") & (table["against"] == "all")].to_dict("records")
    own = one["auroc_test_high"] - one["auroc_test_low"]
    assert own > 0.3  # seeds move it by far more than events
    assert one["high"] - one["low"] < own / 3


def test_representations_are_compared_there_and_in_how_they_change():
    wanted = {"kind": "representation", "a": "direct", "b": "binned"}
    on_it = row("elsewhere_differences", statistic="AUROC on the other sample", **wanted)
    change = row("elsewhere_differences", statistic="change from the own test split", **wanted)
    assert on_it["verdict"] == change["verdict"] == "lower"
    parts = [row("elsewhere", label=name, against="all") for name in ("direct", "binned")]
    assert change["difference"] == pytest.approx(parts[0]["difference"] - parts[1]["difference"])


def test_words_say_how_it_does_and_how_far_the_samples_are_apart():
    sentences = " ".join(usual()["findings"]["sentences"])
    assert "On another sample (second.h5): direct AUROC 0." in sentences
    assert "1 of 2 quantities are further apart than chance, furthest met 0.20" in sentences
    assert "AUROC 0.800 [0.780, 0.820] (0.5: not at all)" in sentences
    assert "a note on the file" in usual()["findings"]["elsewhere"]


def test_furthest_quantities_come_first_and_only_those_of_all_are_shown():
    found = usual()["shifts"]
    assert list(found["feature"]) == ["met", "ht", "met", "ht"]
    assert list(found["kind"]) == ["shown", "shown", "other", "other"]


def changed(change: Callable[[ElsewhereScores], ElsewhereScores | None]) -> Any:
    """What members leave, something about the first one changed."""
    first = members()[0].member.name
    return lambda one: change(there(one)) if one.member.name == first else there(one)


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (changed(lambda one: replace(one, training="before")), "of another training"),
        (
            changed(lambda one: replace(one, scores=replace(one.scores, digest="third"))),
            "another second sample",
        ),
        (changed(lambda one: None), "did not score it"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_named(read, reason):
    found = report(read)
    (note,) = [one for one in found["findings"]["elsewhere"] if one.startswith("Not in it")]
    assert reason in note
    assert "seed_42" in note
    assert set(found["elsewhere"]["label"]) & {"direct", "binned"} == {"binned"}


def test_a_class_that_is_missing_gives_no_auroc_and_is_said():
    def background(one: Result) -> ElsewhereScores:
        found = there(one)
        return replace(found, scores=found.scores[np.flatnonzero(~found.scores.is_signal)])

    found = report(background)
    assert found["elsewhere"].empty
    assert any("No AUROC of all of it" in one for one in found["findings"]["elsewhere"])
    assert found["two_samples"]["auroc"].tolist() == [0.8]


def few(scores: Scores) -> Scores:
    left = np.flatnonzero(scores.labels != 2)
    return scores[np.append(left, np.flatnonzero(scores.labels == 2)[:30])]


def worthless(scores: Scores) -> Scores:
    signs = np.where(np.arange(M) // 2 % 2, -1.1, 1.0)
    return replace(scores, weights=np.where(scores.labels == 2, signs, 2.0))


@pytest.mark.parametrize(("change", "counted"), [(few, ""), (worthless, ", counted as (sum w)^2")])
def test_a_process_of_too_few_events_gives_no_auroc_against_it_and_is_named(change, counted):
    def read(one: Result) -> ElsewhereScores:
        found = there(one)
        return replace(found, scores=change(found.scores))

    found = report(read, kept=change)
    assert set(found["elsewhere"]["against"]) == {"all", "ttW"}
    (note,) = [one for one in found["findings"]["elsewhere"] if "No AUROC against" in one]
    assert note.startswith("No AUROC against ttH: ")
    assert f"in the second sample; 50 of each are needed{counted}" in note
    assert not any("No AUROC" in one for one in usual()["findings"]["elsewhere"])


def test_another_mix_of_the_background_is_said():
    def fewer(scores: Scores) -> Scores:
        return scores[np.flatnonzero((scores.labels != 2) | (np.arange(M) % 4 == 1))]

    def read(one: Result) -> ElsewhereScores:
        found = there(one)
        return replace(found, scores=fewer(found.scores))

    assert not any("Other background" in one for one in usual()["findings"]["elsewhere"])
    notes = report(read, kept=fewer)["findings"]["elsewhere"]
    assert any("Other background" in one for one in notes)


def test_the_mix_of_the_background_is_by_weight():
    def heavier(scores: Scores) -> Scores:
        return replace(scores, weights=np.where(scores.labels == 2, 300.0, 100.0))

    def read(one: Result) -> ElsewhereScores:
        found = there(one)
        return replace(found, scores=heavier(found.scores))

    notes = report(read, kept=heavier)["findings"]["elsewhere"]
    (note,) = [one for one in notes if "Other background" in one]
    assert re.search(r"ttH 7\d%, ttW 2\d% of the second sample", note), note
    assert "Events of the second sample are weighted, those of the own test split are not." in notes


def test_distances_to_another_test_split_are_said():
    def said(test_digest: str) -> list[str]:
        notes = report(shift=SHIFT | {"test_digest": test_digest})["findings"]["elsewhere"]
        return [one for one in notes if "another test split" in one]

    assert said("same") == []
    assert said("older")[0].startswith("Distances, and the AUROC of telling the samples apart")


def test_without_a_second_sample_nothing_is_said():
    asked = OfEvents(None, SLICES, SIGNIFICANCE)
    found = compare_results(
        members()[:1], {}, EvaluationConfig(rejections=REJECTIONS), REPORT, "main", (), asked
    )
    assert found["findings"]["elsewhere"] == []
    names = ("elsewhere", "elsewhere_differences", "shifts", "two_samples")
    assert all(found[name].empty for name in names)
    assert report(shift=None)["findings"]["elsewhere"][0].startswith("The second sample")


def test_figures_show_both_samples_and_without_any_a_sentence():
    figure = on_both(usual()["elsewhere"])
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "AUROC, all",
        "AUROC against ttH",
        "AUROC against ttW",
    ]
    assert to_png(figure)
    assert len(apart(usual()["shifts"], usual()["two_samples"]).axes) == 2
    empty = report(shift=None)
    assert to_png(on_both(empty["elsewhere"]))
    assert to_png(apart(empty["shifts"], empty["two_samples"]))
