"""The nodes of any kind's report: what they ask for, in which order, and what the page is given."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fabricate import planned
from kedro.pipeline import Node, Pipeline

from lexon.pipelines.reporting import reports
from lexon.pipelines.reporting.layout import layout_of
from lexon.pipelines.reporting.pipeline import Report, report_pipeline

KINDS = {
    "classifier": reports.CLASSIFIER,
    "autoencoder": reports.AUTOENCODER,
    "regression": reports.REGRESSION,
    "vae": reports.VAE,
}
MEMBERS = ["grid.a__seed_1.metrics", "grid.a__seed_2.metrics"]


@pytest.fixture(params=KINDS)
def report(request: pytest.FixtureRequest) -> Report:
    return KINDS[request.param]


def nodes_of(report: Report, *more: Node) -> dict[str, Node]:
    return {node.name: node for node in report_pipeline(report, MEMBERS, more).nodes}


def test_a_report_comes_after_all_members_and_its_page_last(report: Report) -> None:
    names = list(nodes_of(report))
    assert names == ["compare", "draw_figures", "write_page"]
    assert set(MEMBERS) <= set(nodes_of(report)["compare"].inputs)


def test_the_table_of_members_is_saved_first(report: Report) -> None:
    """It keeps a better report from being overwritten."""
    assert nodes_of(report)["compare"].outputs[0] == "members_table"


def test_the_page_is_given_every_table_and_every_figure(report: Report) -> None:
    nodes = nodes_of(report)
    shown = set(nodes["write_page"].inputs)
    tables = {name for name in nodes["compare"].outputs if name.endswith("_table")}
    assert tables | set(nodes["draw_figures"].outputs) <= shown


def test_every_page_shows_the_members(report: Report) -> None:
    names = {one.of for section in layout_of(report.kind).sections for one in section.tables}
    assert "members" in names & set(report.tables)


def test_a_table_and_a_figure_may_have_one_name() -> None:
    drawn = Node(lambda *_: "", ["members"], "figure_effects", name="draw_effects")
    page = nodes_of(reports.CLASSIFIER, drawn)["write_page"]
    assert {"effects_table", "figure_effects"} <= set(page.inputs)


def test_figures_that_were_drawn_before_are_shown_where_they_exist() -> None:
    pipeline = report_pipeline(reports.CLASSIFIER, MEMBERS, shown=["figure_occupancy_binned"])
    assert "figure_occupancy_binned" in pipeline.inputs()


def test_a_kind_without_figures_of_its_own_has_those_of_its_layout() -> None:
    assert nodes_of(replace(reports.AUTOENCODER, figures=("trade_off",)))[
        "draw_figures"
    ].outputs == ["figure_trade_off"]
    assert len(nodes_of(reports.AUTOENCODER)["draw_figures"].outputs) == len(
        layout_of("autoencoder").figures
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_that_is_trained_has_such_a_report(kind: str) -> None:
    study = planned(kind=kind) if kind != "classifier" else planned()
    assert {"compare", "draw_figures", "write_page"} <= {
        node.name for node in getattr(reports, kind)(study).nodes
    }


def test_the_node_that_waits_for_all_members_is_looked_up_as_any_other(report: Report) -> None:
    compare = nodes_of(report)["compare"]
    again = Pipeline([compare], namespace="study").nodes[0]
    assert type(again) is type(compare)
    assert again != compare
    assert again == Node(
        again.func, again._inputs, again._outputs, name="compare", namespace="study"
    )
    assert hash(again) == hash(
        Node(again.func, again._inputs, again._outputs, name="compare", namespace="study")
    )
