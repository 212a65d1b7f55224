"""Made-up control groups."""

from __future__ import annotations

from pathlib import Path

import pytest


def group(root: Path, monkeypatch: pytest.MonkeyPatch, line: str, files: dict[str, str]) -> None:
    """A control group of this process with these files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    read = Path.read_text
    monkeypatch.setattr(
        Path,
        "read_text",
        lambda path, **how: line if path == Path("/proc/self/cgroup") else read(path, **how),
    )
