"""Columns of a tree to events: energies from masses, cuts, types of objects, and which entries hold
something that cannot be right.

Blocks are in GeV, whatever the file is in, because cuts are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.config import EnergyUnit
from lexon.config.branches import POLAR, EventBranches, Jets, Leptons, Objects
from lexon.cuts import Cut
from lexon.datasets.blocks import Block, Ints, Mask, rows
from lexon.datasets.event_rows import TWO_TURNS
from lexon.datasets.trees.tables import Column, Columns
from lexon.datasets.units import to_gev
from lexon.errors import DataError
from lexon.physics import massless_energy

# Type of the objects of each kind: (by itself, b-tagged), or (positive, negative).
NAMES = {
    "jets": ("jet", "b-jet"),
    "electrons": ("e+", "e-"),
    "muons": ("mu+", "mu-"),
    "photons": ("photon", "photon"),
}
LINEAR = ("px", "py", "pz", "mass")
LONGEST_NAME = 255
Values = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Chunk:
    """Entries of a file, one after the other.

    Attributes:
        columns: by branch.
        first: number of the first entry in the file.
        n: entries.
        where: file and tree.
        process: that of the file; None where a branch says it.
    """

    columns: Columns
    first: int
    n: int
    where: str
    process: bytes | None

    def head(self, n: int) -> Chunk:
        """Its first `n` entries."""
        columns = {name: column.head(n) for name, column in self.columns.items()}
        return replace(self, columns=columns, n=min(n, self.n))


@dataclass(frozen=True)
class Found:
    """Objects of one kind: the event of each, int64 [k], its type, int8 [k], and (E, pT, eta, phi),
    float32 [k, 4].
    """

    event: Ints
    ids: NDArray[np.int8]
    p4: NDArray[np.float32]

    def of(self, events: Mask) -> Found:
        """Those of some events."""
        own = events[self.event]
        return Found(self.event[own], self.ids[own], self.p4[own])


@dataclass(frozen=True)
class Reader:
    """How entries become events.

    Attributes:
        mapping: which branches are what.
        chosen: the branch that was taken where the mapping names several, by their names.
        types: number of the type of each object, by the names of `NAMES`.
        unit: of the files' energies.
        weight: branch of the weights of events, where they are asked for.
        sentences: what can be wrong with an entry; grows as such entries are met.
    """

    mapping: EventBranches
    chosen: Mapping[tuple[str, ...], str]
    types: Mapping[str, int]
    unit: EnergyUnit
    weight: str | None = None
    sentences: list[str] = field(default_factory=list)

    def block(self, chunk: Chunk) -> Block:
        """The events of a chunk.

        Raises:
            DataError: branches that belong together do not have the same number of values.
        """
        faults = _Faults(self.sentences, np.zeros(chunk.n, np.int64))
        counts: dict[str, int] = {}
        parts = [self._objects(kind, chunk, faults, counts) for kind in self.mapping.objects]
        met = self._met(chunk, faults)
        process, weight = self._process(chunk, faults), self._weight(chunk, faults)
        good = faults.found == 0
        bad = np.flatnonzero(~good)
        n_objects, ids, p4 = _joined(parts, good)
        return Block(
            process=process[good],
            weight=weight[good] if self.weight else weight,
            met=met[good],
            n_objects=n_objects,
            ids=ids,
            p4=p4,
            faults=(faults.found[bad], chunk.first + bad),
            counts=counts,
        )

    def kinematics(self, objects: Objects, values: Values, unit: EnergyUnit) -> NDArray[np.float32]:
        """(E, pT, eta, phi) in GeV of values in a unit, [k, 4]."""
        momentum = _momentum(objects, values, unit)
        return _four_vectors(_energy(objects, {**values, **momentum}, unit), momentum)

    def values(self, kind: str, chunk: Chunk) -> tuple[dict[str, NDArray[Any]], Ints, list[Mask]]:
        """Values of all objects of a kind by quantity, and by branch where a cut asks for one; how
        many each event has; and which events have none to say.
        """
        objects = self.mapping.objects[kind]
        wanted = {name: self.chosen[names] for name, names in objects.branches.items()}
        columns = {name: chunk.columns[branch] for name, branch in wanted.items()}
        first = next(iter(columns))
        counts = _counts(columns[first], chunk.n)
        for name, column in columns.items():
            _refuse_uneven(column, counts, chunk, (wanted[first], wanted[name]))
        values = {name: column.values for name, column in columns.items()}
        missing = [one.missing for one in columns.values() if one.missing is not None]
        for branch in self._of_cut(objects):
            column = chunk.columns[branch]
            if column.counts is None and columns[first].counts is not None:
                values[branch] = np.repeat(column.values, counts)
            else:
                _refuse_uneven(column, counts, chunk, (wanted[first], branch))
                values[branch] = column.values
        return values, counts, missing

    @cached_property
    def _cuts(self) -> dict[str, Cut]:
        return {
            kind: cut
            for kind, objects in self.mapping.objects.items()
            if (cut := objects.selection) is not None
        }

    @staticmethod
    def _of_cut(objects: Objects) -> list[str]:
        """Branches that a cut asks for by their own names."""
        cut = objects.selection
        names = () if cut is None else cut.names
        return [name for name in names if name not in objects.quantities]

    def _objects(self, kind: str, chunk: Chunk, faults: _Faults, counts: dict[str, int]) -> Found:
        objects = self.mapping.objects[kind]
        values, n, missing = self.values(kind, chunk)
        event = np.repeat(np.arange(chunk.n), n)
        for mask in missing:
            faults.mark(f"no value of {kind}", np.flatnonzero(mask))
        for name, column in values.items():
            if column.dtype.kind == "f" and not (finite := np.isfinite(column)).all():
                branch = self.chosen[objects.branches[name]] if name in objects.branches else name
                faults.mark(f"a value of {branch} that is not finite", event[~finite])
        values |= _momentum(objects, values, self.unit)
        if kind in self._cuts:
            passed = self._passed(kind, values)
            counts[f"{kind} seen"], counts[f"{kind} kept"] = len(event), len(passed)
            event = event[passed]
            values = {name: values[name][passed] for name in (*objects.branches, *POLAR)}
        p4 = _four_vectors(_energy(objects, values, self.unit), values)
        with np.errstate(invalid="ignore"):
            faults.mark(
                f"{kind} whose pT or energy is not positive", event[~(p4[:, :2] > 0).all(1)]
            )
            faults.mark(
                f"{kind} with an azimuth beyond two turns", event[np.abs(p4[:, 3]) > TWO_TURNS]
            )
        if isinstance(objects, Leptons):
            faults.mark(f"{kind} without a charge", event[values["charge"] == 0])
        return Found(event, self._ids(kind, objects, values, len(event)), p4)

    def _passed(self, kind: str, values: Values) -> Ints:
        """The objects that pass the cut of a kind, int64 [passed]."""
        cut, objects = self._cuts[kind], self.mapping.objects[kind]
        in_gev = {
            name: to_gev(values[name], self.unit)
            for name in LINEAR
            if name in values and name in cut.names
        }
        if "energy" in cut.names:
            in_gev["energy"] = _energy(objects, values, self.unit).astype(np.float32)
        return np.flatnonzero(cut.passes({**values, **in_gev}))

    def _ids(
        self, kind: str, objects: Objects, values: Mapping[str, NDArray[Any]], k: int
    ) -> NDArray[np.int8]:
        one, other = (self.types[name] for name in NAMES[kind])
        if isinstance(objects, Jets) and objects.btag is not None:
            is_other = values["btag"] > objects.btag.above
        elif isinstance(objects, Leptons):
            is_other = values["charge"] < 0
        else:
            return np.full(k, one, np.int8)
        return np.where(is_other, other, one).astype(np.int8)

    def met(self, chunk: Chunk) -> tuple[dict[str, NDArray[Any]], Mask]:
        """Components of MET of every event by quantity, and the events that have not exactly
        one.
        """
        values: dict[str, NDArray[Any]] = {}
        wrong = np.zeros(chunk.n, np.bool_)
        for name, names in self.mapping.of_met.items():
            column = chunk.columns[self.chosen[names]]
            values[name], amiss = _one_each(column, chunk.n)
            wrong |= amiss
        return values, wrong

    def _met(self, chunk: Chunk, faults: _Faults) -> NDArray[np.float32]:
        """MET and its azimuth in GeV and rad, [n, 2]."""
        values, wrong = self.met(chunk)
        faults.mark("not exactly one MET", np.flatnonzero(wrong))
        met = self.met_in_gev(values, self.unit)
        with np.errstate(invalid="ignore"):
            faults.mark("a MET that is not finite", np.flatnonzero(~np.isfinite(met).all(1)))
            faults.mark("a negative MET", np.flatnonzero(met[:, 0] < 0))
            faults.mark(
                "an azimuth of MET beyond two turns",
                np.flatnonzero(np.abs(met[:, 1]) > TWO_TURNS),
            )
        return met

    @staticmethod
    def met_in_gev(values: Values, unit: EnergyUnit) -> NDArray[np.float32]:
        """(MET, METphi) of its components in a unit, float32 [n, 2]."""
        if "px" in values:
            px, py = (values[name].astype(np.float64) for name in ("px", "py"))
            size, phi = np.hypot(px, py), np.arctan2(py, px)
        else:
            size, phi = values["pt"], values["phi"]
        return np.stack([to_gev(size, unit), phi.astype(np.float32)], axis=1)

    def _weight(self, chunk: Chunk, faults: _Faults) -> NDArray[np.float64]:
        """Weight of each event, [n]; none where they are not asked for."""
        if self.weight is None:
            return np.empty(0)
        values, wrong = _one_each(chunk.columns[self.weight], chunk.n)
        faults.mark(f"not exactly one value of {self.weight}", np.flatnonzero(wrong))
        weights = values.astype(np.float64)
        faults.mark(
            f"a value of {self.weight} that is not finite", np.flatnonzero(~np.isfinite(weights))
        )
        return weights

    def _process(self, chunk: Chunk, faults: _Faults) -> NDArray[np.bytes_]:
        """Process of each event, bytes [n]."""
        if chunk.process is not None:
            return np.full(chunk.n, chunk.process)
        branch = str(self.mapping.label.branch)
        values, wrong = _one_each(chunk.columns[branch], chunk.n)
        faults.mark(f"not exactly one value of {branch}", np.flatnonzero(wrong))
        if values.dtype.kind == "U":
            size = np.strings.str_len(values)
            empty = np.flatnonzero((size == 0) | (size > LONGEST_NAME))
            faults.mark(f"a {branch} that is empty or longer than {LONGEST_NAME}", empty)
            return np.strings.encode(values, "utf-8")
        if values.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                whole = np.isfinite(values) & (np.rint(values) == values) & (abs(values) < 2**53)
            faults.mark(f"a {branch} that is not a whole number", np.flatnonzero(~whole))
            values = np.where(whole, values, 0).astype(np.int64)
        numbers = values.astype(np.int64) if values.dtype.kind == "b" else values
        return numbers.astype(np.bytes_)


def _joined(
    parts: Sequence[Found], good: Mask
) -> tuple[Ints, NDArray[np.int8], NDArray[np.float32]]:
    """Number of objects of each good event, and their types and four-vectors, event by event, in
    the order of the parts.
    """
    if not good.all():
        parts = [part.of(good) for part in parts]
    counts = np.stack([np.bincount(part.event, minlength=len(good)) for part in parts])
    in_all = counts.sum(0)
    # Where the objects of each part begin in each event, less where they begin in the part.
    shift = np.cumsum(in_all) - in_all + np.cumsum(counts, axis=0) - np.cumsum(counts, axis=1)
    ids = np.empty(in_all.sum(), np.int8)
    p4 = np.empty((len(ids), 4), np.float32)
    for part, own in zip(parts, shift, strict=True):
        place = np.arange(len(part.event)) + own[part.event]
        ids[place] = part.ids
        rows(p4)[place] = rows(part.p4)
    return in_all[good], ids, p4


def _momentum(objects: Objects, values: Values, unit: EnergyUnit) -> dict[str, NDArray[Any]]:
    """pT in GeV, eta and phi, [k] each."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if not objects.is_cartesian:
            return {"pt": to_gev(values["pt"], unit), "eta": values["eta"], "phi": values["phi"]}
        px, py, pz = (values[name].astype(np.float64) for name in ("px", "py", "pz"))
        pt = np.hypot(px, py)
        return {"pt": to_gev(pt, unit), "eta": np.arcsinh(pz / pt), "phi": np.arctan2(py, px)}


def _energy(objects: Objects, values: Values, unit: EnergyUnit) -> NDArray[np.floating]:
    """Energy in GeV, [k]: as the file has it, or of a mass and pT cosh(eta), where pT is in GeV;
    rounding can make a mass negative.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        if "energy" in values:
            return to_gev(values["energy"], unit)
        momentum = massless_energy(values["pt"].astype(np.float64), values["eta"])
        if not objects.mass:
            return momentum
        mass = objects.mass if isinstance(objects.mass, float) else to_gev(values["mass"], unit)
        return np.sqrt(momentum**2 + np.maximum(mass, 0) ** 2)


def _four_vectors(energy: NDArray[np.floating], momentum: Values) -> NDArray[np.float32]:
    p4 = np.empty((len(energy), 4), np.float32)
    with np.errstate(over="ignore"):
        for place, one in enumerate((energy, momentum["pt"], momentum["eta"], momentum["phi"])):
            p4[:, place] = one
    return p4


class _Faults:
    """Of each entry the first thing that is wrong with it: index into the sentences + 1, int64
    [n].
    """

    def __init__(self, sentences: list[str], found: Ints) -> None:
        self._sentences, self.found = sentences, found

    def mark(self, sentence: str, events: Ints) -> None:
        """Mark entries that hold a fault, once or several times."""
        if not len(events):
            return
        if sentence not in self._sentences:
            self._sentences.append(sentence)
        code = self._sentences.index(sentence) + 1
        events = events[self.found[events] == 0]
        self.found[events] = code


def _counts(column: Column, n: int) -> Ints:
    return np.ones(n, np.int64) if column.counts is None else column.counts


def _one_each(column: Column, n: int) -> tuple[NDArray[Any], Mask]:
    """A value for each event, and the events that have none or several."""
    wrong = np.zeros(n, np.bool_) if column.missing is None else column.missing.copy()
    if column.counts is None:
        return column.values, wrong
    one = column.counts == 1
    if one.all():
        return column.values, wrong
    first = np.cumsum(column.counts) - column.counts
    values = np.zeros(n, column.values.dtype)
    values[one] = column.values[first[one]]
    return values, wrong | ~one


def _refuse_uneven(column: Column, counts: Ints, chunk: Chunk, branches: tuple[str, str]) -> None:
    """Refuse two branches of the same objects that do not have as many values in each event."""
    own = _counts(column, chunk.n)
    if np.array_equal(own, counts):
        return
    entry = int(np.flatnonzero(own != counts)[0])
    one, other = branches
    raise DataError(
        f"{chunk.where}: entry {chunk.first + entry}: {one} holds {counts[entry]} values and"
        f" {other} {own[entry]}, and both are of the same objects; name branches of one collection"
        " in events.branches"
    )
