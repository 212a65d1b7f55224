"""A grid that changes one parameter at a time has short labels, and no other grid has."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from fabricate import grid_results

from lexon.experiments import cell_name
from lexon.pipelines.reporting.classifier_effects import classifier_cells, contrast_row, grid_of
from lexon.pipelines.reporting.one_at_a_time import one_at_a_time_labels, plain_cell
from lexon.statistics import contrasts

AXES: dict[str, list[Any]] = {
    "tokeniser": ["direct", "binned", "vqvae"],
    "pool": ["mean", "max"],
    "met": [True, False],
    "vector": [4, 5],
}


def cells_of(axes: dict[str, list[Any]], most: int) -> dict[str, dict[str, Any]]:
    """Cells that change up to `most` values, and the one that changes all."""
    cells = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    changed = [sum(value != axes[axis][0] for axis, value in cell.items()) for cell in cells]
    last = {axis: values[-1] for axis, values in axes.items()}
    return {
        cell_name(cell): cell
        for cell, n in zip(cells, changed, strict=True)
        if n <= most or cell == last
    }


def test_a_label_says_what_a_cell_changes():
    labels = one_at_a_time_labels(cells_of(AXES, 1))
    assert list(labels.values()) == [
        "plain",
        "vector 5",
        "no MET",
        "pool max",
        "tokeniser binned",
        "tokeniser vqvae",
        "all changes",
    ]


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"single": {}},
        cells_of(AXES, 2),
        cells_of(AXES, len(AXES)),
        cells_of({axis: AXES[axis] for axis in ("pool", "met")}, 1),
    ],
    ids=["none", "one", "two at a time", "whole", "two axes: all of a grid"],
)
def test_other_grids_keep_their_labels(cells):
    assert one_at_a_time_labels(cells) == {}


def test_effects_are_differences_to_the_plain_cell_in_its_setting():
    places = {name: place for place, name in enumerate(cells_of(AXES, 1))}
    every = grid_results(lambda _: 1.0, seeds=(42,), n=50)
    results = sorted(
        (result for result in every if result.member.cell_name in places),
        key=lambda result: places[result.member.cell_name],
    )
    cells, _ = classifier_cells(results, {})
    assert [cell.label for cell in cells] == list(one_at_a_time_labels(cells_of(AXES, 1)).values())
    grid = grid_of(cells, [cell.name for cell in cells])
    found = [contrast for contrast in contrasts(grid) if cells[0].name in contrast.settings[0]]
    assert {axis for contrast in found for axis in contrast.levels} == set(AXES)
    assert {contrast_row(contrast, grid)["averaged_over"] for contrast in found} == {
        "one setting of pool, MET, vector",
        "one setting of tokeniser, MET, vector",
        "one setting of tokeniser, pool, vector",
        "one setting of tokeniser, pool, MET",
    }
    assert all(contrast.settings[0][cells[0].name] == -1 for contrast in found), (
        "the plain cell is what is subtracted"
    )


def test_a_grid_that_lacks_its_plain_cell_or_a_change_is_no_such_grid():
    cells = cells_of(AXES, 1)
    first = next(iter(cells))
    without_plain = {name: cell for name, cell in cells.items() if name != first}
    assert not plain_cell(without_plain)
    only_two = [first, *list(cells)[-2:]]
    assert not plain_cell({name: cells[name] for name in only_two})
    assert plain_cell(cells) == first


def test_all_training_events_are_all_and_not_none():
    axes = {"n_train": [1000, None], "model.dropout": [0.1, 0.0], "training.ema": [None, 0.99]}
    labels = list(one_at_a_time_labels(cells_of(axes, 1)).values())
    assert labels == [
        "plain",
        "ema 0.99",
        "dropout 0.0",
        "all training events",
        "all changes",
    ]
