"""Les Houches event files (J. Alwall et al., Comput. Phys. Commun. 176 (2007) 300) as arrays of the
table of hard events.

Only for who makes the table again: docs/simulation.md.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.errors import DataError
from lexon.simulation.kinematics import FloatArray

_EVENT = re.compile(r"<event[^>]*>\s*(\d+)[^\n]*\n(.*?)(?:<|\#)", re.DOTALL)
# Columns of a particle's line.
_ID, _STATUS, _PX, _PZ, _ENERGY = 0, 1, 6, 8, 9


def read_lhe(path: Path, process: str) -> dict[str, NDArray[Any]]:
    """`<process>_id`, `_p3` and `_x` of the events in a file, as `lexon.simulation.hard_events`
    wants them, duplicates removed.

    Raises:
        DataError: no event, or events of different numbers of particles.
    """
    blocks = [
        (int(n), body.split()) for n, body in _EVENT.findall(path.read_text(encoding="utf-8"))
    ]
    lengths = {(n, len(words)) for n, words in blocks}
    if len(lengths) != 1 or any(size % n for n, size in lengths):
        raise DataError(
            f"{path}: {len(blocks)} events of {len(lengths)} shapes; need one process, each event"
            " with the same particles"
        )
    n_particles = blocks[0][0]
    particles = np.array([words for _, words in blocks], dtype=np.float64).reshape(
        len(blocks), n_particles, -1
    )
    incoming = _ordered(particles, particles[..., _STATUS] == -1, -particles[..., _PZ])
    # t before anti-t, then the bosons, each before its antiparticle.
    outgoing = _ordered(
        particles,
        particles[..., _STATUS] == 1,
        np.abs(particles[..., _ID]) - np.sign(particles[..., _ID]) / 2,
    )
    ids = np.concatenate([incoming[..., _ID], outgoing[..., _ID]], axis=1)
    momentum = outgoing[..., _PX : _PZ + 1].astype(np.float32)
    _, first = np.unique(momentum.reshape(len(momentum), -1), axis=0, return_index=True)
    kept = np.sort(first)
    return {
        f"{process}_id": ids[kept].astype(np.int8),
        f"{process}_p3": momentum[kept],
        f"{process}_x": incoming[kept][..., _ENERGY].astype(np.float32),
    }


def _ordered(particles: FloatArray, chosen: NDArray[np.bool_], key: FloatArray) -> FloatArray:
    """The chosen particles of each event (as many in each), by rising key."""
    order = np.argsort(np.where(chosen, key, np.inf), axis=1, kind="stable")[
        :, : int(chosen[0].sum())
    ]
    return np.take_along_axis(particles, order[..., None], axis=1)
