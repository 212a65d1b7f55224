"""Tokens on disk, as Kedro sees them: M object tokens, the MET token and the METphi token of each
event, [N, M + 2]; M is 18 unless `events.max_objects` says otherwise.

A file of ours explains itself: its attributes hold the fitted tokeniser, so that `decode` needs
nothing else. A file from somewhere else needs none of them: X_train, Y_train, ... in
`lexon.datasets.split_layout` are enough to train from.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import h5py
import numpy as np
from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview
from numpy.typing import NDArray

import lexon
from lexon.config import named_labels
from lexon.datasets import split_layout as layout
from lexon.datasets.files import shown_path
from lexon.datasets.hdf5 import ReadFile, read_attributes, reading, write_attributes, writing
from lexon.datasets.identity import of_rows, part_digest
from lexon.datasets.kinds import is_hdf5
from lexon.datasets.labelled import SplitSource
from lexon.datasets.token_conventions import HIDDEN, MAX_BINS, MAX_VOCABULARY
from lexon.errors import DataError
from lexon.events import MAX_OBJECTS, SPLITS, reject_rows
from lexon.tokenisers import restore
from lexon.tokenisers.base import ClassifiedTokens, Tokeniser, Tokens
from lexon.tokenisers.binning import binned_layout
from lexon.tokenisers.comparison.columns import infer_n_bins
from lexon.tokenisers.layout import Layout

logger = logging.getLogger(__name__)

FORMAT_VERSION = 1
# Arrays of a split that lacks events of another one (attribute `part_of`): which of its events
# there are, and the labels of all.
PART_ARRAYS = ("event", "all_labels")
MOST_TOKENS = f"{MAX_BINS} bins per axis, the most that lexon makes, give {MAX_VOCABULARY:,} tokens"
READ_AT_ONCE = 1 << 18
CHUNK_ROWS = 4096

Rows = NDArray[np.int64]


class TokenChunk(NamedTuple):
    """Tokens of some events [n, M + 2], their labels [n] and, where events have them, weights
    [n].
    """

    split: str
    rows: NDArray[np.integer]
    labels: NDArray[np.integer]
    weights: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class TokenSource(SplitSource):
    """A token file.

    Attributes:
        asked_objects: places for objects that its rows must have; None: as many as the file says.
    """

    row = layout.TOKEN_ROW
    parameter = "tokens.path"
    n_features: ClassVar[None] = None
    asked_objects: int | None = field(default=None, kw_only=True)

    @property
    def max_objects(self) -> int:
        """Places for objects of each row."""
        return self.header.max_objects

    def _places_in(self, file: ReadFile) -> int:
        """As the attribute says, else the width of the rows.

        Raises:
            DataError: the attribute is no number, or another one is asked for.
        """
        asked, attributes = self.asked_objects, read_attributes(file, ["max_objects"])
        own = attributes.get("max_objects", self._places_by_width(file))
        if not isinstance(own, int) or own < 1:
            raise DataError(
                f"{self.path}: attribute max_objects={own!r}; it is the number of object tokens of"
                " a row, at least 1"
            )
        if asked is not None and own != asked:
            raise DataError(
                f"{self.path}: its rows have places for {own} objects, but events.max_objects is"
                f" {asked}; set events.max_objects={own}, or make the file again"
            )
        return own

    def _places_by_width(self, file: ReadFile) -> int:
        """As many as are asked for, unless rows can only be those of the usual layout: the width
        alone does not tell, since MET may be absent.
        """
        asked = self.asked_objects or MAX_OBJECTS
        rows = next((file[key] for key in file if key.lower() == "x_train"), None)
        if not isinstance(rows, h5py.Dataset) or rows.ndim != 2:
            return asked
        usual, wanted = (layout.TOKEN_ROW.widths(n) for n in (MAX_OBJECTS, asked))
        return MAX_OBJECTS if rows.shape[1] in set(usual) - set(wanted) else asked

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the file, one sentence each, for a log and a report."""
        notes = self.attributes.get("notes", [])
        guessed = (
            f"{self.path.name} has no attribute vocab_size: {self.vocab_size}, one more than its"
            " largest token, is taken."
        )
        return (
            *self.linked_note,
            *(notes if isinstance(notes, list) else [str(notes)]),
            *([guessed] if "vocab_size" not in self.attributes else []),
            *([self._unused_weights] if self._own_weight and not self.weighted else []),
        )

    @property
    def _own_weight(self) -> str | None:
        """What a file that lexon wrote calls the weights of its events; None where it has none."""
        name: str | None = self.attributes.get("weight")
        return name

    @property
    def _unused_weights(self) -> str:
        return (
            f"The event weights of {self.path.name} are not used (events.weight={self._own_weight}"
            " would use them)."
        )

    @cached_property
    def vocab_size(self) -> int:
        """Number of tokens including padding 0: from the file's attribute, else one more than its
        largest.
        """
        written = self.attributes.get("vocab_size")
        if written is None:
            largest = max(
                float(np.nan_to_num(rows).max())
                for split in SPLITS
                for _, rows, _ in self._raw(split, READ_AT_ONCE)
            )
            if not largest < MAX_VOCABULARY:
                raise DataError(
                    f"{self.path}: token {largest:.12g} is beyond any vocabulary: {MOST_TOKENS};"
                    " are these tokens?"
                )
            return 1 + int(largest)
        if (
            not isinstance(written, int)
            or isinstance(written, bool)
            or not 2 <= written <= MAX_VOCABULARY
        ):
            allowed = (
                f"it is the number of tokens including padding 0, from 2 to {MAX_VOCABULARY:,}"
            )
            raise DataError(
                f"{self.path}: attribute vocab_size={written!r}; {allowed}: {MOST_TOKENS}"
            )
        return written

    @cached_property
    def has_met(self) -> bool:
        """Whether rows hold tokens of MET and METphi; without, these columns are 0."""
        with reading(self.path) as file:
            widths = {split: file[key].shape[1] for split, key in self.header.features.items()}
        if len(set(widths.values())) > 1:
            raise DataError(
                f"{self.path}: splits have rows of different widths ({widths}); write all with MET"
                " and METphi, or none"
            )
        return (
            widths["train"] == layout.TOKEN_ROW.width(self.max_objects)
            and self.attributes.get("has_met") is not False
        )

    def read(self, split: str) -> Rows:
        """All tokens of a split, checked, int64 [N, M + 2]."""
        return np.concatenate([rows for rows, _ in self.chunks(split, READ_AT_ONCE)])

    def labels(self, split: str) -> NDArray[np.int64]:
        """The process label of every event of a split, int64 [N]."""
        key = self.header.labels[split]
        with self.opened() as file:
            return layout.read_labels(file[key][()], f"{self.path}: {key}", 0)

    def chunks(self, split: str, n: int) -> Iterator[tuple[Rows, NDArray[np.int64]]]:
        """(tokens int64 [n, M + 2], labels int64 [n]) of a split, n at a time, checked."""
        x, y = (
            f"{self.path}: {keys[split]}" for keys in (self.header.features, self.header.labels)
        )
        for start, rows, labels in self._raw(split, n):
            yield (
                checked_tokens(rows, self.vocab_size, x, start, self.max_objects, self.has_met),
                layout.read_labels(labels, y, start),
            )

    def classified(self, split: str, classes: Mapping[str, Any]) -> ClassifiedTokens:
        """The tokens of the events of a split that belong to a class; every real object has type 1:
        tokens hold the types.
        """
        rows, labels = self.read(split), self.labels(split)
        targets = self.class_map(classes).targets(labels)
        index = np.flatnonzero(targets >= 0)
        whole = self.attributes.get("part_of", {}).get(split)
        if whole:
            event, digest = self._part_of(whole, split, index, classes)
        else:
            event, digest = index, of_rows(self._digest_of(split), index)
        weights = self.weights(split)
        return ClassifiedTokens(
            as_tokens(rows[index]),
            targets[index],
            labels[index],
            event,
            digest,
            None if weights is None else weights[index],
        )

    def _digest_of(self, split: str) -> str:
        """That of the events of a split and their weights; of those that lexon wrote, it is the
        one of the events that it made tokens of.
        """
        known = self.attributes.get("split_digests", {}).get(split) or f"{self.digest} {split}"
        if self.weight in (None, layout.OWN, self._own_weight):
            return str(known)
        return f"{known} weighted with {self.weight}"

    def _part_of(
        self, whole: str, split: str, index: NDArray[np.int64], classes: Mapping[str, Any]
    ) -> tuple[NDArray[np.int64], str]:
        """Which events of a split with the digest `whole` these rows are, and the digest of a part
        of them (`part_digest`).
        """
        ours, labels = (self.array(f"{name}_{split}") for name in PART_ARRAYS)
        every = np.flatnonzero(self.class_map(classes).targets(labels) >= 0)
        return ours[index], part_digest(of_rows(whole, every), of_rows(whole, ours[index]))

    def tokeniser(self) -> Tokeniser:
        """The fitted tokeniser that made these tokens.

        Raises:
            DataError: the file does not hold it.
        """
        state = self.attributes.get("tokeniser")
        if not isinstance(state, dict):
            raise DataError(
                f"{self.path}: has no attribute tokeniser, so its tokens cannot be decoded; make it"
                " with kedro run"
            )
        return restore(state | {name: self.array(name) for name in state.get("arrays", [])})

    @cached_property
    def layout(self) -> Layout:
        """The parts of the tokens: as the tokeniser in the file says, else those of as many bins as
        the file says, or its tokens tell.

        Raises:
            DataError: they are not numbered in such a way.
        """
        if isinstance(self.attributes.get("tokeniser"), dict):
            if (found := self.tokeniser().layout) is None:
                raise DataError(
                    f"{self.path}: tokens of its tokeniser have no parts that are known; use"
                    " model.embedding=table"
                )
            return found
        n_bins = self.attributes.get("n_bins")
        return binned_layout(
            n_bins
            if isinstance(n_bins, int | str)
            else infer_n_bins(self._every_row, str(self.path), self.max_objects)
        )

    @cached_property
    def n_object_tokens(self) -> int:
        """Tokens that an object can have, from 1: as the tokeniser in the file says, else all that
        are not padding.
        """
        layout = (
            self.tokeniser().layout if isinstance(self.attributes.get("tokeniser"), dict) else None
        )
        return layout.n_object_tokens if layout else self.vocab_size - 1

    @property
    def _every_row(self) -> Rows:
        every = np.concatenate([self.read(split) for split in SPLITS])
        return every if self.has_met else every[:, : self.max_objects]

    def array(self, name: str) -> NDArray[Any]:
        """An array that the tokeniser left in the file: the codebook of a VQ-VAE, say."""
        with self.opened() as file:
            if isinstance(file.get(name), h5py.Dataset):
                return np.asarray(file[name][()])
            raise DataError(f"{self.path}: has no array {name}; it has {', '.join(file)}")

    def has_array(self, name: str) -> bool:
        """Whether the tokeniser left an array of this name."""
        with self.opened() as file:
            return isinstance(file.get(name), h5py.Dataset)

    def _raw(self, split: str, n: int) -> Iterator[tuple[int, NDArray[Any], NDArray[Any]]]:
        """(first row, tokens, labels) as the file has them."""
        for start in range(0, self.n(split), n):
            with self.opened() as file:
                both = (
                    file[keys[split]][start : start + n]
                    for keys in (self.header.features, self.header.labels)
                )
                yield start, *both


def as_tokens(rows: Rows) -> Tokens:
    """Rows [N, M + 2] as what a model is shown."""
    values, met = rows[:, :-2], rows[:, -2:]
    mask = values > 0
    return Tokens(values=values, types=mask.astype(np.int64), mask=mask, met=met)


def checked_tokens(
    rows: NDArray[Any],
    vocab_size: int,
    where: str,
    first_row: int,
    max_objects: int,
    has_met: bool = True,
) -> Rows:
    """Rows of a file as int64 [n, M + 2], or the DataError of the first rule that one of them
    breaks; without MET, its columns are 0.
    """
    if not has_met:
        rows = np.pad(rows[:, :max_objects], ((0, 0), (0, 2)))

    def check(bad: NDArray[np.bool_], problem: str, remedy: str) -> None:
        reject_rows(bad, rows, problem, remedy, where=where, first_row=first_row)

    if rows.dtype.kind == "f":
        check(
            ~(np.isfinite(rows) & (np.rint(rows) == rows)),
            "token that is not whole",
            "tokens are integers; is this a file of events?",
        )
    check(rows < 0, "negative token", "tokens run from 1, 0 is padding")
    check(
        rows >= vocab_size,
        f"token beyond the vocabulary of {vocab_size}",
        "set its attribute vocab_size, or make the file again",
    )
    padding = rows[:, :-2] == 0
    check(padding[:, :-1] & ~padding[:, 1:], "padding before a real object", HIDDEN)
    check(
        (rows[:, -2:] == 0) & has_met,
        "event without MET or METphi token",
        f"a row is {layout.TOKEN_ROW.layout(max_objects)}",
    )
    return rows.astype(np.int64)


@dataclass(frozen=True)
class TokenSample:
    """Tokens on their way to a file.

    Attributes:
        chunks: as `TokenChunk` has it, in any order of splits; consumed once.
        attributes: what to write on the file, `vocab_size` among them.
        arrays: more datasets by name.
        occupancy: how training events fill the tokens, in sentences; asked after the last chunk.
    """

    chunks: Iterable[TokenChunk | tuple[str, NDArray[np.integer], NDArray[np.integer]]]
    attributes: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    occupancy: Callable[[], Sequence[str]] = tuple


class TokensDataset(AbstractDataset[TokenSample, TokenSource]):
    """A file of tokens in the split HDF5 layout.

    Args:
        linked_data: folder below which files to which this one refers may lie.
        parameter: the one by which a user chose the path, if any; a run then writes over nothing
            but its own file there.
        weight: where weights of the events are (`SplitSource.weight`); None: they are not used.
        max_objects: places for objects that its rows must have; None: as many as the file says.
    """

    def __init__(
        self,
        filepath: str,
        label_names: dict[int, str] | str | None = None,
        linked_data: str | None = None,
        parameter: str | None = None,
        weight: str | None = layout.OWN,
        max_objects: int | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self._weight, self._max_objects = weight, max_objects
        self.linked_data = Path(linked_data) if linked_data else None
        self._label_names = named_labels(label_names)
        self.parameter = parameter
        self.metadata = metadata

    def load(self) -> TokenSource:
        return TokenSource(
            self._filepath,
            configured_names=self._label_names,
            linked_data=self.linked_data,
            weight=self._weight,
            asked_objects=self._max_objects,
        )

    def save(self, data: TokenSample) -> None:
        vocab_size = int(data.attributes["vocab_size"])
        max_objects = int(data.attributes.get("max_objects", MAX_OBJECTS))
        width = layout.TOKEN_ROW.width(max_objects)
        with writing(self._filepath) as file:
            layout.create(file, width, np.min_scalar_type(vocab_size - 1), CHUNK_ROWS)
            for chunk in data.chunks:
                split, rows, labels, weights = TokenChunk(*chunk)
                has_met = data.attributes.get("has_met") is not False
                where = f"{split} tokens for {self._filepath}"
                checked = checked_tokens(rows, vocab_size, where, 0, max_objects, has_met)
                layout.append(file, split, checked, labels, weights)
                file.check()
            layout.refuse_empty(file, self._filepath)
            for name, values in data.arrays.items():
                file[name] = values
            own = {"format_version": FORMAT_VERSION, "lexon_version": lexon.__version__}
            write_attributes(file, {**data.attributes, **own, "occupancy": list(data.occupancy())})
        for sentence in self.in_words():
            logger.info("%s", sentence)

    def in_words(self) -> list[str]:
        """How training events fill the tokens, where the file is, and how many events each split
        has.
        """
        source = self.load()
        sizes = ", ".join(f"{source.n(split):,} {split}" for split in layout.FEATURE_KEYS)
        path = (
            f"Tokens: {shown_path(self._filepath)}: {sizes} events, a vocabulary of"
            f" {source.vocab_size:,}"
        )
        return [*(str(sentence) for sentence in source.attributes.get("occupancy", [])), path]

    def is_own(self) -> bool:
        """Whether the file is a token file that lexon wrote, by its attributes."""
        if not is_hdf5(self._filepath):
            return False
        with reading(self._filepath) as file:
            features = file.get(layout.FEATURE_KEYS["train"])
            max_objects = read_attributes(file).get("max_objects", MAX_OBJECTS)
            width = (layout.TOKEN_ROW.width(max_objects),)
            wide = isinstance(features, h5py.Dataset) and features.shape[1:] == width
            return wide and {"lexon_version", "format_version", "vocab_size"} <= set(file.attrs)

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def preview(self) -> TablePreview:
        """Name, shape and type of each array, and the size of the vocabulary, for kedro-viz."""
        with reading(self._filepath) as file:
            vocab_size = read_attributes(file).get("vocab_size", "unknown")
            rows = [
                [key, str(item.shape), str(item.dtype), vocab_size if item.ndim == 2 else ""]
                for key, item in file.items()
            ]
        return TablePreview(
            {
                "index": list(range(len(rows))),
                "columns": ["dataset", "shape", "dtype", "vocabulary"],
                "data": rows,
            }
        )
