"""The numbers of a comparison as tables, one a question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.events import MAX_OBJECTS, N_TYPES
from lexon.metrics import occupancy
from lexon.pipelines.comparison.sides import Compared, Known, Side
from lexon.tokenisers.comparison.agreement import COLUMNS, axis_agreement, column_agreement, confusions, differing_rows
from lexon.tokenisers.comparison.alignment import Alignment
from lexon.tokenisers.comparison.columns import OBJECT_AXES, TokenColumns
from lexon.tokenisers.comparison.edges import NO_EDGE, ImpliedEdge, edges_from_bins, implied_edges
from lexon.tokenisers.comparison.occupied import NAMES, Filling

SEED = 2027
EXAMPLES = 10

Table = list[dict[str, Any]]


def tables(compared: Compared) -> dict[str, pd.DataFrame]:
    """Every table, by name."""
    ours, hers, alignment = compared.ours, compared.hers, compared.alignment
    pairs = compared.pairs
    return {
        "links": steps_table(alignment),
        "parts": parts_table(ours, hers, alignment),
        "agreement": axis_agreement(*pairs),
        "columns": column_agreement(ours.rows[compared.mine], hers.rows[compared.theirs]),
        "confusion": confusion_table(*pairs),
        "edges": edges_table(*pairs, compared.known, compared.mine),
        "examples": examples_table(compared),
        "occupancy": occupancy_table(**compared.fillings),
        "distances": distances_table(ours, hers),
        "frequencies": frequencies_table(ours, hers),
    }


def occupancy_table(ours: list[Filling], hers: list[Filling]) -> pd.DataFrame:
    """One row a file, axis and bin."""
    return pd.DataFrame(
        {"file": file, "axis": filling.axis, "bin": k, "count": int(count), "share": float(share), "due": 1 / len(filling.counts)}
        | {"verdict": filling.verdict}
        for file, fillings in (("ours", ours), ("hers", hers))
        for filling in fillings
        for k, (count, share) in enumerate(zip(filling.counts, filling.shares, strict=True), 1)
    )


def distances_table(ours: Side, hers: Side) -> pd.DataFrame:
    """One row an axis, and one for whole object tokens: how far apart the distributions are, and would be by chance."""
    rng = np.random.default_rng(SEED)
    rows: Table = []
    for axis, n in _comparable(ours.columns, hers.columns):
        first, second = (_entries(side, axis) for side in (ours, hers))
        variation = occupancy.compare(first, second, n, occupancy.total_variation, rng)
        divergence = occupancy.compare(first, second, n, occupancy.jensen_shannon, rng)
        row = {"axis": axis, "entries_ours": len(first[1]), "entries_hers": len(second[1])}
        row |= {"total_variation": variation.value, "tv_floor": variation.floor, "tv_limit": variation.limit}
        row |= {"jensen_shannon_bits": divergence.value, "js_floor": divergence.floor, "js_limit": divergence.limit}
        rows.append(row | {"differs": variation.differs})
    return pd.DataFrame(rows)


def frequencies_table(ours: Side, hers: Side) -> pd.DataFrame:
    """One row a token that either file uses, with what it stands for; of one file each where the numbers of bins differ."""
    columns = min(ours.rows.shape[1], hers.rows.shape[1])
    a, b = (np.bincount(side.rows[:, :columns].ravel(), minlength=1) for side in (ours, hers))
    width = max(len(a), len(b))
    a, b = (np.pad(one, (0, width - len(one))) for one in (a, b))
    used = np.flatnonzero((a > 0) | (b > 0))
    used = used[used > 0]
    meaning = [meaning_of(int(token), ours.columns.n_bins) for token in used] if ours.columns.n_bins == hers.columns.n_bins else ""
    return pd.DataFrame({"token": used, "meaning": meaning, "ours": a[used], "hers": b[used]})


def meaning_of(token: int, n: int) -> str:
    """A token in words."""
    first = N_TYPES * n**3
    if token == 0:
        return "padding"
    if token > first:
        return f"MET bin {token - first}" if token <= first + n else f"METphi bin {token - first - n}"
    kind, pt, eta, phi = (int(part) + 1 for part in np.unravel_index(token - 1, (N_TYPES, n, n, n)))
    return f"type {kind}, pT {pt}, eta {eta}, phi {phi}"


def steps_table(alignment: Alignment) -> pd.DataFrame:
    """One row a way of linking that was tried."""
    columns = ("way", "tried", "linked", "accidental", "evidence")
    return pd.DataFrame([[getattr(step, name) for name in columns] for step in alignment.steps], columns=columns)


def parts_table(ours: Side, hers: Side, alignment: Alignment) -> pd.DataFrame:
    """One row a part of her file: its rows, those linked to each of our splits, and whether they kept their order."""
    mine = np.where(alignment.linked, ours.parts[np.maximum(alignment.index, 0)], "none")
    rows: Table = []
    for part in dict.fromkeys(hers.parts):
        chosen = hers.parts == part
        own = Alignment(alignment.index[chosen], alignment.n_ours, (), 1.0)
        found = {f"from_{split}": int((mine[chosen] == split).sum()) for split in dict.fromkeys(ours.parts)}
        row = {"part": str(part), "rows": int(chosen.sum()), **found, "not_linked": int((~own.linked).sum())}
        rows.append(row | {"in_order": own.in_order, "runs": runs_in_words(ours, own)})
    return pd.DataFrame(rows)


def runs_in_words(ours: Side, alignment: Alignment, most: int = 4) -> str:
    """Which of our rows a part is made of, where it is made of a few runs of them; else that it is a permutation."""
    index = alignment.index[alignment.linked]
    if not len(index):
        return "none of ours"
    split = ours.parts[index]
    breaks = np.flatnonzero((np.diff(index) != 1) | (split[1:] != split[:-1])) + 1
    if len(breaks) >= most:
        return alignment.arrangement
    runs = np.split(index, breaks)
    return ", then ".join(f"our {ours.parts[run[0]]} {ours.position[run[0]]:,}..{ours.position[run[-1]]:,}" for run in runs)


def confusion_table(ours: TokenColumns, hers: TokenColumns) -> pd.DataFrame:
    """One row an axis and pair of bins: linked entries that are in ours and in hers, and their share of our bin."""
    rows: Table = []
    for axis, counts in confusions(ours, hers).items():
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        cells = ((a, b) for a, b in np.ndindex(*counts.shape) if axis != "type" or counts[a].any() or counts[:, b].any())
        rows += [{"axis": axis, "ours": a + 1, "hers": b + 1, "count": int(counts[a, b]), "share": float(shares[a, b])} for a, b in cells]
    return pd.DataFrame(rows)


def edges_table(ours: TokenColumns, hers: TokenColumns, known: Known, index: NDArray[np.int64]) -> pd.DataFrame:
    """One row an axis and inner edge: ours, and the interval that hers lies in.

    Args:
        ours, hers: rows of the same events, one against one.
        known: of all our rows.
        index: which of these the linked ones are.
    """
    both = ours.mask & hers.mask
    rows: Table = []
    for axis in (axis for axis in ours.bins if axis in hers.bins):
        edges, basis = _edges_of(axis, ours, hers, known, index, both)
        own = known.bounds[axis][:-1, 1] if axis in known.bounds else np.full(ours.n_bins - 1, np.nan)
        own = own if len(own) == len(edges) else np.full(len(edges), np.nan)
        for k, (edge, mine) in enumerate(zip(edges, own, strict=True), 1):
            same = _within(float(mine), edge)
            row = {"axis": axis, "edge": k, "ours": float(mine), "low": edge.low, "high": edge.high, "same": same, "basis": basis}
            rows.append(row | {"below": edge.below, "contradictions": edge.contradictions})
    return pd.DataFrame(rows)


def _within(ours: float, hers: ImpliedEdge) -> bool | None:
    """Whether hers can be ours; None where either is unknown."""
    if not (np.isfinite(ours) and np.isfinite(hers.low)):
        return None
    return hers.low < ours <= hers.high or hers.low == ours == hers.high


def examples_table(compared: Compared) -> pd.DataFrame:
    """Every column that differs of the first few linked rows that do, with values where they are known."""
    ours, hers, mine, theirs = compared.ours, compared.hers, compared.mine, compared.theirs
    width = min(ours.rows.shape[1], hers.rows.shape[1])
    rows: Table = []
    for pair in differing_rows(ours.rows[mine], hers.rows[theirs], EXAMPLES):
        a, b = mine[pair], theirs[pair]
        for column in np.flatnonzero(ours.rows[a, :width] != hers.rows[b, :width]):
            tokens = {"ours": int(ours.rows[a, column]), "hers": int(hers.rows[b, column])}
            words = {
                "ours_means": meaning_of(tokens["ours"], ours.columns.n_bins),
                "hers_means": meaning_of(tokens["hers"], hers.columns.n_bins),
            }
            where = {"ours_row": f"{ours.parts[a]} {ours.position[a]}", "hers_row": f"{hers.parts[b]} {hers.position[b]}"}
            rows.append({**where, "column": COLUMNS[column], **tokens, **words, "values": _values(compared.known, int(a), int(column))})
    return pd.DataFrame(rows, columns=["ours_row", "hers_row", "column", "ours", "hers", "ours_means", "hers_means", "values"])


def _comparable(ours: TokenColumns, hers: TokenColumns) -> Iterator[tuple[str, int]]:
    """Axes that mean the same in both files and the number of their values; `token` is the whole object token."""
    yield "type", N_TYPES
    if ours.n_bins == hers.n_bins:
        yield from ((axis, ours.n_bins) for axis in ours.bins if axis in hers.bins)
        yield "token", N_TYPES * ours.n_bins**3


def _entries(side: Side, axis: str) -> tuple[NDArray[np.int64], NDArray[np.integer]]:
    """(event, value) of each entry of an axis."""
    columns = side.columns
    if axis not in (*OBJECT_AXES, "type", "token"):
        return np.arange(len(columns)), columns.bins[axis]
    source: dict[str, NDArray[np.integer]] = {"type": columns.types, "token": side.rows[:, :MAX_OBJECTS], **columns.bins}
    return np.nonzero(columns.mask)[0], source[axis][columns.mask]


def _edges_of(
    axis: str, ours: TokenColumns, hers: TokenColumns, known: Known, index: NDArray[np.int64], both: NDArray[np.bool_]
) -> tuple[list[ImpliedEdge], str]:
    of_objects = axis in OBJECT_AXES
    if axis in known.values:
        values = known.values[axis][index]
        bins = hers.bins[axis]
        return implied_edges(*((values[both], bins[both]) if of_objects else (values, bins)), hers.n_bins), "values"
    if axis in known.bounds:
        return edges_from_bins(confusions(ours, hers)[axis], known.bounds[axis]), "our bins"
    return [NO_EDGE] * (hers.n_bins - 1), "unknown"


def _values(known: Known, row: int, column: int) -> str:
    if not known.values:
        return ""
    if column >= MAX_OBJECTS:
        axis, unit = (("met", "GeV"), ("met_phi", "rad"))[column - MAX_OBJECTS]
        return f"{NAMES[axis]} {known.values[axis][row]:.4g} {unit}"
    pt, eta, phi = (known.values[axis][row, column] for axis in OBJECT_AXES)
    return f"pT {pt:.4g} GeV, eta {eta:.3f}, phi {phi:.3f}"
