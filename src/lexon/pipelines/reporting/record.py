"""The run records of all finished members: one table of what they share and where they differ, and a caveat on their code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lexon.experiments import Result, flatten

_MAX_LISTED = 6
_PER_MEMBER = ("member", "node", "status", "error", "cell")  # rows of the members' table already


def run_record(finished: Sequence[Result]) -> list[list[str]]:
    """Rows of key and value; a value that differs between members is listed, or given as a range."""
    flat = [flatten({key: value for key, value in result.record.items() if key not in _PER_MEMBER}) for result in finished]
    keys = dict.fromkeys(key for one in flat for key in one)
    return [[key, _together([one[key] for one in flat if key in one])] for key in sorted(keys, key=_parameters_last)]


def code_caveat(finished: Sequence[Result]) -> list[str]:
    """Whether no commit is the code that these members ran, or no single one is."""
    versions = [result.record.get("code_version") for result in finished]
    known = [version for version in versions if isinstance(version, dict)]
    commits = {version["commit"] for version in known if "commit" in version}
    changed = sum(bool(version.get("dirty")) for version in known)
    mixed = [f"Code: members come from {len(commits)} commits."] if len(commits) > 1 else []
    return mixed + ([f"Code: {changed} of {len(finished)} members ran with uncommitted changes."] if changed else [])


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
        return ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else f"{value:.6g}"
