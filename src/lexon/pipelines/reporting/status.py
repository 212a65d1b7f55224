"""What the seeds of a cell have come to, together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from lexon.experiments import Result

_WORST_FIRST = ("failed", "running", "stale", "pending")


def common_status(results: Sequence[Result]) -> str:
    """The seeds' common status; ``partial`` where only some are done, else the worst of them."""
    statuses = {result.status for result in results}
    if len(statuses) == 1:
        return statuses.pop()
    return "partial" if "done" in statuses else next(status for status in _WORST_FIRST if status in statuses)


def unfinished_notes(results: Sequence[Result]) -> list[str]:
    """Why seeds are missing: ``2 of 3 seeds failed: node lost``."""
    missing = [result for result in results if result.status != "done"]
    return counted_seeds((f"{one.status}: {one.notes}" if one.notes else one.status for one in missing), len(results))


def counted_seeds(remarks: Iterable[str], n_seeds: int) -> list[str]:
    """Each distinct remark on a seed with the number of seeds that it is made on; without, where there is but one seed."""
    counts = Counter(remarks).items()
    return [remark if n_seeds == 1 else f"{n} of {n_seeds} seeds {remark}" for remark, n in counts]
