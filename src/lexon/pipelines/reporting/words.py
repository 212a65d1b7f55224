"""Numbers, intervals and settings as words, the same in every report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

LARGE = 1e4  # beyond, digits after the point say nothing
UNKNOWN = "unknown"


def number(value: float | None, digits: int, sign: str = "") -> str:
    """``0.330``, ``-1.2e+57`` for what has diverged, ``unknown`` for what has no number; `sign` is a format's."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:{sign}.{digits}f}" if abs(value) < LARGE else f"{value:{sign}.2g}"


def percentage(value: float | None) -> str:
    """A share as ``14%``."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:.0%}" if 100 * abs(value) < LARGE else f"{100 * value:.2g}%"


def counted(n: int, noun: str) -> str:
    """``1 seed``, ``2 seeds``."""
    return f"{n} {noun}{'s' * (n != 1)}"


def capital(text: str) -> str:
    """The text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def joined(*parts: str) -> str:
    """The parts that are not empty, with commas."""
    return ", ".join(part for part in parts if part)


def axis_words(axis: str) -> str:
    """``training.lr`` -> ``lr``, ``met`` -> ``MET``."""
    known = {"met": "MET", "n_train": "training events", "regression.hidden": "architecture"}
    return known.get(axis, axis.rsplit(".", 1)[-1].replace("_", " "))


def setting_words(axes: Mapping[str, Any]) -> str:
    """`{"autoencoder.encoder": "mlp", "training.lr": 0.1}` -> ``encoder mlp, lr 0.1``; a list is written ``64-32``."""
    return ", ".join(f"{axis_words(axis)} {_level(value)}" for axis, value in axes.items())


def _level(value: Any) -> str:
    many = isinstance(value, list | tuple)
    return "-".join(str(one) for one in value) if many else str(value)
