"""Verdicts in their order and at their thresholds, and what they say of planted and of real
regressions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lexon.config import CollapseConfig
from lexon.metrics.collapse import (
    Judged,
    Run,
    decide,
    explodes,
    gate,
    has_sign,
    judge,
    oscillates,
    run_stability,
    seed_verdict,
    select,
    shrinkage_explained,
    still_falls,
    verdict,
)
from lexon.metrics.regression import regression_metrics

ROOT = Path(__file__).parents[2]
LIMITS = CollapseConfig(
    **yaml.safe_load((ROOT / "conf" / "base" / "parameters_modelling.yml").read_text())["collapse"]
)
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("ratio", "rho", "expected"),
    [
        (NAN, 0.9, "undefined"),
        (INF, 0.9, "undefined"),
        (0.0, NAN, "constant"),
        (0.0099, -0.9, "constant"),
        (0.01, -0.1, "anti_correlated"),
        (5.0, -0.1, "anti_correlated"),
        (0.01, 0.0, "collapsed"),
        (0.1999, 0.9, "collapsed"),
        (0.20, 0.9, "under_dispersed"),
        (0.7999, 0.9, "under_dispersed"),
        (0.80, 0.9, "matched"),
        (1.20, 0.9, "matched"),
        (1.2001, 0.9, "over_dispersed"),
    ],
)
def test_verdicts_in_order_and_at_their_edges(ratio: float, rho: float, expected: str) -> None:
    assert verdict(ratio, rho, LIMITS) == expected


@given(rho=st.floats(-1, 1), scale=st.floats(1e-3, 1e3))
def test_the_verdict_depends_on_no_unit(rho: float, scale: float) -> None:
    y = np.array([0.0, 1.0, 2.0, 3.0])
    p = rho * y + np.array([0.5, -0.5, 0.5, -0.5])
    one, other = regression_metrics(y, p), regression_metrics(scale * y, scale * p)
    edges = (
        LIMITS.constant_below,
        LIMITS.collapsed_below,
        LIMITS.under_dispersed_below,
        LIMITS.matched_up_to,
    )
    # At an edge, rounding decides: rho = 1 has a ratio of exactly 0.8.
    if (
        abs(one["pearson"]) > 1e-9
        and min(abs(one["variance_ratio"] - edge) for edge in edges) > 1e-9
    ):
        assert verdict(one["variance_ratio"], one["pearson"], LIMITS) == verdict(
            other["variance_ratio"], other["pearson"], LIMITS
        )


@pytest.mark.parametrize(
    ("ratio", "slope", "expected"),
    [
        (0.5, 1.0, True),
        (0.79, 0.8, True),
        (0.5, 1.25, True),
        (0.8, 1.0, False),
        (0.5, 0.79, False),
        (0.5, 1.26, False),
        (0.0, NAN, False),
    ],
)
def test_shrinkage_is_explained_by_a_calibrated_slope_only(
    ratio: float, slope: float, expected: bool
) -> None:
    assert shrinkage_explained(ratio, slope, LIMITS) is expected


def history(n: int = 15, **columns: Any) -> pd.DataFrame:
    """A smooth training; `columns` are replaced from the end."""
    epochs = np.arange(1, n + 1)
    frame = pd.DataFrame(
        {
            "epoch": epochs,
            "train_loss": 1 / epochs,
            "val_loss": 0.5 + 0.1 / epochs,
            "val_r2": 0.4,
            "val_variance_ratio": 0.9,
        }
    )
    for name, values in columns.items():
        frame.loc[n - len(values) :, name] = values
    return frame


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (None, "failed"),
        (history(0), "failed"),
        (history(), "stable"),
        (history(val_loss=[NAN]), "non_finite"),
        (history(4, train_loss=[INF]), "non_finite"),
        (history(4), "incomplete"),
        (history(4, val_loss=[50.0]), "incomplete"),
        (history(val_loss=[50.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]), "stable"),
        (history(val_loss=[50.0, 50.0, 50.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]), "exploded"),
        (history(train_loss=[0.95, 0.95, 0.95, 0.05]), "exploded"),
        (history(train_loss=[0.9]), "exploded"),
        (history(val_variance_ratio=[10.1, 1, 1, 1, 1]), "exploded"),
        (history(val_variance_ratio=[10.1, 1, 1, 1, 1, 1]), "stable"),
        (history(val_loss=[0.5, 0.2, 0.5, 0.2, 0.5]), "oscillating"),
    ],
)
def test_the_first_match_is_the_stability_of_a_run(
    rows: pd.DataFrame | None, expected: str
) -> None:
    assert run_stability(rows, 15, False, LIMITS) == expected


def test_a_training_that_was_ended_on_purpose_is_not_incomplete() -> None:
    assert run_stability(history(4), 15, True, LIMITS) == "stable"
    assert run_stability(history(4, val_loss=[50.0]), 15, True, LIMITS) == "exploded"


def test_exploding_compares_with_the_best_so_far_not_with_the_best_to_come() -> None:
    assert not explodes(history(val_loss=[9.0, 9.0, 9.0, 1.0, 0.1]), 20.0)
    assert explodes(history(val_loss=[0.1, 9.0, 9.0, 9.0]), 20.0)


def test_one_overshoot_from_which_a_training_recovers_is_no_explosion() -> None:
    overshoot = [
        0.46,
        0.41,
        4.52,
        0.9,
        0.45,
        0.40,
        0.39,
        0.38,
        0.38,
        0.37,
        0.37,
        0.37,
        0.37,
        0.37,
        0.37,
    ]
    assert not any(
        explodes(history(15, val_loss=overshoot).head(n), LIMITS.exploded_loss)
        for n in range(1, 16)
    )
    assert run_stability(history(15, val_loss=overshoot), 15, False, LIMITS) == "stable"


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([1.0], False),
        ([0.9, 0.2], False),
        ([0.45, 0.12, 0.11, 0.1, 0.09], False),  # falls, and how
        ([1.0, 0.5, 0.33, 0.34, 0.2], False),
        ([1.24, 0.76, 1.24, 0.76, 1.24], True),  # sd / mean is 0.251 with n - 1, 0.224 with n
        ([1.0, 0.4, 0.8, 0.3, 0.6], True),
        ([0.1, 0.2, 0.3, 0.4, 0.5], True),
    ],
)
def test_what_only_falls_does_not_oscillate(losses: list[float], expected: bool) -> None:
    assert oscillates(losses, LIMITS) is expected


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=5))
def test_no_falling_loss_oscillates_and_no_unit_of_it_matters(losses: list[float]) -> None:
    assert not oscillates(sorted(losses, reverse=True), LIMITS)
    assert oscillates(losses, LIMITS) == oscillates([8 * loss for loss in losses], LIMITS)


@pytest.mark.parametrize(
    ("losses", "expected"),
    [([1.0], True), ([1.0, 0.8], True), ([1.0, 0.5, 0.5, 0.5], False), ([0.2, 1.0, 0.5], False)],
)
def test_a_loss_that_still_falls_is_seen(losses: list[float], expected: bool) -> None:
    assert still_falls(pd.DataFrame({"val_loss": losses})) is expected


def test_a_correlation_that_does_not_differ_from_0_has_no_sign() -> None:
    assert [has_sign(rho, 400) for rho in (0.05, -0.05, NAN, 0.2, -0.2)] == [
        False,
        False,
        False,
        True,
        True,
    ]
    assert verdict(0.05, -0.02, LIMITS, signed=False) == "collapsed"


@given(st.integers(0, 10_000))
def test_constant_controls_without_signal_are_stable_and_collapsed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=600)
    seeds = [
        regression_metrics(y, rng.normal(0, 0.04) + 0.03 * rng.normal(size=600)) for _ in range(5)
    ]
    one = judge(
        0.0,
        [Run(m["r2"], m["variance_ratio"], "stable", has_sign(m["pearson"], 600)) for m in seeds],
        LIMITS,
    )
    assert (one.seeds, one.stable, one.decision) == ("seed_stable", True, "reject_collapsed")


@pytest.mark.parametrize(
    ("r2", "expected"),
    [
        ([0.5, 0.5], "insufficient_seeds"),
        ([-0.5, NAN], "insufficient_seeds"),
        ([0.5, 0.5, NAN], "non_finite"),
        ([0.5, 0.5, -0.01], "sign_inconsistent"),
        ([0.006, -0.006, 0.004], "seed_stable"),
        ([0.9, 0.5, 0.1], "seed_unstable"),
        ([-0.3, -0.31, -0.32], "seed_stable"),
        ([0.0, 0.05, 0.1], "seed_stable"),
    ],
)
def test_seeds_are_judged_together(r2: list[float], expected: str) -> None:
    assert seed_verdict(r2, LIMITS) == expected


def runs(r2: list[float], ratio: float = 1.0, stability: Any = "stable") -> list[Run]:
    return [Run(value, ratio, stability) for value in r2]


def test_the_sign_flip_trap_is_caught_though_every_run_is_smooth_and_its_variance_matched() -> None:
    """As published: at lambda 5, three of eight seeds ended anti-correlated, with stable losses and
    a ratio near 1.
    """
    y = np.random.default_rng(0).normal(size=500)
    noise = np.random.default_rng(1).normal(size=(8, 500))
    signs = np.array([1, 1, -1, 1, -1, 1, -1, 1])
    metrics = [
        regression_metrics(y, sign * 0.8 * y + 0.6 * own)
        for sign, own in zip(signs, noise, strict=True)
    ]
    assert {verdict(m["variance_ratio"], m["pearson"], LIMITS) for m in metrics} == {
        "matched",
        "anti_correlated",
    }
    judged = judge(5.0, [Run(m["r2"], m["variance_ratio"], "stable") for m in metrics], LIMITS)
    assert (judged.seeds, judged.stable, judged.decision) == (
        "sign_inconsistent",
        False,
        "reject_unstable",
    )
    assert judged.r2 > 0.30  # the median alone would have let it pass
    assert select([judged], LIMITS) is None
    assert "all_unstable" in gate([judged], LIMITS)[1]


@pytest.mark.parametrize(
    ("r2", "ratio", "stable", "expected"),
    [
        (0.9, 1.0, False, "reject_unstable"),
        (0.9, 0.19, True, "reject_collapsed"),
        (0.31, 0.80, True, "eligible"),
        (0.31, 1.20, None, "eligible"),
        (0.31, 0.79, True, "reject_variance"),
        (0.30, 1.0, True, "reject_r2"),
        (0.30, 1.21, True, "reject_both"),
    ],
)
def test_decisions_in_order_and_at_their_edges(
    r2: float, ratio: float, stable: bool | None, expected: str
) -> None:
    assert decide(r2, ratio, stable, LIMITS) == expected


def judged(
    value: float, r2: float, ratio: float = 1.0, seeds: Any = 5, spread: float = 0.0
) -> Judged:
    return judge(
        value, runs([r2 + spread * (i - (seeds - 1) / 2) for i in range(seeds)], ratio), LIMITS
    )


def test_medians_and_one_failed_seed() -> None:
    one = judge(1.0, [*runs([0.4, 0.42, 0.44]), Run(NAN, NAN, "failed")], LIMITS)
    assert (one.r2, one.n_seeds, one.stable, one.seeds) == (0.42, 3, False, "seed_stable")


def test_nothing_is_rejected_for_too_few_seeds() -> None:
    one = judged(2.0, 0.5, seeds=2)
    assert (one.stable, one.decision, one.seeds) == (None, "eligible", "insufficient_seeds")
    assert gate([judged(0.0, 0.1), one], LIMITS) == (
        "re_evaluate",
        ["insufficient_seeds", "no_lambda_meets_go"],
    )


def test_selection_takes_the_highest_r2() -> None:
    assert select([judged(1.0, 0.40, 1.0), judged(2.0, 0.45, 0.85)], LIMITS).value == 2.0


def test_among_equals_the_better_ratio_wins_and_then_the_smaller_lambda() -> None:
    assert (
        select(
            [judged(1.0, 0.445, 0.85), judged(2.0, 0.45, 0.82), judged(5.0, 0.44, 1.21)], LIMITS
        ).value
        == 1.0
    )
    assert select([judged(5.0, 0.45, 1.1), judged(2.0, 0.45, 1.1)], LIMITS).value == 2.0


def test_the_leaders_standard_error_widens_the_tie() -> None:
    leader = judged(2.0, 0.50, 0.81, spread=0.03)
    assert leader.standard_error > LIMITS.tie
    assert select([judged(1.0, 0.48, 1.0), leader], LIMITS).value == 1.0


def test_lambda_zero_may_win() -> None:
    assert select([judged(0.0, 0.9, 0.85), judged(1.0, 0.4, 1.0)], LIMITS).value == 0.0


@pytest.mark.parametrize(
    ("lambdas", "expected"),
    [
        ([judged(0.0, 0.1, 0.1), judged(2.0, 0.4)], []),
        ([judged(2.0, 0.4)], ["no_control"]),
        ([judged(0.0, 0.4)], ["no_candidates", "no_lambda_meets_go"]),
        ([], ["no_control", "no_candidates", "no_lambda_meets_go"]),
        ([judged(0.0, -0.1), judged(2.0, -0.2)], ["all_r2_nonpositive", "no_lambda_meets_go"]),
        ([judged(0.0, 0.4), judged(2.0, 0.405)], ["no_gain_over_control"]),
        ([judged(0.0, 0.1), judged(2.0, 0.4, ratio=0.6)], ["no_lambda_meets_go"]),
        ([judged(0.0, 0.1), judged(2.0, 0.20)], ["no_lambda_meets_go"]),
        (
            [judged(0.0, 0.1, spread=0.2), judged(2.0, 0.4, spread=0.2)],
            ["all_unstable", "no_lambda_meets_go"],
        ),
        ([judged(0.0, 0.1), judged(2.0, 0.4, spread=0.2)], ["all_unstable", "no_lambda_meets_go"]),
        ([judged(0.0, 0.4), judged(2.0, -0.1)], ["all_r2_nonpositive", "no_lambda_meets_go"]),
    ],
)
def test_the_gate_names_every_reason(lambdas: list[Judged], expected: list[str]) -> None:
    assert gate(lambdas, LIMITS) == ("re_evaluate" if expected else "go", expected)


def test_selection_and_gate_may_disagree() -> None:
    lambdas = [judged(0.0, 0.6, 0.6), judged(2.0, 0.5, 0.9)]
    assert select(lambdas, LIMITS).value == 2.0
    assert gate(lambdas, LIMITS) == ("re_evaluate", ["no_gain_over_control"])


def test_the_notebook_judges_made_up_arrays_without_any_file() -> None:
    pairs, assess = (run_notebook()[name] for name in ("pairs", "assess"))
    assert [assess(*pair)["verdict"] for pair in pairs.values()] == [
        "under_dispersed",
        "matched",
        "constant",
        "anti_correlated",
    ]


def test_the_notebook_judges_a_folder_of_files(tmp_path: Path) -> None:
    y = np.random.default_rng(0).normal(size=200)
    for name, factor in (("wide", 2.0), ("narrow", 0.3)):
        pd.DataFrame({"y_true": y, "y_pred": factor * y}).to_csv(tmp_path / f"{name}.csv")
    names = run_notebook(
        "FOLDER, TARGET, PREDICTION = None", f"FOLDER, TARGET, PREDICTION = {str(tmp_path)!r}"
    )
    found = {name: names["assess"](*pair)["verdict"] for name, pair in names["pairs"].items()}
    assert found == {"narrow": "collapsed", "wide": "over_dispersed"}


def run_notebook(old: str = "", new: str = "") -> dict[str, Any]:
    """What its cells define, one after the other, with a setting changed."""
    cells = json.loads((ROOT / "notebooks" / "variance_collapse.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert old in code
    names: dict[str, Any] = {}
    exec(code.replace("%matplotlib inline", "").replace(old or " ", new or " "), names)
    return names


@pytest.mark.parametrize(
    ("file", "ratio", "expected", "explained"),
    [
        ("cbh_gbdt_oof.csv", 0.81, "matched", False),
        ("cbh_cnn_oof.csv", 0.52, "under_dispersed", True),
    ],
)
def test_published_cloud_heights(
    shared_data: Path, file: str, ratio: float, expected: str, explained: bool
) -> None:
    table = pd.read_csv(shared_data / file)
    numbers = regression_metrics(table["y_true_km"].to_numpy(), table["y_pred_km"].to_numpy())
    assert numbers["variance_ratio"] == pytest.approx(ratio, abs=0.005)
    assert verdict(numbers["variance_ratio"], numbers["pearson"], LIMITS) == expected
    assert (
        shrinkage_explained(numbers["variance_ratio"], numbers["calibration_slope"], LIMITS)
        is explained
    )
