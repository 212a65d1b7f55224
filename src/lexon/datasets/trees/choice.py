"""Which branches of several files are read: looked at once, before any of their entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from lexon.datasets.trees.tables import Table


@dataclass(frozen=True)
class Choice:
    """Branches and sizes of all files.

    Attributes:
        chosen: the branch that is read, by the names that the mapping gives for it.
        types: files by the type that a branch has there, by branch.
        entries: of each file.
    """

    chosen: dict[tuple[str, ...], str]
    types: dict[str, dict[str, list[str]]]
    entries: dict[Path, int]

    @property
    def names(self) -> list[str]:
        """Every branch that is read, once."""
        return list(dict.fromkeys(self.chosen.values()))

    def sentences(self) -> Iterator[str]:
        """What was chosen among several branches, and what differs between files."""
        for names, chosen in self.chosen.items():
            if len(names) > 1:
                yield f"Of the branches {', '.join(names)}, {chosen} was taken."
        for name in self.names:
            if len(types := self.types[name]) > 1:
                kinds = "; ".join(f"{kind} in {', '.join(files)}" for kind, files in types.items())
                yield f"Branch {name} has different types in different files: {kinds}."
        if empty := [file.name for file, n in self.entries.items() if not n]:
            yield f"Files without entries: {', '.join(empty)}."


def choose(
    sought: Sequence[tuple[str, tuple[str, ...]]],
    files: Sequence[Path],
    opened: Callable[[Path], AbstractContextManager[Table]],
) -> Choice:
    """Of each group of names the first that all files have.

    Args:
        sought: what each group is, and its names, as `EventBranches.sought` says.

    Raises:
        DataError: a file has none of them, or files have different ones.
    """
    common = {names: list(names) for _, names in sought}
    choice = Choice({}, {}, {})
    for file in files:
        with opened(file) as table:
            for what, names in sought:
                left = [name for name in common[names] if table.has(name)]
                if not left:
                    raise table.missing(what, names, _elsewhere(choice, common[names]))
                common[names] = left
            choice.entries[file] = table.n
            for name in {name for names in common.values() for name in names}:
                files_of = choice.types.setdefault(name, {})
                files_of.setdefault(table.type_of(name), []).append(file.name)
    choice.chosen.update({names: left[0] for names, left in common.items()})
    return choice


def _elsewhere(choice: Choice, names: Sequence[str]) -> str:
    """The half sentence on an earlier file that has what this one has not."""
    first = next(iter(choice.entries), None)
    return "" if first is None else f", and {first.name} has {names[0]}"
