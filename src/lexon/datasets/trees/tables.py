"""A ROOT tree or a Parquet file as a table with one row an event, whose columns hold a number or a
list of numbers in each.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.errors import ConfigurationError, DataError

SHOWN_NAMES = 5
INSTALL = "pip install 'lexon[root]'"


@dataclass(frozen=True)
class Column:
    """A branch of n events.

    Attributes:
        values: numbers or texts, [k], event by event.
        counts: how many of them each event has, int64 [n]; None where each has exactly one, and no
            list.
        missing: events for which the file holds nothing, bool [n]; None where there is none.
    """

    values: NDArray[Any]
    counts: NDArray[np.int64] | None = None
    missing: NDArray[np.bool_] | None = None

    def head(self, n: int) -> Column:
        """That of the first `n` events."""
        counts = None if self.counts is None else self.counts[:n]
        k = n if counts is None else int(counts.sum())
        return Column(self.values[:k], counts, None if self.missing is None else self.missing[:n])


Columns = Mapping[str, Column]


class Table(ABC):
    """A file that is open.

    Attributes:
        path: of the file.
        where: file and tree, for messages.
        n: entries.
    """

    def __init__(self, path: Path, where: str, n: int) -> None:
        self.path, self.where, self.n = path, where, n

    @property
    @abstractmethod
    def names(self) -> Collection[str]:
        """Every branch."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether there is a branch of this name."""

    @abstractmethod
    def type_of(self, name: str) -> str:
        """The type of a branch in the words of the format."""

    @abstractmethod
    def chunks(self, names: Sequence[str], n: int) -> Iterator[Columns]:
        """These branches of all entries, n at a time.

        Raises:
            DataError: the file is damaged, or a branch holds something else than numbers, texts or
                lists of numbers.
        """

    def missing(self, what: str, names: Sequence[str], also: str = "") -> DataError:
        """The error of a branch that is not there; `what` it is in the mapping."""
        near = get_close_matches(names[0], self.names, n=SHOWN_NAMES, cutoff=0.7)
        there = f"near to it is {', '.join(near)}" if near else f"there are {self._others()}"
        group, _, _ = what.partition(".")
        leave_out = (
            f", or leave {group} out with events.branches.{group}=null"
            if group in ("jets", "electrons", "muons", "photons")
            else ""
        )
        if what == "weight":
            return DataError(
                f"{self.where}: there is no branch {names[0]}, which events.weight names{also};"
                f" {there}. Name the right one with events.weight, or leave it out"
            )
        return DataError(
            f"{self.where}: there is no branch {' or '.join(names)}, which events.branches.{what}"
            f" names{also}; {there}. Name the right one with events.branches.{what}{leave_out}"
            " (beside that, a ready mapping is events.branches.like=NAME)"
        )

    def _others(self) -> str:
        names = sorted(self.names)
        return ", ".join(names[:SHOWN_NAMES]) + (
            f" and {len(names) - SHOWN_NAMES:,} others" if len(names) > SHOWN_NAMES else ""
        )

    def unusable(self, name: str) -> DataError:
        """The error of a branch that is neither numbers nor texts nor lists of numbers."""
        return DataError(
            f"{self.where}: branch {name} has the type {self.type_of(name)}; a number or a text an"
            " event, or a list of numbers, can be read"
        )


def damaged(where: str, error: BaseException) -> DataError:
    """The error of a file that cannot be read."""
    return DataError(
        f"{where}: cannot be read ({_in_a_line(error)}); is it complete? Copy or write it again"
    )


def library(name: str, path: Path) -> ModuleType:
    """A library that reads a format.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigurationError(
            f"{path}: reading it takes {name}, which is not installed: {INSTALL}"
        ) from error


def _in_a_line(error: BaseException) -> str:
    """The first line of what a library says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0][:200].rstrip(" ,")
