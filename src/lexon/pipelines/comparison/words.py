"""The answer in one sentence, what it rests on, caveats, and the numbers for a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from lexon import provenance
from lexon.pipelines.comparison.sentences import sentences
from lexon.pipelines.comparison.sides import Compared, name_of
from lexon.pipelines.reporting.tables import jsonable, rows_of
from lexon.tokenisers.comparison.occupied import NAMES, flawed, unreachable

ALL = 0.99
SAME_OBJECT_ORDER = "Rows are compared object by object: the same events with their objects in another order would not be recognised."


def findings(
    compared: Compared, tables: dict[str, pd.DataFrame], notes: Sequence[str], record: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """JSON-able: headline, sentences, caveats, numbers and where it all came from."""
    return {
        "headline": headline(compared, tables),
        "sentences": sentences(compared, tables),
        "compared_columns": [jsonable(row) for row in rows_of(tables["columns"]) if row["compared"]],
        "caveats": caveats(compared, notes),
        "numbers": numbers(compared),
        "record": [*record, ("Code", str(provenance.code_version())), ("Compared", provenance.now())],
    }


def headline(compared: Compared, tables: dict[str, pd.DataFrame]) -> str:
    """The answer to "is ours the same as the reference?"."""
    mark = " The reference shows the known binning error (flawed_2026)." if flawed(compared.fillings["reference"]) else ""
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
        *([f"About {wrong:,.0f} links should be accidental; agreement cannot reach 100 % for them."] if linked and wrong >= 1 else []),
        *(compared.known.caveats if linked else [SAME_OBJECT_ORDER]),
        "Distances between distributions come with the distance that two random groups of the pooled events have (mean, and 95 % limit). "
        "Where both files hold the same events, agreement row by row is the stronger statement.",
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
    alike = compared.alignment.same_population == 1 and len(compared.reference.rows) == len(compared.ours.rows)
    if alike:
        return "The reference's rows have our object types one for one, as for the same events, but which row is which is not known."
    return "Not aligned: no row of the reference can be shown to be one of our events."


def _which_events(compared: Compared) -> str:
    alignment, n = compared.alignment, len(compared.reference.rows)
    if alignment.verdict == "partly aligned":
        share = f"{alignment.share:.0%} of the reference's {n:,} rows"
        return f"Partly aligned: {share} can be shown to be events of ours, {alignment.arrangement}"
    ours = "all of our events" if alignment.share_of_ours >= ALL else f"{alignment.share_of_ours:.0%} of our events"
    return f"Aligned: the reference's {n:,} rows are {ours}, {alignment.arrangement}"


def _how_binned(compared: Compared, agreement: pd.DataFrame) -> str:
    if not compared.same_n_bins:
        return f"in {compared.reference.columns.n_bins} bins per axis where ours has {compared.ours.columns.n_bins}"
    differing = agreement[agreement["differ"] > 0]
    if differing.empty:
        return "and every token agrees: the same binning"
    parts = ", ".join(f"{NAMES[row['axis']]} {row['agreement']:.1%}" for row in rows_of(differing))
    same = [NAMES[axis] for axis in agreement["axis"] if axis not in set(differing["axis"])]
    return f"but binned otherwise: the same bin in {parts}" + (f", and everywhere in {', '.join(same)}" if same else "")


def _by_distribution(distances: pd.DataFrame) -> str:
    rows = distances[distances["differs"]]
    if rows.empty:
        return "Their distributions do not differ by more than chance."
    return f"Their distributions differ in {', '.join(name_of(axis) for axis in rows['axis'])}."
