"""Units: the nodes that one process runs together, and the order in which units can run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from graphlib import CycleError, TopologicalSorter

from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from lexon.experiments import is_member

Unit = tuple[Node, ...]


def group_of(node: Node) -> str:
    """The member that a node belongs to, or its own name."""
    return node.namespace if node.namespace and is_member(node.namespace) else node.name


def members_together(nodes: Sequence[Node]) -> list[Node]:
    """One member after another, where Kedro's order would train all of them before it evaluates the
    first.

    A member's later nodes need nothing from outside that its first one does not need too, so they
    may move up to it.
    """

    first: dict[str, int] = {}
    for number, node in enumerate(nodes):
        first.setdefault(group_of(node), number)
    return sorted(nodes, key=lambda node: first[group_of(node)])


class Schedule:
    """Hands out units whose inputs are made; what members share comes before members, for others
    wait for it.

    Args:
        pipeline: that runs.

    Raises:
        CycleError: two units would wait for each other.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        nodes = members_together(pipeline.nodes)
        self.units: dict[str, Unit] = {}
        for node in nodes:
            self.units[_unit_of(node)] = (*self.units.get(_unit_of(node), ()), node)
        self._order = {
            name: (is_member(unit[0].namespace or ""), number)
            for number, (name, unit) in enumerate(self.units.items())
        }
        above = pipeline.node_dependencies
        parents = {
            name: {_unit_of(parent) for node in unit for parent in above[node]} - {name}
            for name, unit in self.units.items()
        }
        self._sorter = TopologicalSorter(parents)
        self._sorter.prepare()
        self._ready: list[str] = []

    @property
    def is_over(self) -> bool:
        return not self._ready and not self._sorter.is_active()

    def next(self) -> Unit | None:
        """A unit that can run now; None where all that are left wait for others."""
        self._ready = sorted([*self._ready, *self._sorter.get_ready()], key=self._order.__getitem__)
        return self.units[self._ready.pop(0)] if self._ready else None

    def done(self, unit: Unit) -> None:
        """A unit is over, whatever became of it: what waited for it can run."""
        self._sorter.done(_unit_of(unit[0]))


def why_in_one_process(pipeline: Pipeline, in_memory: Callable[[str], bool]) -> str:
    """Why the nodes of a pipeline cannot be given to several processes; empty where they can.

    Args:
        in_memory: whether a dataset has no file.
    """
    maker: dict[str, str] = {}
    for node in pipeline.nodes:
        maker |= dict.fromkeys(node.outputs, _unit_of(node))
    needed = pipeline.outputs()
    for node in pipeline.nodes:
        unit = _unit_of(node)
        needed |= {name for name in node.inputs if maker.get(name, unit) != unit}
    lost = sorted(filter(in_memory, needed))
    if lost:
        return f"{lost[0]} has no file, and processes share files only"
    try:
        Schedule(pipeline)
    except CycleError as error:
        return f"{' and '.join(error.args[1][:2])} wait for each other"
    return ""


def _unit_of(node: Node) -> str:
    """A member, the report of an experiment, or a node by itself."""
    return (
        f"{(node.namespace or '').partition('.')[0]}.report"
        if "report" in node.tags
        else group_of(node)
    )
