"""A report says what its numbers say, whatever is missing."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fabricate import REJECTIONS, binormal_scores, result, to_png

from lexon.config import EvaluationConfig, ReportConfig
from lexon.datasets.identity import part_digest
from lexon.experiments import Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifier import compare_results, figures
from lexon.pipelines.reporting.classifier_effects import label_of, on_common_events, words_of
from lexon.pipelines.reporting.page import write_page
from lexon.plots.page import typeset

EVALUATION = EvaluationConfig(rejections=REJECTIONS)
REPORT = ReportConfig(n_bootstrap=200, min_effect={"loss": 0.05, "score": 0.005}, source=None)
BASELINES = {
    "event_level": binormal_scores(0.95, own=7, noise=0.3),
    "flat": binormal_scores(0.4, own=8, noise=0.3),
}

Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict]


def report(results: list[Result], baselines: dict[str, Scores] = BASELINES) -> Tables:
    found = compare_results(results, baselines, EVALUATION, REPORT, "main")
    return found["members"], found["summary"], found["comparisons"], found["findings"]


def page(results: list[Result], baselines: dict[str, Scores] = BASELINES) -> str:
    tables = compare_results(results, baselines, EVALUATION, REPORT, "main")
    words = tables.pop("findings")
    shown = {name: table for name, table in tables.items() if name != "means"}
    drawn = {
        name: to_png(figure)
        for name, figure in figures(results, baselines, tables["summary"]).items()
    }
    return write_page(
        "classifier", words, **shown, title="A <title>", description="Which pooling?", **drawn
    )


@pytest.fixture(scope="module")
def mixed() -> list[Result]:
    """Three cells are done, each other one is missing for a reason of its own."""
    cells: list[Result] = [
        result({"pool": "max", "met": True}, separation=1.3),
        result({"pool": "max", "met": False}, separation=0.8),
        result({"pool": "mean", "met": True}, status="failed", notes="out of memory"),
        result(
            {"pool": "mean", "met": False},
            status="stale",
            notes="made with other parameters: training.lr",
            separation=3.0,
        ),
        result({"pool": "cls", "met": True}, status="pending", notes="not run yet"),
        result({"pool": "cls", "met": False}, separation=1.3, folder="pool_max__met_true__seed_42"),
    ]
    return cells


def test_every_planned_member_is_a_row_with_its_reason(mixed: list[Result]) -> None:
    members, summary, _, _ = report(mixed)
    assert list(members["status"]) == ["done", "done", "failed", "stale", "pending", "done"]
    assert members["notes"][2] == "out of memory"
    assert members["notes"][5] == "same training as pool_max__met_true__seed_42"
    assert members["auroc"].notna().tolist() == [True, True, False, False, False, True]
    assert {"run", "status", "notes"} <= set(members) & set(summary)
    assert summary["kind"].tolist() == ["cell"] * 6 + ["baseline"] * 2


def test_only_finished_distinct_members_join_the_statistics(mixed: list[Result]) -> None:
    _, summary, comparisons, words = report(mixed)
    assert set(comparisons["a"]) == {"max, MET", "max, no MET"}
    assert len(comparisons) == 2 * 2 + 1
    done = summary.set_index("label").loc[
        ["max, MET", "cls, no MET"], ["auroc", "auroc_low", "auroc_high"]
    ]
    np.testing.assert_array_equal(done.iloc[0], done.iloc[1])
    assert (done["auroc_low"] < done["auroc"]).all()
    assert any(
        "5 paired comparisons" in caveat and "max-t" in caveat for caveat in words["caveats"]
    )
    assert set(comparisons["verdict"]) == {"undecided (1 seed)"}
    assert any("1 failed, 1 stale, 1 pending" in caveat for caveat in words["caveats"])


def seeds_of(cell: dict, separation: float) -> list[Result]:
    return [result(cell, seed=seed, separation=separation) for seed in (42, 123, 314)]


def test_words_follow_from_their_numbers() -> None:
    _, summary, comparisons, words = report(
        [*seeds_of({"pool": "max"}, 1.3), *seeds_of({"pool": "mean"}, 0.8)]
    )
    best = summary.set_index("label").loc["max"]
    assert words["headline"].startswith(
        f"Max: AUROC {best['auroc']:.3f} [{best['auroc_low']:.3f}, {best['auroc_high']:.3f}]"
    )
    row = comparisons[
        (comparisons["a"] == "max") & (comparisons["b"] == "gradient boosting on flat columns")
    ].iloc[0]
    assert (row["verdict"], row["effect"]) == ("higher", True)
    assert row["low_all"] <= row["low"]
    size = f"{row['difference']:.3f} [{row['low_all']:.3f}, {row['high_all']:.3f}], paired"
    assert any(
        f"higher than gradient boosting on flat columns by {size}" in sentence
        for sentence in words["sentences"]
    )
    assert any("1000: too few events" in sentence for sentence in words["sentences"])
    assert json.loads(json.dumps(words, allow_nan=False)) == words


def test_validation_chooses_and_test_only_tells() -> None:
    good, bad = seeds_of({"pool": "max"}, 1.5), seeds_of({"pool": "mean"}, 0.5)
    bad_on_test = [replace(one, metrics=one.metrics | {"val": {"auroc": 0.99}}) for one in bad]
    _, _, comparisons, words = report([*good, *bad_on_test])
    assert words["best_cell"] == "pool_mean"
    assert comparisons[comparisons["against"] != "baseline"]["a"].tolist() == ["max"]
    assert any(
        "above it on the test split, though not chosen" in sentence
        for sentence in words["sentences"]
    )


def test_one_seed_is_reported_and_several_have_a_spread() -> None:
    _, one, _, words = report([result({"pool": "max"})])
    assert one["seed_spread"][0] == "unknown (1 seed)"
    assert any("seed spread is unknown" in caveat for caveat in words["caveats"])
    seeds = [
        result({"pool": "max"}, seed=seed, separation=separation)
        for seed, separation in ((42, 0.9), (123, 1.0), (314, 1.1))
    ]
    _, three, _, words = report(seeds)
    assert three["n_seeds"][0] == 3
    assert three["auroc_seed_sd"][0] == pytest.approx(
        np.std([r.metrics["test"]["auroc"] for r in seeds], ddof=1)
    )
    assert not any("unknown" in caveat for caveat in words["caveats"])


def test_a_cell_with_a_seed_missing_is_partial() -> None:
    _, summary, _, _ = report(
        [
            result({"pool": "max"}),
            result({"pool": "max"}, seed=123, status="failed", notes="node lost"),
        ]
    )
    assert summary["status"][0] == "partial"
    assert summary["notes"][0] == "1 of 2 seeds failed: node lost"
    assert summary["n_seeds"][0] == 1


def test_a_few_events_that_one_cell_lacks_are_left_out_of_all_comparisons() -> None:
    """Another's token file without three test events: all cells are compared on the others, and
    none is set aside.
    """
    ours, other = result({"tokeniser": "binned"}), result({"tokeniser": "ambre"})
    assert other.scores is not None
    rows = np.arange(len(other.scores)) > 2
    arrays = {
        name: getattr(other.scores, name)[rows]
        for name in ("probabilities", "target", "labels", "index")
    }
    part = replace(
        other, scores=replace(other.scores, **arrays, digest=part_digest("same", "three less"))
    )
    members, summary, comparisons, _ = report([ours, part])
    assert (members["status"] == "done").all()
    assert (summary["status"] == "done").all()
    assert not summary["notes"].astype(str).str.contains("unpaired").any()
    assert comparisons["difference"].notna().any()
    (left, right), baselines = on_common_events([ours, part], BASELINES)
    assert left.scores is not None
    assert right.scores is not None
    for scores in (left.scores, right.scores, *baselines.values()):
        np.testing.assert_array_equal(scores.index, np.flatnonzero(rows))
    assert on_common_events([ours, other], BASELINES) == ([ours, other], BASELINES)


def test_results_of_other_events_are_set_aside() -> None:
    members, _, comparisons, words = report(
        [result({"pool": "max"}), result({"pool": "mean"}, digest="older")]
    )
    assert members["status"].tolist() == ["done", "stale"]
    assert "other events" in members["notes"][1]
    assert set(comparisons["a"]) == {"max"}
    assert words["best_cell"] == "pool_max"


def test_nothing_finished_is_a_report_too() -> None:
    pending = [result({}, status="pending", notes="not run yet")]
    for baselines in ({}, BASELINES):
        _, _, comparisons, words = report(pending, baselines)
        assert words["headline"] == "No finished member yet."
        assert comparisons.empty
        assert {"run", "status", "notes"} <= set(comparisons)
        assert "No finished member yet." in page(pending, baselines)


def test_a_member_with_metrics_but_no_scores_has_no_interval() -> None:
    _, summary, comparisons, words = report([replace(result({}), scores=None)], {})
    assert np.isfinite(summary["auroc"][0])
    assert np.isnan(summary["auroc_low"][0])
    assert "no scores, no interval" in words["headline"]
    assert comparisons.empty


def test_caveats_hold_sizes_simulation_and_notes_of_the_data() -> None:
    _, _, _, words = report([result({})])
    text = " ".join(words["caveats"])
    for expected in (
        "500 train",
        "Simulated events",
        "12 events without objects kept",
        "best in their last epoch",
    ):
        assert expected in text
    assert ["n_parameters", "1234"] in words["record"]
    assert ["parameters.training.lr", "0.0001"] in words["record"]


def test_the_page_stands_alone_and_shows_every_row(mixed: list[Result]) -> None:
    html = page(mixed)
    assert not re.search(r"https?:|//cdn|<script|<link|@import", html)
    assert html.count('<img src="data:image/png;base64,') == html.count('alt="') == 6
    for text in (
        "A &lt;title&gt;",
        "out of memory",
        "not run yet",
        "training.lr",
        "too few events",
        "gradient boosting on flat columns",
    ):
        assert typeset(text) in html
    assert html.index("Max, MET: AUROC") < html.index("<img")


def test_a_page_can_be_made_again_from_the_files(mixed: list[Result]) -> None:
    tables = compare_results(mixed, BASELINES, EVALUATION, REPORT, "main")
    words = json.loads(json.dumps(tables.pop("findings")))
    tables.pop("means")
    read = {
        name: pd.read_csv(io.StringIO(table.to_csv(index=False))) for name, table in tables.items()
    }
    again = write_page(
        "classifier", **read, findings=words, title="A <title>", description="Which pooling?"
    )
    assert ">nan<" not in again.lower()
    assert "out of memory" in again


def test_more_than_two_classes_are_reported_too() -> None:
    rng = np.random.default_rng(0)
    target = np.arange(600) % 3
    probabilities = rng.dirichlet([1, 1, 1], 600) * 0.6 + np.eye(3)[target] * 0.4
    names = ("tttt", "ttH", "ttW")
    scores = Scores(
        probabilities.astype(np.float32),
        target,
        target + 1,
        np.arange(600),
        names,
        dict(enumerate(names, 1)),
        "same",
    )
    several = replace(result({}), scores=scores)
    _, summary, _, words = report([several], {"flat": scores})
    assert "mean over 3 classes" in words["headline"]
    assert summary["auroc_ttH"].notna()[1]
    assert page([several], {"flat": scores}).count("<img") == 6


def test_labels_read_as_a_physicist_would_say_it() -> None:
    assert (
        label_of({"tokeniser": "direct", "pool": "mean", "met": False, "vector": 4})
        == "direct, mean, no MET, vector 4"
    )
    assert label_of({"binning.n_bins": 5}) == "n bins 5"
    assert label_of({}) == ""
    shown = {
        "tokeniser": {"kind": "direct", "vector": 4},
        "classifier": {"pool": "mean", "met": False},
    }
    assert words_of(shown) == "direct, mean, no MET, vector 4"
    assert (
        words_of({"tokeniser": {"kind": "binned"}, "classifier": {"pool": "cls", "met": True}})
        == "binned, cls, MET"
    )
