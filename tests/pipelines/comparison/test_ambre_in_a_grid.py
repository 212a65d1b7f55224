"""The reference file as one more tokeniser of a grid."""

from __future__ import annotations

from kedro.framework.context import KedroContext
from kedro.framework.project import pipelines
from kedro.io import MemoryDataset

from lexon.framework.session import LexonSession

ONE_CELL = {"pool": "mean", "met": True, "vector": 4}


def loaded(session: LexonSession) -> KedroContext:
    """As a command loads it that names this experiment."""
    session.loader().ask_for(["binning_vs_direct"])
    return session.load_context()


def test_a_grid_adopts_and_compares_her_file_where_it_is_named(kedro_session):
    catalog = loaded(kedro_session("test", ambre={"path": "reference.h5"}, **ONE_CELL)).catalog
    nodes = {
        node.name.removeprefix("binning_vs_direct."): node
        for node in pipelines["binning_vs_direct"].nodes
    }
    assert {"adopt_ambre", "compare_tokens", "write_ambre_page"} <= nodes.keys()
    assert "binning_vs_direct.tokens_ambre" in nodes["adopt_ambre"].outputs
    names = [
        *nodes["compare_tokens"].outputs,
        *nodes["write_ambre_page"].outputs,
        *nodes["adopt_ambre"].inputs,
    ]
    assert [
        name
        for name in names
        if ":" not in name and isinstance(catalog.get(name), MemoryDataset | None)
    ] == []
    assert any("tokeniser_ambre" in name for name in nodes)


def test_a_grid_without_her_file_asks_nothing_of_it(kedro_session):
    loaded(kedro_session("test", **ONE_CELL))
    assert not any("ambre" in node.name for node in pipelines["binning_vs_direct"].nodes)
