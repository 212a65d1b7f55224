"""An experiment is a grid of cells times seeds; each pair is a member: one training, one folder, one row.

This module knows how a grid becomes members, what they are called, and what a report reads back of them.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ValidationError

from lexon.config import Parameters, binned_config, event_data, member_config, simulated_events
from lexon.config.reading import why_unread
from lexon.errors import ConfigurationError

if TYPE_CHECKING:  # pandas and scikit-learn would cost every command, `kedro --help` too, a second
    import pandas as pd
    from numpy.typing import NDArray

    from lexon.metrics.scores import Scores

# The usual first seeds of the field's studies; more are counted up from the last.
SEEDS = (42, 123, 314, 271, 577)
# One file of events and one set of classes serve a whole experiment; these cannot differ between its members.
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
    "report",
    "validation",
    "regression",
    "collapse",
    "grid",
    "kind",
    "description",
    "n_seeds",
    "seed",
    "device",
)

Status = Literal["done", "running", "failed", "pending", "stale"]


@dataclass(frozen=True)
class Member:
    """One planned training.

    Attributes:
        name: folder and namespace, e.g. ``pool_max__met_true__seed_42``.
        cell: the value of each axis of the grid; empty for a study of one cell.
        seed: of initialisation, dropout and batch order.
        config: `MemberConfig` as plain data.
        folder: the member that is trained for it: itself, unless an earlier one has the same configuration.
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
    """What a member's folder holds.

    Attributes:
        member: what the experiment's present parameters ask for.
        status: ``stale`` when the folder was made with other parameters: shown, but in no statistics.
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
    """`{"pool": "max", "training.lr": 0.1}` -> ``pool_max__training_lr_0_1``; an empty cell is called ``single``."""
    parts = [f"{axis}_{str(value).lower()}" for axis, value in cell.items()]
    return re.sub(r"[^\w-]", "_", "__".join(parts)) or "single"  # a dot would be a namespace to Kedro, a slash a folder


@dataclass(frozen=True)
class Experiment:
    """An expanded experiment.

    Attributes:
        name: folder of conf/experiments, namespace of its pipeline.
        parameters: those that all members share (any cell's will do).
        planned: every member of the whole grid: what a report shows.
        selected: names of the members to run now; narrower than `planned` where an axis was pinned.
    """

    name: str
    parameters: Parameters
    planned: tuple[Member, ...]
    selected: frozenset[str]

    @property
    def trained(self) -> list[Member]:
        """The members to train now: one per configuration."""
        wanted = {member.folder for member in self.planned if member.name in self.selected}
        return [member for member in self.planned if member.name in wanted]

    @property
    def tokenisers(self) -> dict[str, dict[str, Any]]:
        """The distinct tokenisers of the trained members, by name."""
        configs = [member.config["tokeniser"] for member in self.trained if "tokeniser" in member.config]
        return {tokeniser_name(config): config for config in configs}

    @property
    def tokeniser_kinds(self) -> dict[str, str]:
        """``direct``, ``binned``, ... by name of the tokeniser."""
        return {name: config["kind"] for name, config in self.tokenisers.items()}

    @property
    def token_file(self) -> tuple[str, str]:
        """Name and kind of the tokeniser whose file `data_engineering` writes: the study's own, or the binned one."""
        own = {name: kind for name, kind in self.tokeniser_kinds.items() if kind in ("binned", "vqvae")}
        binned = binned_config(self.parameters)
        return next(iter(own.items()), (tokeniser_name(binned.model_dump()), binned.kind))

    @property
    def starts_from_events(self) -> bool:
        """Whether events are made or read, or a finished token file takes their place."""
        parameters = self.parameters
        match parameters.kind:
            case "regression":
                return parameters.regression.source == "events"
            case "classifier":
                return parameters.tokens.path is None
            case "token_comparison":
                return parameters.tokens.path is None or parameters.events.source == "file"
        return True

    def why_unread(self, key: str, kind: str | None = None) -> str:
        """Why a dotted parameter makes no difference here, taken as another `kind` where one is given; empty where it does."""
        tokenisers = {member.config["tokeniser"]["kind"] for member in self.planned if "tokeniser" in member.config}
        return why_unread(key, kind or self.parameters.kind, self.parameters, tokenisers)

    def refuse_one_file_for_many_tokenisers(self) -> None:
        """A finished token file is one representation: rows of a grid would show it under the names of several.

        Raises:
            ConfigurationError: the axes to pin.
        """
        if self.parameters.kind != "classifier" or self.parameters.tokens.path is None:
            return
        cells = [member.cell for member in self.planned if member.name in self.selected and member.config["tokeniser"]["kind"] == "file"]
        for axis in ("tokeniser", "vector", "pid"):
            if len({cell.get(axis) for cell in cells}) > 1:
                raise ConfigurationError(
                    f"{self.name}: tokens.path is one representation, but {axis} has several values; pin it, e.g. "
                    f"--params {axis}={cells[-1][axis]}, or leave tokens.path out"
                )

    def kedro_parameters(self) -> dict[str, Any]:
        """What the nodes of this experiment's namespace may ask for, as plain data."""
        shared = self.parameters.model_dump(mode="json")
        binned = binned_config(self.parameters).model_dump(mode="json")
        return {
            **shared,
            "name": self.name,
            "simulated": simulated_events(self.parameters).model_dump(mode="json"),
            "data": event_data(self.parameters).model_dump(mode="json"),
            "object_types": self.parameters.events.object_types,
            "plan": [asdict(member) for member in self.planned],
            "tokenisers": {tokeniser_name(binned): binned, **self.tokenisers},
            "grid": {member.name: {"name": member.name, "config": member.config} for member in self.trained},
        }


def expand(name: str, configured: Mapping[str, Any], asked: Mapping[str, Any], origin: Callable[[str], str]) -> Experiment:
    """The members of a grid.

    Args:
        name: of the experiment.
        configured: parameters from files; the value of an axis may be a list.
        asked: the same with the command line's on top: there a scalar narrows an axis, a list spans one.
        origin: file of a dotted key, for messages.

    Raises:
        ConfigurationError: a parameter is unknown or out of range, or an axis cannot be one.
    """
    configured, asked = (_with_ambre(layers, asked) for layers in (configured, asked))
    axes = _axes(name, asked, configured)
    seeds = _seeds(asked["seed"], max((n for n in (asked["n_seeds"], configured["n_seeds"]) if isinstance(n, int)), default=1))
    wanted = {axis: _as_list(_get(asked, axis)) for axis in axes}
    known = {axis: _unique([*_replaced_by(asked, configured, axis), *values]) for axis, values in wanted.items()}
    planned: dict[str, Member] = {}
    selected: set[str] = set()
    parameters: Parameters | None = None
    for values in itertools.product(*known.values()):
        raw = dict(zip(axes, values, strict=True))
        parameters, configs = _validate(_set(asked, raw), seeds, name, origin)
        members = [_member(seed, config, parameters, axes, planned) for seed, config in configs.items()]
        planned |= {member.name: member for member in members}
        if all(value in wanted[axis] for axis, value in raw.items()):
            selected |= {member.name for member in members[: parameters.n_seeds]}
    if parameters is None:
        raise ConfigurationError(f"{name}: an axis of the grid has no values: {known}")
    return Experiment(name, parameters, tuple(planned.values()), frozenset(selected))


def _replaced_by(asked: Mapping[str, Any], configured: Mapping[str, Any], axis: str) -> list[Any]:
    """Values of an axis that a report shows though they are not asked for now: a grid of a file, narrowed for this run.

    A single value of a file is no grid: the list that is asked for replaced it.
    """
    value = _get(configured, axis)
    return _as_list(value) if isinstance(value, list) or not isinstance(_get(asked, axis), list) else []


def _with_ambre(parameters: Mapping[str, Any], asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """A grid over tokenisers has Ambre's tokens in it as soon as somebody says where they are."""
    tokenisers = parameters["tokeniser"]
    if asked["ambre"]["path"] is None or not isinstance(tokenisers, list) or "ambre" in tokenisers:
        return parameters
    return {**parameters, "tokeniser": [*tokenisers, "ambre"]}


def _member(seed: int, config: dict[str, Any], parameters: Parameters, axes: list[str], planned: Mapping[str, Member]) -> Member:
    """A cell with a seed; `planned` are the members before it, of which one may be the same training."""
    typed = parameters.model_dump()
    cell = {axis: _get(typed, axis) for axis in axes}  # 1e-3 in a file is a text, and the same learning rate as 0.001
    name = f"{cell_name(cell)}__seed_{seed}"
    same = next((member.name for member in planned.values() if member.config == config), name)
    return Member(name, cell, seed, config, same)


def tokeniser_name(config: Mapping[str, Any]) -> str:
    """A folder name that tells one tokeniser from another, e.g. ``direct_4``, ``binned_5_auto_correct``, ``vqvae_4_3f2a9c01``."""
    settings = {key: value for key, value in config.items() if key not in ("kind", "pid")}
    if "training" in settings:  # too much to spell out
        learnt = json.dumps(settings, sort_keys=True).encode()
        settings = {"vector": settings["vector"], "digest": hashlib.sha256(learnt).hexdigest()[:8]}
    hidden = [] if config.get("pid", True) else ["no_pid"]
    return "_".join([str(config["kind"]), *(str(value) for value in settings.values()), *hidden])


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The dotted keys at which two configurations differ."""
    before, after = flatten(old), flatten(new)
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` -> `{"a.b": 1}`."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def _axes(name: str, asked: Mapping[str, Any], configured: Mapping[str, Any]) -> list[str]:
    """The experiment's axes, and every scalar that the command line made a list."""
    spanned = [key for key, value in flatten(asked).items() if isinstance(value, list) and not isinstance(_get(configured, key), list)]
    axes = _unique([*_as_list(asked["grid"]["axes"]), *(key for key in spanned if key.split(".")[0] not in ("classes", "presets"))])
    for axis in axes:
        if axis.split(".")[0] in SHARED_GROUPS:
            raise ConfigurationError(
                f"{name}: grid.axes: {axis} is shared by all members of an experiment; run it once per value with run=NAME"
            )
        if axis not in flatten(asked):
            raise ConfigurationError(f"{name}: grid.axes: {axis} is not a parameter")
    return axes


def _seeds(first: int, count: int) -> list[int]:
    usual = _unique([first, *SEEDS])
    further = (seed for seed in itertools.count(usual[-1] + 1) if seed not in usual)
    return [*usual, *itertools.islice(further, count)][:count]


def _validate(
    raw: Mapping[str, Any], seeds: list[int], name: str, origin: Callable[[str], str]
) -> tuple[Parameters, dict[int, dict[str, Any]]]:
    """A cell's parameters and, for each seed, a member's configuration."""
    try:
        parameters = Parameters(**raw)
        return parameters, {seed: member_config(parameters, seed).model_dump(mode="json") for seed in seeds}
    except ValidationError as error:
        problems = [_explain(problem, origin) for problem in error.errors()]
        raise ConfigurationError("\n".join([f"{name}: the parameters cannot be right:", *_unique(problems)])) from error


def _explain(problem: Any, origin: Callable[[str], str]) -> str:
    """One line on one of pydantic's errors: key, value, where it was set, what is allowed."""
    key = ".".join(str(part) for part in problem["loc"] if not str(part).startswith("function-"))
    if problem["type"] == "value_error":  # it names its key itself
        return f"  {problem['msg'].removeprefix('Value error, ')}"
    if problem["type"] == "extra_forbidden":
        allowed = ", ".join(_fields_beside(problem["loc"]))
        return f"  {key}={problem['input']!r} ({origin(key)}): no such parameter; known here: {allowed}"
    if problem["type"] == "missing":
        return f"  {key}: missing; conf/base sets every parameter"
    return f"  {key}={problem['input']!r} ({origin(key)}): {problem['msg']}"


def _fields_beside(location: tuple[Any, ...]) -> list[str]:
    model: type[BaseModel] = Parameters
    for part in location[:-1]:
        annotation = model.model_fields[str(part)].annotation if str(part) in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            break
        model = annotation
    return sorted(model.model_fields)


def _get(nested: Mapping[str, Any], dotted: str) -> Any:
    value: Any = nested
    for part in dotted.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _set(nested: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with dotted keys set."""
    changed = copy.deepcopy(dict(nested))
    for dotted, value in values.items():
        *parents, leaf = dotted.split(".")
        target = changed
        for part in parents:
            target = target[part]
        target[leaf] = value
    return changed


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _unique(values: Iterable[Any]) -> list[Any]:
    """Without repeats, in order; values need not be hashable. True and 1 are different values."""
    kept: list[Any] = []
    for value in values:
        if not any(value == other and type(value) is type(other) for other in kept):
            kept.append(value)
    return kept
