import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from kedro.io import DataCatalog, DatasetError

from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.datasets.hdf5 import writing
from lexon.errors import ConfigurationError, DataError, first_cause
from lexon.events import SPLITS, Events


def _assert_equal(actual: Events, expected: Events, rtol: float = 3e-6) -> None:
    np.testing.assert_array_equal(actual.ids, expected.ids)
    np.testing.assert_array_equal(actual.labels, expected.labels)
    for field in ("p4", "met", "met_phi"):
        np.testing.assert_allclose(getattr(actual, field), getattr(expected, field), rtol=rtol)


@pytest.mark.parametrize("unit", ["GeV", "MeV", "ln(MeV)"])
def test_every_unit_reads_as_the_same_events(write_file, splits, unit):
    source = EventsDataset(str(write_file(unit))).load()
    assert source.energy_unit.unit == unit
    for split, events in splits.items():
        assert source.n(split) == len(events)
        _assert_equal(source.read(split), events)


def test_chunks_are_the_whole_in_order(write_file, splits):
    source = EventSource(write_file())
    parts = list(source.chunks("train", 128))
    assert [len(part) for part in parts] == [128, 128, 44]
    _assert_equal(Events.concatenate(parts), splits["train"])


def test_loading_opens_nothing(tmp_path):
    assert EventsDataset(str(tmp_path / "later.h5")).load().path.name == "later.h5"


def test_identical_duplicates_integer_labels_and_other_cases_are_fine(write_file, splits):
    def change(arrays):
        arrays |= {
            "y_train": arrays["Y_train"].astype(np.int64),
            "Y_TEST": arrays.pop("y_test"),
            "x_val": arrays.pop("X_val"),
        }
        arrays["event_weight_train"] = np.ones(300)

    source = EventSource(write_file(change=change))
    _assert_equal(source.read("val"), splits["val"])
    assert any("event_weight_train" in note for note in source.notes)
    assert "decided from the data" in source.notes[0]


def test_names_come_from_the_file_then_from_the_configuration_then_from_the_number(write_file):
    path = write_file(label_names=json.dumps({"1": "tttt"}))
    assert EventSource(path, configured_names={1: "other"}).label_names == {1: "tttt", 2: "2"}
    assert EventSource(path, configured_names={2: "ttH", 7: "absent"}).label_names == {
        1: "tttt",
        2: "ttH",
    }
    with pytest.raises(DataError, match="two labels have the same name"):
        _ = EventSource(path, configured_names={2: "tttt"}).label_names


def test_classes_are_matched_with_the_labels_of_the_file(write_file):
    source = EventSource(write_file(label_names=json.dumps({"1": "tttt", "2": "ttH"})))
    assert source.class_map({"signal": "tttt", "background": "rest"}).lookup == {1: 0, 2: 1}
    with pytest.raises(ConfigurationError, match=r"signal=ttZ: .* 1 \(tttt\), 2 \(ttH\)"):
        source.class_map({"signal": "ttZ", "background": "rest"})


@pytest.mark.parametrize("names", [{"tttt": 1}, ["tttt", "ttH"]])
def test_names_in_another_form_are_refused(write_file, names):
    with pytest.raises(DataError, match="label_names=.*write it as JSON"):
        _ = EventSource(write_file(label_names=json.dumps(names))).label_names


def test_classified_events_know_their_row(write_file):
    def three_labels(arrays):
        for key in ("Y_train", "y_val", "y_test"):
            arrays[key][::3] = 3

    source = EventSource(write_file(change=three_labels))
    classified = source.classified("train", {"signal": 2, "background": 3})
    labels = source.read("train").labels
    np.testing.assert_array_equal(labels[classified.index], classified.events.labels)
    np.testing.assert_array_equal(classified.index, np.flatnonzero(labels != 1))
    np.testing.assert_array_equal(classified.targets, labels[labels != 1] == 3)


def test_the_catalog_builds_it(write_file):
    entry = {
        "type": "lexon.datasets.events.EventsDataset",
        "filepath": str(write_file("MeV")),
        "energy_unit": "auto",
        "label_names": {1: "tttt"},
    }
    catalog = DataCatalog.from_config(
        {"raw": {**entry, "metadata": {"kedro-viz": {"layer": "raw"}}}}
    )
    assert catalog.exists("raw")
    assert catalog.load("raw").label_names == {1: "tttt", 2: "2"}
    assert "events.h5" in repr(catalog.get("raw"))


def test_a_declared_unit_is_checked_whoever_declared_it(write_file):
    path = write_file("MeV")
    assert "as declared" in EventSource(path, "MeV").energy_unit.why
    with pytest.raises(DataError, match="GeV was declared"):
        EventSource(path, "GeV").read("train")
    with pytest.raises(DataError, match="GeV was declared"):
        EventSource(write_file("MeV", energy_unit="GeV")).read("train")
    assert EventSource(write_file("MeV", energy_unit="GeV"), "MeV").energy_unit.unit == "MeV"


def test_the_digest_follows_the_content(write_file):
    path = write_file()
    before = EventSource(path).digest
    assert EventSource(path).digest == before
    with h5py.File(path, "a") as file:
        file["more"] = np.arange(1000)
    assert EventSource(path).digest != before


# --- saving


def _chunks(splits: dict[str, Events], n: int = 100) -> Iterator[tuple[str, Events]]:
    for split, events in splits.items():
        for start in range(0, len(events), n):
            yield split, events[start : start + n]


@pytest.mark.parametrize("unit", ["GeV", "MeV", "ln(MeV)"])
def test_what_is_saved_loads_again(tmp_path, splits, unit):
    path = tmp_path / "new" / "events.h5"
    counted: list[int] = []

    def chunks() -> Iterator[tuple[str, Events]]:
        for split, events in _chunks(splits):
            counted.append(len(events))
            yield split, events

    dataset = EventsDataset(str(path))
    assert not dataset.exists()
    dataset.save(
        EventSample(
            chunks(),
            lambda: {"label_names": {1: "tttt", 2: "ttH"}, "n": sum(counted), "cuts": [1, 2]},
            unit,
        )
    )
    assert dataset.exists()
    source = dataset.load()
    for split, events in splits.items():
        _assert_equal(source.read(split), events)
    assert source.energy_unit.unit == unit
    assert source.label_names == {1: "tttt", 2: "ttH"}
    assert source.attributes["n"] == 420
    assert source.attributes["cuts"] == [1, 2]
    assert {"format_version", "lexon_version"} <= source.attributes.keys()
    with h5py.File(path) as file:
        assert sorted(file) == ["X_test", "X_train", "X_val", "Y_train", "y_test", "y_val"]
    assert [file.name for file in path.parent.iterdir()] == ["events.h5"]


def test_saving_twice_gives_the_same_bytes(tmp_path, splits):
    digests = set()
    for name in ("a.h5", "b.h5"):
        dataset = EventsDataset(str(tmp_path / name))
        dataset.save(EventSample(_chunks(splits), {}))
        digests.add(dataset.load().digest)
    assert len(digests) == 1


def _save(path: Path, chunks: Iterator[tuple[str, Events]]) -> BaseException:
    with pytest.raises(DatasetError) as raised:
        EventsDataset(str(path)).save(EventSample(chunks, {}))
    return first_cause(raised.value)


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, splits):
    path = tmp_path / "events.h5"
    path.write_text("old")

    def interrupted() -> Iterator[tuple[str, Events]]:
        yield "train", splits["train"]
        raise DataError("raw.h5: X_train: row 5: bad")

    assert str(_save(path, interrupted())) == "raw.h5: X_train: row 5: bad"
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["events.h5"]


def test_events_that_break_a_rule_and_empty_splits_are_not_written(tmp_path, splits):
    splits["val"].met[4] = np.nan
    cause = _save(tmp_path / "events.h5", _chunks(splits))
    assert isinstance(cause, DataError)
    assert "row 4: non-finite MET" in str(cause)
    cause = _save(
        tmp_path / "events.h5", _chunks({"train": splits["train"], "test": splits["test"]})
    )
    assert "the val split would be empty" in str(cause)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for half a megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
    )
    if mount.returncode:
        pytest.skip("only root can mount a small disk to fill")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("n", [300, 5000])
def test_a_full_disk_is_reported_and_leaves_nothing(small_disk, make_events, n):
    events = make_events(5000)
    cause = _save(small_disk / "events.h5", _chunks(dict.fromkeys(SPLITS, events), n))
    assert isinstance(cause, DataError)
    assert str(cause).startswith(f"{small_disk / 'events.h5'}: the disk is full after 0.")
    assert not list(small_disk.iterdir())


def test_a_disk_that_fills_at_the_very_end_is_noticed(small_disk):
    with pytest.raises(DataError, match="the disk is full"), writing(small_disk / "a.h5") as file:
        file["all_at_once"] = np.random.default_rng(0).normal(size=100_000)
    assert not list(small_disk.iterdir())


def test_a_folder_without_permission_is_reported(tmp_path, splits):
    folder = tmp_path / "reference"
    folder.mkdir(mode=0o555)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        cause = _save(folder / "events.h5", _chunks(splits))
    finally:
        if was_root:
            os.seteuid(0)
    assert isinstance(cause, DataError)
    assert "permission denied" in str(cause)


def test_preview_lists_the_arrays(tmp_path, splits):
    dataset = EventsDataset(str(tmp_path / "events.h5"))
    dataset.save(EventSample(_chunks(splits), {}, "ln(MeV)"))
    table = dataset.preview()
    assert table["columns"] == ["dataset", "shape", "dtype", "energies"]
    assert ["X_train", "(300, 92)", "float32", "ln(MeV)"] in table["data"]
    assert len(table["index"]) == len(table["data"]) == 6


# --- real events, not ours to ship


def test_real_events_in_gev(shared_data):
    source = EventSource(shared_data / "events" / "cms_hep_tutorial_5proc.h5")
    assert source.energy_unit.unit == "GeV"
    assert [source.n(split) for split in SPLITS] == [11302, 2422, 2422]
    assert source.label_names == {1: "single_top", 2: "ww", 3: "wz", 4: "zz", 5: "qcd"}
    assert any("event_weight_train" in note for note in source.notes)
    assert len(source.read("val")) == 2422


def test_real_events_survive_a_change_of_unit(shared_data, tmp_path):
    source = EventSource(shared_data / "events" / "cms_hep_tutorial_5proc.h5")
    for unit in ("MeV", "ln(MeV)"):
        path = tmp_path / f"{unit}.h5"
        EventsDataset(str(path)).save(
            EventSample(((split, source.read(split)) for split in SPLITS), {}, unit)
        )
        with h5py.File(path, "a") as file:
            del file.attrs["energy_unit"]
        again = EventSource(path)
        assert again.energy_unit.unit == unit
        _assert_equal(again.read("test"), source.read("test"))


def test_real_darkmachines_text_is_recognised(shared_data):
    with pytest.raises(DataError, match="DarkMachines text"):
        EventSource(shared_data / "events" / "monojet_Zp2000.0_DM_50.0_chan3.csv").n("train")


def test_names_numbered_in_another_way_are_an_error_and_names_to_spare_are_not(write_file):
    def shifted(arrays):
        for key in ("Y_train", "y_val", "y_test"):
            arrays[key] = arrays[key] - 1

    path = write_file(change=shifted)
    with pytest.raises(
        ConfigurationError,
        match=(
            r"events.label_names: label 0 of events.h5 has no name, and 2 \(WZ\) is no label there"
        ),
    ):
        _ = EventSource(path, configured_names={1: "tW", 2: "WZ"}).label_names
    assert EventSource(path, configured_names={0: "tW", 1: "WZ", 2: "ZZ"}).label_names == {
        0: "tW",
        1: "WZ",
    }
    assert EventSource(path, configured_names={1: "WZ"}).label_names == {0: "0", 1: "WZ"}
    path = write_file(change=shifted, label_names=json.dumps({"1": "tW", "2": "WZ"}))
    with pytest.raises(DataError, match="attribute label_names of .*events.h5: label 0"):
        _ = EventSource(path).label_names


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (np.uint64(2**64 - 1), "label beyond the range of int64"),
        (np.float64(2**53), "label that float64 does not hold exactly"),
        (np.float32(2**24), "label that float32 does not hold exactly"),
        (np.float64(np.inf), "label that is not a whole number"),
        (np.float32(1.5), "label that is not a whole number"),
    ],
)
def test_labels_that_would_become_others_are_refused(write_file, label, words):
    def change(arrays):
        arrays["Y_train"] = arrays["Y_train"].astype(label.dtype)
        arrays["Y_train"][17] = label

    with pytest.raises(DataError, match=f"Y_train: row 17: {words}"):
        EventSource(write_file(change=change)).n("train")


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float32, np.float64])
def test_negative_and_large_labels_are_exact(write_file, dtype):
    large = {np.int8: 127, np.int64: 2**62 + 1, np.float32: 2**24 - 1, np.float64: 2**53 - 1}[dtype]

    def change(arrays):
        for key in ("Y_train", "y_val", "y_test"):
            arrays[key] = np.where(arrays[key] == 1, -1, large).astype(dtype)

    source = EventSource(write_file(change=change))
    assert set(source.label_names) == {-1, large}
    assert any("Negative labels count as processes: -1 (" in note for note in source.notes)


def test_whole_numbers_are_no_events(write_file):
    def change(arrays):
        arrays["X_val"] = arrays["X_val"].astype(np.int64)

    with pytest.raises(DataError, match="X_val has dtype int64, so its eta and phi are cut"):
        EventSource(write_file("MeV", change)).n("train")


def test_a_block_of_the_users_before_the_file_is_no_matter(write_file, splits):
    path = write_file()
    content = path.read_bytes()
    with h5py.File(path, "w", userblock_size=512) as file, h5py.File(io.BytesIO(content)) as old:
        for key in old:
            old.copy(key, file)
    assert EventSource(path).n("train") == len(splits["train"])


def test_events_over_several_files_are_named_in_the_notes_and_change_the_digest(write_file):
    path = write_file()
    parts = path.with_name("parts.h5")
    path.rename(parts)
    with h5py.File(path, "w") as file:
        for key in ("X_train", "X_val", "X_test", "Y_train", "y_val", "y_test"):
            file[key] = h5py.ExternalLink("parts.h5", f"/{key}")
    source = EventSource(path)
    assert f"events.h5 refers to other files, which were read: {parts}." in source.notes
    before = source.digest
    with h5py.File(parts, "r+") as file:
        file["X_train"][0, 18] += 1
    assert EventSource(path).digest != before


@pytest.mark.parametrize("unit", ["GeV", "MeV", "ln(MeV)"])
def test_an_object_whose_four_vector_was_never_written_is_refused_in_any_unit(write_file, unit):
    path = write_file(unit)
    with h5py.File(path, "r+") as file:
        file["X_train"][7, 20:24] = 0
    source = EventsDataset(str(path)).load()
    with pytest.raises(
        DataError,
        match=r"X_train: row 7, object 0: an object of this type whose four-vector is four zeros",
    ):
        source.read("train")


@pytest.mark.parametrize("unit", ["GeV", "MeV", "ln(MeV)"])
def test_a_row_of_zeros_has_no_met_in_any_unit(write_file, unit):
    path = write_file(unit)
    with h5py.File(path, "r+") as file:
        file["X_train"][7] = 0
    events = EventsDataset(str(path)).load().read("train")
    assert events.met[7] == 0
    assert (events.met[:7] > 0).all()
