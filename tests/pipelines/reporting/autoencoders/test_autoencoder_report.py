"""The report of autoencoders says what its numbers say: every answer is planted, then
looked for.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from fabricate import to_png

from lexon.config import ReportConfig
from lexon.experiments import Member, Result, cell_name
from lexon.pipelines.reporting.autoencoder import compare_results, figures
from lexon.pipelines.reporting.autoencoder_changes import (
    Change,
    collect_grid,
    columns_of,
    estimate_grid,
    pairs,
)
from lexon.pipelines.reporting.page import write_page
from lexon.plots.page import typeset
from lexon.statistics import Interval

TABLES = ("members", "summary", "pivot", "changes")
REPORT = ReportConfig(n_bootstrap=100, min_effect={"loss": 0.05, "score": 0.005}, source=None)
SETTINGS = {
    "encoder_globals": True,
    "encoder": "mlp",
    "train_on": "all",
    "latent_dim": 32,
    "codebook_size": 512,
}
BOTTLENECKS, BETAS = ("none", "linear", "vq"), (0.0, 1.0, 10.0)
N = 250
Level = Callable[[str, float], float]


def summarise_results(results: Sequence[Result], *asked: Any) -> Any:
    """Tables, findings and texts, in order."""
    return tuple(compare_results(results, *asked).values())


def result(
    bottleneck: str,
    beta: float,
    seed: int,
    tokens: float,
    found: float,
    probe: float = 0.9,
    noise: float = 0.001,
    shown: bool = True,
    status: Any = "done",
    usage: float = 0.5,
) -> Result:
    """A member whose mean losses are `tokens` and `found`, give or take `noise` from seed to seed,
    whose probe has an R2 of `probe`.
    """
    cell = {"autoencoder.globals_beta": beta, "autoencoder.bottleneck": bottleneck}
    settings = SETTINGS | {"bottleneck": bottleneck, "globals_beta": beta, "encoder_globals": shown}
    config = {"kind": "autoencoder", "autoencoder": settings, "tokeniser": {"pid": True}}
    name = f"{cell_name(cell)}__seed_{seed}"
    member = Member(name, cell, seed, config, name)
    if status != "done":
        return Result(member, status, "not run yet", {}, {}, None)
    arrays: dict[str, Any] = {}
    metrics: dict[str, dict[str, float]] = {}
    own = 1 + noise * np.random.default_rng(
        [seed, int(beta), BOTTLENECKS.index(bottleneck)]
    ).normal(size=2)
    for split, events in (("train", 3), ("val", 4), ("test", 5)):
        rng = np.random.default_rng(events)
        losses = {
            "rec_tokens": tokens * own[0] * rng.gamma(4, 0.25, N),
            "rec_globals": found * own[1] * rng.gamma(4, 0.25, N),
        }
        losses["total"] = losses["rec_tokens"] + beta * losses["rec_globals"]
        met = rng.normal(size=(N, 3))
        answer = {
            "met": met,
            "probe_met": (
                probe * met + np.sqrt(max(probe * (1 - probe), 0)) * rng.normal(size=met.shape)
            ),
        }
        arrays |= {
            f"{split}_{key}": values
            for key, values in (losses | answer | {"target": np.arange(N) % 2}).items()
        }
        metrics[split] = {key: float(values.mean()) for key, values in losses.items()} | {
            "rec_globals_constant": 2.0,
            "rec_tokens_constant": 3.0,
        }
        metrics[split] |= {"code_usage": usage, "perplexity": 100.0} if bottleneck == "vq" else {}
    history = pd.DataFrame(
        {"epoch": [1, 2]}
        | {f"{side}_{loss}": [2.0, 1.0] for side in ("train", "val") for loss in losses}
    )
    record = {
        "data": {"test_digest": "same", "n_train": 1000},
        "best_epoch": 2,
        "seconds": 1.0,
        "n_parameters": 10,
        "parameters": config,
    }
    return Result(member, "done", "", record, metrics, history, arrays=arrays)


def grid(
    tokens: Level, found: Level, seeds: tuple[int, ...] = (42, 123, 314), **options: Any
) -> list[Result]:
    """Nine cells, weight outer, bottleneck inner."""
    return [
        result(b, beta, seed, tokens(b, beta), found(b, beta), **options)
        for beta in BETAS
        for b in BOTTLENECKS
        for seed in seeds
    ]


def words_of(results: list[Result]) -> dict[str, Any]:
    """The findings, which JSON can hold."""
    words = summarise_results(results, REPORT, "main", "study")[4]
    return json.loads(json.dumps(words, allow_nan=False))


def answers(results: list[Result]) -> dict[str, str]:
    """Answer by scenario and hypothesis, and by prediction."""
    return {row["name"] or row["claim"]: row["answer"] for row in words_of(results)["claims"]}


def of_kind(words: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [row for row in words["claims"] if row["kind"] == kind]


def constant(_bottleneck: str, _beta: float) -> float:
    return 1.0


def falling(_bottleneck: str, beta: float) -> float:
    return {0.0: 1.5, 1.0: 0.8, 10.0: 0.4}[beta]


def rising(_bottleneck: str, beta: float) -> float:
    return {0.0: 0.5, 1.0: 0.7, 10.0: 1.0}[beta]


def by_bottleneck(bottleneck: str, _beta: float) -> float:
    return {"none": 0.4, "linear": 0.6, "vq": 1.2}[bottleneck]


@pytest.mark.parametrize(
    ("tokens", "found", "holding"),
    [(constant, constant, 1), (constant, falling, 2), (rising, falling, 3)],
    ids=["little effect", "no cost", "trade-off"],
)
def test_a_planted_scenario_is_found_and_the_others_are_not(
    tokens: Level, found: Level, holding: int
) -> None:
    given = answers(grid(tokens, found))
    assert {n: given[f"scenario {n}"] for n in (1, 2, 3)} == {
        n: "holds" if n == holding else "does not hold" for n in (1, 2, 3)
    }


def test_a_scenario_can_hold_for_one_bottleneck_alone() -> None:
    given = answers(grid(constant, lambda b, beta: falling(b, beta) if b == "none" else 1.0))
    assert given["scenario 2"] == "holds for none; does not hold for linear, vq"
    assert given["scenario 1"] == "does not hold for none; holds for linear, vq"


def test_vq_is_called_worse_where_both_of_its_errors_are() -> None:
    assert answers(grid(by_bottleneck, by_bottleneck))["scenario 4"] == "holds"
    assert (
        answers(grid(by_bottleneck, constant))["scenario 4"]
        == "does not hold, in 6 of 12 comparisons"
    )
    assert answers(grid(constant, constant))["scenario 4"] == "does not hold"


def test_hypotheses_follow_the_planted_losses() -> None:
    no_cost = answers(grid(constant, falling))
    assert no_cost["hypothesis 2"] == "yes"
    assert no_cost["hypothesis 4"] == "no"
    assert no_cost["hypothesis 5"] == "yes"
    trade_off = answers(grid(rising, falling))
    assert trade_off["hypothesis 2"] == "no"
    assert trade_off["hypothesis 5"] == "yes, at a price in rec_tokens"
    assert answers(grid(constant, constant))["hypothesis 5"] == "no"
    assert answers(grid(constant, by_bottleneck))["hypothesis 4"] == "yes"
    assert (
        answers(grid(constant, lambda b, _: 1 + (b == "vq")))["hypothesis 4"]
        == "yes, in 6 of 9 comparisons"
    )


def test_a_sweet_spot_lies_between() -> None:
    assert (
        answers(grid(constant, lambda _, beta: {0.0: 1.0, 1.0: 0.5, 10.0: 1.2}[beta]))[
            "hypothesis 3"
        ]
        == "yes, beta 1"
    )
    assert answers(grid(constant, falling))["hypothesis 3"] == "no"


@pytest.mark.parametrize(("probe", "expected"), [(0.9, "yes"), (0.0, "no")])
@pytest.mark.parametrize("shown", [True, False])
def test_what_the_latents_hold_is_asked_of_the_probe(
    probe: float, expected: str, shown: bool
) -> None:
    words = words_of(grid(constant, constant, probe=probe, shown=shown))
    size, direction = of_kind(words, "hypotheses")[:2]
    assert (size["answer"], direction["answer"]) == (expected, expected)
    assert ("was shown MET" in size["numbers"]) is shown
    assert any("hold nothing of MET" in step for step in words["next_steps"]) is (probe == 0)


def test_predictions_are_marked_by_what_was_measured() -> None:
    as_predicted = answers(grid(by_bottleneck, falling))
    assert as_predicted["rec_tokens: none < linear < vq"] == "confirmed"
    assert as_predicted["rec_globals: globals_beta 0 >> 1 >> 10"] == "confirmed"
    assert as_predicted["rec_globals: similar across latent spaces"] == "confirmed"
    otherwise = answers(grid(lambda b, beta: 1 / by_bottleneck(b, beta), rising))
    assert otherwise["rec_tokens: none < linear < vq"] == "refuted"
    assert otherwise["rec_globals: globals_beta 0 >> 1 >> 10"] == "refuted"
    assert otherwise["rec_tokens: similar across all beta values"] == "confirmed"


def test_the_nine_places_of_the_total_loss() -> None:
    levels = {
        (b, beta): 2.0**i
        for i, (beta, b) in enumerate(
            [(0.0, "none"), (0.0, "linear"), (1.0, "none"), (1.0, "linear")]
        )
    }
    levels |= {
        ("none", 10.0): 16.0,
        ("linear", 10.0): 32.0,
        ("vq", 0.0): 64.0,
        ("vq", 1.0): 128.0,
        ("vq", 10.0): 256.0,
    }
    words = words_of(grid(lambda b, beta: levels[b, beta], lambda *_: 1e-3))
    (ranking,) = [row for row in words["claims"] if "expected ranking" in row["claim"]]
    assert ranking["answer"] == "confirmed"
    assert "Kendall's tau 1.00" in ranking["numbers"]
    assert (
        answers(grid(lambda b, beta: 1 / levels[b, beta], lambda *_: 1e-3))[ranking["claim"]]
        == "refuted, in 7 of 8 comparisons"
    )


def test_with_one_seed_nothing_is_decided() -> None:
    words = words_of(grid(rising, falling, seeds=(42,)))
    for row in words["claims"]:
        assert "undecided (1 seed)" in row["answer"], row
    assert words["next_steps"] == ["1 seed leaves questions open: run with n_seeds=3."]
    assert any("One seed" in caveat for caveat in words["caveats"])


def test_seeds_that_disagree_leave_it_undecided() -> None:
    given = answers(grid(constant, constant, noise=0.3))
    assert "undecided" in given["scenario 1"]
    assert "undecided" in given["hypothesis 2"]


def test_next_steps_follow() -> None:
    trade_off = words_of(grid(rising, falling))["next_steps"]
    assert any("latent_dim=64 instead of 32" in step for step in trade_off)
    good = words_of(grid(constant, falling))["next_steps"]
    assert any(step.startswith("MET is well reconstructed at globals_beta 1") for step in good)
    worse = {0.5: "would not help", 0.95: "codebook_size=1024"}
    for usage, advice in worse.items():
        assert any(
            advice in step
            for step in words_of(grid(by_bottleneck, constant, usage=usage))["next_steps"]
        )
    linear = words_of(grid(lambda b, _: {"none": 1.0, "linear": 0.4, "vq": 1.0}[b], constant))[
        "next_steps"
    ]
    assert any("bottleneck=linear instead of none" in step for step in linear)


def test_the_choice_is_made_on_validation_and_becomes_a_parameter_file() -> None:
    results = grid(constant, falling)
    worst_on_test = [
        replace(
            r,
            arrays={
                k: v * 9 if k == "test_rec_tokens" and "10" in r.member.cell_name else v
                for k, v in r.arrays.items()
            },
        )
        for r in results
        if r.arrays is not None
    ]
    *_, words, selected = summarise_results(worst_on_test, REPORT, "main", "study")
    assert words["best_cell"].startswith("autoencoder_globals_beta_10_0")
    assert yaml.safe_load(selected)["autoencoder"]["globals_beta"] == 10.0
    assert "study" in selected


def test_a_partial_grid_is_reported_as_far_as_it_goes() -> None:
    results = [
        replace(r, status="stale", notes="other lr") if "vq" in r.member.name else r
        for r in grid(constant, falling)
    ]
    members, summary, pivot, changes, words, _ = summarise_results(results, REPORT, "main", "study")
    assert summary["status"].tolist() == ["done", "done", "stale"] * 3
    assert pivot["number"].tolist() == list(range(9))
    assert pivot["latent_space"].tolist() == list(BOTTLENECKS) * 3
    assert pivot["beta"].tolist() == [beta for beta in BETAS for _ in BOTTLENECKS]
    assert pivot.loc[pivot["latent_space"] == "vq", "rec_tokens"].isna().all()
    assert members.loc[members["status"] == "stale", "rec_tokens"].isna().all()
    scenarios = {row["name"]: row["answer"] for row in of_kind(words, "scenarios")}
    assert (
        scenarios["scenario 2"] == "holds for none, linear; undecided (members are missing) for vq"
    )
    assert scenarios["scenario 4"] == "undecided (members are missing)"
    assert (changes["status"] == "pending").any()
    assert any("9 stale" in caveat for caveat in words["caveats"])


def test_differences_of_nearly_nothing_are_called_that() -> None:
    words = words_of(grid(lambda b, _: {"none": 0.001, "linear": 0.002, "vq": 0.4}[b], constant))
    (caveat,) = [text for text in words["caveats"] if "nearly exactly" in text]
    assert "none, beta 0" in caveat
    assert "vq" not in caveat


def test_a_trade_off_in_next_to_nothing_asks_for_no_larger_latent_space() -> None:
    words = words_of(grid(lambda b, beta: rising(b, beta) * (1.0 if b == "vq" else 0.01), falling))
    answers = {row["name"]: row["answer"] for row in words["claims"]}
    assert (
        answers["hypothesis 2"]
        == "no, with less than 1 % of the objects' variance lost for none, linear; no for vq"
    )
    (wider,) = [step for step in words["next_steps"] if "compete for the latent space" in step]
    assert "(vq)" in wider
    assert any(
        step.startswith("MET is well reconstructed at globals_beta 1 (none")
        for step in words["next_steps"]
    )


def test_nothing_finished_is_a_report_too() -> None:
    pending = [result("none", beta, 42, 1, 1, status="pending") for beta in BETAS]
    *tables, words, selected = summarise_results(pending, REPORT, "main", "study")
    assert words["headline"] == "No finished member yet."
    assert "nothing is selected" in selected
    assert "No finished member yet." in write_page(
        "autoencoder", words, "study", "Why?", **dict(zip(TABLES, tables, strict=True))
    )


def test_one_weight_has_no_scenario_but_bottlenecks_to_compare() -> None:
    given = answers(
        [result(b, 1.0, seed, by_bottleneck(b, 1), 1.0) for b in BOTTLENECKS for seed in (1, 2, 3)]
    )
    assert {given[f"scenario {n}"] for n in (1, 2, 3)} == {"not asked"}
    assert given["rec_tokens: none < linear < vq"] == "confirmed"
    assert given["total loss: the expected ranking, lowest to highest"] == "not asked"


def test_members_of_other_events_are_set_aside() -> None:
    results = grid(constant, constant)
    other = replace(results[0], record=results[0].record | {"data": {"test_digest": "older"}})
    members = summarise_results([other, *results[1:]], REPORT, "main", "study")[0]
    assert members["status"].tolist() == ["stale"] + ["done"] * 26
    assert "other events" in members["notes"][0]


def test_a_change_is_relative_and_paired() -> None:
    results = grid(lambda b, _: by_bottleneck(b, 0), constant, noise=1e-6)
    cells = collect_grid(results)
    measured = estimate_grid(cells, "test", REPORT)
    change = measured.change("rec_tokens", cells[2], cells[0])
    assert change.relative.estimate == pytest.approx(2.0, abs=1e-3)
    assert change.relative.high - change.relative.low < 0.01, (
        "the events have the same errors in both cells: all of it cancels"
    )
    assert measured.interval("rec_tokens", cells[0]).estimate == pytest.approx(
        np.mean(results[0].arrays["test_rec_tokens"]), rel=1e-4
    )
    back = measured.change("rec_tokens", cells[0], cells[2]).relative.estimate
    assert (1 + back) * (1 + change.relative.estimate) == pytest.approx(1)


@pytest.mark.parametrize(
    ("verdict", "negligible", "outcome"),
    [
        ("higher", False, "higher"),
        ("lower", False, "lower"),
        ("higher, small", True, "same"),
        ("higher, small", False, "undecided"),
        ("same", True, "same"),
        ("undecided (1 seed)", False, "undecided"),
    ],
)
def test_an_answer_rests_on_an_effect_or_on_the_certainty_that_there_is_none(
    verdict: str, negligible: bool, outcome: str
) -> None:
    nothing = Interval(0, 0, 0)
    assert (
        Change("rec_tokens", "a", "b", nothing, nothing, verdict, 3, negligible=negligible).outcome
        == outcome
    )


def test_the_table_is_one_family_and_both_directions_agree() -> None:
    results = grid(rising, falling)
    measured, changes = (
        estimate_grid(collect_grid(results), "test", REPORT),
        summarise_results(results, REPORT, "main", "study")[3],
    )
    assert (changes["low_all"] <= changes["low"]).mean() > 0.9
    for _, row in changes.iterrows():
        cells = {cell.label: cell for cell in measured.cells}
        there, back = (
            measured.change(row["metric"], cells[a], cells[b])
            for a, b in ((row["a"], row["b"]), (row["b"], row["a"]))
        )
        assert there.verdict == row["verdict"]
        assert (1 + there.relative.low) * (1 + back.relative.high) == pytest.approx(1)
        assert row["effect"] == (row["verdict"] in ("higher", "lower"))


@pytest.mark.parametrize(
    ("relative", "words"),
    [(0.123, "+12.3 %"), (-0.5, "-50.0 %"), (-0.999, "x 0.001"), (99.0, "x 100")],
    ids=["more", "less", "factor", "fold"],
)
def test_a_change_in_words_is_a_share_or_a_factor(relative: float, words: str) -> None:
    interval = Interval(relative, relative, relative)
    change = Change("rec_tokens", "a", "b", interval, interval, "lower", 3, negligible=False)
    assert change.words == f"rec_tokens {words} [{words}, {words}], a against b"


def test_pairs_begin_with_the_widest() -> None:
    column, *_ = columns_of(collect_grid(grid(constant, constant))).values()
    assert [(later.beta, earlier.beta) for later, earlier in pairs(column)] == [
        (10, 0),
        (1, 0),
        (10, 1),
    ]


def test_the_page_holds_all_and_can_be_made_again_from_files() -> None:
    results = grid(rising, falling)
    *tables, words, _ = summarise_results(results, REPORT, "main", "study")
    drawn: Mapping[str, Any] = figures(estimate_grid(collect_grid(results), "test", REPORT))
    images = {name: to_png(figure) for name, figure in drawn.items()}
    read = [pd.read_csv(io.StringIO(frame.to_csv(index=False))) for frame in tables]
    page = write_page(
        "autoencoder",
        json.loads(json.dumps(words)),
        "study",
        "Why?",
        **dict(zip(TABLES, read, strict=True)),
        **images,
    )
    assert ">nan<" not in page.lower()
    assert page.count("<img src=") == 3
    for text in (
        "scenario 3",
        "hypothesis 5",
        "none, beta 10",
        "refuted",
        "latent_dim=64",
        "Not tested, because invisible",
    ):
        assert typeset(text) in page
