"""VQ-VAEs in the folders of other runs: whether the one that is asked for is there, and if not,
what is there instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lexon.experiments.members import differences
from lexon.experiments.nested import flatten

# Where a user sets what a VQ-VAE is made from; all else is in the group `vqvae`.
_HOMES = {
    "vector": "vector",
    "pid": "pid",
    "n_bins": "binning.n_bins",
    "fit_on": "binning.fit_on",
    "seed": "the seed",
}
_SHOWN = 6


def why_not_there(folder: Path, name: str, settings: Mapping[str, Any]) -> str:
    """Why a folder does not hold a VQ-VAE; empty where it does.

    Args:
        folder: 03_primary/EXPERIMENT/RUN of the other run.
        name: of the tokeniser that is asked for, e.g. ``vqvae_4_3f2a9c01``.
        settings: that it is made from.
    """
    parts = [
        folder / file for file in (f"{name}.pt", f"{name}_diagnostics.json", f"{name}_history.csv")
    ]
    missing = [path.name for path in parts if not path.is_file()]
    if not missing:
        return ""
    if len(missing) < len(parts):
        return f"{folder} lacks {' and '.join(missing)}, so its VQ-VAE is incomplete; run it again"
    others = [
        found
        for path in sorted(folder.glob("vqvae_*_diagnostics.json"))
        if (found := _settings(path))
    ]
    if not others:
        return f"no VQ-VAE in {folder}; {_with_one(folder.parent)}"
    nearest = min(others, key=lambda other: len(differences(other, settings)))
    there, here = flatten(nearest), flatten(settings)
    listed = [
        f"{_typed(key)} is {there.get(key)} there and {here.get(key)} here"
        for key in differences(nearest, settings)
    ]
    return f"its VQ-VAE was made with other parameters: {'; '.join(listed[:_SHOWN])}"


def _settings(path: Path) -> dict[str, Any]:
    """The settings of a VQ-VAE by its diagnostics; nothing where these cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    settings = found.get("settings") if isinstance(found, dict) else None
    return settings if isinstance(settings, dict) else {}


def _with_one(experiment: Path) -> str:
    runs = sorted({path.parent.name for path in experiment.glob("*/vqvae_*.pt")})
    return (
        f"runs of {experiment.name} that have one: {', '.join(runs)}"
        if runs
        else f"no run of {experiment.name} has one yet"
    )


def _typed(key: str) -> str:
    return _HOMES.get(key, f"vqvae.{key}")
