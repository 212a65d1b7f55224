"""Events: the in-memory data type. Every file format is read into it, every tokeniser starts from
it.

An event is its reconstructed objects, at most `events.max_objects` of them, real ones first, then
padding (type 0, four zeros), plus missing transverse energy. All energies are in GeV and all angles
in rad, whatever the file held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lexon.errors import DataError
from lexon.physics import wrap_phi

# Places for objects unless `events.max_objects` says otherwise: those of the published layouts.
MAX_OBJECTS = 18
N_TYPES = 7
SPLITS = ("train", "val", "test")
BAD_WEIGHT = "repair the weights, or leave events.weight out"


@dataclass(frozen=True)
class Events:
    """Reconstructed events; ``N`` along the first axis of every array, ``M`` places for objects.

    Attributes:
        ids: object types, int8 [N, M]; 0 is padding, 1..7 as `events.object_types` names them.
        p4: (E, pT, eta, phi), float32 [N, M, 4], GeV and rad; zero for padding.
        met: missing transverse energy, float32 [N], GeV.
        met_phi: its azimuth, float32 [N], rad.
        labels: process label, int64 [N], as the file has it.
        weights: of the events, float64 [N], any sign; None where each counts once.
    """

    ids: NDArray[np.int8]
    p4: NDArray[np.float32]
    met: NDArray[np.float32]
    met_phi: NDArray[np.float32]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64] | None = None

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True for real objects, bool [N, M]."""
        return self.ids != 0

    @property
    def max_objects(self) -> int:
        """Places for objects, M."""
        return self.ids.shape[1]

    @property
    def energy(self) -> NDArray[np.float32]:
        return self.p4[..., 0]

    @property
    def pt(self) -> NDArray[np.float32]:
        return self.p4[..., 1]

    @property
    def eta(self) -> NDArray[np.float32]:
        return self.p4[..., 2]

    @property
    def phi(self) -> NDArray[np.float32]:
        return self.p4[..., 3]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: Any) -> Self:
        """The events that a slice, an index array or a boolean array selects."""
        return type(self)(**{name: values[index] for name, values in self._arrays().items()})

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """The events of all parts, in order."""
        return cls(
            **{
                name: np.concatenate([getattr(part, name) for part in parts])
                for name in parts[0]._arrays()
            }
        )

    @classmethod
    def from_arrays(
        cls,
        ids: ArrayLike,
        p4: ArrayLike,
        met: ArrayLike,
        met_phi: ArrayLike,
        labels: ArrayLike | None = None,
        max_objects: int = MAX_OBJECTS,
    ) -> Self:
        """Checked events from arrays of at most `max_objects` objects each; azimuths are brought to
        [-pi, pi).

        >>> from lexon import Events
        >>> events = Events.from_arrays(
        ...     ids=[[2, 5, 0]],
        ...     p4=[[[120.0, 100.0, 0.5, 0.1], [40.0, 30.0, -0.7, 3.5], [0, 0, 0, 0]]],
        ...     met=[55.0],
        ...     met_phi=[1.2],
        ... )
        >>> events.ids.shape, int(events.mask.sum())
        ((1, 18), 2)
        >>> events.pt[0, :2].tolist()
        [100.0, 30.0]

        Args:
            ids: object types 1..7, [N, n]; 0 is padding, which comes last.
            p4: (E, pT, eta, phi), [N, n, 4], GeV and rad; four zeros for padding.
            met: missing transverse energy, [N], GeV.
            met_phi: its azimuth, [N], rad.
            labels: process of each event, whole numbers [N]; None: all 0.
            max_objects: places for objects of each event.

        Raises:
            DataError: shapes that do not fit together, more objects than places, or a value that
                cannot be right.
        """
        types, vectors = np.asarray(ids), np.asarray(p4, dtype=np.float32)
        process = np.zeros(len(types)) if labels is None else np.asarray(labels)
        event = {"met": np.shape(met), "met_phi": np.shape(met_phi), "labels": process.shape}
        _refuse_shapes(types.shape, vectors.shape, event, max_objects)
        _refuse_fractions(ids=types, labels=process)
        missing = max_objects - types.shape[1]
        vectors = np.pad(vectors, ((0, 0), (0, missing), (0, 0)))
        vectors[..., 3] = wrap_phi(vectors[..., 3])
        known = np.clip(types, -1, N_TYPES + 1)  # a type that int8 cannot hold stays unknown
        return cls(
            ids=np.pad(known, ((0, 0), (0, missing))).astype(np.int8),
            p4=vectors,
            met=np.asarray(met, dtype=np.float32),
            met_phi=wrap_phi(np.asarray(met_phi, dtype=np.float32)),
            labels=process.astype(np.int64),
        ).validate("Events.from_arrays")

    def with_places(self, max_objects: int) -> Self:
        """The same events with so many places for objects: those of events with more are the
        hardest, in their order; of equal pT, the first.
        """
        missing = max_objects - self.max_objects
        if missing == 0:
            return self
        if missing > 0:
            ids, p4 = self.ids, self.p4
        else:
            hardest = np.argsort(-self.pt, axis=1, kind="stable")[:, :max_objects]
            kept, missing = np.sort(hardest, axis=1), 0
            ids = np.take_along_axis(self.ids, kept, axis=1)
            p4 = np.take_along_axis(self.p4, kept[..., None], axis=1)
        return replace(
            self,
            ids=np.pad(ids, ((0, 0), (0, missing))),
            p4=np.pad(p4, ((0, 0), (0, missing), (0, 0))),
        )

    def digest(self) -> str:
        """SHA-256 of the content: equal digests are the same events in the same order."""
        content = hashlib.sha256()
        for values in self._arrays().values():
            content.update(np.ascontiguousarray(values).data)
        return content.hexdigest()

    def _arrays(self) -> dict[str, NDArray[Any]]:
        """All that there is of the events, by name."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: values for name, values in found.items() if values is not None}

    def validate(self, where: str, first_row: int = 0) -> Self:
        """Return self, or raise the DataError of the first rule that a row breaks.

        Args:
            where: file and dataset, for the message.
            first_row: row of the file that is row 0 here.
        """
        real = self.mask
        check = partial(reject_rows, where=where, first_row=first_row)
        check(
            (self.ids < 0) | (self.ids > N_TYPES),
            self.ids,
            "unknown object type",
            f"types run from 1 to {N_TYPES}, 0 is padding",
        )
        check(
            ~real[:, :-1] & real[:, 1:],
            self.ids[:, :-1],
            "padding before a real object",
            "put the real objects first",
        )
        check(
            np.any(~np.isfinite(self.p4), axis=-1),
            self.p4,
            "non-finite four-vector",
            "remove the event or repair the file",
        )
        check(
            real & (self.pt <= 0),
            self.pt,
            "pT that is not positive",
            "a real object has pT > 0; padding has type 0",
        )
        check(
            real & (self.energy <= 0),
            self.energy,
            "energy that is not positive",
            "E >= pT cosh(eta) > 0",
        )
        check(
            ~real & np.any(self.p4 != 0, axis=-1),
            self.p4,
            "padding with a four-vector",
            "padding is type 0 and four zeros",
        )
        check(
            ~np.isfinite(self.met),
            self.met,
            "non-finite MET",
            "remove the event or repair the file",
        )
        check(
            ~np.isfinite(self.met_phi),
            self.met_phi,
            "non-finite azimuth of MET",
            "remove the event or repair the file",
        )
        check(self.met < 0, self.met, "negative MET", "MET is a magnitude")
        if self.weights is not None:
            check(~np.isfinite(self.weights), self.weights, "non-finite event weight", BAD_WEIGHT)
        return self


def _refuse_shapes(
    ids: tuple[int, ...],
    p4: tuple[int, ...],
    event: Mapping[str, tuple[int, ...]],
    max_objects: int,
) -> None:
    """Refuse arrays that are not of the same events and objects, or hold too many objects."""
    if len(ids) != 2:
        raise DataError(f"ids has the shape {ids}: give [N, n], a type for each object")
    if ids[1] > max_objects:
        raise DataError(
            f"ids has {ids[1]} objects an event: at most {max_objects}; keep the {max_objects} of"
            f" largest pT, or give max_objects={ids[1]}"
        )
    if p4 != (*ids, 4):
        raise DataError(f"p4 has the shape {p4}: give (E, pT, eta, phi) for each type, {(*ids, 4)}")
    for name, shape in event.items():
        if shape != ids[:1]:
            raise DataError(f"{name} has the shape {shape}: give one value an event, {ids[:1]}")


def _refuse_fractions(**numbers: NDArray[Any]) -> None:
    for name, values in numbers.items():
        if len(bad := values[values != np.rint(values)]):
            raise DataError(f"{name} holds {bad[0]}: types and labels are whole numbers")


def reject_rows(
    bad: NDArray[np.bool_],
    values: NDArray[Any],
    problem: str,
    remedy: str,
    *,
    where: str,
    first_row: int = 0,
) -> None:
    """Raise the DataError of the first event that `bad` marks; nothing where it marks none.

    Args:
        bad: [N] or [N, object].
        values: what to show of the event or object, same leading axes.
        problem: what is wrong with it.
        remedy: what to do about it, or what is right.
        where: file and dataset.
        first_row: row of the file that is row 0 here.
    """
    if not bad.any():
        return
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    slot = f", object {first[1]}" if len(first) > 1 else ""
    rows = int(bad.reshape(len(bad), -1).any(1).sum())
    raise DataError(
        f"{where}: row {first_row + first[0]}{slot}: {problem} ({values[first]}; {rows} such rows"
        f" from there); {remedy}"
    )
