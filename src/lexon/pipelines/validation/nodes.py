"""A simulated sample as tables and figures beside what it should look like."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lexon.datasets.events import EventSource
from lexon.events import SPLITS, Events
from lexon.plots.simulation import class_distributions, means_against_reference
from lexon.simulation.validation import beyond_errors, compare_means, compare_published

logger = logging.getLogger(__name__)


def compare_with_full_chain(sample: EventSource) -> tuple[pd.DataFrame, Figure, Figure]:
    """Means per process beside those of the full chain; the distributions and the means as
    figures.
    """
    events = _all(sample)
    means = compare_means(events)
    worst = means.sort_values("deviation", key=abs).iloc[-1]
    logger.info(
        "Largest deviation from the full chain: %s of %s, %+.1f %%",
        worst["quantity"],
        worst["process"],
        100 * worst["deviation"],
    )
    for row in beyond_errors(means).itertuples():
        logger.warning(
            "%s of %s is more than 5 %% and two standard errors from the full chain: %.4g +- %.2g"
            " against %.4g",
            row.quantity,
            row.process,
            row.simulated,
            row.error,
            row.reference,
        )
    return means, class_distributions(events), means_against_reference(means)


def compare_with_published(sample: EventSource, published: dict[str, Any]) -> pd.DataFrame:
    """The sample beside the published statistics of a real file, and whether they apply."""
    return compare_published(_all(sample), published)


def _all(sample: EventSource) -> Events:
    return Events.concatenate([sample.read(split) for split in SPLITS])
