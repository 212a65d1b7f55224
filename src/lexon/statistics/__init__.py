"""Uncertainties: how far would a number move with other test events, or with another seed?

All comparisons on the same events are paired: every model sees the same resamples, so what the events have in
common cancels. Intervals hold 95 %. `intervals` says what an interval is, `bootstrap` makes them, `effects` turns the cells
of a grid into main effects and interactions.
"""

from lexon.statistics.bootstrap import bootstrap, bootstrap_interval, bootstrap_statistics, paired_difference, weighted_mean
from lexon.statistics.effects import UNPAIRED, Contrast, Grid, Mean, contrasts
from lexon.statistics.intervals import (
    LEVEL,
    Interval,
    Replicates,
    SeedSpread,
    Verdict,
    expected_by_chance,
    is_effect,
    pooled_seed_spread,
    seed_spread,
    simultaneous_intervals,
    weighted_sum,
)

__all__ = [
    "LEVEL",
    "UNPAIRED",
    "Contrast",
    "Grid",
    "Interval",
    "Mean",
    "Replicates",
    "SeedSpread",
    "Verdict",
    "bootstrap",
    "bootstrap_interval",
    "bootstrap_statistics",
    "contrasts",
    "expected_by_chance",
    "is_effect",
    "paired_difference",
    "pooled_seed_spread",
    "seed_spread",
    "simultaneous_intervals",
    "weighted_mean",
    "weighted_sum",
]
