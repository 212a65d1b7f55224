"""A report of weighted events says so at every number, and says what the weights are worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fabricate import REJECTIONS, binormal_scores, result

from lexon.config import EvaluationConfig, ReportConfig
from lexon.experiments import Result
from lexon.metrics.classification import classification_metrics
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.cells import Cell
from lexon.pipelines.reporting.classifier import compare_results, figures
from lexon.pipelines.reporting.classifier_weights import weight_name
from lexon.pipelines.reporting.page import write_page

EVALUATION = EvaluationConfig(rejections=REJECTIONS)
REPORT = ReportConfig(n_bootstrap=200, min_effect={"loss": 0.05, "score": 0.005}, source=None)
CONFIG = {"data": {"weight": "event_weight"}, "training": {}}
N = 2000


def own(scores: Scores) -> np.ndarray:
    """Signal counts a tenth; one background event counts a thousand times as much as another."""
    weights = np.where(scores.is_signal, 0.1, 1.0)
    weights[np.flatnonzero(~scores.is_signal)[0]] = 1000.0
    weights[np.flatnonzero(scores.is_signal)[:3]] *= -1
    return weights


def weighted(one: Result) -> Result:
    assert one.scores is not None
    scores = replace(one.scores, weights=own(one.scores))
    found = classification_metrics(scores, REJECTIONS)
    finite = {name: value for name, value in found.items() if np.isfinite(value)}
    member = replace(one.member, config=one.member.config | CONFIG)
    return replace(
        one, scores=scores, member=member, metrics=dict.fromkeys(("train", "val", "test"), finite)
    )


def made(as_weighted: bool) -> tuple[dict, str]:
    cells = [result({"pool": pool}, separation=s) for pool, s in (("max", 1.3), ("mean", 0.8))]
    trees = binormal_scores(0.95, own=7, noise=0.3)
    baselines = {"event_level": replace(trees, weights=own(trees)) if as_weighted else trees}
    results = [weighted(one) if as_weighted else one for one in cells]
    tables = compare_results(results, baselines, EVALUATION, REPORT, "main")
    shown = {name: table for name, table in tables.items() if name not in ("means", "findings")}
    drawn = dict.fromkeys(figures(results, baselines, tables["summary"]), b"png")
    page = write_page(
        "classifier", tables["findings"], **shown, title="A", description="B", **drawn
    )
    return tables, page


@pytest.fixture(scope="module")
def report() -> tuple[dict, str]:
    return made(as_weighted=True)


@pytest.fixture(scope="module")
def plain() -> tuple[dict, str]:
    return made(as_weighted=False)


def test_tables_figures_and_words_say_that_they_are_weighted(report, plain) -> None:
    tables, page = report
    assert "weighted AUROC" in tables["findings"]["headline"]
    assert tables["findings"]["sentences"][0].startswith(
        "Weighted: every number that is calculated from events counts them by event_weight"
    )
    assert page.count("Events are weighted by event_weight") >= 6
    for heading in ("ROC curves", "Score distributions", "Calibration", "Confusion matrix"):
        assert f"{heading}, weighted" in page
        assert f"{heading}, weighted" not in plain[1]
    for name in ("summary", "members"):
        assert set(tables[name]["weights"]) == {"event_weight"}


@pytest.mark.parametrize("part", ["data", "tokeniser"])
def test_weights_are_those_of_events_or_of_a_finished_token_file(part: str) -> None:
    one = result({"pool": "max"})
    one = replace(one, member=replace(one.member, config={part: {"weight": "w"}}))
    assert weight_name([Cell(0, (one,))]) == "w"


def test_without_weights_nothing_is_said_of_them(plain) -> None:
    tables, page = plain
    assert "eighted" not in " ".join(tables["findings"]["sentences"])
    assert "weighted_by" not in tables["findings"]
    assert "Events are weighted" not in page
    assert not any("eight" in caveat for caveat in tables["findings"]["caveats"])
    assert "weights" not in tables["summary"]


def test_baselines_alone_are_weighted_too() -> None:
    failed = result({"pool": "max"}, status="failed", notes="out of memory")
    failed = replace(failed, member=replace(failed.member, config=failed.member.config | CONFIG))
    trees = binormal_scores(0.95, own=7)
    baselines = {"event_level": replace(trees, weights=own(trees))}
    found = compare_results([failed], baselines, EVALUATION, REPORT, "main")
    assert found["findings"]["sentences"][0].startswith("Weighted: ")
    assert found["findings"]["weighted_by"] == "event_weight"


def test_numbers_are_the_weighted_ones(report) -> None:
    summary = report[0]["summary"]
    scores = weighted(result({"pool": "max"}, separation=1.3)).scores
    expected = classification_metrics(scores, REJECTIONS)
    row = summary[summary["label"].str.contains("max")].iloc[0]
    for name in ("auroc", "log_loss", "ece", "accuracy"):
        assert row[name] == pytest.approx(expected[name], abs=1e-6), name


def test_heavy_and_negative_weights_and_other_shares_are_caveats(report) -> None:
    caveats = report[0]["findings"]["caveats"]
    heavy = next(caveat for caveat in caveats if caveat.startswith("Heavy weights"))
    assert "test events of background are worth" in heavy
    assert "the heaviest has 50 %" in heavy or "the heaviest has 50%" in heavy
    assert any(c.startswith(f"Negative weights: 3 of {N:,} test events") for c in caveats)
    shares = next(caveat for caveat in caveats if caveat.startswith("Trained with"))
    assert "training.event_weights=per_class, class_weights=none" in shares
    balance = next(caveat for caveat in caveats if caveat.startswith("Class balance"))
    assert "of the weight of the test events are signal" in balance
