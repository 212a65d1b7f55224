"""Uncertainties: how far would a number move with other test events, or with another seed?

All comparisons on the same events are paired: every model sees the same resamples, so what the
events have in common cancels. Intervals hold 95 %. `intervals` says what an interval is,
`bootstrap` draws the events, `differences` compares cells over events and seeds, `effects` turns
the cells of a grid into main effects and interactions.
"""

from lexon.statistics.bootstrap import SEED, of_seed, score_statistics, weighted_mean
from lexon.statistics.differences import (
    CERTAIN,
    EFFECTS,
    Difference,
    Outcome,
    Setting,
    SmallestEffect,
    Trainings,
    Verdict,
    compare,
    outcome_of,
    resample,
    weighted_intervals,
)
from lexon.statistics.effects import UNPAIRED, Contrast, Grid, Mean, contrasts
from lexon.statistics.intervals import (
    LEVEL,
    Interval,
    Replicates,
    SeedSpread,
    seed_spread,
    simultaneous_intervals,
)

__all__ = [
    "CERTAIN",
    "EFFECTS",
    "LEVEL",
    "SEED",
    "UNPAIRED",
    "Contrast",
    "Difference",
    "Grid",
    "Interval",
    "Mean",
    "Outcome",
    "Replicates",
    "SeedSpread",
    "Setting",
    "SmallestEffect",
    "Trainings",
    "Verdict",
    "compare",
    "contrasts",
    "of_seed",
    "outcome_of",
    "resample",
    "score_statistics",
    "seed_spread",
    "simultaneous_intervals",
    "weighted_intervals",
    "weighted_mean",
]
