"""Uncertainties: how far would a number move with other test events, or with another seed?

All comparisons on the same events are paired: every model sees the same resamples, so what the
events have in common cancels. Intervals hold 95 %. `intervals` says what an interval is,
`bootstrap` draws the events, `contests` judges many parts of a sample at once, `differences`
compares cells over events and seeds, `effects` turns the cells of a grid into main effects and
interactions.
"""

from lexon.statistics.bootstrap import SEED, of_seed, score_statistics, taken, weighted_mean
from lexon.statistics.contests import Contest, contest_trainings
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
    "Contest",
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
    "contest_trainings",
    "contrasts",
    "of_seed",
    "outcome_of",
    "resample",
    "score_statistics",
    "seed_spread",
    "simultaneous_intervals",
    "taken",
    "weighted_intervals",
    "weighted_mean",
]
