"""Members of a folder as recorded: each run.json, with its cell of the grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lexon.datasets.member_files import read_record
from lexon.errors import LexonError
from lexon.experiments import Member, Recorded, cell_of


def recorded_members(
    root: Path, asked: Sequence[Member], axes: Sequence[str]
) -> tuple[list[Recorded], list[str]]:
    """Every member in a folder, and remarks on those that are left out.

    Args:
        root: of the members' folders.
        asked: members that the present parameters ask for; a folder of their name has their cell,
            where its record holds none.
        axes: names that may be axes.
    """
    known = {member.name: member for member in asked}
    kind = asked[0].config["kind"]
    found, remarks = [], []
    for folder, record, reason in _records(root):
        recorded_kind = record.get("parameters", {"kind": kind}).get("kind")
        one = _recorded(folder.name, record, known, axes)
        if recorded_kind != kind:
            remarks.append(
                f"{folder.name} is a member of another kind of experiment ({recorded_kind}) and not"
                " shown."
            )
        elif one is not None:
            found.append(one)
        elif record or "__seed_" in folder.name:
            remarks.append(
                f"{folder.name} is not shown:"
                f" {reason or 'neither its record nor its name tells its cell'}."
            )
    return found, remarks


def _records(root: Path) -> Iterator[tuple[Path, dict[str, Any], str]]:
    """Each folder with its record, or with the reason why that cannot be read; those without a
    record are left out.
    """
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        try:
            record, reason = read_record(folder), ""
        except LexonError as error:
            record, reason = {}, str(error)
        if record or reason:
            yield folder, record, reason


def _recorded(
    name: str, record: Mapping[str, Any], known: Mapping[str, Member], axes: Sequence[str]
) -> Recorded | None:
    """A member with its cell and seed, from its record or else from its name; None where neither
    says.
    """
    config, place = record.get("parameters"), record.get("place")
    found = _cell_and_seed(name, record, known, axes)
    if found is None:
        return None
    cell, seed = found
    plain = {
        str(axis): tuple(value) if isinstance(value, list) else value
        for axis, value in cell.items()
    }
    return Recorded(
        name,
        config,
        plain,
        seed,
        place if isinstance(place, int) else None,
        record.get("status") == "done",
    )


def _cell_and_seed(
    name: str, record: Mapping[str, Any], known: Mapping[str, Member], axes: Sequence[str]
) -> tuple[dict[str, Any], int] | None:
    config = record.get("parameters") or {}
    cell, seed = record.get("cell"), config.get("seed")
    if isinstance(cell, dict):
        return (cell, seed) if isinstance(seed, int) else None
    named = (known[name].cell, known[name].seed) if name in known else cell_of(name, axes, config)
    if named is None:
        return None
    return named[0], seed if isinstance(seed, int) else named[1]
