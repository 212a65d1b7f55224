"""Codes of `lexon.metrics.collapse` in the words of a report; summary.json and the tables keep the codes."""

from __future__ import annotations

from collections.abc import Sequence

from lexon.config import CollapseConfig

DECISIONS = {
    "eligible": "R2 and ratio pass",
    "reject_unstable": "unstable",
    "reject_collapsed": "collapsed",
    "reject_variance": "only R2 passes",
    "reject_r2": "only the ratio passes",
    "reject_both": "neither R2 nor ratio passes",
}


def criterion(passed: str, reasons: Sequence[str], limits: CollapseConfig) -> str:
    """Whether the penalty was worth it, with every reason why not."""
    if passed == "go":
        return "the criterion for going on with the penalty is met"
    return f"the criterion for going on with the penalty is not met: {because(reasons, limits)}"


def because(reasons: Sequence[str], limits: CollapseConfig) -> str:
    """The gate's reasons as clauses."""
    words = {
        "no_control": "lambda 0 has left no number to compare with",
        "no_candidates": "no lambda above 0 has finished",
        "insufficient_seeds": "there are too few seeds to tell",
        "all_r2_nonpositive": "no lambda above 0 reaches an R2 above 0",
        "all_unstable": "every lambda above 0 is unstable",
        "no_gain_over_control": "no lambda above 0 that qualifies has a higher R2 than lambda 0",
        "no_lambda_meets_go": f"no lambda above 0 is stable with R2 above {limits.go_r2:g} and a ratio above {limits.go_ratio:.0%}",
    }
    return ", ".join(words[reason] for reason in reasons)
