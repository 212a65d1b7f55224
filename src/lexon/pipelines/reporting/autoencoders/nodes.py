"""The nodes of the report: members are read from their folders, against the whole plan; nothing is trained here."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lexon.config import ReportConfig
from lexon.datasets.members import MemberFolders
from lexon.experiments import Result
from lexon.pipelines.reporting import caveats
from lexon.pipelines.reporting.autoencoders.advice import choose, selected_parameters
from lexon.pipelines.reporting.autoencoders.cells import collect_grid
from lexon.pipelines.reporting.autoencoders.changes import estimate_grid
from lexon.pipelines.reporting.autoencoders.figures import draw
from lexon.pipelines.reporting.autoencoders.findings import Findings, findings
from lexon.pipelines.reporting.autoencoders.tables import changes_table, member_numbers, pivot_table, summary_table
from lexon.pipelines.reporting.plan import Plan, whole_plan
from lexon.pipelines.reporting.tables import members_table

logger = logging.getLogger(__name__)

SAID = 2  # of the findings' sentences are logged; the page has them all

Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, Findings, str]


def summarise(members: MemberFolders, plan: Plan, report: ReportConfig, run: str, name: str, *_finished: Any) -> Tables:
    """Tables, findings and the parameter file of the choice, from the members' folders.

    `_finished` is what members leave behind: asked for so that this runs after them, read from the folders like all else.
    """
    tables = summarise_results(whole_plan(members, plan), report, run, name)
    words = tables[4]
    words["caveats"][:0] = caveats.of_the_folder(members, plan, report)
    for sentence in [words["headline"], *words["sentences"][:SAID]]:
        logger.info("%s", sentence)
    return tables


def summarise_results(results: list[Result], report: ReportConfig, run: str, name: str) -> Tables:
    """Members, summary, pivot and changes as tables, the findings in words, and the selected parameters as YAML.

    Choices use validation only, answers the test split; what is not done is a row with a status and in no statistics.
    """
    cells = collect_grid(results)
    grid, choice = estimate_grid(cells, "test", report), choose(estimate_grid(cells, "val", report))
    summary, changes = summary_table(grid, run), changes_table(grid, run)
    words = findings(grid, choice, summary, changes)
    return members_table(cells, run, member_numbers), summary, pivot_table(summary), changes, words, selected_parameters(choice, name)


def draw_figures(members: MemberFolders, plan: Plan, report: ReportConfig, summary: pd.DataFrame) -> dict[str, Figure]:  # noqa: ARG001
    """The figures of the comparison, by name; `summary` is asked for so that this runs after it."""
    return draw(estimate_grid(collect_grid(whole_plan(members, plan)), "test", report))
