"""The grid that a folder of members records: a report made from a folder shows what is there,
whatever is asked now.

What a member is follows from its recorded parameters; those that are asked for now only serve to
compare. A parameter that differs in the same way for all members is how the folder was made. Where
the members disagree, most finished ones decide, and the others are stale.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeVar

import yaml

from lexon.experiments.copies import distinct, once_along
from lexon.experiments.members import Member, cell_name, differences
from lexon.experiments.nested import flatten, unflatten

SHOWN = 6  # parameters, or names of members, in one remark
T = TypeVar("T", bound=Hashable)
_FINISHED = 1000  # votes of a finished member; one that is not finished decides only where none is
_ABSENT, _OWN = "not set", "the member's own seed"

Configure = Callable[[Mapping[str, Any], int], dict[str, Any] | None]


@dataclass(frozen=True)
class Recorded:
    """A member as its folder records it.

    Attributes:
        folder: its name.
        config: `MemberConfig` as plain data; None where the record cannot be read.
        cell: the value of each axis.
        place: in the plan that it was trained for; None in records that do not hold it.
        done: whether it is finished.
    """

    folder: str
    config: dict[str, Any] | None
    cell: dict[str, Any]
    seed: int
    place: int | None
    done: bool

    @property
    def key(self) -> str:
        return _key(self.cell, self.seed)

    @property
    def votes(self) -> int:
        return _FINISHED * self.done + 1


@dataclass(frozen=True)
class Plan:
    """The members that a report shows, and what a reader must know of how they were chosen."""

    members: tuple[Member, ...]
    remarks: tuple[str, ...]


def recorded_plan(
    recorded: Sequence[Recorded], asked: Sequence[Member], configure: Configure
) -> Plan:
    """The grid of a folder: its members, and cells of the same grid that have none yet.

    Args:
        recorded: what the folder holds.
        asked: the members that the present parameters ask for; they stand as they are where the
            folder agrees with them.
        configure: the configuration that the present parameters give a cell and a seed; None where
            they cannot.
    """
    if not recorded:
        return Plan(tuple(asked), ())
    in_plan = {_key(member.cell, member.seed): member for member in asked}
    shown, left_out = _one_grid(recorded, asked)
    wanted = {one.key: _wanted(one.cell, one.seed, in_plan, configure) for one in shown}
    rules = _Rules.of(shown, wanted)
    remarks = [*rules.remarks(), *_other_grids(left_out, shown)]
    if not left_out and not rules.changed and in_plan.keys() >= wanted.keys():
        return Plan(tuple(asked), tuple(remarks))
    members = _members(_in_order(shown, asked), in_plan, configure, rules)
    return Plan(tuple(members), (*remarks, *_not_shown(asked, members)))


def cell_of(
    folder: str, keys: Sequence[str], config: Mapping[str, Any]
) -> tuple[dict[str, Any], int] | None:
    """Cell and seed from the name of a member's folder, for records that hold no cell; None where
    the name is no member's.

    Args:
        keys: dotted parameters that may be axes.
        config: the member's recorded configuration, where values are looked up: a name has no dots,
            and no capital letters.
    """
    name, found, seed = folder.rpartition("__seed_")
    if not found or not re.fullmatch(r"\d{1,18}", seed):
        return None
    if name == "single":
        return {}, int(seed)
    cell = {}
    for part in name.split("__"):
        axis = max(
            (key for key in keys if part.startswith(f"{cell_name({key: ''})}")),
            key=len,
            default=None,
        )
        if axis is None:
            return None
        cell[axis] = _value(axis, part, config)
    return cell, int(seed)


def _value(axis: str, part: str, config: Mapping[str, Any]) -> Any:
    leaf = axis.rpartition(".")[2]
    for key, value in flatten(config).items():
        if key.rpartition(".")[2] == leaf and cell_name({axis: value}) == part:
            return value
    text = part.removeprefix(cell_name({axis: ""}))
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _one_grid(
    recorded: Sequence[Recorded], asked: Sequence[Member]
) -> tuple[list[Recorded], list[Recorded]]:
    """Members of the grid with most finished members, and those of other axes: one table has one
    set of columns.
    """
    votes: Counter[tuple[str, ...]] = Counter()
    for one in recorded:
        votes[tuple(sorted(one.cell))] += one.votes
    axes = _elected(votes, preferred=tuple(sorted(asked[0].cell)) if asked else ())
    chosen = [one for one in recorded if tuple(sorted(one.cell)) == axes]
    return chosen, [one for one in recorded if one not in chosen]


def _elected(votes: Counter[T], preferred: T) -> T:
    """The choice of most finished members; in a tie the preferred one, then the choice of most
    members.
    """
    return max(votes, key=lambda name: (votes[name] // _FINISHED, name == preferred, votes[name]))


def _wanted(
    cell: Mapping[str, Any], seed: int, in_plan: Mapping[str, Member], configure: Configure
) -> dict[str, Any] | None:
    member = in_plan.get(_key(cell, seed))
    return member.config if member else configure(cell, seed)


@dataclass(frozen=True)
class _Rules:
    """The folder's parameters as a function of those that are asked for: `values[key][asked]` is
    what most members have instead.
    """

    values: Mapping[str, Mapping[str, Any]]
    changed: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, shown: Sequence[Recorded], wanted: Mapping[str, dict[str, Any] | None]) -> _Rules:
        votes, known = _votes(shown, wanted)
        values: dict[str, dict[str, Any]] = defaultdict(dict)
        changed = {}
        for (key, old), counts in sorted(votes.items()):
            new = _elected(counts, preferred=old)
            shown_old = _ABSENT if old.startswith(_ABSENT) else old
            if new not in (old, shown_old):
                values[key][old] = known.get(new, new)
                changed[key] = (new, shown_old)
        return cls(values, changed)

    def apply(self, config: Mapping[str, Any], seed: int) -> dict[str, Any]:
        """A configuration as the folder's members have it."""
        before = flatten(config)
        flat = dict(before)
        for key, by_old in self.values.items():
            old = _word(key, before, seed) or _beside(key, before)
            if old in by_old:
                new = by_old[old]
                flat.pop(key, None)
                if new != _ABSENT:
                    flat[key] = seed if new == _OWN else new
        return unflatten(flat)

    def remarks(self) -> list[str]:
        if not self.changed:
            return []
        listed = [f"{key}={new} (asked: {old})" for key, (new, old) in self.changed.items()]
        return [
            "The members were made with other parameters than those asked for, and are shown as"
            f" recorded: {_some(listed)}."
        ]


def _votes(
    shown: Sequence[Recorded], wanted: Mapping[str, dict[str, Any] | None]
) -> tuple[dict[tuple[str, str], Counter[str]], dict[str, Any]]:
    """The values that members have recorded instead of each one that is asked for, as words, and
    the value of each word.
    """
    votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    known: dict[str, Any] = {}
    for one in shown:
        asked = wanted[one.key]
        if one.config is None or asked is None:
            continue
        before, after = flatten(asked), flatten(one.config)
        for key in before.keys() | after.keys():
            old, new = (
                _word(key, before, one.seed) or _beside(key, before),
                _word(key, after, one.seed) or _ABSENT,
            )
            votes[key, old][new] += one.votes
            if new not in (_ABSENT, _OWN):
                known[new] = after[key]
    return votes, known


def _members(
    shown: Sequence[Recorded], in_plan: Mapping[str, Member], configure: Configure, rules: _Rules
) -> list[Member]:
    """Every combination of the recorded levels and seeds: as recorded, or else as a member that is
    not run yet.

    Without those that a grid leaves out, for another cell stands for them
    (`lexon.experiments.copies`).
    """
    there = {one.key: one for one in reversed(shown)}
    found: list[Member] = []
    trained = {_text(one.config): one.folder for one in there.values() if one.config}
    axes, seen = _levels(shown), set[str]()
    for cell, seed in _combinations(shown):
        one = there.get(_key(cell, seed))
        config = _config(one, _wanted(cell, seed, in_plan, configure), seed, rules)
        if config is None:
            continue
        name = one.folder if one else f"{cell_name(cell)}__seed_{seed}"
        folder = (
            name if one else trained.get(_text(config), name)
        )  # it may be the same training as an earlier member
        trained.setdefault(_text(config), folder)
        own = distinct([folder], cell, once_along(config["kind"], axes))
        if one or own not in seen:
            found.append(Member(name, cell, seed, config, folder))
        seen.add(own)
    return found


def _combinations(shown: Sequence[Recorded]) -> Iterator[tuple[dict[str, Any], int]]:
    """Each cell of the recorded levels with each recorded seed."""
    axes = _levels(shown)
    seeds = list(dict.fromkeys(one.seed for one in shown))
    for levels in product(*axes.values()):
        for seed in seeds:
            yield dict(zip(axes, levels, strict=True)), seed


def _levels(shown: Sequence[Recorded]) -> dict[str, list[Any]]:
    """The recorded values of each axis."""
    return {
        axis: list({_text(one.cell[axis]): one.cell[axis] for one in shown}.values())
        for axis in shown[0].cell
    }


def _config(
    one: Recorded | None, asked: Mapping[str, Any] | None, seed: int, rules: _Rules
) -> dict[str, Any] | None:
    """The configuration of a member that is not stale: as recorded, or as its siblings' records
    make it expected.

    None where neither a record nor the present parameters determine it.
    """
    expected = rules.apply(asked, seed) if asked is not None else None
    recorded = one.config if one else None
    if recorded is None:
        return expected
    return recorded if expected is None or not differences(recorded, expected) else expected


def _in_order(shown: Sequence[Recorded], asked: Sequence[Member]) -> list[Recorded]:
    """Members as planned when they were trained; where that is unknown, as asked for now, and then
    by name.
    """
    places = {member.name: place for place, member in enumerate(asked)}

    def place(one: Recorded) -> tuple[float, list[Any]]:
        known = one.place if one.place is not None else places.get(one.folder)
        return (known if known is not None else float("inf")), [
            int(text) if text.isdigit() else text for text in re.split(r"(\d+)", one.folder)
        ]

    return sorted(shown, key=place)


def _not_shown(asked: Sequence[Member], members: Sequence[Member]) -> list[str]:
    names = {member.name for member in members}
    missing = [member.name for member in asked if member.name not in names]
    return (
        [f"Asked for, but no part of the folder's grid, and not shown: {_some(missing)}."]
        if missing
        else []
    )


def _other_grids(left_out: Sequence[Recorded], shown: Sequence[Recorded]) -> list[str]:
    if not left_out:
        return []
    axes = ", ".join(shown[0].cell) or "no axis"
    return [
        f"Members of a different grid than this one ({axes}) are in the folder and not shown:"
        f" {_some([one.folder for one in left_out])}."
    ]


def _some(words: Sequence[str]) -> str:
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


def _word(key: str, flat: Mapping[str, Any], seed: int) -> str:
    """A value as a text that compares, or "" without one; a seed that is the member's own is the
    same for all of them.
    """
    if key not in flat:
        return ""
    own = flat[key] == seed and key.rpartition(".")[2] == "seed"
    return _OWN if own else _text(flat[key])


def _beside(key: str, flat: Mapping[str, Any]) -> str:
    """A word for a key that is not set, with the keys beside it: tokenisers of different kinds have
    different ones.
    """
    group = key.rpartition(".")[0]
    return " ".join(
        [_ABSENT, *sorted(other for other in flat if other.rpartition(".")[0] == group)]
    )


def _text(value: Any) -> str:
    return json.dumps(value, default=str, sort_keys=True)


def _key(cell: Mapping[str, Any], seed: int) -> str:
    return f"{json.dumps(cell, sort_keys=True, default=str)} {seed}"
