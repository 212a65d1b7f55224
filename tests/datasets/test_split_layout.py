"""Every way in which a file can be wrong, and its message."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import h5py
import numpy as np
import pytest

from lexon.datasets.event_rows import to_events, to_rows
from lexon.datasets.events import EventSource
from lexon.errors import DataError
from lexon.events import SPLITS


def _read_all(path):
    source = EventSource(path)
    return [source.read(split) for split in SPLITS]


def _put(key, row, column, value):
    def change(arrays):
        arrays[key][row, column] = value

    return change


def _label(row, value):
    return lambda arrays: arrays["y_val"].__setitem__(row, value)


def _only(split, label):
    return lambda arrays: arrays[split].__setitem__(slice(None), label)


def _one_label(arrays):
    for key in ("Y_train", "y_val", "y_test"):
        arrays[key][:] = 2


def _scale_val(arrays):
    rows = arrays["X_val"]
    rows[:, 18] *= 1000
    rows[:, 20:].reshape(-1, 18, 4)[..., :2] *= 1000


def _object_dtype(arrays):
    arrays["X_train"] = np.array([[b"x"] * 92] * 5, dtype=h5py.special_dtype(vlen=bytes))


def _padded_in_the_middle(arrays):
    row = int(np.flatnonzero((arrays["X_test"][:, :18] > 0).sum(1) > 5)[0])
    arrays["X_test"][row, 2] = 0
    arrays["X_test"][row, 28:32] = 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("X_val"), r"X_val is missing .* the file has X_test, X_train"),
        (lambda a: a.pop("y_test"), "Y_test is missing"),
        (
            lambda a: a.update(Y_val=a["y_val"][::-1].copy()),
            "Y_val and y_val differ; keep the right one",
        ),
        (
            lambda a: a.update(X_train=a["X_train"][:, :91]),
            r"X_train has shape \(300, 91\); a row has 92 columns",
        ),
        (lambda a: a.update(X_train=a["X_train"].ravel()), r"X_train has shape \(27600,\)"),
        (
            lambda a: a.update(Y_train=a["Y_train"][:-1]),
            r"Y_train has shape \(299,\), X_train \(300, 92\)",
        ),
        (
            lambda a: a.update(Y_train=np.eye(2)[a["Y_train"].astype(int) - 1]),
            "there is one label an event",
        ),
        (
            lambda a: a.update(X_test=a["X_test"][:0], y_test=a["y_test"][:0]),
            "X_test is empty; split the events",
        ),
        (_object_dtype, "X_train has dtype object; write it as float32"),
        (lambda a: a.update(y_val=np.array(["tttt"] * 60, "S")), "y_val has dtype"),
        (_put("X_val", 7, 18, np.nan), r"X_val: row 7: non-finite MET \(nan; 1 such"),
        (_put("X_val", 7, 19, np.inf), "X_val: row 7: non-finite azimuth"),
        (
            _put("X_val", 7, 19, 170.0),
            r"X_val: row 7: azimuth of MET beyond two turns \(170.* is it in degrees\?",
        ),
        (_put("X_test", 4, 3, 9), r"X_test: row 4, object 3: unknown object type \(9"),
        (_put("X_test", 4, 3, 1.5), r"X_test: row 4, object 3: unknown object type \(1\.5"),
        (_put("X_test", 4, 3, np.nan), r"X_test: row 4, object 3: unknown object type \(nan"),
        (_put("X_test", 4, 3, 257), r"unknown object type \(257"),
        (_put("X_val", 7, 18, -5), r"row 7: negative MET \(-5"),
        (_padded_in_the_middle, r"X_test: row \d+, object 2: padding before a real object"),
        (_label(11, 1.5), r"y_val: row 11: label that is not a whole number \(1\.5"),
        (_label(11, np.nan), r"y_val: row 11: label that is not a whole number \(nan"),
        (_only("y_val", 1), r"the val split has no event with label 2.*split the file anew"),
        (_scale_val, "X_val: GeV was declared, but .* so it is MeV"),
    ],
)
def test_bad_content_is_named_with_its_place_and_remedy(write_file, change, message):
    path = write_file(change=change)
    with pytest.raises(DataError, match=message) as raised:
        _read_all(path)
    assert str(raised.value).startswith(str(path))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (1, -3.0, r"pT that is not positive \(-3"),
        (1, np.nan, "non-finite four-vector"),
        (0, -np.inf, "non-finite four-vector"),
        (3, np.inf, "non-finite four-vector"),
    ],
)
def test_a_bad_object_is_named(write_file, splits, column, value, message):
    row = int(np.flatnonzero(splits["val"].mask.any(1))[5])
    path = write_file(change=_put("X_val", row, 20 + column, value))
    with pytest.raises(DataError, match=f"X_val: row {row}, object 0: {message}"):
        _read_all(path)


def test_rows_are_counted_from_the_start_of_the_file_in_chunks_too(write_file):
    path = write_file("MeV", change=_put("X_train", 250, 18, -1e5))
    with pytest.raises(
        DataError, match=r"X_train \(MeV read as GeV\): row 250: negative MET \(-100"
    ):
        list(EventSource(path).chunks("train", 64))


def test_a_group_instead_of_an_array_is_refused(write_file):
    path = write_file(change=lambda arrays: arrays.pop("X_val"))
    with h5py.File(path, "a") as file:
        file.create_group("x_val")
    with pytest.raises(DataError, match="x_val is a group"):
        _read_all(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (
            b"94;ttbar;0.0016;112288;1.7;b,331927,147558,-1.4,-1.7;j,100406,85589,-0.5,-1.1",
            "DarkMachines text, not HDF5",
        ),
        (b"94;ttbar;0.0016;112288;1.7\n", "DarkMachines text"),
        (
            b"a;b;c;d;e\n",
            (
                r"is text that begins with 'a;b;c;d;e'; events.path is a file in the split HDF5"
                r" layout, or DarkMachines text"
            ),
        ),
        (b"PK\x03\x04zip", "this zip file is cut off or damaged"),
        (b"\x89HDF\r\n\x1a\n" + b"\x00" * 100, "truncated or damaged"),
    ],
)
def test_the_type_is_found_by_content(tmp_path, content, message):
    path = tmp_path / "events.h5"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        EventSource(path).n("train")


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(write_file, share):
    path = write_file()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(
        DataError, match=r"events.h5: this HDF5 file is truncated or damaged .* copy it again"
    ):
        _read_all(path)


def test_nothing_there_and_a_directory_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such file; check events.path"):
        EventSource(tmp_path / "none.h5").read("train")
    with pytest.raises(DataError, match="is a directory"):
        EventSource(tmp_path).read("train")


@contextmanager
def _ordinary_user() -> Iterator[None]:
    """Root may read everything, so the test gives up its rights for a moment."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


def test_an_unreadable_file_is_refused(write_file):
    path = write_file()
    path.chmod(0)
    with _ordinary_user(), pytest.raises(DataError, match="permission denied"):
        EventSource(path).read("train")


def test_rows_and_events_are_inverse_and_met_of_zero_survives_a_logarithm(make_events):
    events = make_events(50)
    events.met[3] = 0
    for unit in ("GeV", "MeV", "ln(MeV)"):
        again = to_events(to_rows(events, unit), events.labels, unit, "here", 0)
        np.testing.assert_allclose(again.p4, events.p4, rtol=3e-6)
        np.testing.assert_allclose(again.met, events.met, rtol=3e-6)
        np.testing.assert_array_equal(again.ids, events.ids)


def test_azimuths_are_wrapped(make_events):
    events = make_events(50)
    rows = to_rows(events, "GeV")
    rows[:, 19] += 2 * np.pi
    rows[:, 23] = np.where(events.mask[:, 0], rows[:, 23] - 2 * np.pi, 0)
    again = to_events(rows, events.labels, "GeV", "here", 0)
    np.testing.assert_allclose(again.met_phi, events.met_phi, atol=2e-6)
    np.testing.assert_allclose(again.phi, events.phi, atol=2e-6)


def test_one_process_is_read_but_there_are_no_classes_to_separate(write_file):
    path = write_file(change=_one_label)
    _read_all(path)
    with pytest.raises(
        DataError, match="every event is of one process, .*, so there is nothing to classify"
    ):
        EventSource(path).class_map({"signal": 2, "background": "rest"})
