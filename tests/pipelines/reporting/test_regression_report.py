"""The report of a sweep says what its numbers say, whatever is missing."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from fabricate import to_png
from numpy.typing import NDArray

from lexon.config import CollapseConfig, ReportConfig
from lexon.experiments import Member, Result, cell_name
from lexon.metrics.regression import regression_metrics
from lexon.pipelines.reporting.cells import without_seeds_not_asked_for
from lexon.pipelines.reporting.page import write_page
from lexon.pipelines.reporting.regression import compare_results, figures
from lexon.pipelines.reporting.regression_sweep import collect_sweeps
from lexon.pipelines.reporting.regression_words import selected_parameters
from lexon.plots.page import typeset

CONF = Path(__file__).parents[3] / "conf" / "base" / "parameters_modelling.yml"
LIMITS = CollapseConfig(**yaml.safe_load(CONF.read_text())["collapse"])
REPORT = ReportConfig(n_bootstrap=100, min_effect={"loss": 0.05, "score": 0.005}, source=None)
TARGET = np.random.default_rng(0).normal(size=400)
SEEDS = (42, 123, 314, 271, 577)
Summary = tuple[Any, ...]
BASE = ("mean", "ridge", "trees")


def prediction(rho: float, ratio: float, seed: int) -> NDArray[np.floating[Any]]:
    """A prediction with about this correlation and, exactly, this variance ratio."""
    noise = np.random.default_rng(seed).normal(size=len(TARGET))
    values = rho * TARGET + np.sqrt(1 - rho**2) * noise
    return np.sqrt(ratio) * TARGET.std() * (values - values.mean()) / values.std()


BASELINES = {f"{split}_target": TARGET for split in ("val", "test")}
for _split in ("val", "test"):
    BASELINES |= {
        f"{_split}_mean": np.zeros(400),
        f"{_split}_ridge": prediction(0.5, 0.25, 1),
        f"{_split}_trees": prediction(0.6, 0.4, 2),
    }


def result(
    value: float,
    seed: int = 42,
    rho: float = 0.7,
    ratio: float = 0.9,
    status: Any = "done",
    **axes: Any,
) -> Result:
    """A member of the sweep whose validation and test predictions are planted."""
    cell = {**axes, "variance_lambda": value}
    training = {"epochs": 3, "batch_size": 20}
    config = {
        "kind": "regression",
        "source": "table",
        "variance_lambda": value,
        "penalty": "batch",
        "target": "y",
        "training": training,
    }
    member = Member(
        f"{cell_name(cell)}__seed_{seed}", cell, seed, config, f"{cell_name(cell)}__seed_{seed}"
    )
    if status != "done":
        return Result(
            member,
            status,
            {"failed": "out of memory", "pending": "not run yet"}[status],
            {},
            {},
            None,
        )
    p = prediction(rho, ratio, seed)
    metrics = {
        key: number for key, number in regression_metrics(TARGET, p).items() if np.isfinite(number)
    }
    rows = {
        "epoch": [1, 2, 3],
        "train_loss": [0.5, 0.4, 0.3],
        "val_loss": 0.5,
        "train_base_loss": [0.3, 0.2, 0.1],
    }
    rows |= {
        "train_variance_loss": 0.05,
        "val_base_loss": 0.2,
        "val_r2": metrics["r2"],
        "val_variance_ratio": ratio,
    }
    arrays = {
        f"{split}_{name}": values
        for split in ("val", "test")
        for name, values in (("prediction", p), ("target", TARGET))
    }
    record = {
        "status": "done",
        "stopped_early": False,
        "given_up": "",
        "n_parameters": 10,
        "epochs": 3,
        "seconds": 1.0,
        "device": "cpu",
    }
    record["data"] = {
        "n_train": 900,
        "n_val": 400,
        "n_test": 400,
        "n_groups": None,
        "notes": ["X: flattened"],
    }
    return Result(
        member,
        "done",
        "",
        record,
        {"train": metrics, "val": metrics, "test": metrics},
        pd.DataFrame(rows),
        arrays=arrays,
    )


def sweep(**changes: Any) -> list[Result]:
    """Five seeds: lambda 0 collapsed, 2 good, 5 sign-flipped, 10 over-dispersed."""
    cells = {0.0: (0.25, 0.06), 0.5: (0.7, 0.5), 2.0: (0.8, 1.0), 5.0: (0.8, 1.0), 10.0: (0.7, 1.5)}
    return [
        result(value, seed, -rho if value == 5.0 and i % 2 else rho, ratio)
        for value, (rho, ratio) in (cells | changes.get("cells", {})).items()
        for i, seed in enumerate(SEEDS)
    ]


def summarise(results: list[Result], baselines: Mapping[str, Any] | None = BASELINES) -> Summary:
    return tuple(compare_results(results, baselines, LIMITS, REPORT, "main").values())


@pytest.fixture(scope="module")
def good() -> Summary:
    return summarise(sweep())


def verdicts(summary: Summary) -> list[str]:
    """On the guide's expectations, in order."""
    return [one["verdict"] for one in summary[-1]["claims"]]


def row(summary: Summary, value: float) -> dict[str, Any]:
    frame = summary[1]
    return frame[frame["variance_lambda"] == value].iloc[0].to_dict()


def test_each_lambda_gets_its_verdict_and_its_decision(good: Summary) -> None:
    assert good[1]["decision"].tolist() == [
        "reject_collapsed",
        "reject_variance",
        "eligible",
        "reject_unstable",
        "reject_both",
    ]
    assert good[1]["verdict"].tolist()[:3] == ["collapsed", "under_dispersed", "matched"]
    assert row(good, 5.0)["verdict"] == "3 matched, 2 anti_correlated"
    assert row(good, 5.0)["stability"].startswith("sign_inconsistent")
    assert row(good, 10.0)["verdict"] == "over_dispersed"
    assert good[1]["selected"].tolist() == [False, False, True, False, False]


def test_a_repaired_collapse_passes_the_gate_and_fills_in_the_guides_sentences(
    good: Summary,
) -> None:
    words = good[-1]
    assert words["headline"].startswith("Lambda 2 is selected")
    assert words["sweeps"][0]["gate"] == "go"
    assert re.search(
        r"lambda 0\), the model achieved R2 = 0\.\d+, with prediction variance collapsing to 6%",
        words["sentences"][0],
    )
    assert "lambda 2 (selected) increased R2" in words["sentences"][1]
    assert "restored the variance ratio to 100%" in words["sentences"][1]
    assert "tractable pathology" in words["sentences"][2]
    json.dumps(words, allow_nan=False)


def test_a_small_spread_is_no_collapse_where_no_baseline_predicts_more(good: Summary) -> None:
    weak = BASELINES | {f"val_{name}": prediction(0.2, 0.04, 3) for name in ("ridge", "trees")}
    stated = " ".join(summarise(sweep(), weak)[-1]["sentences"])
    assert "So small a spread is what these rows allow" in stated
    assert "So small a spread" not in " ".join(good[-1]["sentences"])


def test_uncommitted_code_is_a_caveat() -> None:
    dirty = [
        replace(one, record=one.record | {"code_version": {"commit": "a", "dirty": True}})
        for one in sweep()
    ]
    assert "Code: 25 of 25 members ran with uncommitted changes." in summarise(dirty)[-1]["caveats"]


def test_baselines_that_see_more_than_a_member_are_a_caveat() -> None:
    def stated(*vectors: int) -> str:
        members = [
            replace(one, member=replace(one.member, config=one.member.config | shown(v)))
            for one, v in zip(sweep()[:2], vectors, strict=True)
        ]
        return " ".join(summarise(members)[-1]["caveats"])

    def shown(vector: int) -> dict[str, Any]:
        return {"tokeniser": {"vector": vector, "pid": True}}

    assert "Members differ in what they are shown" in stated(4, 5)
    assert "Members differ" not in stated(4, 4)


def test_hypotheses_are_marked_by_all_seeds(good: Summary) -> None:
    assert verdicts(good) == [
        "refuted",
        "undecided (not every cell is in the grid)",
        "undecided (the seeds disagree)",
        "refuted",
    ]
    steady = summarise(
        [one for one in sweep() if one.member.config["variance_lambda"] != 5.0]
        + [result(5.0, seed, 0.8, 1.1) for seed in SEEDS]
    )
    assert verdicts(steady)[2] == "confirmed"


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ({42: {"val_loss": 1e9}}, "confirmed"),
        ({42: {"val_r2": np.nan}}, "confirmed"),
        ({}, "refuted"),
        ({42: "failed"}, "undecided"),
        (dict.fromkeys(SEEDS, "failed"), "undecided"),
        ({42: {"epoch": None}}, "undecided"),
    ],
)
def test_a_crash_or_an_unfinished_training_is_no_unstable_one(
    seeds: dict[int, Any], expected: str
) -> None:
    """A value is what becomes of the seed's last epoch (`epoch` None: it never came), or its
    status.
    """
    results = [result(0.0, seed, 0.25, 0.06) for seed in SEEDS]
    for seed in SEEDS:
        change = seeds.get(seed, {})
        one = result(10.0, seed, status="failed" if change == "failed" else "done")
        results.append(
            one if change == "failed" else replace(one, history=_last_epoch(one.history, change))
        )
    last = summarise(results)[-1]["claims"][-1]
    assert last["verdict"].split(" (")[0] == expected
    assert ("stable" in last["numbers"]) == (expected == "refuted")


def _last_epoch(history: pd.DataFrame | None, change: dict[str, Any]) -> pd.DataFrame:
    assert history is not None
    if "epoch" in change:
        return history.iloc[:-1]
    return history.assign(
        **{column: [*history[column][:-1], value] for column, value in change.items()}
    )


def test_each_lambda_is_compared_with_lambda_0_and_each_baseline_in_one_family(
    good: Summary,
) -> None:
    comparisons = good[2]
    assert comparisons.groupby("variance_lambda")["against"].count().tolist() == [3, 4, 4, 4, 4]
    assert (comparisons["low_all"] < comparisons["low"]).all(), (
        "all together need wider intervals than each alone"
    )
    certain = comparisons["verdict"].isin(["higher", "lower", "higher, small", "lower, small"])
    assert (certain == ((comparisons["low_all"] > 0) | (comparisons["high_all"] < 0))).all()
    best = row(good, 2.0)
    assert {best[f"r2_against_{name}"] for name in ("lambda_0", "mean", "ridge", "trees")} == {
        "higher"
    }
    assert row(good, 5.0)["r2_against_mean"] == "undecided", (
        "two of its five seeds have the other sign"
    )
    assert row(good, 0.0)["r2_against_lambda_0"] == ""


def test_a_diverging_lambda_does_not_widen_the_intervals_of_the_others(good: Summary) -> None:
    calm = summarise(
        [one for one in sweep() if one.member.config["variance_lambda"] in (0.0, 2.0)]
    )[2]
    rows = good[2][good[2]["variance_lambda"] == 2.0].set_index("against")
    same = calm[calm["variance_lambda"] == 2.0].set_index("against")
    np.testing.assert_allclose(rows["high"] - rows["low"], same["high"] - same["low"], rtol=0.3)


def test_one_seed_decides_no_difference() -> None:
    comparisons = summarise(
        [result(v, 42, rho, ratio) for v, rho, ratio in ((0.0, 0.2, 0.05), (2.0, 0.8, 1.0))]
    )[2]
    assert set(comparisons["verdict"]) == {"undecided (1 seed)"}
    assert not comparisons["effect"].any()


def test_rows_of_one_group_are_resampled_together() -> None:
    """Twenty rows of a group are all but equal: as if there were 20 rows, not 400."""
    groups = np.repeat(np.arange(20), 20)
    alike = np.random.default_rng(3).normal(size=20)[groups] + 0.01 * TARGET

    def member(value: float, seed: int, rho: float, grouped: bool) -> Result:
        p = rho * alike + 0.001 * seed
        arrays = {
            f"{s}_{n}": v
            for s in ("val", "test")
            for n, v in (("prediction", p), ("target", alike))
        }
        arrays |= {f"{s}_group": groups for s in ("val", "test")} if grouped else {}
        one = result(value, seed)
        return replace(
            one, arrays=arrays, record=one.record | {"data": one.record["data"] | {"n_groups": 20}}
        )

    def summary(grouped: bool) -> Summary:
        return summarise(
            [member(v, s, rho, grouped) for v, rho in ((0.0, 0.3), (2.0, 0.6)) for s in (0, 1, 2)],
            None,
        )

    together, alone = summary(True), summary(False)
    width = [one[2]["high"].iloc[0] - one[2]["low"].iloc[0] for one in (together, alone)]
    assert width[0] > 2 * width[1]
    assert "are resampled together" in " ".join(together[-1]["caveats"])
    assert "rows are resampled one by one, so intervals are too narrow" in " ".join(
        alone[-1]["caveats"]
    )


def test_without_baselines_lambdas_are_compared_with_lambda_0_and_other_rows_are_set_aside() -> (
    None
):
    results = sweep()
    other = dict(results[-1].arrays or {}) | {"val_target": TARGET + 1}
    summary = summarise([*results[:-1], replace(results[-1], arrays=other)], None)
    assert set(summary[2]["against"]) == {"lambda 0"}
    assert summary[0]["status"].iloc[-1] == "stale"
    assert summary[0]["notes"].iloc[-1].startswith("evaluated on other rows (digest ")


def test_the_selected_lambda_is_a_parameter_file(good: Summary) -> None:
    assert yaml.safe_load(good[5]) == {"variance_lambda": 2.0}
    beside = summarise(
        [
            result(2.0, seed, 0.8, 1.0, **{"training.batch_size": 20, "training.grad_clip": None})
            for seed in SEEDS
        ]
    )
    assert yaml.safe_load(beside[5]) == {
        "training": {"batch_size": 20, "grad_clip": None},
        "variance_lambda": 2.0,
    }
    none = summarise([result(value, seed, 0.3, 0.09) for value in (0.0, 1.0) for seed in SEEDS])
    assert yaml.safe_load(none[5]) is None
    assert "lambda 1: reject_collapsed" in none[5]


def test_the_test_split_is_read_for_the_selected_lambda_only(good: Summary) -> None:
    test = good[-1]["sweeps"][0]["test"]
    assert test["r2"] == pytest.approx(
        np.mean([regression_metrics(TARGET, prediction(0.8, 1.0, seed))["r2"] for seed in SEEDS])
    )
    assert test["r2_recalibrated"] > test["r2"]
    none = summarise([result(value, seed, 0.3, 0.09) for value in (0.0, 1.0) for seed in SEEDS])
    assert none[-1]["sweeps"][0]["test"] == {}


def test_selection_and_gate_may_disagree_and_the_report_says_it() -> None:
    summary = summarise(
        [
            result(v, seed, rho, ratio)
            for v, rho, ratio in ((0.0, 0.8, 0.64), (2.0, 0.8, 0.9))
            for seed in SEEDS
        ]
    )
    assert any(
        text.startswith("Lambda 2 is selected although the criterion is not met")
        for text in summary[-1]["sentences"]
    )
    assert (
        "no lambda above 0 that qualifies has a higher R2 than lambda 0" in summary[-1]["headline"]
    )
    assert summary[-1]["sweeps"][0]["gate_reasons"] == ["no_gain_over_control"]
    assert row(summary, 0.0)["shrinkage_explained"]


def test_a_negative_r2_is_explained_by_its_terms() -> None:
    summary = summarise([result(value, seed, -0.5, 0.9) for value in (0.0, 1.0) for seed in SEEDS])
    assert summary[1]["negative_because"].tolist() == ["sign", "sign"]
    assert any("negative by sign: 2 rho s = -0.9" in text for text in summary[-1]["sentences"])


def test_table_2_has_a_row_for_each_lambda_whatever_happened() -> None:
    done = [result(0.0, seed) for seed in SEEDS]
    summary = summarise(
        [
            *done,
            *(result(1.0, seed, status="failed") for seed in SEEDS),
            *(result(2.0, s, status="pending") for s in SEEDS),
        ]
    )
    table, text = summary[3], summary[4]
    assert table["r2"].tolist()[1:] == ["failed: 5 of 5 seeds failed: out of memory", "[pending]"]
    assert {"run", "status", "notes"} <= set(table)
    lines = text.splitlines()
    assert lines[0].split(" | ")[0] == "variance_lambda"
    assert len({line.count("|") for line in lines}) == 1
    assert "[pending]" in lines[-1]


def test_too_few_seeds_decide_nothing() -> None:
    summary = summarise(
        [
            result(value, seed, rho, ratio)
            for value, rho, ratio in ((0.0, 0.2, 0.05), (2.0, 0.8, 1.0))
            for seed in SEEDS[:2]
        ]
    )
    assert row(summary, 2.0)["stability"] == "undecided (2 seeds) (matched)"
    assert row(summary, 2.0)["decision"] == "eligible"
    assert summary[-1]["sweeps"][0]["gate_reasons"] == ["insufficient_seeds", "no_lambda_meets_go"]
    assert verdicts(summary)[::2] == [
        "undecided (2 seeds)",
        "undecided (2 seeds; not every cell is in the grid)",
    ]
    assert any("Too few seeds (2)" in text for text in summary[-1]["caveats"])


def test_a_run_that_became_nan_is_a_row_with_its_reason() -> None:
    results = sweep()
    broken = results[-1]
    history = pd.DataFrame(broken.history).assign(val_loss=np.nan, val_r2=np.nan)
    arrays = {
        name: np.full(400, np.nan) if "prediction" in name else values
        for name, values in (broken.arrays or {}).items()
    }
    record = broken.record | {"given_up": "epoch 3: a loss is not finite"}
    results[-1] = replace(
        broken,
        history=history,
        arrays=arrays,
        metrics={"train": {}, "val": {}, "test": {}},
        record=record,
    )
    summary = summarise(results)
    assert row(summary, 10.0)["stability"].startswith("1 of 5 non_finite")
    assert "1 of 5 seeds epoch 3: a loss is not finite" in row(summary, 10.0)["notes"]
    assert row(summary, 10.0)["decision"] == "reject_unstable"


def test_members_of_other_rows_are_set_aside() -> None:
    results = sweep()
    other = dict(results[0].arrays or {}) | {"val_target": TARGET + 1}
    summary = summarise([replace(results[0], arrays=other), *results[1:]])
    assert summary[0]["status"].tolist()[:2] == ["stale", "done"]
    assert row(summary, 0.0)["n_seeds"] == 4


def test_another_axis_makes_another_sweep() -> None:
    results = [
        result(v, s, 0.8, 1.0, penalty=p)
        for p in ("batch", "global")
        for v in (0.0, 2.0)
        for s in SEEDS
    ]
    assert [one.axes for one in collect_sweeps(results, BASELINES, LIMITS)] == [
        {"penalty": "batch"},
        {"penalty": "global"},
    ]
    summary = summarise(results)
    assert summary[1]["penalty"].tolist() == ["batch", "batch", "global", "global"]
    assert "penalty global: Lambda" in summary[-1]["headline"]
    assert set(yaml.safe_load(summary[5])) == {"penalty", "variance_lambda"}


def without_a_number(value: float, seed: int, stability: str) -> Result:
    """A seed that became NaN, or exploded to numbers of 58 digits."""
    one = result(value, seed)
    history = pd.DataFrame(one.history)
    if stability == "non_finite":
        arrays = {
            name: np.full(400, np.nan) if "prediction" in name else values
            for name, values in (one.arrays or {}).items()
        }
        return replace(
            one, history=history.assign(val_loss=np.nan, val_r2=np.nan), arrays=arrays, metrics={}
        )
    metrics = {name: -3.1e57 if name.startswith("r2") else 4.2e57 for name in one.metrics["val"]}
    return replace(
        one,
        history=history.assign(val_variance_ratio=4.2e57, val_r2=-3.1e57),
        metrics={"val": metrics, "test": metrics},
    )


@pytest.mark.parametrize("stability", ["non_finite", "exploded"])
def test_diverged_runs_refute_nothing_and_their_numbers_stay_readable(stability: str) -> None:
    results = [
        without_a_number(value, seed, stability) for value in (0.0, 2.0, 5.0) for seed in SEEDS
    ]
    members, summary, comparisons, _, text, _, words = summarise(results)
    assert {one["verdict"] for one in words["claims"][::2]} == {
        "undecided (not all trainings came to their end)"
    }
    html = page_of(members, summary, comparisons, words, "t", "d")
    for written in (text, *words["sentences"], html):
        assert not re.search(r"\d{15}", written)


def test_the_matrix_reads_each_criterion_off_its_own_number() -> None:
    """A lambda that collapsed, or is unstable, may still have an R2 that passes."""
    results = [result(0.0, seed, 0.6, 0.15) for seed in SEEDS] + [
        result(1.0, s, 0.8 if s != 42 else -0.8, 1.0) for s in SEEDS
    ]
    summary = summarise(results)
    assert summary[1]["decision"].tolist() == ["reject_collapsed", "reject_unstable"]
    assert row(summary, 0.0)["r2"] > 0.30
    html = page_of(*summary[:3], summary[-1], "t", "d")
    matrix = html[html.index("Decision matrix, on the medians") :]
    cells = [
        re.findall(r">([^<]*)</t[dh]>", line)
        for line in matrix.splitlines()
        if line.startswith("<tr class")
    ][:2]
    assert cells == [
        ["0", "yes", "no", "yes", "reject_collapsed", "no"],
        ["1", "yes", "yes", "no", "reject_unstable", "no"],
    ]


def test_a_validation_split_of_one_value_has_a_report() -> None:
    constant = {f"{split}_target": np.ones(10) for split in ("val", "test")} | {
        f"{s}_{b}": np.ones(10) for s in ("val", "test") for b in BASE
    }
    results = []
    for seed in SEEDS:
        one = result(0.0, seed)
        arrays = {
            f"{s}_{n}": np.ones(10) for s in ("val", "test") for n in ("prediction", "target")
        }
        metrics = {
            k: v for k, v in regression_metrics(np.ones(10), np.ones(10)).items() if np.isfinite(v)
        }
        history = pd.DataFrame(one.history).assign(val_r2=np.nan, val_variance_ratio=np.nan)
        results.append(
            replace(one, arrays=arrays, metrics={"val": metrics, "test": metrics}, history=history)
        )
    *tables, _, _, words = summarise(results, constant)
    members, summary, comparisons, _ = tables
    html = page_of(members, summary, comparisons, words, "t", "d")
    assert "mean: R2 unknown, variance ratio unknown" in html
    assert words["headline"].startswith(
        "Nothing can be judged: the validation split (10 rows) holds one target value, 1,"
    )
    assert set(summary["stability"]) == {"non_finite (undefined)"}, (
        "the seeds have no number, but each training was as it should be"
    )
    assert "regression.split" in words["headline"]
    json.dumps(words, allow_nan=False)


def test_the_best_penalised_lambda_is_the_best_of_those_not_unstable_and_says_so() -> None:
    cells = {0.0: (0.3, 0.09), 0.5: (0.4, 1.4), 10.0: (0.2, 1.0)}
    results = [
        result(v, s, rho if v != 0.5 or s != 42 else -rho, ratio)
        for v, (rho, ratio) in cells.items()
        for s in SEEDS
    ]
    stated = summarise(results)[-1]["sentences"][1]
    assert (
        "lambda 10 (highest R2 of the lambdas above 0 that are not unstable; lambda 0.5, with -0."
        in stated
    )
    better = [
        (
            one
            if one.member.config["variance_lambda"] != 0.5
            else result(0.5, one.member.seed, 0.4, 0.5)
        )
        for one in results
    ]
    assert "lambda 0.5 (highest R2 of the lambdas above 0)" in summarise(better)[-1]["sentences"][1]


def test_a_spread_that_costs_all_of_r2_is_not_called_restored() -> None:
    results = [
        result(v, s, rho, ratio)
        for v, rho, ratio in ((0.0, 0.3, 0.09), (10.0, 0.1, 0.95))
        for s in SEEDS
    ]
    stated = summarise(results)[-1]["sentences"][1]
    assert "restored" not in stated
    assert "lowered R2 to -0." in stated
    assert "moved the variance ratio to 95%: the spread of the target, without its values" in stated


def test_a_loss_that_still_fell_is_reported_wherever_the_numbers_are_used() -> None:
    results = [result(0.0, seed, -0.3, 0.14) for seed in SEEDS]
    results = [
        replace(one, history=pd.DataFrame(one.history).assign(val_loss=[0.9, 0.7, 0.5]))
        for one in results
    ]
    summary = summarise(results)
    assert row(summary, 0.0)["stability"].startswith("stable")
    words = summary[-1]
    assert words["claims"][0]["verdict"] == "confirmed"
    fell = "the validation loss still fell at the end"
    assert fell in words["claims"][0]["numbers"]
    assert f"{fell} (5 of 5 seeds)" in words["sentences"][0]
    assert any(
        text.startswith(f"Cut off: {fell} for lambda 0 (5 of 5 seeds)") for text in words["caveats"]
    )


def test_without_signal_a_constant_control_is_stable_and_collapsed() -> None:
    rng = np.random.default_rng(5)
    results = []
    for seed in SEEDS:
        one, p = result(0.0, seed), 0.12 * rng.normal(size=400) + rng.normal(0, 0.05)
        metrics = regression_metrics(TARGET, p)
        arrays = dict(one.arrays or {}) | {"val_prediction": p, "test_prediction": p}
        results.append(replace(one, metrics={"val": metrics, "test": metrics}, arrays=arrays))
    control = row(summarise(results), 0.0)
    assert (control["seeds"], control["decision"]) == ("seed_stable", "reject_collapsed")
    assert control["stability"].startswith("stable (collapsed)"), control["stability"]


def test_table_2_has_medians_of_losses_the_baseline_the_seeds_and_the_split() -> None:
    results = [result(0.0, seed) for seed in SEEDS] + [result(2.0, seed) for seed in SEEDS[:1]]
    gave_up = replace(
        results[0], history=pd.DataFrame(results[0].history).assign(train_base_loss=50.0)
    )
    summary = summarise([gave_up, *results[1:]])
    assert row(summary, 0.0)["base_loss"] == pytest.approx(0.2)
    header, _, control, other = summary[4].splitlines()
    assert control.startswith("0.0 (Baseline)")
    assert other.startswith("2.0 ")
    assert [part.strip() for part in header.split("|")][-2:] == ["Seeds (medians)", "Split"]
    assert [[part.strip() for part in line.split("|")][-2:] for line in (control, other)] == [
        ["5", "validation"],
        ["1", "validation"],
    ]


def test_each_setting_says_why_it_selected_nothing() -> None:
    results = [
        result(0.0, seed, 0.3, 0.09, penalty=name) for name in ("batch", "global") for seed in SEEDS
    ]
    remarks = summarise(results)[5].splitlines()
    assert remarks == [
        "# No lambda was selected.",
        "# penalty batch: lambda 0: reject_collapsed.",
        "# penalty global: lambda 0: reject_collapsed.",
    ]


def test_a_training_under_two_names_is_reported_as_one() -> None:
    results = [result(0.0, seed, penalty=name) for name in ("batch", "global") for seed in SEEDS]
    copies = [
        replace(one, member=replace(one.member, folder=one.member.name.replace("global", "batch")))
        for one in results
    ]
    stated = [
        text
        for text in summarise(copies)[-1]["caveats"]
        if text.startswith("The same configuration under two names")
    ]
    assert len(stated) == 1
    assert "penalty global, lambda 0 = penalty batch, lambda 0" in stated[0]


def test_pending_seeds_that_were_not_asked_for_are_not_missed() -> None:
    results = [
        result(v, s, status="done" if s in SEEDS[:2] else "pending")
        for v in (0.0, 2.0)
        for s in SEEDS
    ]
    asked = without_seeds_not_asked_for(results, 2)
    assert [one.member.seed for one in asked] == [*SEEDS[:2], *SEEDS[:2]]
    assert not any("Incomplete" in text for text in summarise(asked)[-1]["caveats"])
    assert len(without_seeds_not_asked_for(results, 5)) == 10


def test_one_seed_is_a_singular_and_no_code_heads_a_report() -> None:
    words = summarise(
        [result(v, 42, rho, ratio) for v, rho, ratio in ((0.0, 0.2, 0.05), (2.0, 0.8, 1.0))]
    )[-1]
    assert "1 seed;" in words["headline"]
    everything = " ".join([words["headline"], *words["sentences"]])
    assert "1 seeds" not in everything
    assert not re.search(r"[a-z]+_[a-z]+", everything)


def page_of(
    members: pd.DataFrame,
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    words: Any,
    *names: str,
    **figures: Any,
) -> str:
    """The page, of tables as a node gets them."""
    shown = {
        name: read_back(table)
        for name, table in (
            ("members", members),
            ("summary", summary),
            ("comparisons", comparisons),
        )
    }
    return write_page("regression", words, *names, **shown, **figures)


def read_back(table: pd.DataFrame) -> pd.DataFrame:
    """As a node gets it, from a CSV file."""
    return pd.read_csv(io.StringIO(table.to_csv(index=False)))


@pytest.mark.parametrize(
    "results",
    [sweep(), [result(v, s, status="pending") for v in (0.0, 1.0) for s in SEEDS]],
    ids=["done", "nothing"],
)
def test_the_page_is_whole(results: list[Result]) -> None:
    *tables, _, _, words = summarise(results)
    members, summary, comparisons, table2 = tables
    drawn = {
        name: to_png(figure)
        for name, figure in figures(collect_sweeps(results, BASELINES, LIMITS), BASELINES).items()
    }
    html = page_of(members, summary, comparisons, words, "A <title>", "Which lambda?", **drawn)
    assert "A &lt;title&gt;" in html
    assert typeset(words["headline"]) in html
    assert html.count("data:image/png;base64,") == 3
    assert "Decision matrix" in html
    assert html.count("[pending]") == (0 if results[0].status == "done" else 8)
    assert len(table2) == len(summary)
    assert "nan" not in re.sub(r"base64,[^\"]+", "", html).lower().split()


@pytest.mark.parametrize(("ratio", "lowered"), [(0.25, True), (0.05, False)])
def test_a_lambda_that_lowered_r2_is_handed_on_with_a_warning(
    ratio: float, lowered: bool, caplog: pytest.LogCaptureFixture
) -> None:
    members = [result(0.0, seed, rho=0.99, ratio=ratio) for seed in SEEDS] + [
        result(2.0, seed, rho=0.8, ratio=0.95) for seed in SEEDS
    ]
    (sweep,) = collect_sweeps(members, BASELINES, LIMITS)
    text = selected_parameters([sweep])
    assert yaml.safe_load(text) == {"variance_lambda": 2.0}
    assert ("Warning: the selected lambda 2 lowered R2 from" in text) == lowered
    assert ("lowered R2 from" in caplog.text) == lowered


@pytest.mark.parametrize(
    ("layers", "words"), [((64, 32), "architecture 64-32"), ([16], "architecture 16")]
)
def test_hidden_layers_are_called_an_architecture(layers: Any, words: str) -> None:
    (sweep,) = collect_sweeps([result(0.0, **{"regression.hidden": layers})], None, LIMITS)
    assert sweep.label == words
