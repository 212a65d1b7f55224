"""Where a result comes from: code, versions, machine, time."""

from __future__ import annotations

import ast
import hashlib
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

# The rooms whose code an output of each kind rests on; a node's tag names its kind.
CODE = {
    "data": (
        "events.py",
        "physics.py",
        "classes.py",
        "simulation",
        "tokenisers",
        "datasets/events.py",
        "datasets/units.py",
        "datasets/split_layout.py",
        "pipelines/data_engineering",
    ),
    "train": ("models", "training", "pipelines/modelling/train.py", "pipelines/modelling/inputs.py"),
    "baseline": ("baselines.py", "features.py", "pipelines/modelling/baselines.py"),
    "evaluate": ("models", "training/evaluation.py", "metrics", "pipelines/modelling/evaluate.py", "pipelines/modelling/inputs.py"),
    "report": (
        "metrics",
        "statistics.py",
        "plots",
        "experiments.py",
        "datasets/members.py",
        "pipelines/reporting",
        "pipelines/validation",
        "simulation/validation.py",
    ),
}
PACKAGES = ("lexon", "torch", "numpy", "scikit-learn", "kedro", "h5py")


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Python and the packages that numbers depend on."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def device_name(device: str) -> str:
    """The device as a person would call it: `cuda (NVIDIA H100)`, `cpu (x86_64, 2 threads)`."""
    import torch  # seconds of import that only a training should pay

    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({platform.machine()}, {torch.get_num_threads()} threads)"


def code_version() -> dict[str, Any]:
    """Commit of the checkout that lexon runs from, and whether it was changed since; empty outside a checkout."""
    root = Path(__file__).parent
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_git(root, "status", "--porcelain", "--", str(root)))}
    except (OSError, subprocess.CalledProcessError):
        return {}


@cache
def code_digest(kind: str) -> str:
    """Digest of the syntax trees of a kind's code, so that comments and layout make nothing stale."""
    root = Path(__file__).parent
    files = [file for entry in CODE[kind] for file in _sources(root / entry)]
    return hashlib.sha256("".join(f"{file.relative_to(root)}{_syntax(file)}" for file in files).encode()).hexdigest()


def _sources(path: Path) -> Iterable[Path]:
    return sorted(file for file in path.rglob("*") if file.suffix in (".py", ".j2", ".npz")) if path.is_dir() else [path]


def _syntax(file: Path) -> str:
    if file.suffix != ".py":
        return hashlib.sha256(file.read_bytes()).hexdigest()
    tree = ast.parse(file.read_text())
    for scope in ast.walk(tree):
        if isinstance(scope, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(scope, clean=False) is not None:
            scope.body = scope.body[1:]
    return ast.dump(tree)


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True).stdout.strip()
