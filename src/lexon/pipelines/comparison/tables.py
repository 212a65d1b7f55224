"""The numbers of a comparison as tables, one a question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.events import MAX_OBJECTS, N_TYPES
from lexon.metrics import occupancy
from lexon.pipelines.comparison.sides import Compared, Known, Side, name_of
from lexon.tokenisers.comparison.agreement import (
    COLUMNS,
    axis_agreement,
    column_agreement,
    confusions,
    differing_rows,
)
from lexon.tokenisers.comparison.alignment import Alignment
from lexon.tokenisers.comparison.columns import OBJECT_AXES, TokenColumns
from lexon.tokenisers.comparison.edges import NO_EDGE, ImpliedEdge, edges_from_bins, implied_edges
from lexon.tokenisers.comparison.occupied import NAMES, Filling

SEED = 2027
EXAMPLES = 10
NAMED = ("agreement", "edges", "distances")  # tables whose axes are named in words too

Table = list[dict[str, Any]]


def tables(compared: Compared) -> dict[str, pd.DataFrame]:
    """Every table, by name."""
    ours, reference, alignment = compared.ours, compared.reference, compared.alignment
    pairs = compared.pairs
    made = {
        "links": steps_table(alignment),
        "parts": parts_table(ours, reference, alignment),
        "agreement": axis_agreement(*pairs),
        "columns": column_agreement(
            ours.rows[compared.our_rows], reference.rows[compared.reference_rows]
        ),
        "confusion": confusion_table(*pairs),
        "edges": edges_table(*pairs, compared.known, compared.our_rows),
        "examples": examples_table(compared),
        "occupancy": occupancy_table(**compared.fillings),
        "distances": distances_table(ours, reference),
        "frequencies": frequencies_table(ours, reference),
    }
    return made | {
        name: made[name].assign(quantity=[name_of(axis) for axis in made[name].get("axis", [])])
        for name in NAMED
    }


def occupancy_table(ours: list[Filling], reference: list[Filling]) -> pd.DataFrame:
    """One row a file, axis and bin."""
    return pd.DataFrame(
        {
            "file": file,
            "axis": filling.axis,
            "bin": k,
            "count": int(count),
            "share": float(share),
            "due": 1 / len(filling.counts),
        }
        | {"verdict": filling.verdict}
        for file, fillings in (("ours", ours), ("reference", reference))
        for filling in fillings
        for k, (count, share) in enumerate(zip(filling.counts, filling.shares, strict=True), 1)
    )


def distances_table(ours: Side, reference: Side) -> pd.DataFrame:
    """One row an axis, and one for whole object tokens: how far apart the distributions are, and
    would be by chance.
    """
    rng = np.random.default_rng(SEED)
    rows: Table = []
    for axis, n in _comparable(ours.columns, reference.columns):
        first, second = (_entries(side, axis) for side in (ours, reference))
        variation = occupancy.compare(first, second, n, occupancy.total_variation, rng)
        divergence = occupancy.compare(first, second, n, occupancy.jensen_shannon, rng)
        row = {"axis": axis, "entries_ours": len(first[1]), "entries_reference": len(second[1])}
        row |= {
            "total_variation": variation.value,
            "tv_floor": variation.floor,
            "tv_limit": variation.limit,
        }
        row |= {
            "jensen_shannon_bits": divergence.value,
            "js_floor": divergence.floor,
            "js_limit": divergence.limit,
        }
        rows.append(row | {"differs": variation.differs})
    return pd.DataFrame(rows)


def frequencies_table(ours: Side, reference: Side) -> pd.DataFrame:
    """One row a token that either file uses, with what it stands for; of one file each where the
    numbers of bins differ.
    """
    columns = min(ours.rows.shape[1], reference.rows.shape[1])
    a, b = (np.bincount(side.rows[:, :columns].ravel(), minlength=1) for side in (ours, reference))
    width = max(len(a), len(b))
    a, b = (np.pad(one, (0, width - len(one))) for one in (a, b))
    used = np.flatnonzero((a > 0) | (b > 0))
    used = used[used > 0]
    meaning = (
        [meaning_of(int(token), ours.columns.n_bins) for token in used]
        if ours.columns.n_bins == reference.columns.n_bins
        else ""
    )
    return pd.DataFrame({"token": used, "meaning": meaning, "ours": a[used], "reference": b[used]})


def meaning_of(token: int, n: int) -> str:
    """A token in words."""
    first = N_TYPES * n**3
    if token == 0:
        return "padding"
    if token > first:
        return (
            f"MET bin {token - first}" if token <= first + n else f"METphi bin {token - first - n}"
        )
    kind, pt, eta, phi = (int(part) + 1 for part in np.unravel_index(token - 1, (N_TYPES, n, n, n)))
    return f"type {kind}, pT {pt}, eta {eta}, phi {phi}"


def steps_table(alignment: Alignment) -> pd.DataFrame:
    """One row a way of linking that was tried."""
    columns = ("way", "tried", "linked", "accidental", "evidence")
    return pd.DataFrame(
        [[getattr(step, name) for name in columns] for step in alignment.steps], columns=columns
    )


def parts_table(ours: Side, reference: Side, alignment: Alignment) -> pd.DataFrame:
    """One row a part of the reference file: its rows, those linked to each of our splits, and
    whether they kept their order.
    """
    from_part = np.where(alignment.linked, ours.parts[np.maximum(alignment.index, 0)], "none")
    rows: Table = []
    for part in dict.fromkeys(reference.parts):
        chosen = reference.parts == part
        own = Alignment(alignment.index[chosen], alignment.n_ours, (), 1.0)
        found = {
            f"from_{split}": int((from_part[chosen] == split).sum())
            for split in dict.fromkeys(ours.parts)
        }
        row = {
            "part": str(part),
            "rows": int(chosen.sum()),
            **found,
            "not_linked": int((~own.linked).sum()),
        }
        rows.append(row | {"in_order": own.in_order, "runs": runs_in_words(ours, own)})
    return pd.DataFrame(rows)


def runs_in_words(ours: Side, alignment: Alignment, most: int = 4) -> str:
    """Which of our rows a part is made of, where it is made of a few runs of them; else that it is
    a permutation.
    """
    index = alignment.index[alignment.linked]
    if not len(index):
        return "none of ours"
    split = ours.parts[index]
    breaks = np.flatnonzero((np.diff(index) != 1) | (split[1:] != split[:-1])) + 1
    if len(breaks) >= most:
        return alignment.arrangement
    runs = np.split(index, breaks)
    return ", then ".join(
        f"our {ours.parts[run[0]]} {ours.position[run[0]]:,}..{ours.position[run[-1]]:,}"
        for run in runs
    )


def confusion_table(ours: TokenColumns, reference: TokenColumns) -> pd.DataFrame:
    """One row an axis and pair of bins: linked entries that are in ours and in the reference, and
    their share of our bin.
    """
    rows: Table = []
    for axis, counts in confusions(ours, reference).items():
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        cells = (
            (a, b)
            for a, b in np.ndindex(*counts.shape)
            if axis != "type" or counts[a].any() or counts[:, b].any()
        )
        rows += [
            {
                "axis": axis,
                "ours": a + 1,
                "reference": b + 1,
                "count": int(counts[a, b]),
                "share": float(shares[a, b]),
            }
            for a, b in cells
        ]
    return pd.DataFrame(rows)


def edges_table(
    ours: TokenColumns, reference: TokenColumns, known: Known, index: NDArray[np.int64]
) -> pd.DataFrame:
    """One row an axis and inner edge: ours, and the interval that the reference lies in.

    Args:
        ours, reference: rows of the same events, one against one.
        known: of all our rows.
        index: which of these the linked ones are.
    """
    both = ours.mask & reference.mask
    rows: Table = []
    for axis in (axis for axis in ours.bins if axis in reference.bins):
        edges, basis = _edges_of(axis, ours, reference, known, index, both)
        own = (
            known.bounds[axis][:-1, 1] if axis in known.bounds else np.full(ours.n_bins - 1, np.nan)
        )
        own = own if len(own) == len(edges) else np.full(len(edges), np.nan)
        for k, (edge, own_edge) in enumerate(zip(edges, own, strict=True), 1):
            same = _within(float(own_edge), edge)
            row = {
                "axis": axis,
                "edge": k,
                "ours": float(own_edge),
                "low": edge.low,
                "high": edge.high,
                "same": same,
                "basis": basis,
            }
            rows.append(row | {"below": edge.below, "contradictions": edge.contradictions})
    return pd.DataFrame(rows)


def _within(ours: float, reference: ImpliedEdge) -> bool | None:
    """Whether the edge of the reference can be ours; None where either is unknown."""
    if not (np.isfinite(ours) and np.isfinite(reference.low)):
        return None
    return reference.low < ours <= reference.high or reference.low == ours == reference.high


def examples_table(compared: Compared) -> pd.DataFrame:
    """Every column that differs of the first few linked rows that do, with values where they are
    known.
    """
    ours, reference, our_rows, reference_rows = (
        compared.ours,
        compared.reference,
        compared.our_rows,
        compared.reference_rows,
    )
    width = min(ours.rows.shape[1], reference.rows.shape[1])
    rows: Table = []
    for pair in differing_rows(ours.rows[our_rows], reference.rows[reference_rows], EXAMPLES):
        a, b = our_rows[pair], reference_rows[pair]
        for column in np.flatnonzero(ours.rows[a, :width] != reference.rows[b, :width]):
            tokens = {
                "ours": int(ours.rows[a, column]),
                "reference": int(reference.rows[b, column]),
            }
            words = {
                "ours_means": meaning_of(tokens["ours"], ours.columns.n_bins),
                "reference_means": meaning_of(tokens["reference"], reference.columns.n_bins),
            }
            where = {
                "ours_row": f"{ours.parts[a]} {ours.position[a]}",
                "reference_row": f"{reference.parts[b]} {reference.position[b]}",
            }
            rows.append(
                {
                    **where,
                    "column": COLUMNS[column],
                    **tokens,
                    **words,
                    "values": _values(compared.known, int(a), int(column)),
                }
            )
    return pd.DataFrame(
        rows,
        columns=[
            "ours_row",
            "reference_row",
            "column",
            "ours",
            "reference",
            "ours_means",
            "reference_means",
            "values",
        ],
    )


def _comparable(ours: TokenColumns, reference: TokenColumns) -> Iterator[tuple[str, int]]:
    """Axes that mean the same in both files and the number of their values; `token` is the whole
    object token.
    """
    yield "type", N_TYPES
    if ours.n_bins == reference.n_bins:
        yield from ((axis, ours.n_bins) for axis in ours.bins if axis in reference.bins)
        yield "token", N_TYPES * ours.n_bins**3


def _entries(side: Side, axis: str) -> tuple[NDArray[np.int64], NDArray[np.integer]]:
    """(event, value) of each entry of an axis."""
    columns = side.columns
    if axis not in (*OBJECT_AXES, "type", "token"):
        return np.arange(len(columns)), columns.bins[axis]
    source: dict[str, NDArray[np.integer]] = {
        "type": columns.types,
        "token": side.rows[:, :MAX_OBJECTS],
        **columns.bins,
    }
    return np.nonzero(columns.mask)[0], source[axis][columns.mask]


def _edges_of(
    axis: str,
    ours: TokenColumns,
    reference: TokenColumns,
    known: Known,
    index: NDArray[np.int64],
    both: NDArray[np.bool_],
) -> tuple[list[ImpliedEdge], str]:
    of_objects = axis in OBJECT_AXES
    if axis in known.values:
        values = known.values[axis][index]
        bins = reference.bins[axis]
        return (
            implied_edges(
                *((values[both], bins[both]) if of_objects else (values, bins)), reference.n_bins
            ),
            "values",
        )
    if axis in known.bounds:
        return edges_from_bins(confusions(ours, reference)[axis], known.bounds[axis]), "our bins"
    return [NO_EDGE] * (reference.n_bins - 1), "unknown"


def _values(known: Known, row: int, column: int) -> str:
    if not known.values:
        return ""
    if column >= MAX_OBJECTS:
        axis, unit = (("met", "GeV"), ("met_phi", "rad"))[column - MAX_OBJECTS]
        return f"{NAMES[axis]} {known.values[axis][row]:.4g} {unit}"
    pt, eta, phi = (known.values[axis][row, column] for axis in OBJECT_AXES)
    return f"pT {pt:.4g} GeV, eta {eta:.3f}, phi {phi:.3f}"
