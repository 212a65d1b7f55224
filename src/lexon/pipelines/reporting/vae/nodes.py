"""The nodes of a comparison: members are read from their folders, against the whole plan; nothing is trained here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lexon.config import ReportConfig
from lexon.datasets.members import MemberFolders
from lexon.datasets.vae import ANCHORS, finished_besides, read_anchors
from lexon.experiments import Result, differences
from lexon.pipelines.reporting import caveats
from lexon.pipelines.reporting.cells import without_seeds_not_asked_for
from lexon.pipelines.reporting.plan import Plan, whole_plan
from lexon.pipelines.reporting.tables import members_table
from lexon.pipelines.reporting.vae.configurations import Configuration, collect_configurations, label_of
from lexon.pipelines.reporting.vae.differences import differences_table
from lexon.pipelines.reporting.vae.figures import draw_figures as figures_of
from lexon.pipelines.reporting.vae.findings import findings
from lexon.pipelines.reporting.vae.tables import Anchors, comparison_table, member_numbers
from lexon.pipelines.reporting.vae.text import comparison_report

logger = logging.getLogger(__name__)

LOGGED = 2  # of the findings' sentences are logged; the page has them all

Summary = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any], str, dict[str, dict[str, Any]]]


def summarise(members: MemberFolders, plan: Plan, report: ReportConfig, run: str, n_seeds: int, *_finished: Any) -> Summary:
    """Members, comparison and differences as tables, findings in words, the text report, and each configuration's JSON files.

    `_finished` is what members and anchors leave behind: asked for so that this runs after them, read from the folders like
    all else.
    """
    configurations, anchors = read(members, plan, n_seeds)
    comparison, paired = comparison_table(configurations, anchors, run), differences_table(configurations, report, run)
    words = findings(configurations, anchors, paired)
    words["caveats"][:0] = caveats.of_the_folder(members, plan, report)
    for sentence in [words["headline"], *words["sentences"][:LOGGED]]:
        logger.info("%s", sentence)
    text = comparison_report(configurations, comparison, paired, words["caveats"])
    return members_table(configurations, run, member_numbers), comparison, paired, words, text, configuration_files(configurations)


def draw_figures(members: MemberFolders, plan: Plan, comparison: pd.DataFrame) -> dict[str, Figure]:  # noqa: ARG001
    """The figures of the comparison, by name; `comparison` is asked for so that they follow it."""
    return figures_of(*read(members, plan))


def read(members: MemberFolders, plan: Plan, n_seeds: int | None = None) -> tuple[list[Configuration], Anchors]:
    """Configurations of the whole plan and what else is finished in the folder, with the anchors beside them, all of the same rows.

    `n_seeds`: how many are asked for now; None: all of the plan.
    """
    digest, anchors = members.beside(ANCHORS, "Anchors", read_anchors) or (None, {})
    planned = without_seeds_not_asked_for(whole_plan(members, plan), n_seeds)
    others = members.read(finished_besides(members.root, {result.member.folder for result in planned}))
    return collect_configurations([*planned, *besides(others, planned)], digest), anchors


def besides(others: Sequence[Result], planned: Sequence[Result]) -> list[Result]:
    """Members that are not in the grid: a further seed of a planned configuration must have been made like the others, or is ``stale``."""
    wanted = {label_of(result.member.cell): result.member.config for result in planned}
    checked = []
    for other in others:
        config = other.member.config
        changed = differences(config, {**wanted.get(label_of(other.member.cell), config), "seed": config["seed"]})
        note = f"made with other parameters: {', '.join(changed)}" if changed else "found in the folder, no part of the present grid"
        checked.append(replace(other, status="stale" if changed else other.status, notes=note))
    return checked


def configuration_files(configurations: Sequence[Configuration]) -> dict[str, dict[str, Any]]:
    """``<configuration>_metrics`` and ``<configuration>_summary``: means over finished seeds, with the configuration they are of."""
    files: dict[str, dict[str, Any]] = {}
    for one in configurations:
        if one.finished:
            name, metrics = one.file_name, _mean_metrics(one)
            config = {**one.results[0].member.config, "model_name": name, "seed": [result.member.seed for result in one.finished]}
            files |= {f"{name}_metrics": metrics, f"{name}_summary": {"config": config, "metrics": metrics}}
    return files


def _mean_metrics(one: Configuration) -> dict[str, dict[str, float]]:
    """Means over the seeds that have a metric."""
    first = one.finished[0].metrics
    return {
        split: {name: float(np.mean([r.metrics[split][name] for r in one.finished if name in r.metrics[split]])) for name in metrics}
        for split, metrics in first.items()
    }
