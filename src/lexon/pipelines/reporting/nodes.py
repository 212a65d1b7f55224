"""The nodes of a report: members are read from their folders, against the whole plan; nothing is trained here."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lexon.config import EvaluationConfig, EventsConfig, ReportConfig
from lexon.datasets.events import EventSource
from lexon.datasets.members import MemberFolders
from lexon.experiments import Member, Result
from lexon.metrics.classification import Scores
from lexon.pipelines.reporting import classifiers
from lexon.plots.features import feature_distributions
from lexon.plots.page import render_page

logger = logging.getLogger(__name__)

SAID = 2  # of the findings' sentences are logged; the page has them all
Plan = list[dict[str, Any]]


def summarise(
    members: MemberFolders,
    plan: Plan,
    event_level: Scores,
    flat: Scores,
    evaluation: EvaluationConfig,
    report: ReportConfig,
    run: str,
    *_finished: Any,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Members, cells and comparisons as tables, and the findings in words.

    `_finished` is what members leave behind: asked for so that this runs after them, read from the folders like all else.
    """
    tables = classifiers.summarise(_read(members, plan), {"event_level": event_level, "flat": flat}, evaluation, report, run)
    for sentence in [tables[-1]["headline"], *tables[-1]["sentences"][:SAID]]:
        logger.info("%s", sentence)
    return tables


def draw_figures(members: MemberFolders, plan: Plan, event_level: Scores, flat: Scores, summary: pd.DataFrame) -> dict[str, Figure]:
    """The figures of the comparison, by name."""
    return classifiers.draw_figures(_read(members, plan), {"event_level": event_level, "flat": flat}, summary)


def draw_features(events: EventSource, classes: dict[str, Any], settings: EventsConfig) -> Figure:
    """What the training events look like, per process."""
    sample = events.classified("train", classes)
    present = {label: name for label, name in events.label_names.items() if np.any(sample.events.labels == label)}
    return feature_distributions(sample.events, sample.events.labels, present, settings.object_types, "train")


def write_page(
    members: pd.DataFrame,
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    findings: dict[str, Any],
    title: str,
    description: str,
    **figures: bytes,
) -> str:
    """report.html: self-contained, opens offline, begins with the answer."""
    return render_page(members, summary, comparisons, findings, figures, title, description)


def _read(members: MemberFolders, plan: Plan) -> list[Result]:
    return members.read(Member(**member) for member in plan)
