"""The answer in one sentence, what it rests on (every number stands in a table beside it), caveats,
and the numbers for a program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lexon import provenance
from lexon.events import N_TYPES
from lexon.pipelines.comparison.sides import Compared, Side, name_of
from lexon.pipelines.reporting.tables import jsonable, rows_of
from lexon.tokenisers.comparison.alignment import Alignment
from lexon.tokenisers.comparison.occupied import NAMES, Filling, flawed, imbalance, unreachable

ALL = 0.99
SAME_OBJECT_ORDER = (
    "Rows are compared object by object: the same events with their objects in another order would"
    " not be recognised."
)

LISTED = 5
# Chance that any token of a file is missing from the other by accident, below which it is missed
# there.
BY_ACCIDENT = 0.01
# Deviation from equal division that edges fitted on other events of the same kind would show at
# least.
UNEQUAL = 0.005


def findings(
    compared: Compared,
    tables: dict[str, pd.DataFrame],
    notes: Sequence[str],
    record: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """JSON-able: headline, sentences, caveats, numbers and where it all came from."""
    return {
        "headline": headline(compared, tables),
        "sentences": sentences(compared, tables),
        "compared_columns": [
            jsonable(row) for row in rows_of(tables["columns"]) if row["compared"]
        ],
        "caveats": caveats(compared, notes),
        "numbers": numbers(compared),
        "record": [
            *record,
            ("Code", str(provenance.code_version())),
            ("Compared", provenance.now()),
        ],
    }


def headline(compared: Compared, tables: dict[str, pd.DataFrame]) -> str:
    """The answer to "is ours the same as the reference?"."""
    mark = (
        " The reference shows the known binning error (flawed_2026)."
        if flawed(compared.fillings["reference"])
        else ""
    )
    if compared.alignment.verdict == "not aligned":
        return f"{_not_aligned(compared)} {_by_distribution(tables['distances'])}{mark}"
    muons = f" {compared.alignment.muons}" if compared.alignment.muons else ""
    return f"{_which_events(compared)}, {_how_binned(compared, tables['agreement'])}.{muons}{mark}"


def caveats(compared: Compared, notes: Sequence[str]) -> list[str]:
    """Caveats."""
    sides = {"Our file": compared.ours, "The reference file": compared.reference}
    linked = compared.alignment.verdict != "not aligned"
    wrong = compared.alignment.accidental
    return [
        *notes,
        *(
            f"{name} hides the object types: rows were linked without them."
            for name, side in sides.items()
            if side.columns.types.max() <= 1
        ),
        *(
            f"{name} has no MET columns: MET and METphi were not compared."
            for name, side in sides.items()
            if "met" not in side.columns.bins
        ),
        *(
            [
                f"About {wrong:,.0f} links should be accidental; agreement cannot reach 100 % for"
                " them."
            ]
            if linked and wrong >= 1
            else []
        ),
        *(compared.known.caveats if linked else [SAME_OBJECT_ORDER]),
        (
            "Distances between distributions come with the distance that two random groups of the"
            " pooled events have (mean, and 95 % limit). Where both files hold the same events,"
            " agreement row by row is the stronger statement."
        ),
    ]


def numbers(compared: Compared) -> dict[str, Any]:
    """What a program may want of the answer."""
    sides, alignment = {"ours": compared.ours, "reference": compared.reference}, compared.alignment
    return {
        "verdict": alignment.verdict,
        "share_linked": alignment.share,
        "share_of_ours_linked": alignment.share_of_ours,
        "same_population": alignment.same_population,
        "accidental_links": alignment.accidental,
        "in_order": alignment.in_order,
        "muons": alignment.muons,
        "n_bins": {file: side.columns.n_bins for file, side in sides.items()},
        "rows": {file: len(side.rows) for file, side in sides.items()},
        "flawed_2026": {file: flawed(fillings) for file, fillings in compared.fillings.items()},
        "unreachable_tokens": {file: unreachable(side.columns) for file, side in sides.items()},
    }


def _not_aligned(compared: Compared) -> str:
    alike = compared.alignment.same_population == 1 and len(compared.reference.rows) == len(
        compared.ours.rows
    )
    if alike:
        return (
            "The reference's rows have our object types one for one, as for the same events, but"
            " which row is which is not known."
        )
    return "Not aligned: no row of the reference can be shown to be one of our events."


def _which_events(compared: Compared) -> str:
    alignment, n = compared.alignment, len(compared.reference.rows)
    if alignment.verdict == "partly aligned":
        share = f"{alignment.share:.0%} of the reference's {n:,} rows"
        return f"Partly aligned: {share} can be shown to be events of ours, {alignment.arrangement}"
    ours = (
        "all of our events"
        if alignment.share_of_ours >= ALL
        else f"{alignment.share_of_ours:.0%} of our events"
    )
    return f"Aligned: the reference's {n:,} rows are {ours}, {alignment.arrangement}"


def _how_binned(compared: Compared, agreement: pd.DataFrame) -> str:
    if not compared.same_n_bins:
        return (
            f"in {compared.reference.columns.n_bins} bins per axis where ours has"
            f" {compared.ours.columns.n_bins}"
        )
    differing = agreement[agreement["differ"] > 0]
    if differing.empty:
        return "and every token agrees: the same binning"
    parts = ", ".join(f"{NAMES[row['axis']]} {row['agreement']:.1%}" for row in rows_of(differing))
    same = [NAMES[axis] for axis in agreement["axis"] if axis not in set(differing["axis"])]
    return f"but binned otherwise: the same bin in {parts}" + (
        f", and everywhere in {', '.join(same)}" if same else ""
    )


def _by_distribution(distances: pd.DataFrame) -> str:
    rows = distances[distances["differs"]]
    if rows.empty:
        return "Their distributions do not differ by more than chance."
    return f"Their distributions differ in {', '.join(name_of(axis) for axis in rows['axis'])}."


def sentences(compared: Compared, tables: dict[str, pd.DataFrame]) -> list[str]:
    """All of them, the most important first."""
    ours, reference, fillings = compared.ours, compared.reference, compared.fillings
    return [
        how_sure(compared.alignment),
        *_arrangement(tables["parts"], compared.alignment),
        *_fitted_on(compared),
        *_filling_sentences("Ours", ours, fillings["ours"]),
        *_filling_sentences("Reference", reference, fillings["reference"]),
        *_edge_sentences(tables["edges"]),
        *_distance_sentences(tables["distances"]),
        *_unused(tables["frequencies"], compared),
    ]


def how_sure(alignment: Alignment) -> str:
    """How the rows were linked and what chance could have done."""
    of_ours = f" ({alignment.share_of_ours:.1%} of ours)"
    n_linked, n = alignment.linked.sum(), len(alignment.index)
    start = (
        f"{n_linked:,} of the reference's {n:,} rows ({alignment.share:.1%}) are linked to one of"
        f" ours{of_ours}"
    )
    if alignment.verdict == "not aligned":
        tried = ", ".join(step.way for step in alignment.steps)
        return f"{start}. Tried: {tried}; chance explains what agrees (table of rows)."
    by = ", ".join(
        f"{step.linked:,} by {step.way} ({step.evidence})"
        for step in alignment.steps
        if step.linked
    )
    wrong = "fewer than one" if alignment.accidental < 1 else f"about {alignment.accidental:,.0f}"
    left = len(alignment.index) - int(alignment.linked.sum())
    rest = f" {left:,} rows match several of our events equally well, or none." if left else ""
    return (
        f"{start}: {by}. Of these links {wrong} should be"
        f" accidental.{rest}{_population(alignment)}{_muons(alignment)}"
    )


def _population(alignment: Alignment) -> str:
    if alignment.share >= 0.99 or alignment.same_population < 1:
        return ""
    return (
        " In their object types all the reference's rows can be matched with ours one for one, as"
        " for the same events."
    )


def _muons(alignment: Alignment) -> str:
    return f" {alignment.muons}" if alignment.muons else ""


def _arrangement(parts: pd.DataFrame, alignment: Alignment) -> list[str]:
    if alignment.verdict == "not aligned":
        return []
    listed = "; ".join(f"{row.part} ({row.rows:,}): {row.runs}" for row in parts.itertuples())
    return [f"The reference's rows by ours: {listed}."]


def _edge_sentences(edges: pd.DataFrame) -> list[str]:
    axes = list(dict.fromkeys(edges["axis"])) if len(edges) else []
    return [
        _edges_in_words(axis, edges[edges["axis"] == axis])
        for axis in axes
        if edges.loc[edges["axis"] == axis, "low"].notna().any()
    ]


def _edges_in_words(axis: str, edges: pd.DataFrame) -> str:
    found = edges[edges["low"].notna()]
    own = ", ".join(f"{value:.4g}" for value in edges["ours"] if np.isfinite(value))
    contradictions = int(found["contradictions"].sum())
    contradicted = f"; values on the wrong side: {contradictions:,}" if contradictions else ""
    if len(found) == len(edges) and all(same is True for same in edges["same"]):
        return f"Edges of {NAMES[axis]}: the same, {own}{contradicted}."
    intervals = ", ".join(_interval(row) for row in rows_of(found))
    return (
        f"Edges of {NAMES[axis]}: reference"
        f" {intervals}{f'; ours {own}' if own else ''}{contradicted}."
    )


def _interval(row: dict[str, Any]) -> str:
    """As many digits as the interval is certain of."""
    width = row["high"] - row["low"]
    if width == 0:
        return f"{row['low']:.4g}"
    digits = int(np.clip(1 - np.floor(np.log10(width)), 0, 6))
    return f"{row['low']:.{digits}f}..{row['high']:.{digits}f} ({row['below']:.1%} below)"


def _filling_sentences(file: str, side: Side, fillings: list[Filling]) -> list[str]:
    n = side.columns.n_bins
    lines = []
    if _as_due(fillings):
        lines.append(f"{file}: every bin of every axis holds about the {1 / n:.1%} that is due.")
    marked = _words(fillings, "flawed_2026")
    notable = _words(fillings, "wrong", "uneven")
    if flawed(fillings):
        mark = (
            f"the fingerprint of flawed_2026, a 0-based bin index clipped to 1..{n} and phi bins of"
            f" pi/{n}"
        )
        lines.append(f"{file}: {', '.join(marked)}, where {1 / n:.1%} is due in each bin: {mark}.")
    else:
        notable += [
            f"{words}, as flawed_2026 would have it, which the other axes do not show"
            for words in marked
        ]
    if notable:
        lines.append(f"{file}: {'; '.join(notable)}.")
    if lost := unreachable(side.columns):
        lines.append(f"{file}: {lost:,} of {N_TYPES * n**3:,} object tokens cannot be reached.")
    return lines


def _words(fillings: list[Filling], *verdicts: str) -> list[str]:
    return [filling.words for filling in fillings if filling.verdict in verdicts]


def _as_due(fillings: list[Filling]) -> bool:
    return all(filling.verdict == "as due" for filling in fillings)


def _fitted_on(compared: Compared) -> list[str]:
    """Which of the linked events the edges of pT, eta and MET divide equally."""
    background = compared.known.background
    if (
        background is None or compared.alignment.verdict != "aligned"
    ):  # those that can be linked are no fair sample
        return []
    of_linked = background[compared.our_rows]
    if not 0 < of_linked.sum() < len(of_linked):
        return []
    lines = []
    for file, columns in zip(("ours", "reference"), compared.pairs, strict=True):
        wrong = flawed(compared.fillings[file])
        found = {
            "the background": imbalance(columns[of_linked], wrong),
            "all classes": imbalance(columns, wrong),
        }
        best, other = sorted(found, key=lambda name: found[name])
        sure = (
            found[best] < max(UNEQUAL, 1 / np.sqrt(of_linked.sum()))
            and found[other] > 2 * found[best]
        )
        verdict = (
            f"were fitted on {best}"
            if sure
            else "may be fitted on the background or on all classes: the data do not show which"
        )
        sizes = (
            f"they divide it equally within {found[best]:.2%}, {other} within {found[other]:.2%}"
        )
        lines.append(
            f"{file.capitalize()}: edges {verdict}:"
            f" {sizes if sure else sizes.replace('it', best, 1)}."
        )
    return lines


def _distance_sentences(distances: pd.DataFrame) -> list[str]:
    rows = distances[distances["differs"]]
    if rows.empty:
        return ["No distribution differs by more than two random groups of these events would."]
    listed = ", ".join(
        f"{name_of(row['axis'])} {row['total_variation']:.3f} (by chance {row['tv_floor']:.3f})"
        for row in rows_of(rows)
    )
    return [f"Distributions that differ by more than chance, as total variation: {listed}."]


def _unused(tokens: pd.DataFrame, compared: Compared) -> list[str]:
    """Tokens that one file uses and the other, with as many entries, should have used."""
    if not compared.same_n_bins:
        n_ours, n_reference = compared.ours.columns.n_bins, compared.reference.columns.n_bins
        return [
            f"The files have {n_ours} and {n_reference} bins per axis, so their tokens mean"
            " different things and were not compared."
        ]
    entries = tokens[["ours", "reference"]].sum()
    lines = []
    for user, other in (("ours", "reference"), ("reference", "ours")):
        alone = tokens[(tokens[user] > 0) & (tokens[other] == 0)].sort_values(user, ascending=False)
        if alone.empty:
            continue
        # All k entries of a token in the file that has a share f of all entries: f^k, for any of
        # the tokens.
        missed = alone[
            alone[user] * np.log(entries[user] / entries.sum()) + np.log(len(tokens))
            < np.log(BY_ACCIDENT)
        ]
        listed = ", ".join(
            f"{row.token} ({row.meaning})" for row in missed.head(LISTED).itertuples()
        )
        words = (
            f"chance does not explain {len(missed):,} of them, e.g. {listed}"
            if len(missed)
            else "all so rare that chance explains it"
        )
        lines.append(f"Tokens only in {user}: {len(alone):,}; {words}.")
    return lines
