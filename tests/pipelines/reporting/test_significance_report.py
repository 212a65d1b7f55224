"""Expected significances in a report: from cross sections, or absent with the reason."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from fabricate import REJECTIONS, binormal_scores, result, to_png
from pydantic import ValidationError

from lexon.config import EvaluationConfig, ReportConfig, SignificanceConfig, SlicesConfig
from lexon.datasets.evaluated_events import EvaluatedEvents
from lexon.experiments import Result
from lexon.pipelines.reporting.classifier import OfEvents, compare_results
from lexon.plots.significance import significances

N = 3000
REPORT = ReportConfig(n_bootstrap=200, min_effect={"loss": 0.05, "score": 0.005}, source=None)
SLICES = SlicesConfig(n_jets=2, n_b_jets=2, n_leptons=2, ht=2, met=2, min_events=50)
CONFIG = SignificanceConfig(
    luminosity=139,
    background_uncertainty=0.2,
    cross_sections={"tttt": 12.0, "ttH": 507.0, "ttW": 722.0},
    efficiencies={},
    fit_bins=6,
)
EFFICIENCIES = {"tttt": 0.034, "ttH": 0.0017, "ttW": 0.001}
BASELINES = {"event_level": binormal_scores(1.2, N, own=5, noise=0.3)}
SEPARATION = {"direct": 1.8, "binned": 0.8}


def events(efficiencies: dict[str, float]) -> EvaluatedEvents:
    quantity = np.random.default_rng(0).uniform(size=N).astype(np.float32)
    names = ("n_jets", "n_b_jets", "n_leptons", "ht", "met")
    return EvaluatedEvents(dict.fromkeys(names, quantity), np.arange(N), "same", efficiencies)


def members(seeds: tuple[int, ...] = (42, 123, 314)) -> list[Result]:
    found = []
    for tokeniser, separation in SEPARATION.items():
        for seed in seeds:
            one = result({"tokeniser": tokeniser}, seed, separation, own=seed + len(tokeniser), n=N)
            val = {"auroc": separation / 2}
            found.append(replace(one, metrics=one.metrics | {"val": val}))
    return found


def report(
    config: SignificanceConfig = CONFIG,
    known: EvaluatedEvents | None = None,
    results: list[Result] | None = None,
) -> dict[str, Any]:
    return compare_results(
        results or members(),
        BASELINES,
        EvaluationConfig(rejections=REJECTIONS),
        REPORT,
        "main",
        (),
        OfEvents(known or events(EFFICIENCIES), SLICES, config),
    )


@cache
def usual() -> dict[str, Any]:
    return report()


def test_expected_events_are_luminosity_times_cross_section_times_share():
    notes = " ".join(usual()["findings"]["significance"])
    assert f"tttt {139 * 12.0 * 0.034:.1f}" in notes
    assert f"ttH {139 * 507.0 * 0.0017:.1f}" in notes
    assert "those of the simulation for tttt, ttH, ttW" in notes


def test_every_cell_and_baseline_has_its_significances_and_curves():
    table = usual()["significance"]
    assert table["cell"].tolist() == ["tokeniser_direct", "tokeniser_binned", "event_level"]
    for name in ("fit", "fit_known", "cut", "cut_known"):
        assert (table[f"{name}_low"] < table[name]).all()
        assert (table[name] < table[f"{name}_high"]).all()
        assert table[name].iloc[0] == table[name].max()
    curves = usual()["significance_curves"]
    assert set(curves["cell"]) == set(table["cell"])


def test_a_better_network_is_better_beyond_noise_in_each_statistic():
    table = usual()["significance_differences"]
    rows = table[(table["a"] == "direct") & (table["b"] == "binned")]
    assert len(rows) == 4
    assert set(rows["verdict"]) == {"higher"}
    assert (rows["low_all"] > 0).all()


def test_words_have_the_numbers():
    row = usual()["significance"].iloc[0]
    sentence = next(
        one for one in usual()["findings"]["sentences"] if one.startswith("Expected significance")
    )
    assert f"direct {row['fit']:.2f} [{row['fit_low']:.2f}, {row['fit_high']:.2f}]" in sentence
    assert "in 139/fb, with a background known to 20%" in sentence


def test_shares_that_are_typed_take_the_place_of_those_of_the_simulation():
    doubled = CONFIG.model_copy(update={"efficiencies": {"tttt": 2 * EFFICIENCIES["tttt"]}})
    found = report(doubled, results=members((42,)))
    assert f"tttt {139 * 12.0 * 0.068:.1f}" in " ".join(found["findings"]["significance"])
    usual_fit = usual()["significance"].set_index("cell").loc["event_level", "fit"]
    assert found["significance"].set_index("cell").loc["event_level", "fit"] > 1.3 * usual_fit


@pytest.mark.parametrize(
    ("change", "known", "said"),
    [
        ({"cross_sections": {"tttt": 12.0}}, EFFICIENCIES, "no cross section in fb of ttH, ttW"),
        ({}, {}, "no selected share of all produced events of tttt, ttH, ttW"),
    ],
)
def test_what_is_not_known_is_named_with_its_key(change, known, said):
    found = report(CONFIG.model_copy(update=change), events(known), results=members((42,))[:1])
    (note,) = found["findings"]["significance"]
    assert said in note
    assert "give it as significance." in note
    assert found["significance"].empty
    assert found["significance_differences"].empty
    assert not any("xpected significance" in one for one in found["findings"]["sentences"])
    assert to_png(significances(found["significance"], found["significance_curves"]))


def test_the_figure_is_drawn():
    figure = significances(usual()["significance"], usual()["significance_curves"])
    assert len(figure.axes) == 4
    assert to_png(figure)


@pytest.mark.parametrize(
    "wrong",
    [
        {"luminosity": 0},
        {"background_uncertainty": -0.1},
        {"efficiencies": {"tttt": 1.5}},
        {"cross_sections": {"tttt": -12}},
        {"fit_bins": 0},
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        SignificanceConfig(**CONFIG.model_dump() | wrong)


def heavier(one: Any, of: int, factor: float) -> Any:
    """Weighted scores: a process counts `factor`, every third of its events three times as much."""
    own = np.where(np.arange(len(one)) % 3 == 0, 3.0, 1.0)
    return replace(one, weights=np.where(one.labels == of, factor * own, own))


def weighted_report(factor: float) -> dict[str, Any]:
    config = {"data": {"weight": "event_weight"}, "training": {}}
    results = [
        replace(
            one,
            scores=heavier(one.scores, 2, factor),
            member=replace(one.member, config=one.member.config | config),
        )
        for one in members((42,))
    ]
    baselines = {name: heavier(one, 2, factor) for name, one in BASELINES.items()}
    return compare_results(
        results,
        baselines,
        EvaluationConfig(rejections=REJECTIONS),
        REPORT,
        "main",
        (),
        OfEvents(events(EFFICIENCIES), SLICES, CONFIG),
    )


def test_weighted_events_have_a_significance_that_says_so():
    found, plain = weighted_report(1.0), usual()
    notes = " ".join(found["findings"]["significance"])
    assert "by its weight (events.weight)" in notes
    assert "(sum w)^2 / sum w^2" in notes
    assert "weight" not in " ".join(plain["findings"]["significance"])
    table, usually = (one["significance"].set_index("cell") for one in (found, plain))
    assert table.loc["event_level", "fit"] == pytest.approx(
        usually.loc["event_level", "fit"], rel=0.3
    )
    assert table["background_events_error"].between(0, table["background_events"]).all()
    again = weighted_report(17.0)["significance"].set_index("cell")
    np.testing.assert_allclose(again["fit"], table["fit"], rtol=1e-6)


def test_weights_that_sum_to_nothing_are_no_number_of_events():
    found = weighted_report(-0.2)
    (note,) = found["findings"]["significance"]
    assert "test events of ttH sum to -" in note
    assert found["significance"].empty
