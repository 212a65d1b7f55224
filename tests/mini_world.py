"""Copies of the project, and sessions in them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from lexon.framework.session import LexonSession

ROOT = Path(__file__).parents[1]


def copied(folder: Path) -> Path:
    """A copy of the project's configuration in a folder of its own."""
    for name in ("conf", "pyproject.toml", ".telemetry"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    for file in (folder / "conf" / "local").iterdir():
        if file.name != ".gitkeep":  # personal settings must not decide whether tests pass
            file.unlink()
    (folder / "src").mkdir()  # Kedro asks for it; the package is the installed one
    return folder


def session_of(project: Path, env: str | None = "test", **params: Any) -> LexonSession:
    """A session of a copy, in this process."""
    return LexonSession.create(
        project_path=project, env=env, runtime_params=params, save_on_close=False
    )
