"""The reference's token file made fit to train from: in our splits where its rows are ours, else in
splits of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from lexon.config import Division
from lexon.datasets.events import EventSource
from lexon.datasets.foreign_tokens import ForeignTokens
from lexon.datasets.tokens import PART_ARRAYS, TokenSample, TokenSource
from lexon.errors import DataError
from lexon.events import MAX_OBJECTS, SPLITS, Events
from lexon.pipelines.comparison.sides import our_side
from lexon.pipelines.comparison.words import how_sure
from lexon.tokenisers.binning import BinnedTokeniser, binned_layout
from lexon.tokenisers.comparison.alignment import Alignment, align
from lexon.tokenisers.comparison.columns import TokenColumns, infer_n_bins

logger = logging.getLogger(__name__)

# Share of our rows of a split that the reference must cover to be divided as ours: a biased
# remainder would be another sample.
COVERED = {"train": 0.9, "val": 0.95, "test": 0.95}
# Without these, the reference's rows are a block of their own; validation can be drawn from its
# training rows.
NEEDED = ("train", "test")
HELD_OUT = ("test", "val")
HANDED_ON = ("raw_path", "raw_digest", "raw_energy_unit", "generator")

Index = NDArray[np.int64]
Splits = dict[str, tuple[NDArray[np.integer], Index]]


@dataclass(frozen=True)
class Part:
    """What the reference file has of one of our splits.

    Attributes:
        rows: the reference's tokens, in our order.
        labels: of all our events of the split.
        ours: which of these the reference's rows are.
    """

    rows: NDArray[np.int32]
    labels: NDArray[np.int64]
    ours: Index

    @property
    def n_missing(self) -> int:
        """How many of our events the reference file does not have."""
        return len(self.labels) - len(self.ours)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """What tells which events of a split these are, by `lexon.datasets.tokens.PART_ARRAYS`."""
        return dict(zip(PART_ARRAYS, (self.ours, self.labels), strict=True))


def adopt_ambre(
    shown: EventSource | TokenSource, ambre: ForeignTokens, division: Division
) -> TokenSample:
    """The reference's tokens in our splits, in our order, with our labels, so that they are
    compared event by event.

    Where its rows cannot be shown to be ours, they stay in its own splits with its own labels, as a
    block that is not paired with the others.

    Args:
        shown: our events, or our token file where that takes their place.
        ambre: the reference file.
        division: `events.split` and `events.split_seed`, for rows that the reference does not
            divide.

    Raises:
        DataError: rows that are not ours and have no labels.
    """
    rows = ambre.rows
    ours, n_bins = _our_columns(shown, ambre)
    alignment = align(ours, TokenColumns.unpack(rows, n_bins))
    logger.info("%s: %s", ambre.path.name, how_sure(alignment))
    labels = np.concatenate([_labels(shown, split) for split in SPLITS])
    row_of = _row_of(alignment)
    borders = np.cumsum([shown.n(split) for split in SPLITS])[:-1]
    covered = {
        split: float((part >= 0).mean())
        for split, part in zip(SPLITS, np.split(row_of, borders), strict=True)
    }
    arrays: dict[str, NDArray[Any]] = {}
    if all(covered[split] >= COVERED[split] for split in NEEDED):
        parts = {
            split: Part(rows[index[index >= 0]], own, np.flatnonzero(index >= 0))
            for split, index, own in zip(
                SPLITS, np.split(row_of, borders), np.split(labels, borders), strict=True
            )
        }
        splits, attributes, arrays = _in_our_splits(shown, ambre, parts, covered, division)
        notes = [
            how_sure(alignment),
            *attributes.pop("notes"),
            *_label_check(ambre, labels, alignment),
        ]
    else:
        splits, attributes = _in_reference_splits(shown, ambre, division)
        notes = [how_sure(alignment), *attributes.pop("notes")]
    tokeniser = (
        {"tokeniser": ambre.attributes["tokeniser"]}
        if isinstance(ambre.attributes.get("tokeniser"), dict)
        else {}
    )
    own: dict[str, Any] = {
        "vocab_size": binned_layout(n_bins).vocab_size,
        "n_bins": n_bins,
        "tokens_path": str(ambre.path),
        "tokens_digest": ambre.digest,
    }
    own |= {} if rows.shape[1] > MAX_OBJECTS else {"has_met": False}
    chunks = ((split, *part) for split, part in splits.items())
    return TokenSample(
        chunks, {**attributes, **tokeniser, **own, "notes": [*ambre.notes, *notes]}, arrays
    )


def _our_columns(
    shown: EventSource | TokenSource, ambre: ForeignTokens
) -> tuple[TokenColumns, int]:
    """Our rows in bins to compare the reference with, and the reference's number of bins. Which
    edges ours has does not matter.
    """
    if isinstance(shown, TokenSource):
        columns = our_side(shown).columns
        return columns, infer_n_bins(ambre.rows, str(ambre.path), like=columns.types)
    events = Events.concatenate([shown.read(split) for split in SPLITS])
    n_bins = infer_n_bins(ambre.rows, str(ambre.path), like=events.ids)
    tokens = BinnedTokeniser(n_bins, "correct", pid=True).fit(events).encode(events)
    return TokenColumns.unpack(np.concatenate([tokens.values, tokens.met], axis=1), n_bins), n_bins


def _labels(shown: EventSource | TokenSource, split: str) -> NDArray[np.int64]:
    return shown.labels(split) if isinstance(shown, TokenSource) else shown.read(split).labels


def _row_of(alignment: Alignment) -> Index:
    """The reference's row of each of our rows, -1 for none."""
    row_of = np.full(alignment.n_ours, -1, np.int64)
    reference_rows = np.flatnonzero(alignment.linked)
    row_of[alignment.index[reference_rows]] = reference_rows
    return row_of


def _in_our_splits(
    shown: EventSource | TokenSource,
    ambre: ForeignTokens,
    parts: Mapping[str, Part],
    covered: Mapping[str, float],
    division: Division,
) -> tuple[Splits, dict[str, Any], dict[str, NDArray[Any]]]:
    """Our splits: one that is complete keeps the digest of ours, one that lacks a few events says
    which it has (`part_of`).
    """
    splits: Splits = {split: (part.rows, part.labels[part.ours]) for split, part in parts.items()}
    notes = ["The reference's rows are divided as ours, in our order, with our labels."]
    own = parts
    if covered["val"] < COVERED["val"]:
        drawn, note = _validation_from_training(splits["train"], covered["val"], ambre, division)
        splits |= drawn
        notes.append(note)
        own = {"test": parts["test"]}
    notes += _note_on_missing(own)
    complete: dict[str, str] = {}
    part_of: dict[str, str] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for split, digest in shown.attributes.get("split_digests", {}).items():
        if split in own and own[split].n_missing:
            part_of[split] = digest
            arrays |= {f"{name}_{split}": array for name, array in own[split].arrays.items()}
        elif split in own:
            complete[split] = digest
    attributes = {name: shown.attributes[name] for name in HANDED_ON if name in shown.attributes}
    attributes |= {"label_names": shown.label_names, "named_by_file": shown.named_by_file}
    attributes |= {"split_digests": complete, "part_of": part_of, "notes": notes}
    return splits, attributes, arrays


def _validation_from_training(
    train: tuple[NDArray[np.integer], Index],
    covered: float,
    ambre: ForeignTokens,
    division: Division,
) -> tuple[Splits, str]:
    """Training and validation rows drawn from the reference's training rows, and why, in a
    sentence.

    Args:
        covered: share of our validation events that the reference file has.
    """
    rows, labels = train
    share = division.split["val"] / (division.split["train"] + division.split["val"])
    kept, held_out = _drawn(np.arange(len(rows)), labels, share, division.split_seed, ambre)
    splits: Splits = {
        "train": (rows[kept], labels[kept]),
        "val": (rows[held_out], labels[held_out]),
    }
    have = (
        f"only {covered:.0%} of our validation events are"
        if covered
        else "none of our validation events is"
    )
    return (
        splits,
        (
            f"Because {have} in the reference file, {len(held_out):,} of its training rows, drawn"
            " by label, validate instead (events.split)."
        ),
    )


def _note_on_missing(parts: Mapping[str, Part]) -> list[str]:
    """A sentence about our events that the reference file does not have, if there are any."""
    missing = [(split, part) for split, part in parts.items() if part.n_missing]
    if not missing:
        return []
    counts = ", ".join(
        f"{part.n_missing:,} of our {len(part.labels):,} {split} events" for split, part in missing
    )
    test = parts["test"]
    common = (
        f" Results are compared on the {len(test.ours):,} test events that both have."
        if test.n_missing
        else ""
    )
    return [f"Not in the reference file: {counts}.{common}"]


def _in_reference_splits(
    shown: EventSource | TokenSource, ambre: ForeignTokens, division: Division
) -> tuple[Splits, dict[str, Any]]:
    labels = ambre.labels
    if labels is None:
        raise DataError(
            f"{ambre.path}: holds no labels, and its rows cannot be shown to be our events, so"
            " there is nothing to train on; give a file with Y_..., or our events in the same"
            " order"
        )
    indices, how = _division(ambre, labels, division)
    rows = ambre.rows
    splits: Splits = {split: (rows[index], labels[index]) for split, index in indices.items()}
    known, reference = shown.label_names, {int(label) for label in np.unique(labels)}
    names = ambre.attributes.get("label_names") or (known if reference <= known.keys() else {})
    taken = (
        f" The reference's labels {sorted(reference)} are taken to mean what ours do."
        if names is known
        else ""
    )
    notes = [
        f"The reference's rows are a block of their own: its labels, {how}. Results on it are not"
        f" paired with the others.{taken}"
    ]
    return splits, {
        "label_names": names,
        "raw_path": str(ambre.path),
        "raw_digest": ambre.digest,
        "notes": notes,
    }


def _division(
    ambre: ForeignTokens, labels: NDArray[np.int64], division: Division
) -> tuple[dict[str, Index], str]:
    """Rows of each split: those of the reference where it names one val or test, else drawn by
    label from the rest; and how, in words.
    """
    held_out, rest = _reference_rows(ambre)
    reference = list(held_out)
    sources = [f"the reference's {' and '.join(reference)} split"] if reference else []
    drawn = [split for split in HELD_OUT if split not in reference]
    for split in drawn:
        share = _share(split, division, held_out)
        rest, held_out[split] = _drawn(rest, labels, share, division.split_seed, ambre)
    if drawn:
        sources.append(
            f"{' and '.join(drawn)} drawn from the rest by label (events.split, seed"
            f" {division.split_seed})"
        )
    return {"train": rest, **held_out}, ", ".join(sources)


def _reference_rows(ambre: ForeignTokens) -> tuple[dict[str, Index], Index]:
    """Rows that the reference names val or test, by split, and all others."""
    names = np.repeat([part.name for part in ambre.parts], [len(part.rows) for part in ambre.parts])
    held_out = {split: np.flatnonzero(names == split) for split in HELD_OUT if split in names}
    rest = np.flatnonzero(~np.isin(names, list(held_out)))
    if not len(rest):
        raise DataError(
            f"{ambre.path}: has no rows to train on beside {' and '.join(held_out)}; add X_train,"
            " or one array of all"
        )
    return held_out, rest


def _share(split: str, division: Division, held_out: Collection[str]) -> float:
    """Share of a split in the rows that do not belong to a split that is `held_out` already."""
    shares = {str(name): share for name, share in division.split.items() if name not in held_out}
    return shares[split] / sum(shares.values())


def _drawn(
    pool: Index, labels: NDArray[np.int64], share: float, seed: int, ambre: ForeignTokens
) -> tuple[Index, Index]:
    """The rows that stay and the rows that are drawn, by label."""
    values, counts = np.unique(labels[pool], return_counts=True)
    if counts.min() * share < 1:
        rare = int(values[counts.argmin()])
        raise DataError(
            f"{ambre.path}: label {rare} has {counts.min()} rows, too few for every split; divide"
            " the file by hand"
        )
    kept, drawn = train_test_split(pool, test_size=share, random_state=seed, stratify=labels[pool])
    return np.sort(kept), np.sort(drawn)


def _label_check(
    ambre: ForeignTokens, labels: NDArray[np.int64], alignment: Alignment
) -> Sequence[str]:
    """The reference's labels beside ours: an independent check of the links, which never
    saw them.
    """
    reference = ambre.labels
    if reference is None:
        return []
    linked = alignment.linked
    same = float((reference[linked] == labels[alignment.index[linked]]).mean())
    return [
        f"The reference's labels, which the links never saw, equal ours in {same:.1%} of the linked"
        " rows."
    ]
