"""Effects in words: one sentence an axis, one on what acts together. Every number stands in the table of effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lexon.pipelines.reporting.classifiers.effects import ALONE_IN_THE_GRID, OTHER_EVENTS
from lexon.pipelines.reporting.tables import rows_of
from lexon.pipelines.reporting.words import axis_words
from lexon.statistics import CERTAIN, EFFECTS, Verdict

_MAX_LISTED = 3

Row = Mapping[str, Any]


def effect_sentences(effects: pd.DataFrame, min_effect: float) -> list[str]:
    """What the axes do, most important first; intervals are those that hold for all effects together."""
    if effects.empty:
        return []
    main, interactions = (rows_of(effects[effects["kind"] == kind]) for kind in ("main effect", "interaction"))
    by_axis: dict[str, list[Row]] = {}
    for row in main:
        by_axis.setdefault(row["axis"], []).append(row)
    axes = [_axis(axis, rows, min_effect) for axis, rows in by_axis.items()]
    return [*axes, *_together(interactions), *_sizes(rows_of(effects), min_effect)]


def _axis(axis: str, rows: Sequence[Row], min_effect: float) -> str:
    name = axis_words(axis)
    name = name[:1].upper() + name[1:]
    decided = [row for row in rows if row["verdict"] in CERTAIN]
    unclear = [row for row in rows if row["verdict"] not in CERTAIN and row["n_averaged"]]
    left = [row for row in rows if not row["n_averaged"]]
    if len(left) == len(rows):
        return f"{name}: {'; '.join(dict.fromkeys(_why_not(row) for row in left))}."
    left_open = "".join(f"; {row['a']} against {row['b']} is {_why_not(row)}" for row in left)
    average = _average([*decided, *unclear])
    if not decided:
        largest = max(unclear, key=lambda row: abs(row["difference"]))
        listed = f"{'largest: ' * (len(unclear) > 1)}{_pair(largest)}{average}"
        return f"{name} {_no_difference(unclear, min_effect)} ({listed}){left_open}."
    phrases = [*_winners(decided), *(f"{_pair(row)}: {row['verdict']}" for row in unclear)]
    return f"{name}: {'; '.join(phrases)}{left_open}{average}."


def _why_not(row: Row) -> str:
    """Why there is no number."""
    return f"not compared: {row['notes']}" if row["notes"] == OTHER_EVENTS else f"{row['verdict']}: {row['notes']}"


def _no_difference(rows: Sequence[Row], min_effect: float) -> str:
    """What can be said of levels of which none is certainly above another."""
    verdicts = {row["verdict"] for row in rows}
    if verdicts == {Verdict.SAME}:
        return f"makes no difference of {min_effect:g} or more"
    return "shows no difference beyond noise" if verdicts <= set(Verdict) else f"is {(verdicts - set(Verdict)).pop()}"


def _average(rows: Sequence[Row]) -> str:
    """Which settings of the other axes the differences are averaged over, where it is the same for all."""
    found = {row["averaged_over"] for row in rows}
    if len(found) > 1:
        return "; averaged over different settings each, see Effects"
    return f"; averaged over {average}" if (average := found.pop()) != ALONE_IN_THE_GRID else ""


def _winners(rows: Sequence[Row]) -> list[str]:
    """The levels that are above others, each with what it beats."""
    beaten: dict[str, list[str]] = {}
    for row in rows:
        better, worse = (row["a"], row["b"]) if row["difference"] > 0 else (row["b"], row["a"])
        small = "" if row["verdict"] in EFFECTS else ", small"
        beaten.setdefault(better, []).append(f"{worse} by {_size(row)}{small}")
    return [f"{better} beats {' and '.join(others)}" for better, others in beaten.items()]


def _size(row: Row) -> str:
    low, high = sorted(abs(row[side]) for side in ("low_all", "high_all"))
    return f"{abs(row['difference']):.3f} [{low:.3f}, {high:.3f}]"


def _pair(row: Row) -> str:
    return f"{row['a']} less {row['b']} {row['difference']:+.3f} [{row['low_all']:+.3f}, {row['high_all']:+.3f}]"


def _together(rows: Sequence[Row]) -> list[str]:
    if not rows:
        return []
    decided = sorted((row for row in rows if row["verdict"] in CERTAIN), key=lambda row: -abs(row["difference"]))
    missing = sum(not row["n_averaged"] for row in rows)
    judged = len(rows) - missing
    left_open = f" Of {missing} interactions nothing can be said: not all their cells are finished, or comparable." if missing else ""
    if not judged:
        return [left_open.strip()]
    if not decided:
        return [f"No two axes act together beyond noise ({judged} interactions judged).{left_open}"]
    more = f"; and {len(decided) - _MAX_LISTED} more in the table" if len(decided) > _MAX_LISTED else ""
    listed = "; ".join(_depends(row) for row in decided[:_MAX_LISTED])
    return [f"Axes act together in {len(decided)} of {judged} interactions: {listed}{more}.{left_open}"]


def _depends(row: Row) -> str:
    """An interaction with a positive size: which of the two settings has the larger difference."""
    more, less = (row["with"], row["less_with"]) if row["difference"] > 0 else (row["less_with"], row["with"])
    return f"{row['a']} less {row['b']} is higher by {_size(row)} with {more} than with {less}"


def _sizes(rows: Sequence[Row], min_effect: float) -> list[str]:
    certain = [row for row in rows if row["verdict"] in CERTAIN]
    if not certain:
        return []
    effects = sum(row["effect"] for row in certain)
    larger = f"larger than {min_effect:g} in AUROC (report.min_effect.score)"
    return [f"Of {len(certain)} certain differences, {effects or 'none'} are effects: {larger}."]
