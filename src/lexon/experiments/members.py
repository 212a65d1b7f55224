"""A member: one training, one folder, one row; what it is called, and what its folder holds."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lexon.config.embeddings import TABLE
from lexon.experiments.nested import flatten

if TYPE_CHECKING:  # pandas and scikit-learn would cost every command, `kedro --help` too, a second
    import pandas as pd
    from numpy.typing import NDArray

    from lexon.metrics.scores import Scores

Status = Literal["done", "running", "failed", "pending", "stale"]


@dataclass(frozen=True)
class Member:
    """One planned training.

    Attributes:
        name: folder and namespace, e.g. ``pool_max__met_true__seed_42``.
        cell: the value of each axis of the grid; empty for a study of one cell.
        seed: of initialisation, dropout and batch order.
        config: `MemberConfig` as plain data.
        folder: the member that is trained for it: itself, unless an earlier one has the same
            configuration.
    """

    name: str
    cell: dict[str, Any]
    seed: int
    config: dict[str, Any]
    folder: str

    @property
    def cell_name(self) -> str:
        """The member's name without its seed."""
        return cell_name(self.cell)


@dataclass(frozen=True)
class Result:
    """The content of a member's folder.

    Attributes:
        member: what the experiment's present parameters ask for.
        status: ``stale`` when the folder was made with other parameters: shown, but in no
            statistics.
        notes: why it failed, or which parameters differ.
        record: run.json (parameters, seed, parameter count, device, versions, timings), or empty.
        metrics: metrics.json, ``{"train": {...}, "val": {...}, "test": {...}}``, or empty.
        history: one row an epoch, or None.
        scores: a classifier's test scores, or None.
        arrays: what any other kind of member keeps of the test split, or None.
    """

    member: Member
    status: Status
    notes: str
    record: dict[str, Any]
    metrics: dict[str, dict[str, float]]
    history: pd.DataFrame | None
    scores: Scores | None = None
    arrays: Mapping[str, NDArray[Any]] | None = None


def is_member(namespace: str) -> bool:
    """Whether a namespace is that of a member, ``<experiment>.grid.<member>``."""
    return ".grid." in namespace


def cell_name(cell: dict[str, Any]) -> str:
    """`{"pool": "max", "training.lr": 0.1}` -> ``pool_max__training_lr_0_1``; an empty cell is
    called ``single``, a list ``64x32``.
    """
    parts = [f"{axis}_{_written(value)}" for axis, value in cell.items()]
    return (
        re.sub(r"[^\w-]", "_", "__".join(parts)) or "single"
    )  # a dot would be a namespace to Kedro, a slash a folder


def _written(value: Any) -> str:
    return (
        "x".join(str(item) for item in value)
        if isinstance(value, list | tuple)
        else str(value).lower()
    )


def tokeniser_name(config: Mapping[str, Any]) -> str:
    """A folder name that tells one tokeniser from another, e.g. ``direct_4``,
    ``binned_5_auto_correct``, ``vqvae_4_3f2a9c01``.
    """
    of_events = ("kind", "pid", "weight")  # weights make no other tokens
    settings = {key: value for key, value in config.items() if key not in of_events}
    if "training" in settings:  # too much to spell out
        learnt = json.dumps(settings, sort_keys=True).encode()
        settings = {"vector": settings["vector"], "digest": hashlib.sha256(learnt).hexdigest()[:8]}
    hidden = [] if config.get("pid", True) else ["no_pid"]
    return "_".join([str(config["kind"]), *(str(value) for value in settings.values()), *hidden])


def shown_as(config: Mapping[str, Any]) -> tuple[str, str]:
    """What tells one way to show events from others: the tokens, and what the network makes of them
    (`model.embedding`).

    Args:
        config: of a classifier. `vector` is an axis of its own, and a seed tells trainings of one
            tokeniser apart.
    """
    tokens = {
        name: value for name, value in config["tokeniser"].items() if name not in ("vector", "seed")
    }
    return json.dumps(tokens, sort_keys=True), config.get("classifier", {}).get("embedding", TABLE)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The dotted keys at which two configurations differ."""
    before, after = flatten(old), flatten(new)
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
