"""Which branches of a ROOT file, or columns of a Parquet file, are what: `events.branches`.

A mapping is complete in itself, begins with a ready one (`like: nanoaod`), or is the name of one.
Ready ones are files of `mappings/`, there to be read and copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BeforeValidator, Field, TypeAdapter, field_validator, model_validator
from pydantic_core import PydanticCustomError

from lexon.config.base import Config, EnergyUnit
from lexon.cuts import Cut
from lexon.errors import ConfigurationError

READY = Path(__file__).parent / "mappings"
CARTESIAN, POLAR = ("px", "py", "pz"), ("pt", "eta", "phi")
# What a cut may ask of every object; anything else in it is a branch.
QUANTITIES = (*POLAR, "energy")


def _wrong(reason: str) -> PydanticCustomError:
    return PydanticCustomError("branches", "{reason}", {"reason": reason})


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _mass(value: Any) -> Any:
    """A mass in GeV for all, or the branch that holds each."""
    if isinstance(value, str):
        return (value,)
    number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    if number or (isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)):
        return value if number else tuple(value)
    raise _wrong("give the name of a branch, or a mass in GeV")


# A branch, or several of which the first that all files have is taken.
Branches = Annotated[tuple[str, ...], BeforeValidator(_names)]
Patterns = Branches
Mass = Annotated[float | tuple[str, ...], BeforeValidator(_mass)]


class Tag(Config):
    """A jet is a b-jet where `branch` is above a value; above 0 where none is given."""

    branch: Branches | None = None
    above: float = 0.0

    @model_validator(mode="after")
    def _has_a_branch(self) -> Self:
        if self.branch is None:
            raise _wrong("branch is missing: {branch: NAME, above: VALUE}")
        return self


def _tag(value: Any) -> Any:
    return {"branch": value} if isinstance(value, str) else value


class Objects(Config):
    """Branches of one kind of object: (pt, eta, phi) or (px, py, pz), and its energy or mass.

    `cut` is a condition on each object, in GeV and rad (`lexon.cuts`).
    """

    pt: Branches | None = None
    eta: Branches | None = None
    phi: Branches | None = None
    px: Branches | None = None
    py: Branches | None = None
    pz: Branches | None = None
    energy: Branches | None = None
    mass: Mass | None = None
    cut: str | None = None

    @model_validator(mode="after")
    def _has_a_momentum(self) -> Self:
        _refuse_parts(self, POLAR, CARTESIAN)
        if self.energy is not None and isinstance(self.mass, tuple):
            raise _wrong("energy and mass are given; leave one out")
        return self

    @field_validator("cut")
    @classmethod
    def _is_a_cut(cls, cut: str | None) -> str | None:
        try:
            return cut if cut is None else Cut(cut, QUANTITIES).text
        except ConfigurationError as error:
            raise _wrong(str(error).partition(": ")[2]) from error

    @property
    def selection(self) -> Cut | None:
        """The parsed cut."""
        return None if self.cut is None else Cut(self.cut, self.quantities)

    @property
    def is_cartesian(self) -> bool:
        return self.px is not None

    @property
    def quantities(self) -> tuple[str, ...]:
        """What a cut may call by its own name."""
        return tuple(dict.fromkeys((*QUANTITIES, *self.branches)))

    @property
    def branches(self) -> dict[str, tuple[str, ...]]:
        """Branches of each quantity that is read."""
        found = {name: getattr(self, name) for name in (*POLAR, *CARTESIAN, "energy", "mass")}
        return {name: names for name, names in found.items() if isinstance(names, tuple)}


class Jets(Objects):
    """Jets, which have an energy or a mass; those with a tag above its threshold are b-jets."""

    btag: Annotated[Tag | None, BeforeValidator(_tag)] = None

    @model_validator(mode="after")
    def _has_an_energy(self) -> Self:
        if self.energy is None and self.mass is None:
            raise _wrong("energy or mass is missing (mass: 0 where jets are massless)")
        return self

    @property
    def branches(self) -> dict[str, tuple[str, ...]]:
        tag = None if self.btag is None else self.btag.branch
        return super().branches | ({} if tag is None else {"btag": tag})


class Leptons(Objects):
    """Charged leptons; the charge tells a particle from its antiparticle."""

    charge: Branches | None = None

    @model_validator(mode="after")
    def _has_a_charge(self) -> Self:
        if self.charge is None:
            raise _wrong("charge is missing; it tells a particle from its antiparticle")
        return self

    @property
    def branches(self) -> dict[str, tuple[str, ...]]:
        return super().branches | ({} if self.charge is None else {"charge": self.charge})


class Electrons(Leptons):
    """Electrons; without a mass in the file, theirs [GeV]."""

    mass: Mass | None = 0.000511


class Muons(Leptons):
    """Muons; without a mass in the file, theirs [GeV]."""

    mass: Mass | None = 0.105658


class Photons(Objects):
    """Photons, without a mass."""

    mass: Mass | None = 0.0


class MissingEnergy(Config):
    """Missing transverse energy, as magnitude and azimuth or as components."""

    pt: Branches | None = None
    phi: Branches | None = None
    px: Branches | None = None
    py: Branches | None = None

    @model_validator(mode="after")
    def _has_two_parts(self) -> Self:
        _refuse_parts(self, ("pt", "phi"), ("px", "py"))
        return self

    @property
    def branches(self) -> dict[str, tuple[str, ...]]:
        """Branches of each quantity."""
        found = {name: getattr(self, name) for name in ("pt", "phi", "px", "py")}
        return {name: names for name, names in found.items() if names is not None}


class Processes(Config):
    """The process of an event: of `branch`, a number or a text; or of the file, by the patterns
    that its name fits; or, with neither, each file is a process.
    """

    branch: str | None = None
    files: dict[str, Patterns] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.branch is not None and self.files:
            raise _wrong("branch and files are given; a process is that of one of them")
        return self

    def named_by(self, file: Path) -> list[str]:
        """Processes that the name of a file says its events are of: one, if all is well; none
        where a branch says it.
        """
        if self.branch is not None:
            return []
        if not self.files:
            return [file.stem]
        return [name for name, own in self.files.items() if any(map(file.match, own))]


def _label(value: Any) -> Any:
    if value in (None, "file"):
        return {}
    if isinstance(value, str):
        raise _wrong(
            "write file, where each file is a process, {branch: NAME}, or {files: {PROCESS:"
            " PATTERN}}"
        )
    return value


class EventBranches(Config):
    """A complete mapping.

    Attributes:
        tree: of a ROOT file; None where it has but one.
        energy_unit: of the file, where it is known; None where it is to be found out.
        weight: what a file of this kind calls weights; `events.weight` uses them, not this.
    """

    tree: str | None = None
    energy_unit: EnergyUnit | None = None
    jets: Jets | None = None
    electrons: Electrons | None = None
    muons: Muons | None = None
    photons: Photons | None = None
    met: MissingEnergy | None = None
    label: Annotated[Processes, BeforeValidator(_label)] = Processes()
    weight: str | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        ready = f"; to begin with a ready mapping, set like to {' or '.join(ready_mappings())}"
        if not self.objects:
            raise _wrong(f"there are no jets, electrons, muons or photons{ready}")
        if self.met is None:
            raise _wrong(f"met is missing{ready}")
        return self

    @property
    def of_met(self) -> dict[str, tuple[str, ...]]:
        """Branches of each component of MET."""
        return {} if self.met is None else self.met.branches

    @property
    def objects(self) -> dict[str, Objects]:
        """The kinds of objects that are read, in the order in which an event holds them."""
        found = {name: getattr(self, name) for name in ("jets", "electrons", "muons", "photons")}
        return {name: objects for name, objects in found.items() if objects is not None}

    def sought(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(what it is, branches of which one has to be there) of everything that is read."""
        for kind, objects in self.objects.items():
            for quantity, names in objects.branches.items():
                yield f"{kind}.{quantity}", names
            cut = objects.selection
            for name in () if cut is None else cut.names:
                if name not in objects.quantities:
                    yield f"{kind}.cut", (name,)
        for quantity, names in self.of_met.items():
            yield f"met.{quantity}", names
        if self.label.branch is not None:
            yield "label.branch", (self.label.branch,)


def complete_branches(value: Any) -> Any:
    """The mapping that `events.branches` stands for: its own, or a ready one with its changes.

    Raises:
        ValueError: no mapping is called so.
    """
    if isinstance(value, str):
        value = {"like": value}
    if not isinstance(value, Mapping) or "like" not in value:
        return value
    name = value["like"]
    if name not in ready_mappings():
        raise _wrong(
            f"no mapping is called {name}; there is {', '.join(ready_mappings())}; or write one,"
            " {jets: {pt: BRANCH, ...}, met: {pt: BRANCH, phi: BRANCH}}"
        )
    return _changed(
        ready_mappings()[name], {key: part for key, part in value.items() if key != "like"}
    )


@cache
def ready_mappings() -> dict[str, dict[str, Any]]:
    """The mappings that come with lexon, by name."""
    return {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted(READY.glob("*.yml"))
    }


def _changed(ready: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    changed = dict(ready)
    for key, value in changes.items():
        below = changed.get(key)
        changed[key] = (
            _changed(below, value)
            if isinstance(below, Mapping) and isinstance(value, Mapping)
            else value
        )
    return changed


def _refuse_parts(group: Config, polar: tuple[str, ...], cartesian: tuple[str, ...]) -> None:
    """Refuse a momentum that is not given by all components of one kind."""
    given = [name for name in (*polar, *cartesian) if getattr(group, name) is not None]
    if given not in (list(polar), list(cartesian)):
        ready = "" if given else "; to change a ready mapping, give events.branches.like=NAME too"
        raise _wrong(
            f"{', '.join(given) or 'no component'} given; a momentum is {', '.join(polar)}, or"
            f" {', '.join(cartesian)}{ready}"
        )


OfEvents = Annotated[EventBranches | None, BeforeValidator(complete_branches)]
_OF_EVENTS: TypeAdapter[EventBranches | None] = TypeAdapter(OfEvents)


def event_branches(value: Any) -> EventBranches | None:
    """What `events.branches` says, complete; None where it says nothing.

    Raises:
        ValueError: it is no mapping.
    """
    return _OF_EVENTS.validate_python(value)
