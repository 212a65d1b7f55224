"""The mean of a cell's seeds as one classifier: a table of its own, because single members are
compared with single members only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lexon.metrics import ranking
from lexon.metrics.scores import mean_scores
from lexon.pipelines.reporting.classifier_effects import Aurocs, ClassifierCell, comparable
from lexon.pipelines.reporting.tables import interval_row
from lexon.statistics import SEED, resample, score_statistics, share_intervals

ENSEMBLE_COLUMNS = (
    "run",
    "cell",
    "label",
    "n_seeds",
    "auroc",
    "auroc_low",
    "auroc_high",
    "auroc_of_one",
)


def ensembles_table(
    cells: Sequence[ClassifierCell], aurocs: Aurocs, n_bootstrap: int, run: str
) -> pd.DataFrame:
    """One row a model with two finished seeds or more: AUROC of the mean of their probabilities,
    with an interval over test events.

    `auroc_of_one` is the mean AUROC of its members, of which the ensemble is no one.
    """
    shown = [cell for cell in comparable(cells) if len(cell.scores) > 1 and not cell.original]
    if not shown:
        return pd.DataFrame(columns=list(ENSEMBLE_COLUMNS))
    groups = {cell.name: [mean_scores(cell.scores)] for cell in shown}
    statistics, n_events = score_statistics(groups, ranking.auroc)
    trainings = resample(
        statistics, n_events, n_bootstrap, np.random.default_rng(SEED), seedless=groups
    )
    found = share_intervals(
        trainings, {name: {name: 1.0} for name in groups}, np.random.default_rng(SEED)
    )
    rows = [
        {"run": run, "cell": cell.name, "label": cell.label, "n_seeds": len(cell.scores)}
        | interval_row("auroc", found[cell.name])
        | {"auroc_of_one": aurocs.intervals[cell.name].estimate}
        for cell in shown
    ]
    return pd.DataFrame(rows, columns=list(ENSEMBLE_COLUMNS))
