"""The same tokens, however others write them: what is certain is converted and reported, what is
not is refused with the reason.
"""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from lexon.datasets.foreign_tokens import read_foreign
from lexon.datasets.token_conventions import convention_of
from lexon.errors import DataError
from lexon.tokenisers.binning import BinnedTokeniser


@pytest.fixture(scope="module")
def rows(make_events) -> np.ndarray:
    """Tokens as lexon writes them, 5 bins."""
    events = make_events(400)
    tokens = BinnedTokeniser(5, "correct", pid=True).fit(events).encode(events)
    return np.concatenate([tokens.values, tokens.met], axis=1)


def from_0(rows: np.ndarray, padding: int) -> np.ndarray:
    return np.where(rows == 0, padding, rows - 1)


def padded_in_front(rows: np.ndarray) -> np.ndarray:
    objects = rows[:, :18]
    return np.column_stack(
        [
            np.take_along_axis(objects, np.argsort(objects > 0, axis=1, kind="stable"), axis=1),
            rows[:, 18:],
        ]
    )


def write(path: Path, **arrays: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        for key, array in arrays.items():
            file[key] = array
    return path


WAYS = {
    "own": (lambda rows: rows, ""),
    "float": (lambda rows: rows.astype("f4"), ""),
    "from 0, padded 885": (
        lambda rows: from_0(rows, 885),
        "counted from 0, now from 1; padding was 885, now 0",
    ),
    "from 0, padded -1": (
        lambda rows: from_0(rows, -1),
        "counted from 0, now from 1; padding was -1, now 0",
    ),
    "padded 886": (lambda rows: np.where(rows == 0, 886, rows), "padding was 886, now 0"),
    "padded 885": (lambda rows: np.where(rows == 0, 885, rows), "padding was 885, now 0"),
    "padded -1": (lambda rows: np.where(rows == 0, -1, rows), "padding was -1, now 0"),
    "after 3 special tokens": (
        lambda rows: np.where(rows == 0, 0, rows + 3),
        "counted from 4, now from 1",
    ),
    "padded in front": (padded_in_front, "padding came before the objects, now behind"),
    "MET first": (
        lambda rows: np.roll(rows, 2, axis=1),
        "MET and METphi came before the objects, now last",
    ),
    "METphi before MET": (
        lambda rows: rows[:, [*range(18), 19, 18]],
        "METphi came before MET, now last",
    ),
    "all at once": (
        lambda rows: np.roll(from_0(padded_in_front(rows), 885), 2, axis=1),
        "from 0.*885.*behind.*before the objects",
    ),
}


@pytest.mark.parametrize(("way", "note"), WAYS.values(), ids=WAYS)
def test_every_certain_way_is_read_as_ours_and_reported(tmp_path, rows, way, note):
    foreign = read_foreign(
        write(tmp_path / "reference.h5", X_train=way(rows[:250]), X_test=way(rows[250:]))
    )
    np.testing.assert_array_equal(foreign.rows, rows)
    notes = " ".join(foreign.notes)
    assert "converted" in notes if note else "converted" not in notes
    assert re.search(note, notes)


@pytest.mark.parametrize(
    "way",
    [
        lambda rows: rows,
        lambda rows: from_0(rows, 885),
        lambda rows: from_0(rows, -1),
        padded_in_front,
    ],
    ids=["own", "885", "-1", "front"],
)
def test_without_met_too(tmp_path, rows, way):
    changed = way(rows)[:, :18]
    np.testing.assert_array_equal(
        read_foreign(write(tmp_path / "reference.h5", X=changed)).rows, rows[:, :18]
    )


def test_two_readings_are_refused_with_both(tmp_path, rows):
    """Counted from 0 and padded with 0: the first token looks like no object."""
    both = np.where(rows == 0, 0, rows - 1)
    with pytest.raises(
        DataError,
        match="counted from 0, and rows end with 0, .* write padding as another number, such as -1",
    ):
        read_foreign(write(tmp_path / "reference.h5", X=both))
    few = np.where(rows == 0, 900, rows)[:, :18]
    few = np.where((few == 875) | (few == 1), 7, few)
    with pytest.raises(
        DataError,
        match="900 is padding, but whether tokens are counted from 0 or from 1 cannot be seen",
    ):
        convention_of(few, "reference.h5")


def test_holes_are_no_convention(tmp_path, rows):
    holed = rows.copy()
    holed[np.flatnonzero((holed[:, :18] > 0).sum(1) > 3), 1] = 0
    with pytest.raises(
        DataError,
        match="padding before a real object.*where 0 is a token, because tokens are counted from 0",
    ):
        read_foreign(write(tmp_path / "reference.h5", X=holed))


@pytest.mark.parametrize(
    "keys",
    [
        ("train/X", "test/X"),
        ("X/train", "X/test"),
        ("binned/train/tokens", "binned/test/tokens"),
        ("train/X_train", "test/X_test"),
        ("Training/data", "testing/data"),
    ],
)
def test_groups_are_splits(tmp_path, rows, keys):
    labels = {
        key.replace("X", "Y").replace("tokens", "labels").replace("data", "y"): np.full(n, n)
        for key, n in zip(keys, (250, 150), strict=True)
    }
    foreign = read_foreign(
        write(tmp_path / "reference.h5", **{keys[0]: rows[:250], keys[1]: rows[250:]}, **labels)
    )
    assert [(part.name, len(part.rows), part.labels[0]) for part in foreign.parts] == [
        ("train", 250, 250),
        ("test", 150, 150),
    ]


@pytest.mark.parametrize(
    ("keys", "split"),
    [
        (("a/X", "b/X"), "the whole file"),
        (("X_train", "x_TRAIN"), "the split train"),
        (("X_val", "valid/X"), "the split val"),
        (("X", "tokens"), "the whole file"),
    ],
)
def test_two_arrays_for_one_split_are_refused(tmp_path, rows, keys, split):
    path = write(tmp_path / "reference.h5", **dict.fromkeys(keys, rows))
    with pytest.raises(
        DataError,
        match=f"{min(keys)} and {max(keys)} would both be {split}; keep one, or name their splits",
    ):
        read_foreign(path)


@pytest.mark.parametrize("token", [1e9, 2**40, -(10**9), 7_000_201])
def test_a_token_beyond_any_number_of_bins_is_refused(tmp_path, rows, token):
    changed = rows.astype(np.int64)
    changed[3, 0] = token
    with pytest.raises(
        DataError,
        match=(
            "row 3, object 0: token beyond any vocabulary.*100 bins per axis make tokens up to"
            " 7,000,200"
        ),
    ):
        read_foreign(write(tmp_path / "reference.h5", X=changed))
