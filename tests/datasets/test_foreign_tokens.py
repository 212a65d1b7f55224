"""Token files as others write them: every layout is read, and what is none says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lexon.datasets.foreign_tokens import ForeignTokensDataset, read_foreign
from lexon.errors import ConfigurationError, DataError

ROWS = np.array([[130, 2, *[0] * 16, 876, 881], [875, *[0] * 17, 880, 885], [*[0] * 18, 878, 883]])
LABELS = np.array([1, 2, 2])


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(**arrays) -> Path:
        path = tmp_path / "reference.h5"
        with h5py.File(path, "w") as file:
            for key, array in arrays.items():
                file[key] = array
            file.attrs["author"] = "somebody"
        return path

    return write


@pytest.mark.parametrize(
    "key",
    ["X_train", "X_TRAIN", "x_train_and_test", "X", "tokens", "data", "Tokens_all", "group/data"],
)
@pytest.mark.parametrize("dtype", [np.int64, np.uint16, np.float32])
def test_tokens_are_found_under_any_name(write, key, dtype):
    foreign = read_foreign(write(**{key: ROWS.astype(dtype)}))
    np.testing.assert_array_equal(foreign.rows, ROWS)
    assert foreign.labels is None
    assert key in foreign.notes[-1]
    assert foreign.attributes == {"author": "somebody"}


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("X_train", "Y_train"),
        ("X_test", "y_test"),
        ("x", "LABELS"),
        ("data", "y"),
        ("tokens_a", "labels_a"),
    ],
)
def test_labels_belong_to_the_part_of_their_name(write, x, y):
    foreign = read_foreign(write(**{x: ROWS, y: LABELS[:, None].astype(float), "weights": LABELS}))
    np.testing.assert_array_equal(foreign.labels, LABELS)
    assert foreign.notes[-1] == "Ignored: weights."


def test_parts_come_in_the_order_of_splits_and_stay_apart(write):
    foreign = read_foreign(
        write(X_zz=ROWS[:1], X_val=ROWS[1:2], X_test=ROWS[:1], X_train=ROWS, Y_train=LABELS)
    )
    assert [(part.name, len(part.rows)) for part in foreign.parts] == [
        ("train", 3),
        ("val", 1),
        ("test", 1),
        ("zz", 1),
    ]
    assert foreign.labels is None


def test_one_array_of_that_shape_is_taken_and_reported(write):
    foreign = read_foreign(write(events=ROWS, other=np.zeros((3, 4))))
    np.testing.assert_array_equal(foreign.rows, ROWS)
    assert "events is the only one of that shape" in foreign.notes[0]


def test_rows_without_met_are_reported(write):
    assert "without MET" in read_foreign(write(X=ROWS[:, :18])).notes[0]


def change(row: int, column: int, value: float) -> np.ndarray:
    rows = ROWS.astype(float)
    rows[row, column] = value
    return rows


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X_train": np.zeros((5, 92))}, "these are events: make tokens"),
        ({"a": ROWS, "b": ROWS}, r"holds no tokens.*a \(3, 20\), b \(3, 20\)"),
        ({"X": change(1, 0, 1.5)}, "row 1, object 0: token that is not whole"),
        ({"X": change(2, 19, np.nan)}, "row 2, object 19: token that is not whole"),
        ({"X": change(0, 3, -4)}, "negative token"),
        ({"X": change(2, 5, 7)}, "row 2, object 4: padding before a real object"),
        ({"X": ROWS[2:]}, "holds no object"),
        ({"X": ROWS, "Y": LABELS[:2]}, "one label a row"),
        ({"X": ROWS, "Y": LABELS + 0.5}, "label that is not a whole number"),
        ({"X_a": ROWS, "X_b": ROWS[:, :18]}, "different widths"),
    ],
)
def test_what_is_no_token_file_is_refused(write, arrays, message):
    with pytest.raises(DataError, match=message):
        read_foreign(write(**arrays))


def test_text_and_nothing_are_refused(tmp_path):
    text = tmp_path / "reference.h5"
    text.write_text("tokens")
    with pytest.raises(DataError, match="ambre.path is a file in the split HDF5 layout"):
        read_foreign(text)
    with pytest.raises(DataError, match="no such file; check ambre.path"):
        read_foreign(tmp_path / "absent.h5")
    with pytest.raises(Exception, match="ambre.path: not set") as caught:
        ForeignTokensDataset(None).load()
    assert isinstance(caught.value.__cause__, ConfigurationError)
