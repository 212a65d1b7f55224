"""Tells a collapsed regression from an honest one: of a split, of a training, of a lambda's seeds, of a sweep.

`verdict` looks at one pair (y, p), `run_stability` at one training, `seed_verdict` at all seeds of a lambda. `judge`
puts a lambda together, `select` chooses one, and `gate` says whether the penalty was worth it. All thresholds are those
of `lexon.config.CollapseConfig`; a ratio is always one of variances, Var(p)/Var(y).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from lexon.config import CollapseConfig

Verdict = Literal["undefined", "constant", "anti_correlated", "collapsed", "under_dispersed", "matched", "over_dispersed"]
Stability = Literal["failed", "non_finite", "incomplete", "exploded", "oscillating", "stable"]
SeedVerdict = Literal["insufficient_seeds", "non_finite", "sign_inconsistent", "seed_unstable", "seed_stable"]
Decision = Literal["reject_unstable", "reject_collapsed", "eligible", "reject_variance", "reject_r2", "reject_both"]
Reason = Literal[
    "no_control",
    "no_candidates",
    "insufficient_seeds",
    "all_r2_nonpositive",
    "all_unstable",
    "no_gain_over_control",
    "no_lambda_meets_go",
]
LOSSES = ("train_loss", "val_loss")


def verdict(variance_ratio: float, pearson: float, limits: CollapseConfig) -> Verdict:
    """What the spread of the predictions says, first match; a constant prediction needs no correlation."""
    if not np.isfinite(variance_ratio):
        return "undefined"
    if variance_ratio < limits.constant_below:
        return "constant"
    if pearson < 0:
        return "anti_correlated"
    if variance_ratio < limits.collapsed_below:
        return "collapsed"
    if variance_ratio < limits.under_dispersed_below:
        return "under_dispersed"
    return "matched" if variance_ratio <= limits.matched_up_to else "over_dispersed"


def penalty_optimum(batch_size: int) -> float:
    """The ratio at which the batch penalty alone is smallest, predictions being independent of the targets: (n - 5)/(n + 1).

    Of a ratio of two Gaussian sample variances, distributed as F(n - 1, n - 1), this is E[F]/E[F^2]; below 6 rows, where
    the latter diverges, it is 0.
    """
    return max(0.0, (batch_size - 5) / (batch_size + 1))


def shrinkage_explained(variance_ratio: float, calibration_slope: float, limits: CollapseConfig) -> bool:
    """Whether a small ratio is what a calibrated model must have (its ratio equals its R2) rather than a defect."""
    low, high = limits.shrinkage_slope
    return variance_ratio < limits.under_dispersed_below and low <= calibration_slope <= high


def explodes(history: pd.DataFrame, factor: float) -> bool:
    """Whether a loss ever exceeded a multiple of its best so far: no later epoch can undo that."""
    losses = history[list(LOSSES)]
    return bool((losses > factor * losses.cummin()).any(axis=None))


def run_stability(history: pd.DataFrame | None, epochs: int, stopped_early: bool, limits: CollapseConfig) -> Stability:
    """How one training went, first match.

    Args:
        history: one row an epoch with train_loss, val_loss, val_r2 and val_variance_ratio; None or empty: it left nothing.
        epochs: that were configured.
        stopped_early: whether it was ended on purpose before.
    """
    if history is None or history.empty:
        return "failed"
    if not np.isfinite(history[[*LOSSES, "val_r2", "val_variance_ratio"]].to_numpy(float)).all():
        return "non_finite"
    if len(history) < epochs and not stopped_early:
        return "incomplete"
    last = history.tail(limits.last_epochs)
    if explodes(history, limits.exploded_loss) or (last["val_variance_ratio"] > limits.exploded_ratio).any():
        return "exploded"
    spread = last["val_loss"].std(ddof=0)
    return "oscillating" if spread > limits.oscillating_above * abs(last["val_loss"].mean()) else "stable"


def seed_verdict(r2: Sequence[float], limits: CollapseConfig) -> SeedVerdict:
    """Whether the seeds of a lambda agree, first match. One seed proves nothing: some end anti-correlated, smoothly."""
    values = np.asarray(r2, dtype=float)
    if len(values) < limits.min_seeds:
        return "insufficient_seeds"
    if not np.isfinite(values).all():
        return "non_finite"
    if values.min() < 0 < values.max():
        return "sign_inconsistent"
    return "seed_unstable" if values.std(ddof=1) > limits.seed_sd_above else "seed_stable"


@dataclass(frozen=True)
class Run:
    """One seed of a lambda at its last epoch; NaN where it left no number."""

    r2: float
    variance_ratio: float
    stability: Stability


@dataclass(frozen=True)
class Judged:
    """One lambda, on the medians of its seeds.

    Attributes:
        value: of lambda.
        n_seeds: runs with a number, finite or not.
        r2, variance_ratio: medians of the finite ones.
        standard_error: of the mean R2 over seeds; NaN with fewer than two.
        seeds: whether they agree.
        stable: every run is, and the seeds are; None where there are too few seeds to tell.
        decision: on this lambda.
    """

    value: float
    n_seeds: int
    r2: float
    variance_ratio: float
    standard_error: float
    seeds: SeedVerdict
    stable: bool | None
    decision: Decision


def judge(value: float, runs: Sequence[Run], limits: CollapseConfig) -> Judged:
    """The judgement on a lambda from its runs, of which there is at least one; failed ones count as unstable."""
    known = [run for run in runs if run.stability != "failed"]
    r2 = [run.r2 for run in known]
    seeds = seed_verdict(r2, limits)
    stable = _stable(runs, seeds)
    finite = [run for run in known if np.isfinite(run.r2) and np.isfinite(run.variance_ratio)]
    middle_r2 = float(np.median([run.r2 for run in finite])) if finite else np.nan
    ratio = float(np.median([run.variance_ratio for run in finite])) if finite else np.nan
    error = float(np.std([run.r2 for run in finite], ddof=1) / np.sqrt(len(finite))) if len(finite) > 1 else np.nan
    return Judged(value, len(known), middle_r2, ratio, error, seeds, stable, decide(middle_r2, ratio, stable, limits))


def decide(r2: float, variance_ratio: float, stable: bool | None, limits: CollapseConfig) -> Decision:
    """The decision on a lambda, first match; too few seeds (`stable` None) reject nothing."""
    if stable is False:
        return "reject_unstable"
    if variance_ratio < limits.collapsed_below:
        return "reject_collapsed"
    good_r2 = r2 > limits.eligible_r2
    good_ratio = limits.under_dispersed_below <= variance_ratio <= limits.matched_up_to
    if good_r2:
        return "eligible" if good_ratio else "reject_variance"
    return "reject_r2" if good_ratio else "reject_both"


def select(lambdas: Sequence[Judged], limits: CollapseConfig) -> Judged | None:
    """The chosen lambda: highest R2; among those as good as the leader, the smallest |ln ratio|, then the smallest lambda."""
    eligible = [one for one in lambdas if one.decision == "eligible"]
    if not eligible:
        return None
    leader = max(eligible, key=lambda one: one.r2)
    as_good = [one for one in eligible if one.r2 >= leader.r2 - _tolerance(leader, limits)]
    return min(as_good, key=lambda one: (abs(np.log(one.variance_ratio)), one.value))


def gate(lambdas: Sequence[Judged], limits: CollapseConfig) -> tuple[Literal["go", "re_evaluate"], list[Reason]]:
    """Whether the penalty was worth it, with every reason why not.

    Args:
        lambdas: those with a run that left a number; lambda 0 is the control.
    """
    finished = [one for one in lambdas if one.n_seeds]
    control = next((one for one in finished if one.value == 0), None)
    candidates = [one for one in finished if one.value > 0]
    good = [one for one in candidates if one.r2 > limits.go_r2 and one.variance_ratio > limits.go_ratio and one.stable]
    best = max(good, key=lambda one: one.r2, default=None)
    too_few = [one for one in ([control] if control else []) + ([] if good else candidates) if one.seeds == "insufficient_seeds"]
    holds: dict[Reason, bool] = {
        "no_control": control is None,
        "no_candidates": not candidates,
        "insufficient_seeds": bool(too_few),
        "all_r2_nonpositive": bool(finished) and not any(one.r2 > 0 for one in finished),
        "all_unstable": bool(finished) and all(one.stable is False for one in finished),
        "no_gain_over_control": bool(best and control and not best.r2 > control.r2 + _tolerance(best, limits)),
        "no_lambda_meets_go": best is None,
    }
    reasons = [reason for reason, held in holds.items() if held]
    return ("re_evaluate" if reasons else "go"), reasons


def _stable(runs: Sequence[Run], seeds: SeedVerdict) -> bool | None:
    if any(run.stability != "stable" for run in runs):
        return False
    return None if seeds == "insufficient_seeds" else seeds == "seed_stable"


def _tolerance(leader: Judged, limits: CollapseConfig) -> float:
    """R2 differences within this are none."""
    return max(limits.tie, leader.standard_error) if np.isfinite(leader.standard_error) else limits.tie
