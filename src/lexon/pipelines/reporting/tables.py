"""Tables that every report has: members, what a row says of a cell, and the run records; and what
JSON takes of a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lexon.experiments import Result, flatten
from lexon.pipelines.reporting.cells import Cell
from lexon.statistics import Difference, Interval

# Facts of a run record that a table shows, averaged over seeds where they are numbers.
FACTS = ("n_parameters", "best_epoch", "epochs", "seconds", "events_per_second", "device")
# What a difference is, and its intervals: alone, and of all its table together.
BOUNDS = ("difference", "low", "high", "low_all", "high_all")
# The last columns of tables that compare two classifiers, or two levels of an axis.
COMPARED = ("a", "b", *BOUNDS, "verdict", "effect", "averaged_over", "n_averaged")
_MAX_LISTED = 6
_PER_MEMBER = ("member", "node", "status", "error", "cell")  # rows of the members' table already

Row = dict[str, Any]


def members_table(cells: Sequence[Cell], run: str, own: Callable[[Result], Row]) -> pd.DataFrame:
    """One row a member, finished or not.

    Args:
        run: the label that keeps results apart.
        own: columns of the kind, of a finished member. A stale member's numbers were made with
            other parameters: they stay out of tables, as out of statistics.
    """
    return pd.DataFrame(
        [_member_row(cell, result, run, own) for cell in cells for result in cell.results]
    )


def _member_row(cell: Cell, result: Result, run: str, own: Callable[[Result], Row]) -> Row:
    member = result.member
    same = f"same training as {member.folder}" if member.folder != member.name else ""
    notes = "; ".join(text for text in (result.notes, same, result.record.get("given_up")) if text)
    head = {
        "run": run,
        "number": cell.number,
        "member": member.name,
        "cell": member.cell_name,
        "label": cell.label,
        **member.cell,
        "seed": member.seed,
    }
    facts = {name: result.record.get(name) for name in FACTS}
    return (
        head
        | {"status": result.status, "notes": notes}
        | facts
        | (own(result) if result.status == "done" else {})
    )


def cell_row(cell: Cell, run: str) -> Row:
    """What a table says of any cell; facts of the run records are means of numbers, else all that
    there are.
    """
    head = {
        "run": run,
        "cell": cell.results[0].member.cell_name,
        "label": cell.label,
        **cell.axes,
        "status": cell.status,
        "notes": cell.notes,
    }
    return (
        head
        | {"n_seeds": len(cell.finished)}
        | {name: _over_seeds(cell.finished, name) for name in FACTS}
    )


def _over_seeds(finished: Sequence[Result], name: str) -> Any:
    values = [result.record[name] for result in finished if result.record.get(name) is not None]
    numbers = [value for value in values if isinstance(value, int | float)]
    return (
        float(np.mean(numbers))
        if numbers
        else ", ".join(sorted({str(value) for value in values})) or None
    )


def interval_row(name: str, interval: Interval) -> Row:
    """A number with its interval as columns: `auroc`, `auroc_low`, `auroc_high`."""
    values = (interval.estimate, interval.low, interval.high)
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def difference_row(difference: Difference) -> Row:
    """A difference as columns: `low` and `high` bound it alone, `low_all` and `high_all` all of its
    table; the verdict is by the latter.
    """
    alone, family = difference.alone, difference.family
    values = (alone.estimate, alone.low, alone.high, family.low, family.high)
    bounds = dict(zip(BOUNDS, values, strict=True))
    return bounds | {"verdict": difference.verdict, "effect": difference.is_effect}


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each by column name."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def json_rows(frame: pd.DataFrame) -> list[Row]:
    """The rows of a table as JSON takes them."""
    return [jsonable(row) for row in rows_of(frame)]


def jsonable(row: Mapping[str, Any]) -> dict[str, Any]:
    """Plain Python values; NaN, which JSON does not know, becomes None."""
    plain = {
        str(key): value.item() if isinstance(value, np.generic) else value
        for key, value in row.items()
    }
    return {
        key: None if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in plain.items()
    }


def run_record(finished: Sequence[Result]) -> list[list[str]]:
    """Rows of key and value; a value that differs between members is listed, or given as a
    range.
    """
    flat = [
        flatten({key: value for key, value in result.record.items() if key not in _PER_MEMBER})
        for result in finished
    ]
    keys = dict.fromkeys(key for one in flat for key in one)
    return [
        [key, _together([one[key] for one in flat if key in one])]
        for key in sorted(keys, key=_parameters_last)
    ]


def _parameters_last(key: str) -> bool:
    return key.startswith("parameters.")


def _together(values: Sequence[Any]) -> str:
    distinct = list(dict.fromkeys(_text(value) for value in values))
    if len(distinct) <= _MAX_LISTED:
        return "; ".join(distinct)
    if all(isinstance(value, int | float) for value in values):
        return f"{_text(min(values))} to {_text(max(values))}"
    return f"{distinct[0]} to {distinct[-1]} ({len(distinct)} values)"


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return (
            ", ".join(str(item) for item in value)
            if isinstance(value, list | tuple)
            else str(value)
        )
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else f"{value:.6g}"
