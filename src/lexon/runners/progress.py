"""Progress of a grid: members done, failed and to come, and the time left by what they took
so far.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic

from kedro.pipeline.node import Node

from lexon.experiments import is_member


class GridProgress:
    """Counts members as their nodes pass.

    Args:
        nodes: of the whole run, in order.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._left: dict[str, int] = {}
        for node in nodes:
            if node.namespace and is_member(node.namespace):
                self._left[node.namespace] = self._left.get(node.namespace, 0) + 1
        self._total = len(self._left)
        self._running: set[str] = set()
        self._failed: set[str] = set()
        self._started: float | None = None

    def before(self, node: Node) -> str:
        """The message on the grid as a node starts: empty unless a member begins."""
        if node.namespace not in self._left or node.namespace in self._running:
            return ""
        self._running.add(node.namespace)
        self._started = self._started or monotonic()
        done = self._total - len(self._left)
        failed = f", {len(self._failed)} failed" if self._failed else ""
        return (
            f" (member {done + len(self._running)} of {self._total}: {done - len(self._failed)}"
            f" done{failed}{self._time_left(done)})"
        )

    def after(self, node: Node, failed: bool = False) -> None:
        """A node is over, or was skipped because another of its member failed."""
        if node.namespace not in self._left:
            return
        if failed:
            self._failed.add(node.namespace)
        self._left[node.namespace] -= 1
        if self._left[node.namespace] == 0:
            del self._left[node.namespace]
            self._running.discard(node.namespace)

    def _time_left(self, done: int) -> str:
        if not done or self._started is None:
            return ""
        return (
            f", about {duration((monotonic() - self._started) / done * (self._total - done))} left"
        )


def duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
