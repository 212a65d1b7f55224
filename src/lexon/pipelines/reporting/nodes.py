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
from lexon.experiments import Member, Result
from lexon.pipelines.reporting import classifiers
from lexon.plots.features import feature_distributions
from lexon.plots.page import render_page

logger = logging.getLogger(__name__)

SAID = 2  # of the findings' sentences are logged; the page has them all
Plan = list[dict[str, Any]]


def summarise(
    members: MemberFolders, plan: Plan, evaluation: EvaluationConfig, report: ReportConfig, run: str, *_finished: Any
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Members, cells and comparisons as tables, and the findings in words.

    `_finished` is what members and baselines leave behind: asked for so that this runs after them, read from the folders
    like all else.
    """
    tables = classifiers.summarise(_read(members, plan), members.baselines(), evaluation, report, run)
    if report.source:
        tables[-1]["caveats"].insert(0, f"Read from {report.source} (report.source), not from this run's own members.")
    for sentence in [tables[-1]["headline"], *tables[-1]["sentences"][:SAID]]:
        logger.info("%s", sentence)
    return tables


def draw_figures(members: MemberFolders, plan: Plan, summary: pd.DataFrame) -> dict[str, Figure]:
    """The figures of the comparison, by name."""
    return classifiers.draw_figures(_read(members, plan), members.baselines(), summary)


def draw_features(events: EventSource, classes: dict[str, Any], object_types: dict[int, str]) -> Figure:
    """What the training events look like, per process."""
    sample = events.classified("train", classes)
    present = {label: name for label, name in events.label_names.items() if np.any(sample.events.labels == label)}
    return feature_distributions(sample.events, sample.events.labels, present, object_types, "train")


def write_page(
    members: pd.DataFrame,
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    findings: dict[str, Any],
    title: str,
    description: str,
    **figures: bytes | None,
) -> str:
    """report.html: self-contained, opens offline, begins with the answer."""
    drawn = {name: png for name, png in figures.items() if png is not None}
    return render_page(members, summary, comparisons, findings, drawn, title, description)


def _read(members: MemberFolders, plan: Plan) -> list[Result]:
    return members.read(Member(**member) for member in plan)
