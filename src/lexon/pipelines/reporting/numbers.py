"""Numbers in sentences and tables, readable whatever their size."""

from __future__ import annotations

import math

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
