"""Where a result comes from: code, versions, machine, time."""

from __future__ import annotations

import ast
import hashlib
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

# Code that carries results without shaping them: a new parameter or a better message makes nothing stale.
CARRIERS = {
    f"lexon.{name}"
    for name in ("config", "errors", "provenance", "datasets.files", "datasets.atomic", "datasets.hdf5", "datasets.checkpoint")
}
PACKAGES = ("lexon", "torch", "vector-quantize-pytorch", "numpy", "scikit-learn", "kedro", "h5py")


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Python and the packages that numbers depend on."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def code_version() -> dict[str, Any]:
    """Commit of the checkout that lexon runs from, and whether it was changed since; empty outside a checkout."""
    root = Path(__file__).parent
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_git(root, "status", "--porcelain", "--", str(root)))}
    except (OSError, subprocess.CalledProcessError):
        return {}


@cache
def code_digest(*modules: str) -> str:
    """Digest of the code that modules rest on: their own, and all of lexon that they import, directly or not.

    Syntax trees are compared, so comments, docstrings and layout make nothing stale; data beside the code counts by content.
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        file = _file(module)
        if file is not None and module not in found and not _carries(module):
            found[module] = file
            waiting += _imports(file)
    rooms = {file.parent for file in found.values()} - {Path(__file__).parent}
    data = sorted(path for room in rooms for path in _data(room))
    content = [f"{module}{_syntax(found[module])}" for module in sorted(found)] + [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in data
    ]
    return hashlib.sha256("".join(content).encode()).hexdigest()


def _carries(module: str) -> bool:
    return any(module == carrier or module.startswith(f"{carrier}.") for carrier in CARRIERS)


def _file(module: str) -> Path | None:
    """The source of a module of lexon, or None for anything else (a function of a module, say)."""
    package, *parts = module.split(".")
    path = Path(__file__).parent.joinpath(*parts)
    candidates = [path / "__init__.py", path.with_suffix(".py")] if package == "lexon" and parts else []
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _imports(file: Path) -> list[str]:
    """Whatever a file imports, by absolute name; what is no module is asked for in vain."""
    return _code(file, file.stat().st_mtime_ns)[0]


def _syntax(file: Path) -> str:
    """A file's syntax tree without docstrings."""
    return _code(file, file.stat().st_mtime_ns)[1]


@cache
def _code(file: Path, _mtime_ns: int) -> tuple[list[str], str]:
    """Imports and syntax of a file, parsed once however many nodes rest on it."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return names, ast.dump(tree)


def _data(room: Path) -> list[Path]:
    return [path for path in room.rglob("*") if path.is_file() and path.suffix in (".npz", ".html")]


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, encoding="utf-8", errors="replace", check=True
    ).stdout.strip()
