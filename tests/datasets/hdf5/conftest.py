"""Small HDF5 files of two arrays, and what their readers see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest


@pytest.fixture
def part(tmp_path: Path) -> Callable[..., Path]:
    """`part(name, first)`: a file with X [10, 3] that counts from `first`."""

    def write(name: str, first: int = 0) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            file["X"] = first + np.arange(30.0).reshape(10, 3)
        return path

    return write


@pytest.fixture
def virtual(tmp_path: Path) -> Callable[..., Path]:
    """`virtual(sources)`: a file whose X [10 n, 3] is the X of other files, one below the other."""

    def write(
        sources: list[str], path: Path = tmp_path / "whole.h5", rows: int | None = None
    ) -> Path:
        layout = h5py.VirtualLayout((rows or 10 * len(sources), 3), "f8")
        for place, name in enumerate(sources):
            layout[10 * place : 10 * place + 10] = h5py.VirtualSource(name, "X", (10, 3))
        with h5py.File(path, "w") as file:
            file.create_virtual_dataset("X", layout)
        return path

    return write
