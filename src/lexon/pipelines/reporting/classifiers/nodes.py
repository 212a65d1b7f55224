"""The nodes of a report: members are read from their folders, against the whole plan; nothing is trained here."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lexon.config import EvaluationConfig, ReportConfig
from lexon.datasets.events import EventSource
from lexon.datasets.members import MemberFolders
from lexon.datasets.tokens import TokenSource
from lexon.pipelines.reporting import caveats
from lexon.pipelines.reporting.classifiers import figures
from lexon.pipelines.reporting.classifiers import summary as classifiers
from lexon.pipelines.reporting.classifiers.occupancy import bin_counts
from lexon.pipelines.reporting.plan import Plan, whole_plan
from lexon.plots.features import feature_distributions
from lexon.plots.grid import bin_occupancy

logger = logging.getLogger(__name__)

SAID = 4  # of the findings' sentences are logged; the page has them all


def summarise(
    members: MemberFolders, plan: Plan, evaluation: EvaluationConfig, report: ReportConfig, run: str, *_finished: Any
) -> dict[str, Any]:
    """Tables and findings by name, see `lexon.pipelines.reporting.classifiers.summary`.

    `_finished` is what members and baselines leave behind: asked for so that this runs after them, read from the folders
    like all else.
    """
    tables = classifiers.summarise(whole_plan(members, plan), members.baselines(), evaluation, report, run)
    words = tables["findings"]
    words["caveats"][:0] = caveats.of_the_folder(members, plan, report)
    for sentence in [words["headline"], *words["sentences"][:SAID]]:
        logger.info("%s", sentence)
    return tables


def draw_figures(members: MemberFolders, plan: Plan, summary: pd.DataFrame) -> dict[str, Figure]:
    """The figures of the comparison, by name."""
    return figures.draw_figures(whole_plan(members, plan), members.baselines(), summary)


def draw_grid(members: MemberFolders, plan: Plan, effects: pd.DataFrame, means: pd.DataFrame) -> dict[str, Figure]:
    """The figures that take several cells, by name."""
    return figures.draw_grid(whole_plan(members, plan), members.baselines(), effects, means)


def draw_occupancy(tokens: TokenSource, classes: dict[str, Any]) -> Figure:
    """How the training events fill the bins that their tokens were made with."""
    return bin_occupancy(*bin_counts(tokens, classes))


def draw_features(events: EventSource, classes: dict[str, Any], object_types: dict[int, str]) -> Figure:
    """What the training events look like, per process."""
    sample = events.classified("train", classes)
    present = {label: name for label, name in events.label_names.items() if np.any(sample.events.labels == label)}
    return feature_distributions(sample.events, sample.events.labels, present, object_types, "train")
