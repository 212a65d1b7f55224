"""Numbers, intervals and settings as words, the same in every report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from lexon.experiments.nested import unflatten
from lexon.statistics import Interval

LARGE = 1e4  # beyond, digits after the point say nothing
UNKNOWN = "unknown"


def number(value: float | None, digits: int, sign: str = "") -> str:
    """``0.330``, ``-1.2e+57`` for what has diverged, ``unknown`` for what has no number; `sign` is
    a format's.
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    # z: what rounds to zero has no minus.
    return f"{value:{sign}z.{digits}f}" if abs(value) < LARGE else f"{value:{sign}.2g}"


def bounded(estimate: float, low: float, high: float, digits: int, sign: str = "") -> str:
    """``0.812 [0.801, 0.823]``, or with the sign ``+`` as a difference."""
    return (
        f"{number(estimate, digits, sign)} [{number(low, digits, sign)},"
        f" {number(high, digits, sign)}]"
    )


def paired(row: Mapping[str, Any], digits: int = 3) -> str:
    """A difference of a table, with the interval that holds for all of the table."""
    return bounded(row["difference"], row["low_all"], row["high_all"], digits, "+")


def listing(texts: Sequence[str], most: int) -> str:
    """The first texts, and how many more there are."""
    more = [f"and {len(texts) - most} more in the table"] if len(texts) > most else []
    return "; ".join([*texts[:most], *more])


def members_without(what: str, reasons: Mapping[str, Sequence[str]], most: int) -> list[str]:
    """Members that something lacks, by reason, a sentence each."""
    return [
        f"{what}: {counted(len(names), 'member')}, {reason}: {listing(names, most)}."
        for reason, names in reasons.items()
    ]


def with_interval(interval: Interval, digits: str) -> str:
    """``0.812 [0.801, 0.823]`` with digits as a format has them, for numbers that span many powers
    of ten.
    """
    return f"{interval.estimate:{digits}} [{interval.low:{digits}}, {interval.high:{digits}}]"


def share(interval: Interval) -> str:
    """A relative change as ``+12.0 % [+8.0 %, +15.0 %]``, or beyond a factor of ten in either
    direction as factors.
    """
    return f"{_share(interval.estimate)} [{_share(interval.low)}, {_share(interval.high)}]"


def _share(value: float) -> str:
    return f"{value:+.1%}".replace("%", " %") if -0.9 < value < 9 else f"x {value + 1:.3g}"


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


def level_words(axis: str, value: Any) -> str:
    """A level of an axis of classifiers where the axis goes without saying: ``max``, ``no MET``,
    ``vector 4``.
    """
    name = axis_words(axis)
    if value in (None, "none"):
        return f"all {name}" if axis == "n_train" else f"no {name}"
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return value if isinstance(value, str) else f"{name} {value}"


def setting_words(axes: Mapping[str, Any]) -> str:
    """`{"autoencoder.encoder": "mlp", "training.lr": 0.1}` -> ``encoder mlp, lr 0.1``; a list is
    written ``64-32``.
    """
    return ", ".join(f"{axis_words(axis)} {_level(value)}" for axis, value in axes.items())


def _level(value: Any) -> str:
    many = isinstance(value, list | tuple)
    return "-".join(str(one) for one in value) if many else str(value)


def parameter_file(values: Mapping[str, Any], *remarks: str) -> str:
    """YAML that any experiment's folder, or conf/local, can hold.

    Args:
        values: by dotted key; ``a.b`` is the key ``b`` of the group ``a``.
        remarks: comment lines above them.
    """
    nested = unflatten(values)
    head = "".join(f"# {remark}\n" for remark in remarks)
    return head + (yaml.safe_dump(nested) if nested else "")
