"""The table of hard events that ships with the package: pp -> tttt, ttH, ttW, ttWW, ttZ at 13 TeV,
leading order, from Sherpa.

docs/simulation.md describes how it was made, and how to make it again; the run cards lie beside the
table.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.errors import DataError
from lexon.simulation.kinematics import FloatArray, on_shell

PROCESSES: dict[int, str] = {1: "tttt", 2: "ttH", 3: "ttW", 4: "ttWW", 5: "ttZ"}
OUTGOING: dict[str, tuple[int, ...]] = {
    "tttt": (6, 6, 6, 6),
    "ttH": (6, 6, 25),
    "ttW": (6, 6, 24),
    "ttWW": (6, 6, 24, 24),
    "ttZ": (6, 6, 23),
}
# The masses that the run cards put in, GeV, by PDG code.
MASS = {6: 172.5, 23: 91.19, 24: 80.38, 25: 125.09}

BALANCE_TOLERANCE = 0.5  # GeV; the table holds float32 and balances within 5 MeV
REMEDY = "install lexon again, or remake the table as docs/simulation.md says"


@dataclass(frozen=True)
class HardEvents:
    """Hard events of one process, with stable t, W, Z, H.

    Attributes:
        incoming: PDG codes of the two incoming partons, int [N, 2].
        pdg: PDG codes of the outgoing particles, int [N, k].
        p4: their (E, px, py, pz), float64 [N, k, 4], GeV.
    """

    incoming: NDArray[np.int64]
    pdg: NDArray[np.int64]
    p4: FloatArray

    def __len__(self) -> int:
        return len(self.pdg)

    def __getitem__(self, index: Any) -> HardEvents:
        return HardEvents(self.incoming[index], self.pdg[index], self.p4[index])


@dataclass(frozen=True)
class HardEventTable:
    """All processes by name, and the SHA-256 of the file that held them."""

    events: dict[str, HardEvents]
    digest: str


@cache
def load_table(path: Path | None = None) -> HardEventTable:
    """The table at `path`, or the packaged one; read once.

    Raises:
        DataError: the file is missing or unreadable, or an array is missing, misshapen or
            impossible.
    """
    source = path or resources.files("lexon.simulation") / "data" / "sherpa_hard_events.npz"
    try:
        content = source.read_bytes()
        with np.load(BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{source}: not a readable table of hard events ({error}); {REMEDY}"
        ) from error
    events = {
        process: _read_process(arrays, process, str(source)) for process in PROCESSES.values()
    }
    return HardEventTable(events, hashlib.sha256(content).hexdigest())


def _read_process(arrays: dict[str, NDArray[Any]], process: str, where: str) -> HardEvents:
    names = [f"{process}_{suffix}" for suffix in ("id", "p3", "x")]
    if missing := [name for name in names if name not in arrays]:
        raise DataError(
            f"{where}: {', '.join(missing)} missing (has {', '.join(arrays) or 'nothing'});"
            f" {REMEDY}"
        )
    ids, momentum, beams = (arrays[name] for name in names)
    n, k = len(ids), len(OUTGOING[process])
    shapes = ((n, 2 + k), (n, k, 3), (n, 2))
    for name, shape in zip(names, shapes, strict=True):
        _check_array(f"{where}: {name}", arrays[name], shape)
    momentum, beams = momentum.astype(np.float64), beams.astype(np.float64)
    pdg = ids[:, 2:].astype(np.int64)
    _check_rows(f"{where}: {process}", process, pdg, momentum, beams)
    masses = np.array([MASS[code] for code in OUTGOING[process]])
    return HardEvents(ids[:, :2].astype(np.int64), pdg, on_shell(momentum, masses))


def _check_array(where: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if not len(array) or array.shape != shape or array.dtype.kind not in "if":
        raise DataError(
            f"{where} is {array.dtype} {list(array.shape)}, need numbers {list(shape)} with at"
            f" least one row; {REMEDY}"
        )


def _check_rows(
    where: str, process: str, pdg: NDArray[np.int64], momentum: FloatArray, beams: FloatArray
) -> None:
    """Raise the DataError of the first rule that a row breaks: particles, finite numbers, momentum
    balance.
    """
    imbalance = momentum.sum(1) - np.stack(
        [np.zeros(len(beams)), np.zeros(len(beams)), beams[:, 0] - beams[:, 1]], axis=-1
    )
    problems = {
        f"outgoing particles other than {OUTGOING[process]}": (
            (np.abs(pdg) != OUTGOING[process]).any(1),
            pdg,
        ),
        "non-finite momentum": (
            ~np.isfinite(momentum).all((1, 2)) | ~np.isfinite(beams).all(1),
            momentum,
        ),
        f"momentum out of balance by more than {BALANCE_TOLERANCE} GeV": (
            np.abs(imbalance).max(1) > BALANCE_TOLERANCE,
            imbalance,
        ),
    }
    for problem, (bad, values) in problems.items():
        if bad.any():
            row = int(bad.argmax())
            raise DataError(
                f"{where}: row {row}: {problem} ({values[row].tolist()}; {int(bad.sum())} such"
                f" rows); {REMEDY}"
            )
