"""What configurations show, for claims to be held against: by rows and seeds where a metric is a
mean over rows, else by seeds alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import numpy as np

from lexon.config import KINDS, ReportConfig
from lexon.metrics.ranking import Statistic
from lexon.pipelines.reporting.claim_evidence import Evidence, level_words
from lexon.pipelines.reporting.vae_cells import ADDED, COLUMNS, Configuration
from lexon.pipelines.reporting.vae_differences import MEASURES, smallest_of, statistics_by_rows
from lexon.statistics import SEED, SmallestEffect, Trainings, of_seed, resample


def evidence_of(configurations: Sequence[Configuration], report: ReportConfig) -> Evidence:
    """All that claims about configurations may name; of two that are one training, the first."""
    known = [one for one in configurations if not one.original]
    of_seeds = SmallestEffect(report.min_effect.loss, "relative")
    smallest = {
        column: smallest_of(column, report) if column in MEASURES else of_seeds
        for column in KINDS["vae"].statistics
    }
    return Evidence(known, cache(partial(_trainings, known, report)), smallest, level_words)


def _trainings(
    known: Sequence[Configuration], report: ReportConfig, columns: frozenset[str]
) -> dict[str, Trainings]:
    measured = {
        f"{column}:{one.name}": _seeds(column, one) for column in sorted(columns) for one in known
    }
    n_rows = next((len(rows) for one in known for rows in one.arrays("rows")), 1)
    rng = np.random.default_rng(SEED)
    return resample(
        {name: seeds for name, seeds in measured.items() if seeds}, n_rows, report.n_bootstrap, rng
    )


def _seeds(column: str, one: Configuration) -> list[Statistic]:
    """One a finished seed; none where one of them lacks it."""
    if column in MEASURES:
        return statistics_by_rows(column, one)
    values = one.values("test", (COLUMNS | ADDED)[column])
    return [of_seed(value) for value in values] if len(values) == len(one.finished) else []
