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
from lexon.datasets.blocks import Block, Ints, Mask, places, rows, sums
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
# All that a four-vector and a type are made of.
USED = (*POLAR, "energy", "mass", "btag", "charge")
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
    """Objects of one kind, event by event: how many each event has, int64 [n], the type of each,
    int8 [k], and (E, pT, eta, phi), float32 [k, 4].
    """

    counts: Ints
    ids: NDArray[np.int8]
    p4: NDArray[np.float32]

    def of(self, events: Mask) -> Found:
        """Those of some events."""
        own = np.repeat(events, self.counts)
        return Found(self.counts[events], self.ids[own], self.p4[own])


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
        n_objects, ids, p4 = _joined([part.of(good) for part in parts] if len(bad) else parts)
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
        wanted = self._branches[kind]
        columns = {name: chunk.columns[branch] for name, branch in wanted.items()}
        first = next(iter(columns))
        counts = _counts(columns[first], chunk.n)
        for name, column in columns.items():
            _refuse_uneven(column, counts, chunk, (wanted[first], wanted[name]))
        values = {name: column.values for name, column in columns.items()}
        missing = [one.missing for one in columns.values() if one.missing is not None]
        for branch in self._of_cuts[kind]:
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

    @cached_property
    def _branches(self) -> dict[str, dict[str, str]]:
        """The branch of each quantity, by kind."""
        return {
            kind: {name: self.chosen[names] for name, names in objects.branches.items()}
            for kind, objects in self.mapping.objects.items()
        }

    @cached_property
    def _of_cuts(self) -> dict[str, list[str]]:
        """Branches that a cut asks for by their own names, by kind."""
        quantities = {kind: one.quantities for kind, one in self.mapping.objects.items()}
        names = {kind: cut.names for kind, cut in self._cuts.items()}
        return {
            kind: [name for name in names.get(kind, ()) if name not in own]
            for kind, own in quantities.items()
        }

    def _objects(self, kind: str, chunk: Chunk, faults: _Faults, tally: dict[str, int]) -> Found:
        objects = self.mapping.objects[kind]
        values, counts, missing = self.values(kind, chunk)
        for mask in missing:
            faults.mark(f"no value of {kind}", mask)
        for name, column in values.items():
            if column.dtype.kind == "f":
                branch, infinite = self._branches[kind].get(name, name), ~np.isfinite(column)
                faults.mark(f"a value of {branch} that is not finite", infinite, counts)
        values |= _momentum(objects, values, self.unit)
        if kind in self._cuts:
            passed = self._passed(kind, values)
            kept = np.flatnonzero(passed)
            tally[f"{kind} seen"], tally[f"{kind} kept"] = len(passed), len(kept)
            values = {name: values[name][kept] for name in USED if name in values}
            counts = sums(passed, counts).astype(np.int64)
        p4 = _four_vectors(_energy(objects, values, self.unit), values)
        with np.errstate(invalid="ignore"):
            positive = (p4[:, 0] > 0) & (p4[:, 1] > 0)
            faults.mark(f"{kind} whose pT or energy is not positive", ~positive, counts)
            turned = np.abs(p4[:, 3]) > TWO_TURNS
            faults.mark(f"{kind} with an azimuth beyond two turns", turned, counts)
        if isinstance(objects, Leptons):
            faults.mark(f"{kind} without a charge", values["charge"] == 0, counts)
        return Found(counts, self._ids(kind, objects, values, len(p4)), p4)

    def _passed(self, kind: str, values: Values) -> Mask:
        """Which objects pass the cut of a kind."""
        cut, objects = self._cuts[kind], self.mapping.objects[kind]
        in_gev = {
            name: to_gev(values[name], self.unit)
            for name in LINEAR
            if name in values and name in cut.names
        }
        if "energy" in cut.names:
            in_gev["energy"] = _energy(objects, values, self.unit).astype(np.float32)
        return np.broadcast_to(cut.passes({**values, **in_gev}), values["pt"].shape)

    def _ids(
        self, kind: str, objects: Objects, values: Mapping[str, NDArray[Any]], k: int
    ) -> NDArray[np.int8]:
        one, other = (np.int8(self.types[name]) for name in NAMES[kind])
        if isinstance(objects, Jets) and objects.btag is not None:
            is_other = values["btag"] > objects.btag.above
        elif isinstance(objects, Leptons):
            is_other = values["charge"] < 0
        else:
            return np.full(k, one)
        return one + (other - one) * is_other

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
        faults.mark("not exactly one MET", wrong)
        met = self.met_in_gev(values, self.unit)
        size, phi = met.T
        with np.errstate(invalid="ignore"):
            faults.mark("a MET that is not finite", ~(np.isfinite(size) & np.isfinite(phi)))
            faults.mark("a negative MET", size < 0)
            faults.mark("an azimuth of MET beyond two turns", np.abs(phi) > TWO_TURNS)
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
        faults.mark(f"not exactly one value of {self.weight}", wrong)
        weights = values.astype(np.float64)
        faults.mark(f"a value of {self.weight} that is not finite", ~np.isfinite(weights))
        return weights

    def _process(self, chunk: Chunk, faults: _Faults) -> NDArray[np.bytes_]:
        """Process of each event, bytes [n]."""
        if chunk.process is not None:
            return np.full(chunk.n, chunk.process)
        branch = str(self.mapping.label.branch)
        values, wrong = _one_each(chunk.columns[branch], chunk.n)
        faults.mark(f"not exactly one value of {branch}", wrong)
        if values.dtype.kind == "U":
            size = np.strings.str_len(values)
            unusable = (size == 0) | (size > LONGEST_NAME)
            faults.mark(f"a {branch} that is empty or longer than {LONGEST_NAME}", unusable)
            return np.strings.encode(values, "utf-8")
        if values.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                whole = np.isfinite(values) & (np.rint(values) == values) & (abs(values) < 2**53)
            faults.mark(f"a {branch} that is not a whole number", ~whole)
            values = np.where(whole, values, 0).astype(np.int64)
        numbers = values.astype(np.int64) if values.dtype.kind == "b" else values
        return numbers.astype(np.bytes_)


def _joined(
    parts: Sequence[Found],
) -> tuple[Ints, NDArray[np.int8], NDArray[np.float32]]:
    """Number of objects of each event, and their types and four-vectors, event by event, in the
    order of the parts.
    """
    counts: Ints = np.sum([part.counts for part in parts], axis=0)
    ids = np.empty(counts.sum(), np.int8)
    p4 = np.empty((len(ids), 4), np.float32)
    begin = np.cumsum(counts) - counts
    for part in parts:
        place = places(part.counts, begin)
        ids[place] = part.ids
        rows(p4)[place] = rows(part.p4)
        begin = begin + part.counts
    return counts, ids, p4


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

    def mark(self, sentence: str, wrong: Mask, counts: Ints | None = None) -> None:
        """Mark entries that hold a fault.

        Args:
            wrong: which do, [n]; with `counts`, which of the objects do that entries have, [k].
            counts: how many objects each entry has, [n].
        """
        if not wrong.any():
            return
        if counts is None:
            events = np.flatnonzero(wrong)
        else:
            events = np.repeat(np.arange(len(counts)), counts)[wrong]
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
