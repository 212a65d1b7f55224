"""The one rule for names that become folders or files: of runs, experiments, configurations,
members and output files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

LONGEST = 100  # bytes: a file system takes 255, and a member's folder is called after several names
RULE = (
    "it names a folder, so it has letters, digits, _, - and . only, begins with none of - and .,"
    " and has at most {} bytes"
)
# Devices of Windows, whose disks are mounted elsewhere too.
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{device}{number}" for device in ("com", "lpt") for number in range(10)),
}
_SYSTEM = tuple(Path(folder) for folder in ("/proc", "/sys", "/dev"))


def why_not_a_name(name: object, longest: int = LONGEST) -> str:
    """Why a value cannot be the name of a folder; empty where it can."""
    if not isinstance(name, str):
        return (
            f"YAML reads it as {_kind(name)} and not as text, so that different names become one;"
            " quote it"
        )
    if not name.strip():
        return "it is empty (an unset shell variable?); give a name"
    if not re.fullmatch(r"\w[\w.-]*", name) or len(name.encode()) > longest:
        return RULE.format(longest)
    if name.endswith(".") or name.lower().partition(".")[0] in _RESERVED:
        return "some file systems cannot hold a folder of this name; choose another"
    return ""


def why_no_output(path: Path) -> str:
    """Why a path cannot be that of an output file; empty where it can."""
    if ".." in path.parts:
        return "it has .. in it, so it depends on links where it ends; write the whole path"
    return why_no_folder(str(path)) or why_not_a_name(path.name)


def why_no_folder(folder: object) -> str:
    """Why a value cannot be a folder for data; empty where it can."""
    if not isinstance(folder, str) or not folder.strip() or not folder.isprintable():
        return "a folder is needed, as text; leave it out to take the default"
    if any(system in (Path(folder), *Path(folder).parents) for system in _SYSTEM):
        return "it lies in a folder of the operating system; choose a path on a disk"
    return ""


def twins(names: Iterable[str]) -> tuple[str, str] | None:
    """Two names that differ in case only, and so share a folder on some file systems."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            return other, name
    return None


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return f"the number {value}"
    return f"a {type(value).__name__}"


def _name(value: Any) -> Any:
    if reason := why_not_a_name(value):
        raise PydanticCustomError("name", "{reason}", {"reason": reason})
    return value


def _typed_path(value: Any) -> Any:
    if isinstance(value, str) and (not value.strip() or not value.isprintable()):
        reason = (
            "it is empty (an unset shell variable?) or has unprintable characters; give a path, or"
            " null for none"
        )
        raise PydanticCustomError("typed_path", "{reason}", {"reason": reason})
    return value


def _output(value: Any) -> Any:
    path = _typed_path(value)
    if isinstance(path, str | Path) and (reason := why_no_output(Path(path))):
        raise PydanticCustomError("output_path", "{reason}", {"reason": reason})
    return path


Name = Annotated[str, BeforeValidator(_name)]
# A path that a user types: of an input, or of an output.
InputPath = Annotated[Path, BeforeValidator(_typed_path)]
OutputPath = Annotated[Path, BeforeValidator(_output)]
