"""Uncertainties: how far would a number move with other test events, or with another seed?

All comparisons on the same events are paired: every model sees the same resamples, so what the
events have in common cancels. Intervals hold 95 %. `intervals` says what an interval is,
`bootstrap` draws the events, `contests` judges many parts of a sample at once, `discovery`
turns scores into expected significances, `exchanges` says what a feature is worth, `two_samples`
says how far two samples are apart, `differences` compares cells over events and seeds, `effects`
turns the cells of a grid into main effects and interactions.
"""

from lexon.statistics.bootstrap import (
    SEED,
    of_seed,
    score_statistics,
    taken,
    weighted_mean,
)
from lexon.statistics.contests import (
    Contest,
    contest_trainings,
    draw_counts,
)
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
    share_intervals,
    weighted_intervals,
)
from lexon.statistics.discovery import (
    CUT,
    CUT_KNOWN,
    EFFICIENCIES,
    FIT,
    FIT_KNOWN,
    STATISTICS,
    Discovery,
    Sample,
    discovery,
)
from lexon.statistics.effects import ABSENT, UNPAIRED, Contrast, Grid, Mean, contrasts
from lexon.statistics.exchanges import ExchangedScores, falls
from lexon.statistics.intervals import (
    LEVEL,
    Interval,
    Replicates,
    SeedSpread,
    seed_spread,
    simultaneous_intervals,
)
from lexon.statistics.two_samples import Distances, distances, medians, told_apart

__all__ = [
    "ABSENT",
    "CERTAIN",
    "CUT",
    "CUT_KNOWN",
    "EFFECTS",
    "EFFICIENCIES",
    "FIT",
    "FIT_KNOWN",
    "LEVEL",
    "SEED",
    "STATISTICS",
    "UNPAIRED",
    "Contest",
    "Contrast",
    "Difference",
    "Discovery",
    "Distances",
    "ExchangedScores",
    "Grid",
    "Interval",
    "Mean",
    "Outcome",
    "Replicates",
    "Sample",
    "SeedSpread",
    "Setting",
    "SmallestEffect",
    "Trainings",
    "Verdict",
    "compare",
    "contest_trainings",
    "contrasts",
    "discovery",
    "distances",
    "draw_counts",
    "falls",
    "medians",
    "of_seed",
    "outcome_of",
    "resample",
    "score_statistics",
    "seed_spread",
    "share_intervals",
    "simultaneous_intervals",
    "taken",
    "told_apart",
    "weighted_intervals",
    "weighted_mean",
]
