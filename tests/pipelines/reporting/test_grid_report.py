"""The report of a whole grid finds what was planted, nothing else, and says what it cannot
judge.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fabricate import REJECTIONS, binormal_scores, grid_results, to_png
from scipy.stats import norm

from lexon.config import EvaluationConfig, ReportConfig
from lexon.experiments import Result
from lexon.metrics.scores import Scores
from lexon.pipelines.reporting.classifier import compare_results, grid_figures
from lexon.pipelines.reporting.page import write_page
from lexon.statistics import CERTAIN, Verdict

EVALUATION = EvaluationConfig(rejections=REJECTIONS)
BASELINES = {"flat": binormal_scores(0.7, n=1000, own=8, noise=0.3)}
SEEDS = (42, 123, 314)

Cell = dict[str, Any]
Report = dict[str, Any]


def report(
    results: list[Result], n_bootstrap: int = 300, baselines: dict[str, Scores] = BASELINES
) -> Report:
    return compare_results(
        results,
        baselines,
        EVALUATION,
        ReportConfig(
            n_bootstrap=n_bootstrap, min_effect={"loss": 0.05, "score": 0.005}, source=None
        ),
        "main",
    )


def planted(cell: Cell) -> float:
    """Direct is better than binned; max helps direct only; MET and, but for VQ codes, vector do
    nothing.
    """
    separation = {"direct": 1.4, "binned": 1.1, "vqvae": 1.4}[cell["tokeniser"]]
    separation += 0.2 * (cell["tokeniser"] == "direct" and cell["pool"] == "max")
    return separation + 0.2 * (cell["tokeniser"] == "vqvae" and cell["vector"] == 5)


def true_auroc(cell: Cell) -> float:
    return float(norm.cdf(planted(cell) / np.sqrt(2)))


def row(table: pd.DataFrame, **values: Any) -> pd.Series:
    found = table[
        np.logical_and.reduce([table[column] == value for column, value in values.items()])
    ]
    assert len(found) == 1
    return found.iloc[0]


@pytest.fixture(scope="module")
def grid() -> list[Result]:
    return grid_results(planted, seeds=SEEDS, n=1000)


@pytest.fixture(scope="module")
def whole(grid: list[Result]) -> Report:
    return report(grid)


def test_every_cell_is_a_row_with_all_that_is_measured(whole: Report) -> None:
    cells = whole["summary"][whole["summary"]["kind"] == "cell"]
    assert len(cells) == 36
    expected = {
        "tokeniser",
        "pool",
        "met",
        "vector",
        "n_parameters",
        "auroc",
        "auroc_low",
        "auroc_high",
        "auroc_seed_sd",
        "auroc_against_ttH",
    }
    assert expected | {
        "best_epoch",
        "seconds",
        "events_per_second",
        "device",
        "run",
        "status",
        "notes",
    } <= set(cells)
    assert cells[["n_parameters", "auroc", "auroc_against_ttW"]].notna().all().all()
    assert set(cells["vector"]) == {4, 5}


def certain(effects: pd.DataFrame) -> pd.Series:
    return effects["verdict"].isin(CERTAIN)


def test_planted_main_effects_are_found_with_their_size(whole: Report) -> None:
    others = [
        (pool, met, vector)
        for pool in ("cls", "mean", "max")
        for met in (False, True)
        for vector in (4, 5)
    ]

    def mean(tokeniser: str) -> float:
        return float(
            np.mean(
                [
                    true_auroc({"tokeniser": tokeniser, "pool": p, "met": m, "vector": v})
                    for p, m, v in others
                ]
            )
        )

    found = row(whole["effects"], kind="main effect", a="direct", b="binned")
    assert found["verdict"] == Verdict.HIGHER
    assert (
        found["low_all"]
        <= found["low"]
        <= mean("direct") - mean("binned")
        <= found["high"]
        <= found["high_all"]
    )
    assert found["averaged_over"] == "12 settings of pool, MET, vector"
    assert found["relative"] == pytest.approx(found["difference"] / mean("binned"), rel=0.05)


def test_planted_interactions_are_found_and_only_they(whole: Report) -> None:
    interactions = whole["effects"][whole["effects"]["kind"] == "interaction"]
    larger = interactions[certain(interactions)]
    pools = {
        (r.a, r.b, r["with"], r.less_with) for _, r in larger.iterrows() if r.second_axis == "pool"
    }
    assert pools == {
        (a, b, pool, "max")
        for a, b in (("direct", "binned"), ("direct", "vqvae"))
        for pool in ("cls", "mean")
    }
    assert row(larger, second_axis="vector")[["axis", "a", "b"]].tolist() == [
        "tokeniser",
        "direct",
        "vqvae",
    ]
    assert (
        row(larger, a="direct", b="vqvae", second_axis="pool", less_with="max", **{"with": "cls"})[
            "difference"
        ]
        < 0
    )


def test_what_was_not_planted_is_within_noise(whole: Report) -> None:
    main = whole["effects"][whole["effects"]["kind"] == "main effect"]
    assert row(main, axis="met")["verdict"] not in CERTAIN
    assert row(main, a="cls", b="mean")["verdict"] not in CERTAIN
    touching_met = whole["effects"][
        (whole["effects"]["axis"] == "met") | (whole["effects"]["second_axis"] == "met")
    ]
    assert not certain(touching_met).any()
    neither = (
        "MET makes no difference of 0.005 or more (",
        "MET shows no difference beyond noise (",
    )
    assert any(sentence.startswith(neither) for sentence in whole["findings"]["sentences"])


def test_a_grid_without_any_effect_rarely_has_one() -> None:
    quiet = [
        report(grid_results(lambda _: 1.2, seeds=(seed, seed + 10), n=400), 200, {})["effects"]
        for seed in range(5)
    ]
    with_false_one = sum(certain(effects).any() for effects in quiet)
    alone = sum((effects["low"] > 0).sum() + (effects["high"] < 0).sum() for effects in quiet)
    assert with_false_one <= 1
    assert alone > with_false_one


def test_one_model_in_two_cells_is_no_evidence(whole: Report) -> None:
    vector = row(whole["effects"], kind="main effect", axis="vector")
    assert (
        vector["averaged_over"]
        == "12 of 18 settings of tokeniser, pool, MET: 6 have one model on both sides"
    )
    interactions = whole["effects"][
        (whole["effects"]["axis"] == "tokeniser") & (whole["effects"]["second_axis"] == "vector")
    ]
    assert interactions[["a", "b"]].to_numpy().tolist() == [["direct", "vqvae"]]
    copies = row(whole["summary"], label="binned, max, MET, vector 5")
    assert copies["notes"] == "same training as binned, max, MET, vector 4: trained once"
    assert any(
        caveat.startswith("The same configuration under two names")
        for caveat in whole["findings"]["caveats"]
    )
    assert "the best of 30 finished models" in whole["findings"]["headline"]


def test_words_follow_from_the_table(whole: Report) -> None:
    found = row(whole["effects"], kind="main effect", a="direct", b="binned")
    sentence = next(
        sentence for sentence in whole["findings"]["sentences"] if sentence.startswith("Tokeniser:")
    )
    assert (
        f"direct beats binned by {found['difference']:.3f} [{found['low_all']:.3f},"
        f" {found['high_all']:.3f}]" in sentence
    )
    assert sentence.endswith("averaged over 12 settings of pool, MET, vector.")
    sure = whole["effects"][certain(whole["effects"])]
    sizes = (
        f"Of {len(sure)} certain differences, {sure['effect'].sum()} are effects: larger than 0.005"
        " in AUROC"
    )
    assert (sure["effect"] == (sure["difference"].abs() > 0.005)).all()
    assert any(sentence.startswith(sizes) for sentence in whole["findings"]["sentences"])
    assert any(
        "28 main effects and interactions" in caveat and "max-t" in caveat
        for caveat in whole["findings"]["caveats"]
    )
    assert json.loads(json.dumps(whole["findings"], allow_nan=False)) == whole["findings"]


def test_means_of_levels_are_means_of_cells(whole: Report) -> None:
    cells = whole["summary"][whole["summary"]["kind"] == "cell"]
    found = row(
        whole["means"], axis="tokeniser", level="direct", second_axis="pool", second_level="max"
    )
    expected = cells[(cells["tokeniser"] == "direct") & (cells["pool"] == "max")]["auroc"]
    assert found["auroc"] == pytest.approx(expected.mean())
    assert (found["n_averaged"], found["n_settings"], found["balanced"]) == (4, 4, True)


def test_the_mean_of_the_seeds_is_better_than_one_and_in_no_comparison(
    grid: list[Result], whole: Report
) -> None:
    ensembles, comparisons = whole["ensembles"], whole["comparisons"]
    distinct = whole["summary"][
        (whole["summary"]["kind"] == "cell")
        & ~whole["summary"]["notes"].str.contains("same training")
    ]
    assert ensembles["cell"].tolist() == distinct["cell"].tolist()
    assert ensembles["auroc_of_one"].tolist() == distinct["auroc"].tolist()
    assert (ensembles["auroc"] > ensembles["auroc_of_one"]).mean() > 0.9, (
        "the noise of the seeds is their own, and averages out"
    )
    assert (
        (ensembles["auroc_low"] < ensembles["auroc"])
        & (ensembles["auroc"] < ensembles["auroc_high"])
    ).all()
    alone = report([result for result in grid if result.member.seed == SEEDS[0]], 100)
    assert alone["ensembles"].empty
    assert not any("mean of" in label for label in {*comparisons["a"], *comparisons["b"]})


def test_best_models_are_chosen_on_validation(grid: list[Result]) -> None:
    promoted = "tokeniser_binned__pool_cls__met_false__vector_4"
    results = [
        (
            replace(r, metrics=r.metrics | {"val": {"auroc": 0.999}})
            if r.member.cell_name == promoted
            else r
        )
        for r in grid
    ]
    best = report(results, 100)["best_models"]
    assert best["chosen_from"].tolist() == [
        "all (30 finished models)",
        "tokeniser direct (12 finished models)",
        "tokeniser binned (6 finished models)",
        "tokeniser vqvae (12 finished models)",
    ]
    assert best["member"][0] == best["member"][2] == f"{promoted}__seed_42"
    assert best["auroc"][0] == best["auroc"].min()
    assert {"run", "status", "notes", "val_auroc", "n_parameters"} <= set(best)


def missing(cell: Cell) -> str:
    if cell["tokeniser"] == "vqvae":
        return "pending"
    return (
        "failed"
        if (cell["tokeniser"], cell["pool"], cell["met"]) == ("direct", "max", True)
        else "done"
    )


def test_a_partial_grid_compares_like_with_like() -> None:
    found = report(grid_results(planted, missing, n=1000))
    effects, sentences = found["effects"], found["findings"]["sentences"]
    tokenisers = row(effects, kind="main effect", a="direct", b="binned")
    assert (tokenisers["verdict"], tokenisers["averaged_over"]) == (
        Verdict.HIGHER,
        "10 of 12 settings of pool, MET, vector: 2 are not finished",
    )
    absent = row(effects, kind="main effect", a="direct", b="vqvae")
    assert (absent["verdict"], absent["notes"], absent["status"]) == (
        Verdict.UNDECIDED,
        "not all cells are finished",
        "pending",
    )
    assert np.isnan(absent["difference"])
    assert any(
        "direct against vqvae is undecided: not all cells are finished" in sentence
        for sentence in sentences
    )
    assert any(
        "interactions nothing is known: not all their cells are finished" in sentence
        for sentence in sentences
    )
    # max with MET is not there for direct: comparing the means of what is there would mistake one
    # effect for another
    pools = row(effects, kind="main effect", a="mean", b="max")
    assert pools["n_averaged"] == 6
    assert found["summary"]["status"].value_counts().to_dict() == {
        "done": 22 + 1,
        "pending": 12,
        "failed": 2,
    }


def test_several_seeds_widen_what_they_disagree_on() -> None:
    def wobbling(seed: int) -> Callable[[Cell], float]:
        return lambda cell: (
            planted(cell) + 0.15 * np.random.default_rng([seed, *map(ord, str(cell))]).normal()
        )

    steady = report(grid_results(planted, seeds=(1, 2, 3), n=800), 200, {})
    shaken = report(
        [r for seed in (1, 2, 3) for r in grid_results(wobbling(seed), seeds=(seed,), n=800)],
        200,
        {},
    )
    effect, shaken_effect = (
        row(found["effects"], kind="main effect", axis="met") for found in (steady, shaken)
    )
    assert shaken_effect["high"] - shaken_effect["low"] > 1.5 * (effect["high"] - effect["low"])
    assert shaken["summary"]["n_seeds"][0] == 3
    assert not any("seed spread is unknown" in caveat for caveat in shaken["findings"]["caveats"])


@pytest.fixture(scope="module")
def with_others(grid: list[Result]) -> Report:
    other = grid_results(lambda _: 3.0, tokenisers=("ambre",), seeds=SEEDS, n=500)
    return report([*grid, *(replace(r, scores=replace(r.scores, digest="other")) for r in other)])


def test_cells_of_other_events_stand_apart(whole: Report, with_others: Report) -> None:
    apart = with_others["summary"][with_others["summary"]["kind"] == "other events"]
    assert apart["tokeniser"].tolist() == ["ambre"] * 12
    assert (apart["status"] == "done").all()
    assert (apart["auroc_low"] < apart["auroc"]).all()
    assert not with_others["comparisons"][["a", "b"]].isin(set(apart["label"])).any().any()
    effects = with_others["effects"]
    unpaired = effects[effects["notes"] == "evaluated on other test events"]
    assert unpaired[["a", "b"]].to_numpy().tolist() == [
        ["direct", "ambre"],
        ["binned", "ambre"],
        ["vqvae", "ambre"],
    ]
    assert (unpaired["status"] == "done").all()
    numbers = ["difference", "low", "high", "low_all", "high_all"]
    pd.testing.assert_frame_equal(
        effects.drop(unpaired.index)[numbers].reset_index(drop=True), whole["effects"][numbers]
    )
    sentence = next(
        text for text in with_others["findings"]["sentences"] if text.startswith("Tokeniser")
    )
    assert "direct against ambre is not compared: evaluated on other test events" in sentence
    assert not any("not finished" in text for text in effects["averaged_over"])
    assert "Direct, max" in with_others["findings"]["headline"]
    assert (
        with_others["best_models"]["chosen_from"].tolist()[-1]
        == "tokeniser ambre (12 finished models)"
    )
    assert any("12 of tokeniser ambre" in caveat for caveat in with_others["findings"]["caveats"])


def test_a_single_member_of_other_events_is_stale() -> None:
    grid = grid_results(planted, n=1000)
    one = replace(grid[3], scores=replace(grid[3].scores, digest="older"))
    found = report([*grid[:3], one, *grid[4:]], 100)
    assert found["members"]["status"].value_counts().to_dict() == {"done": 35, "stale": 1}
    assert "evaluated on other events" in found["members"]["notes"][3]


def test_the_page_holds_the_grid_from_its_files(grid: list[Result], with_others: Report) -> None:
    tables = dict(with_others)
    words = json.loads(json.dumps(tables.pop("findings")))
    read = {
        name: pd.read_csv(io.StringIO(table.to_csv(index=False))) for name, table in tables.items()
    }
    drawn = grid_figures(grid, BASELINES, read["effects"], read.pop("means"))
    assert list(drawn) == ["effects", "heat_maps", "roc_by_axis", "validation_auroc"]
    figures = {f"figure_{name}": to_png(figure) for name, figure in drawn.items()}
    figures |= {
        "figure_occupancy_binned_5_auto_correct": figures["figure_effects"],
        "figure_vqvae_4_0a1b2c3d": None,
    }
    html = write_page(
        "classifier", **read, findings=words, title="grid", description="Which?", **figures
    )
    assert html.count("<img") == 5
    order = [
        html.index(text)
        for text in (
            "<h2>Caveats</h2>",
            'id="figures"',
            'id="results"',
            'id="effects"',
            'id="comparisons"',
        )
    ]
    order += [html.index(text) for text in ('id="trainings"', 'id="members"', 'id="record"')]
    assert order == sorted(order)
    for text in (
        "Evaluated on other test events",
        "How the bins of binned_5_auto_correct are filled",
        ">less level<",
        "higher",
    ):
        assert text in html
    assert ">nan<" not in html.lower()


def test_an_experiment_of_one_cell_has_no_effects() -> None:
    single = replace(grid_results(planted, n=1000)[0])
    alone = report([replace(single, member=replace(single.member, cell={}))], 100)
    assert alone["effects"].empty
    assert alone["means"].empty
    assert len(alone["best_models"]) == 1
