"""A command that only reports: reads members as recorded under every runner, and leaves out what it
has no data for.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from fabricate import planned
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

from lexon.datasets.atomic import TextDataset
from lexon.datasets.members import MemberFigure, MembersDataset
from lexon.framework.hooks import ReportHooks
from lexon.pipelines.reporting import reports
from lexon.runs.reports import only_reports, recorded_cells, reportable


def node(name: str, inputs: list[str], output: str) -> Node:
    return Node(lambda *_: "", inputs, output, name=name, tags="report")


PIPELINE = Pipeline(
    [
        node("summarise", ["members", "params:plan"], "table"),
        node("draw_features", ["events"], "figure_features"),
        node("compare", ["tokens"], "comparison"),
        node("write_comparison", ["comparison"], "other_page"),
        node("write_page", ["table", "figure_features"], "page"),
    ]
)


def catalog(root: Path) -> DataCatalog:
    names = ("events", "tokens", "table", "comparison", "page", "other_page")
    files = {name: TextDataset(filepath=str(root / name)) for name in names}
    figure, members = (
        MemberFigure(filepath=str(root / "features.png")),
        MembersDataset(filepath=str(root / "members")),
    )
    return DataCatalog(
        {**files, "figure_features": figure, "members": members, "params:plan": MemoryDataset([])}
    )


def test_what_shows_data_that_are_not_there_is_left_out_with_a_word(tmp_path, caplog):
    (tmp_path / "tokens").write_text("")
    names = reportable(PIPELINE, catalog(tmp_path))
    assert set(names) == {"summarise", "compare", "write_comparison", "write_page"}
    assert "draw_features is left out of the report" in caplog.text
    assert "events is not there" in caplog.text


def test_what_rests_on_it_goes_with_it_and_a_page_without_one_figure_stays(tmp_path):
    (tmp_path / "events").write_text("")
    assert set(reportable(PIPELINE, catalog(tmp_path))) == {
        "summarise",
        "draw_features",
        "write_page",
    }


def test_nothing_is_left_out_where_all_is_there_or_nothing_would_remain(tmp_path):
    only = PIPELINE.filter(node_names=["compare", "write_comparison"])
    assert set(reportable(only, catalog(tmp_path))) == {"compare", "write_comparison"}
    for name in ("events", "tokens"):
        (tmp_path / name).write_text("")
    assert len(reportable(PIPELINE, catalog(tmp_path))) == len(PIPELINE.nodes)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [(["report"], True), (["train"], False), (None, False), (["report", "evaluate"], False)],
)
def test_the_hook_lets_members_be_read_as_recorded_whatever_the_runner(tmp_path, tags, expected):
    world = catalog(tmp_path)
    ReportHooks().before_pipeline_run({"tags": tags}, PIPELINE, world)
    assert world.get("members").as_recorded is expected
    assert only_reports({"tags": tags}) is expected


def test_a_grid_that_only_the_folder_knows_has_its_figures(tmp_path):
    for name in ("pool_max__seed_42", "pool_cls__seed_42", "pool_cls__seed_123"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
    (tmp_path / "baseline_flat").mkdir()
    assert recorded_cells(tmp_path) == {"pool_max", "pool_cls"}
    asked = planned()
    for study in (
        asked,
        type(asked)(
            asked.name, asked.parameters, asked.planned, asked.selected, recorded_cells(tmp_path)
        ),
    ):
        names = {one.name for one in reports.classifier(study).nodes}
        assert ("draw_grid" in names) is study.is_grid
    assert not asked.is_grid
