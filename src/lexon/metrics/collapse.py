"""Tells a collapsed regression from a sound one: of a split, of a training, of a lambda's seeds, of
a sweep.

`verdict` looks at one pair (y, p), `run_stability` at one training, `seed_verdict` at all seeds of
a lambda. `judge` puts a lambda together, `select` chooses one, and `gate` says whether the penalty
was worth it. All thresholds are those of `lexon.config.CollapseConfig`; a ratio is always one of
variances, Var(p)/Var(y).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from lexon.config import CollapseConfig

SpreadVerdict = Literal[
    "undefined",
    "constant",
    "anti_correlated",
    "collapsed",
    "under_dispersed",
    "matched",
    "over_dispersed",
]
Stability = Literal["failed", "non_finite", "incomplete", "exploded", "oscillating", "stable"]
SeedVerdict = Literal[
    "insufficient_seeds", "non_finite", "sign_inconsistent", "seed_unstable", "seed_stable"
]
Decision = Literal[
    "reject_unstable", "reject_collapsed", "eligible", "reject_variance", "reject_r2", "reject_both"
]
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
# Epochs in a row with a loss far above its best: one overshoot recovers, as a seed's siblings show.
EXPLODED_EPOCHS = 3
# A loss that fell by more than this over its last two epochs has not come to its end.
STILL_FALLING = 0.05
# Standard errors, 1 / sqrt(rows), by which a correlation has to differ from 0 to have a sign (95
# %).
SIGN_ERRORS = 1.96


def verdict(
    variance_ratio: float, pearson: float, limits: CollapseConfig, signed: bool = True
) -> SpreadVerdict:
    """The verdict on the spread of the predictions, first match; a constant prediction needs no
    correlation.

    `signed`: whether the correlation differs from 0; one that does not is no evidence against the
    sign.
    """
    if not np.isfinite(variance_ratio):
        return "undefined"
    if variance_ratio < limits.constant_below:
        return "constant"
    if pearson < 0 and signed:
        return "anti_correlated"
    if variance_ratio < limits.collapsed_below:
        return "collapsed"
    if variance_ratio < limits.under_dispersed_below:
        return "under_dispersed"
    return "matched" if variance_ratio <= limits.matched_up_to else "over_dispersed"


def penalty_optimum(batch_size: int) -> float:
    """The ratio at which the batch penalty alone is smallest, predictions being independent of the
    targets: (n - 5)/(n + 1).

    Of a ratio of two Gaussian sample variances, distributed as F(n - 1, n - 1), this is
    E[F]/E[F^2]; below 6 rows, where the latter diverges, it is 0.
    """
    return max(0.0, (batch_size - 5) / (batch_size + 1))


def shrinkage_explained(
    variance_ratio: float, calibration_slope: float, limits: CollapseConfig
) -> bool:
    """Whether a small ratio is what a calibrated model must have (its ratio equals its R2) rather
    than a defect.
    """
    low, high = limits.shrinkage_slope
    return variance_ratio < limits.under_dispersed_below and low <= calibration_slope <= high


def explodes(history: pd.DataFrame, factor: float) -> bool:
    """Whether a loss stayed above a multiple of its best so far for `EXPLODED_EPOCHS` in a row."""
    above = _far_above(history, factor).rolling(EXPLODED_EPOCHS).sum()
    return bool((above == EXPLODED_EPOCHS).any())


def oscillates(losses: Sequence[float], limits: CollapseConfig) -> bool:
    """Whether losses scatter about a trend that never rises by more than a share of their mean.

    The trend is the non-increasing one that fits best (isotonic regression; Barlow et al. 1972), so
    that a loss that only falls does not oscillate, however steeply. The scatter is the sample's,
    with a degree of freedom less for each level of the trend: for losses that do not fall it is the
    standard deviation with n - 1.
    """
    values = np.asarray(losses, dtype=float)
    trend = isotonic_regression(values, increasing=False).x
    freedom = len(values) - len(np.unique(trend))
    scatter = float(np.sqrt(((values - trend) ** 2).sum() / freedom)) if freedom else 0.0
    return scatter > limits.oscillating_above * abs(float(values.mean()))


def still_falls(history: pd.DataFrame) -> bool:
    """Whether the validation loss was at its lowest in the last epoch and still fell, so that more
    epochs would change the numbers.
    """
    losses = history["val_loss"].to_numpy(float)
    if len(losses) < 2:
        return True
    return bool(
        losses[-1] <= losses.min()
        and losses[-1] < (1 - STILL_FALLING) * losses[max(-3, -len(losses))]
    )


def run_stability(
    history: pd.DataFrame | None, epochs: int, stopped_early: bool, limits: CollapseConfig
) -> Stability:
    """The stability of one training, first match.

    Args:
        history: one row an epoch with train_loss, val_loss, val_r2 and val_variance_ratio; None or
            empty: it left nothing.
        epochs: that were configured.
        stopped_early: whether it was ended on purpose before.
    """
    if history is None or history.empty:
        return "failed"
    # Where the validation targets are all equal, neither R2 nor ratio ever exists; that is no fault
    # of the training.
    existing = (
        history[["val_r2", "val_variance_ratio"]]
        .dropna(axis=1, how="all")
        .join(history[list(LOSSES)])
    )
    if not np.isfinite(existing.to_numpy(float)).all():
        return "non_finite"
    if len(history) < epochs and not stopped_early:
        return "incomplete"
    last = history.tail(limits.last_epochs)
    ends_far_above = bool(_far_above(history, limits.exploded_loss).iloc[-1])
    if (
        ends_far_above
        or explodes(history, limits.exploded_loss)
        or (last["val_variance_ratio"] > limits.exploded_ratio).any()
    ):
        return "exploded"
    return "oscillating" if oscillates(last["val_loss"].tolist(), limits) else "stable"


def has_sign(pearson: float, n_rows: int) -> bool:
    """Whether a correlation differs from 0 at 95 %, and so has a sign; a constant prediction has
    none.
    """
    return bool(np.isfinite(pearson) and abs(pearson) * np.sqrt(n_rows) > SIGN_ERRORS)


def seed_verdict(
    r2: Sequence[float], limits: CollapseConfig, signed: Sequence[bool] | None = None
) -> SeedVerdict:
    """Whether the seeds of a lambda agree, first match. One seed proves nothing: some end
    anti-correlated, smoothly.

    Args:
        r2: of each seed; one nearer to 0 than a tie has no sign.
        signed: whether each seed's correlation has a sign; None: all have.
    """
    values = np.asarray(r2, dtype=float)
    if len(values) < limits.min_seeds:
        return "insufficient_seeds"
    if not np.isfinite(values).all():
        return "non_finite"
    counted = values[
        (np.abs(values) >= limits.tie)
        & (True if signed is None else np.asarray(signed, dtype=bool))
    ]
    if len(counted) and counted.min() < 0 < counted.max():
        return "sign_inconsistent"
    return "seed_unstable" if values.std(ddof=1) > limits.seed_sd_above else "seed_stable"


@dataclass(frozen=True)
class Run:
    """One seed of a lambda at its last epoch; NaN where it left no number.

    Attributes:
        signed: whether its correlation differs from 0.
        falling: whether its validation loss still fell.
    """

    r2: float
    variance_ratio: float
    stability: Stability
    signed: bool = True
    falling: bool = False


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
    """The judgement on a lambda from its runs, of which there is at least one; failed ones count as
    unstable.
    """
    known = [run for run in runs if run.stability != "failed"]
    seeds = seed_verdict([run.r2 for run in known], limits, [run.signed for run in known])
    stable = _stable(runs, seeds)
    finite = [run for run in known if np.isfinite(run.r2) and np.isfinite(run.variance_ratio)]
    r2_of_seeds = [run.r2 for run in finite]
    r2, error = _median(r2_of_seeds), _standard_error(r2_of_seeds)
    ratio = _median([run.variance_ratio for run in finite])
    return Judged(
        value, len(known), r2, ratio, error, seeds, stable, decide(r2, ratio, stable, limits)
    )


def decide(
    r2: float, variance_ratio: float, stable: bool | None, limits: CollapseConfig
) -> Decision:
    """The decision on a lambda, first match; too few seeds (`stable` None) reject nothing."""
    if stable is False:
        return "reject_unstable"
    if variance_ratio < limits.collapsed_below:
        return "reject_collapsed"
    good_r2, good_ratio = passes(r2, variance_ratio, limits)
    if good_r2:
        return "eligible" if good_ratio else "reject_variance"
    return "reject_r2" if good_ratio else "reject_both"


def passes(r2: float, variance_ratio: float, limits: CollapseConfig) -> tuple[bool, bool]:
    """Whether R2 and the ratio, each on its own, are those of a lambda that may be selected."""
    return (
        r2 > limits.eligible_r2,
        limits.under_dispersed_below <= variance_ratio <= limits.matched_up_to,
    )


def select(lambdas: Sequence[Judged], limits: CollapseConfig) -> Judged | None:
    """The chosen lambda: highest R2; among those as good as the leader, the smallest |ln ratio|,
    then the smallest lambda.
    """
    eligible = [one for one in lambdas if one.decision == "eligible"]
    if not eligible:
        return None
    leader = max(eligible, key=lambda one: one.r2)
    as_good = [one for one in eligible if one.r2 >= leader.r2 - _tolerance(leader, limits)]
    return min(as_good, key=lambda one: (abs(np.log(one.variance_ratio)), one.value))


def gate(
    lambdas: Sequence[Judged], limits: CollapseConfig
) -> tuple[Literal["go", "re_evaluate"], list[Reason]]:
    """Whether the penalty was worth it, with every reason why not.

    Args:
        lambdas: those with a run that left a number; lambda 0 is the control.
    """
    finished = [one for one in lambdas if one.n_seeds]
    control = next((one for one in finished if one.value == 0), None)
    candidates = [one for one in finished if one.value > 0]
    good = [one for one in candidates if _meets_go(one, limits)]
    reasons = [
        *_missing(control, candidates, good),
        *_failing(candidates),
        *_without_gain(control, good, limits),
    ]
    return ("re_evaluate" if reasons else "go"), reasons


def _meets_go(one: Judged, limits: CollapseConfig) -> bool:
    return one.r2 > limits.go_r2 and one.variance_ratio > limits.go_ratio and bool(one.stable)


def _missing(
    control: Judged | None, candidates: Sequence[Judged], good: Sequence[Judged]
) -> Iterator[Reason]:
    """Reasons that lie in missing runs."""
    if control is None:
        yield "no_control"
    if not candidates:
        yield "no_candidates"
    undecided = [] if good else [*candidates]
    if control is not None:
        undecided.append(control)
    if any(one.seeds == "insufficient_seeds" for one in undecided):
        yield "insufficient_seeds"


def _failing(candidates: Sequence[Judged]) -> Iterator[Reason]:
    """Reasons that all candidates share."""
    if candidates and not any(one.r2 > 0 for one in candidates):
        yield "all_r2_nonpositive"
    if candidates and all(one.stable is False for one in candidates):
        yield "all_unstable"


def _without_gain(
    control: Judged | None, good: Sequence[Judged], limits: CollapseConfig
) -> Iterator[Reason]:
    """The reason why the candidates that meet the criterion, if any, are not enough."""
    if not good:
        yield "no_lambda_meets_go"
        return
    best = max(good, key=lambda one: one.r2)
    if control is not None and not best.r2 > control.r2 + _tolerance(best, limits):
        yield "no_gain_over_control"


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else np.nan


def _standard_error(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan


def _far_above(history: pd.DataFrame, factor: float) -> pd.Series:
    """Whether either loss of each epoch exceeds a multiple of its best so far."""
    losses = history[list(LOSSES)]
    return (losses > factor * losses.cummin()).any(axis=1)


def _stable(runs: Sequence[Run], seeds: SeedVerdict) -> bool | None:
    if any(run.stability != "stable" for run in runs):
        return False
    return None if seeds == "insufficient_seeds" else seeds == "seed_stable"


def _tolerance(leader: Judged, limits: CollapseConfig) -> float:
    """R2 differences within this are none."""
    return (
        max(limits.tie, leader.standard_error) if np.isfinite(leader.standard_error) else limits.tie
    )
