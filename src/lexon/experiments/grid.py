"""Expansion of a grid into members: a list spans an axis, a scalar pins it, and every pair of cell
and seed is a member.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any

from pydantic import BaseModel

from lexon.config import KINDS, SEEDS, Parameters
from lexon.config.base import MAX_SEEDS
from lexon.config.claims import read_claims, refuse_unknown_names
from lexon.config.fields import takes_list
from lexon.config.names import why_not_a_name
from lexon.errors import ConfigurationError
from lexon.experiments.copies import distinct, once_along
from lexon.experiments.experiment import Experiment
from lexon.experiments.members import Member, cell_name
from lexon.experiments.nested import as_list, flatten, has, unique, value_at, with_values
from lexon.experiments.one_at_a_time import OneAtATime, is_one_at_a_time
from lexon.experiments.validation import levels, validated

# Bytes: a file system takes 255.
LONGEST_MEMBER = 200
SAME_TRAINING = "the same training as another cell: what tells them apart makes no difference to it"
# Of these groups some parameters belong to a member all the same.
OF_A_MEMBER = ("regression.hidden",)
# One file of events and one set of classes serve a whole experiment; these cannot differ between
# its members.
SHARED_GROUPS = (
    "run",
    "events",
    "simulation",
    "tokens",
    "ambre",
    "tags",
    "preset",
    "presets",
    "configurations",
    "classes",
    "evaluation",
    "importance",
    "report",
    "significance",
    "slices",
    "questions",
    "validation",
    "regression",
    "collapse",
    "grid",
    "kind",
    "description",
    "n_seeds",
    "seed",
    "device",
    "vqvae.from",
)


# Mappings whose values may be lists themselves: none of them spans an axis.
GROUPS_OF_LISTS = ("classes.", "presets.", "evaluation.classes.")


def expand(
    name: str, configured: Mapping[str, Any], asked: Mapping[str, Any], origin: Callable[[str], str]
) -> Experiment:
    """The members of a grid.

    Args:
        name: of the experiment.
        configured: parameters from files; the value of an axis may be a list.
        asked: the same with the command line's on top: there a scalar narrows an axis, a list spans
            one.
        origin: file of a dotted key, for messages.

    Raises:
        ConfigurationError: a parameter is unknown or out of range, or an axis cannot be one.
    """
    configured, asked = _with_ambre(configured, asked), _with_ambre(asked, asked)
    axes = _axes(name, asked, configured)
    seeds = _seeds(asked["seed"], asked["n_seeds"], configured["n_seeds"])
    wanted = {axis: levels(axis, value_at(asked, axis)) for axis in axes}
    known = {
        axis: unique([*_replaced_by(asked, configured, axis), *values])
        for axis, values in wanted.items()
    }
    planned: dict[str, Member] = {}
    folders: dict[str, str] = {}
    seen: dict[str, Member] = {}
    selected: set[str] = set()
    plain: set[str] = set()
    first: dict[str, list[Member]] = {}
    parameters: Parameters | None = None
    left_out: Counter[str] = Counter()
    design = _design(known, configured, asked)
    for raw in _cells(known, design, left_out):
        of_cell, configs = validated(with_values(asked, raw), seeds, name, origin)
        if reason := KINDS[of_cell.kind].why_no_cell(of_cell, wanted):
            left_out[reason] += 1
            continue
        parameters = of_cell
        members = [
            _member(seed, config, parameters, axes, folders) for seed, config in configs.items()
        ]
        own = distinct(
            [member.folder for member in members],
            members[0].cell,
            once_along(parameters.kind, known),
        )
        shown = first.setdefault(own, members)
        if shown is members:
            _refuse_one_folder_for_two(name, members, seen)
            planned |= {member.name: member for member in members}
        else:
            left_out[SAME_TRAINING] += 1
        own_seeds = {member.name for member in shown[: parameters.n_seeds]}
        if _is_among(raw, wanted):
            selected |= own_seeds
        elif _is_plain(raw, design):
            plain = own_seeds
    _refuse_empty(name, bool(axes), selected, left_out)
    selected |= plain  # what each of the others is compared with
    if parameters is None:
        raise ConfigurationError(f"{name}: an axis of the grid has no values: {known}")
    _refuse_unknown_questions(parameters, known, f"{name}: questions ({origin('questions')})")
    return Experiment(
        name, parameters, tuple(planned.values()), frozenset(selected), left_out=left_out
    )


def _design(
    known: Mapping[str, list[Any]], configured: Mapping[str, Any], asked: Mapping[str, Any]
) -> OneAtATime | None:
    """Which combinations are cells of the grid; None: all of them."""
    if not is_one_at_a_time(asked):
        return None
    return OneAtATime.of(known, {axis: levels(axis, value_at(configured, axis)) for axis in known})


def _is_plain(cell: Mapping[str, Any], design: OneAtATime | None) -> bool:
    return design is not None and design.is_plain(cell)


def _cells(
    known: Mapping[str, list[Any]], design: OneAtATime | None, left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    """The combinations of values that are cells of the grid; the others are counted."""
    for values in itertools.product(*known.values()):
        cell = dict(zip(known, values, strict=True))
        if design is None or design.has(cell):
            yield cell
        else:
            left_out[design.reason] += 1


def _refuse_unknown_questions(
    parameters: Parameters, known: Mapping[str, list[Any]], where: str
) -> None:
    """The claims of an experiment are about its own axes, and about what its kind measures."""
    claims, kind = read_claims(parameters.questions, where), KINDS[parameters.kind]
    if claims and not kind.statistics:
        raise ConfigurationError(
            f"{where}: an experiment of kind {kind.name} measures nothing that claims could be"
            " about; leave them out"
        )
    refuse_unknown_names(claims, kind.statistics, {**dict.fromkeys(kind.facts, ()), **known}, where)


def _refuse_empty(name: str, is_grid: bool, selected: set[str], left_out: Counter[str]) -> None:
    """Refuse a grid of which nothing is left to run."""
    if left_out and not selected:
        what = (
            "no cell of the grid is left to run" if is_grid else "the parameters do not go together"
        )
        raise ConfigurationError("\n  ".join([f"{name}: {what}:", *left_out]))


def _is_among(cell: Mapping[str, Any], wanted: Mapping[str, list[Any]]) -> bool:
    return all(value in wanted[axis] for axis, value in cell.items())


def _replaced_by(asked: Mapping[str, Any], configured: Mapping[str, Any], axis: str) -> list[Any]:
    """Values of an axis that a report shows though they are not asked for now: a grid of a file,
    narrowed for this run.

    A single value of a file is no grid: the list that is asked for replaced it.
    """
    value = value_at(configured, axis)
    return (
        levels(axis, value)
        if isinstance(value, list) or not isinstance(value_at(asked, axis), list)
        else []
    )


def _with_ambre(parameters: Mapping[str, Any], asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """A grid over tokenisers includes Ambre's tokens as soon as `ambre.path` is set."""
    tokenisers = parameters["tokeniser"]
    if asked["ambre"]["path"] is None or not isinstance(tokenisers, list) or "ambre" in tokenisers:
        return parameters
    return {**parameters, "tokeniser": [*tokenisers, "ambre"]}


def _member(
    seed: int,
    config: dict[str, Any],
    parameters: Parameters,
    axes: list[str],
    folders: dict[str, str],
) -> Member:
    """A cell with a seed; `folders` are those of the configurations before it, of which one may be
    the same training.
    """
    # 1e-3 in a file is a text, and the same learning rate as 0.001.
    cell = {axis: _typed(parameters, axis) for axis in axes}
    name = f"{cell_name(cell)}__seed_{seed}"
    same = folders.setdefault(json.dumps(config, sort_keys=True), name)
    return Member(name, cell, seed, config, same)


def _typed(parameters: Parameters, axis: str) -> Any:
    """A value as its type has it: choices that are left out of a dump at their default are there
    too.
    """
    value: Any = reduce(getattr, axis.split("."), parameters)
    return value.model_dump() if isinstance(value, BaseModel) else value


def _refuse_one_folder_for_two(
    experiment: str, members: list[Member], seen: dict[str, Member]
) -> None:
    """Refuse cells whose names differ in case only, or not at all: on some file systems, or on all,
    one would overwrite the other.

    Args:
        seen: members by their name in small letters; grows.
    """
    for member in members:
        other = seen.setdefault(member.name.casefold(), member)
        if other.cell != member.cell:
            axis = next(axis for axis, value in member.cell.items() if other.cell[axis] != value)
            raise ConfigurationError(
                f"{experiment}: {axis}={other.cell[axis]} and {axis}={member.cell[axis]} would"
                f" share the folder {other.name}; rename one"
            )
        if reason := why_not_a_name(member.name, LONGEST_MEMBER):
            raise ConfigurationError(
                f"{experiment}: a member would be called {member.name[:80]}...: {reason}; shorten a"
                " value of its axes"
            )


def _axes(name: str, asked: Mapping[str, Any], configured: Mapping[str, Any]) -> list[str]:
    """The experiment's axes, and every scalar that the command line made a list."""
    lists = [
        key
        for key, value in flatten(asked).items()
        if isinstance(value, list) and not f"{key}.".startswith(GROUPS_OF_LISTS)
    ]
    # Edges of slices, say, are one value that all members share.
    values = {key for key in lists if takes_list(key) and _is_shared(key)}
    spanned = [
        key
        for key in lists
        if key not in values and not isinstance(value_at(configured, key), list)
    ]
    axes = unique([*as_list(asked["grid"]["axes"]), *spanned])
    for axis in axes:
        if _is_shared(axis):
            raise ConfigurationError(
                f"{name}: grid.axes: {axis} is shared by all members of an experiment; run it once"
                " per value with run=NAME"
            )
        if not has(asked, axis):
            raise ConfigurationError(f"{name}: grid.axes: {axis} is not a parameter")
    return axes


def _is_shared(key: str) -> bool:
    """Whether all members of an experiment have the same value of a parameter."""
    return key not in OF_A_MEMBER and (
        key in SHARED_GROUPS or key.split(".", maxsplit=1)[0] in SHARED_GROUPS
    )


def _seeds(first: int, *counts: Any) -> list[int]:
    """As many seeds as the largest of the counts; what is no integer is refused later."""
    count = max((count for count in counts if isinstance(count, int)), default=1)
    usual = unique([first, *SEEDS])
    further = (seed for seed in itertools.count(usual[-1] + 1) if seed not in usual)
    return [*usual, *itertools.islice(further, min(count, MAX_SEEDS))][:count]
