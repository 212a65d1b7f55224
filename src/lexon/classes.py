"""Classes: named groups of process labels, the signal first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from lexon.config import LABEL_SETS, Label
from lexon.errors import ConfigurationError

REST = "rest"


@dataclass(frozen=True)
class ClassMap:
    """The classes that a classifier distinguishes.

    Attributes:
        class_names: the signal first; the index is the target.
        lookup: class index of each label that is in a class.
        label_names: name of every label of the file.
    """

    class_names: tuple[str, ...]
    lookup: dict[int, int]
    label_names: dict[int, str]

    @classmethod
    def resolve(
        cls,
        classes: Mapping[str, Label | Collection[Label]],
        label_names: Mapping[int, str],
        present: Mapping[str, Collection[int]],
    ) -> Self:
        """Match the parameter `classes` with the labels of a file.

        Args:
            classes: a label, its name, several of either, or ``rest`` (all labels that no other
                class names), by class. Names are case-sensitive: a file may have both ``WW`` and
                ``ww``.
            label_names: name of every label of the file.
            present: labels with events, by split.

        Raises:
            ConfigurationError: a class that matches nothing, a label in two classes, fewer than two
                classes, or a class without events in a split.
        """
        if len(classes) < 2:
            raise ConfigurationError(
                f"classes={dict(classes)}: a classifier needs at least two, e.g. {{signal: ...,"
                " background: rest}"
            )
        groups = _groups(classes, label_names)
        lookup: dict[int, int] = {}
        for index, name in enumerate(classes):
            _check_group(name, groups[name], label_names, present)
            for label in groups[name]:
                if label in lookup:
                    twice = f"{list(classes)[lookup[label]]} and {name}"
                    raise ConfigurationError(
                        f"classes: label {label} ({label_names[label]}) is in both {twice}; leave"
                        " it in one"
                    )
                lookup[label] = index
        return cls(tuple(classes), lookup, dict(label_names))

    def targets(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Class index of each label; -1 for an event that is in no class."""
        distinct, inverse = np.unique(labels, return_inverse=True)
        return np.array([self.lookup.get(int(label), -1) for label in distinct], np.int64)[inverse]

    def is_background(self, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """True for events of any class but the first."""
        return self.targets(labels) > 0

    @property
    def names_signal(self) -> bool:
        """Whether the first class is a signal, the others its background: there are two, or its
        name is signal.
        """
        return len(self.class_names) == 2 or self.class_names[0] == "signal"

    def population(
        self, asked: Literal["auto", "background", "all"]
    ) -> Literal["background", "all"]:
        """Which events a tokeniser is fitted on: ``auto`` is ``background`` where `names_signal`,
        else ``all``.
        """
        if asked == "auto":
            return "background" if self.names_signal else "all"
        return asked

    def to_fit_on(
        self, population: Literal["auto", "background", "all"], labels: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], str]:
        """The events that a tokeniser is fitted on (`population`), never those in no class; and a
        sentence that names them.
        """
        if self.population(population) == "background":
            names = ", ".join(name for name in self.class_names[1:] if name != "background")
            return self.is_background(labels), "fitted on the background" + (
                f": {names}" if names else ""
            )
        return self.targets(labels) >= 0, f"fitted on all classes: {', '.join(self.class_names)}"


def _groups(
    classes: Mapping[str, Label | Collection[Label]], label_names: Mapping[int, str]
) -> dict[str, list[int]]:
    """Labels of each class; those of ``rest`` are in no other."""
    groups = {
        name: _labels(name, wanted, label_names)
        for name, wanted in classes.items()
        if wanted != REST
    }
    rest = set(label_names).difference(*groups.values())
    for name in classes.keys() - groups.keys():
        groups[name] = [label for label in label_names if label in rest]
    return groups


def _labels(
    name: str, wanted: Label | Collection[Label], label_names: Mapping[int, str]
) -> list[int]:
    entries: Collection[Label] = [wanted] if isinstance(wanted, int | str) else wanted
    return list(dict.fromkeys(_label(name, entry, label_names) for entry in entries))


def _label(name: str, entry: Label, label_names: Mapping[int, str]) -> int:
    if entry in label_names:
        return int(entry)
    by_name = {text: label for label, text in label_names.items()}
    if isinstance(entry, str) and entry in by_name:
        return by_name[entry]
    in_any_case = {text.lower(): text for text in by_name}
    guess = get_close_matches(str(entry).lower(), in_any_case, n=1)
    hint = f"; did you mean {in_any_case[guess[0]]}?" if guess else ""
    found = f"the file has no such label, but {_list(label_names)}{hint}"
    raise ConfigurationError(f"classes.{name}={entry}: {found}; {_remedy(name, label_names)}")


def _check_group(
    name: str,
    labels: list[int],
    label_names: Mapping[int, str],
    present: Mapping[str, Collection[int]],
) -> None:
    if not labels:
        raise ConfigurationError(
            f"classes.{name} matches nothing; the file has {_list(label_names)}"
        )
    for split, labels_in_split in present.items():
        if set(labels).isdisjoint(labels_in_split):
            raise ConfigurationError(
                f"classes.{name}: the {split} split has no such event; the file has"
                f" {_list(label_names)}"
            )


def _list(label_names: Mapping[int, str]) -> str:
    return ", ".join(
        str(label) if name == str(label) else f"{label} ({name})"
        for label, name in label_names.items()
    )


def _remedy(name: str, label_names: Mapping[int, str]) -> str:
    """The ways to name a label, for an error message."""
    if any(text != str(label) for label, text in label_names.items()):
        return (
            f"choose one of these, by name or number (classes.{name}={next(iter(label_names), 1)})"
        )
    labels = list(label_names)
    fitting = [
        f"events.label_names={known} for {_list(names)}"
        for known, names in LABEL_SETS.items()
        if set(names) == set(labels)
    ]
    ways = [
        f"the number (classes.{name}={labels[0]})",
        f"a name for it (events.label_names.{labels[0]}=NAME)",
        *fitting,
    ]
    return f"its labels have no names: give {', or '.join(ways)}"
