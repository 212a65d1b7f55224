"""What the members of a folder record of themselves: each run.json, with the cell that it stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lexon.datasets.member_files import read_record
from lexon.errors import LexonError
from lexon.experiments import Member, Recorded, cell_of


def recorded_members(root: Path, asked: Sequence[Member], axes: Sequence[str]) -> tuple[list[Recorded], list[str]]:
    """Every member in a folder, and remarks on those that cannot be told.

    Args:
        root: of the members' folders.
        asked: members that the present parameters ask for; a folder of their name has their cell, where its record holds none.
        axes: names that may be axes.
    """
    known = {member.name: member for member in asked}
    kind = asked[0].config["kind"]
    found, remarks = [], []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        record, reason = _record(folder)
        parameters = record.get("parameters", {})
        if not record and not reason:
            continue
        if record and parameters.get("kind") != kind:
            remarks.append(f"{folder.name} is a member of another kind of experiment ({parameters.get('kind')}) and not shown.")
            continue
        one = _recorded(folder.name, record, known, axes)
        if one is not None:
            found.append(one)
        elif record or "__seed_" in folder.name:
            remarks.append(f"{folder.name} is not shown: {reason or 'neither its record nor its name tells its cell'}.")
    return found, remarks


def _record(folder: Path) -> tuple[dict[str, Any], str]:
    """A folder's record, or why it cannot be read; neither where it is no member."""
    try:
        return read_record(folder), ""
    except LexonError as error:
        return {}, str(error)


def _recorded(name: str, record: Mapping[str, Any], known: Mapping[str, Member], axes: Sequence[str]) -> Recorded | None:
    config = record.get("parameters")
    cell, place, seed = record.get("cell"), record.get("place"), (config or {}).get("seed")
    if not isinstance(cell, dict):
        named = (known[name].cell, known[name].seed) if name in known else cell_of(name, axes, config or {})
        if named is None:
            return None
        cell, seed = named[0], seed if isinstance(seed, int) else named[1]
    if not isinstance(seed, int):
        return None
    plain = {str(axis): tuple(value) if isinstance(value, list) else value for axis, value in cell.items()}
    return Recorded(name, config, plain, seed, place if isinstance(place, int) else None, record.get("status") == "done")
