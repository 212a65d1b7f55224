"""Units run once, after what they need, what members share first; nothing crosses processes without
a file.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.pipeline import Node, Pipeline

from lexon.runners.units import Schedule, Unit, why_in_one_process

pytestmark = pytest.mark.filterwarnings("ignore:One or more dataset names")


def make(*inputs: object) -> int:
    return len(inputs)


def grid(members: int) -> Pipeline:
    """Data, a baseline, members that train and evaluate, and a report of two nodes that pass a
    table in memory.
    """
    of_members = [
        Pipeline(
            [
                Node(make, "events", "model", name="train", tags="train"),
                Node(make, ["events", "model"], "metrics", name="evaluate", tags="evaluate"),
            ],
            namespace=f"study.grid.m{number}",
            inputs={"events"},
        )
        for number in range(members)
    ]
    found = [f"study.grid.m{number}.metrics" for number in range(members)]
    report = [
        Node(make, ["baseline", *found], "table", name="summarise", tags="report"),
        Node(make, "table", "page", name="write_page", tags="report"),
    ]
    shared = [
        Node(make, "raw", "events", name="clean", tags="data"),
        Node(make, "events", "baseline", name="score", tags="baseline"),
    ]
    return Pipeline([*of_members, *report, *shared])


def names(unit: Unit) -> list[str]:
    return [node.name.removeprefix("study.grid.") for node in unit]


@settings(deadline=None)
@given(
    members=st.integers(1, 6), workers=st.integers(1, 4), choose=st.randoms(use_true_random=False)
)
def test_every_node_runs_once_after_what_it_needs_whoever_ends_first(members, workers, choose):
    pipeline = grid(members)
    schedule = Schedule(pipeline)
    running: list[Unit] = []
    done: list[Node] = []
    while running or not schedule.is_over:
        while len(running) < workers and (unit := schedule.next()):
            above = {parent for node in unit for parent in pipeline.node_dependencies[node]} - set(
                unit
            )
            assert above <= set(done)
            running.append(unit)
        assert running, "somebody can always work"
        unit = running.pop(choose.randrange(len(running)))
        done += unit
        schedule.done(unit)
    assert sorted(node.name for node in done) == sorted(node.name for node in pipeline.nodes)


def test_a_member_is_one_unit_and_the_baseline_comes_before_members():
    schedule = Schedule(grid(2))
    first = schedule.next()
    assert first is not None
    assert (names(first), schedule.next()) == (["clean"], None)
    schedule.done(first)
    units = [schedule.next() for _ in range(3)]
    assert [names(unit) for unit in units if unit] == [
        ["score"],
        ["m0.train", "m0.evaluate"],
        ["m1.train", "m1.evaluate"],
    ]
    assert schedule.next() is None


@pytest.mark.parametrize(
    ("in_memory", "reason"),
    [
        ((), ""),
        (("table",), ""),
        (("study.grid.m0.model",), ""),
        (("events",), "events has no file"),
        (("page",), "page has no file"),
    ],
)
def test_what_has_no_file_stays_within_a_unit(in_memory, reason):
    """The last output, too: whoever called the run asks for it."""
    assert why_in_one_process(grid(2), lambda name: name in in_memory).startswith(reason)
    assert bool(why_in_one_process(grid(2), lambda name: name in in_memory)) == bool(reason)


def test_units_that_wait_for_each_other_stay_together():
    """A node between two nodes of a report."""
    report = [
        Node(make, "raw", "table", name="summarise", tags="report"),
        Node(make, "copied", "page", name="page", tags="report"),
    ]
    pipeline = Pipeline([*report, Node(make, "table", "copied", name="copy")])
    assert "wait for each other" in why_in_one_process(pipeline, lambda name: False)
