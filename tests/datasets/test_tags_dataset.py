from __future__ import annotations

import gzip
import json

import h5py
import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

from lexon.datasets.tags import TagFileDataset, TagSplitsDataset, VocabularyDataset
from lexon.errors import DataError, first_cause
from lexon.tags import split_rows, tag_table


def test_a_split_comes_back_as_it_was(tmp_path):
    path = tmp_path / "table.csv"
    names = [f"t{i}" for i in range(8)]
    rows = np.random.default_rng(0).integers(0, 2, (200, 8))
    path.write_text(
        "\n".join([",".join([*names, "kind"]), *(",".join([*map(str, row), "é"]) for row in rows)])
    )
    table = tag_table(TagFileDataset(filepath=str(path)).load(), None, "kind")
    splits = split_rows(table, {"train": 0.7, "val": 0.15, "test": 0.15}, 0)
    dataset = TagSplitsDataset(filepath=str(tmp_path / "splits.h5"))
    dataset.save(splits)
    back = dataset.load()
    assert back.digest == splits.digest
    assert (back.names, back.group_names, back.group_name, back.notes) == (
        tuple(names),
        ("é",),
        "kind",
        splits.notes,
    )
    for split in ("train", "val", "test"):
        np.testing.assert_array_equal(back.index[split], splits.index[split])
        np.testing.assert_array_equal(back.groups[split], splits.groups[split])
    assert [row[0] for row in dataset.preview()["data"]] == ["train", "val", "test"]


@pytest.mark.parametrize("named", ["dataset", "attribute", "not at all"])
def test_a_matrix_in_hdf5_with_names_and_labels(tmp_path, named):
    path = tmp_path / "matrix.h5"
    matrix = np.array([[1, 0], [0, 1], [1, 1]], np.int8)
    with h5py.File(path, "w") as file:
        rows = file.create_dataset("rows", data=matrix)
        file.create_dataset("kind", data=["x", "y", "x"], dtype=h5py.string_dtype())
        if named == "dataset":
            file.create_dataset("tags", data=["a", "b"], dtype=h5py.string_dtype())
        elif named == "attribute":
            rows.attrs["columns"] = ["a", "b"]
    table = tag_table(TagFileDataset(filepath=str(path)).load(), None, "kind")
    np.testing.assert_array_equal(table.rows, matrix)
    assert table.names == (("0", "1") if named == "not at all" else ("a", "b"))
    assert table.group_names == ("x", "y")


def test_vocabularies_as_lines_or_json(tmp_path):
    (tmp_path / "v.txt").write_text("b\n\n a \n")
    (tmp_path / "v.json").write_text(json.dumps({"mood": ["b"], "genre": ["a"]}))
    for name in ("v.txt", "v.json"):
        assert VocabularyDataset(filepath=str(tmp_path / name)).load() == ["b", "a"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("no.csv", None, "no such file"),
        ("empty.csv", "", "is empty; tags.path is a table"),
        ("broken.h5", "text", "no rows below the header"),
    ],
)
def test_files_that_cannot_be_read_say_so(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(DatasetError) as failure:
        TagFileDataset(filepath=str(tmp_path / name)).load()
    cause = first_cause(failure.value)
    assert isinstance(cause, DataError)
    assert message in str(cause)


def test_the_music_tags(shared_data):
    frame = TagFileDataset(filepath=str(shared_data / "tags" / "musiccaps_tags.csv")).load()
    vocabulary = VocabularyDataset(
        filepath=str(shared_data / "tags" / "concepts_to_tags.json")
    ).load()
    table = tag_table(frame, "aspect_list", "genre_tags", vocabulary)
    assert table.rows.shape == (1890, 200)
    per_row = table.rows.sum(axis=1)
    assert (per_row.min(), per_row.max()) == (3, 14)
    assert any("in no row: 1 (beatbox)" in note for note in table.notes)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfjet\nmuon\n",
        b"jet\r\nmuon\r\n",
        b"\n jet\t\n\n\nmuon\n\n",
        b"jet\nmuon\njet\n",
        "\u00a0jet\n'muon'\n".encode(),
        b'\xef\xbb\xbf["jet", "muon"]',
        gzip.compress(b"jet\nmuon\n", mtime=0),
    ],
)
def test_no_tag_of_a_vocabulary_is_lost_or_doubled(tmp_path, content):
    (tmp_path / "v.txt").write_bytes(content)
    assert VocabularyDataset(filepath=str(tmp_path / "v.txt")).load() == ["jet", "muon"]


def refusal(dataset):
    with pytest.raises(DatasetError) as failure:
        dataset.load()
    cause = first_cause(failure.value)
    assert isinstance(cause, DataError)
    return str(cause)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "names no tag"),
        ("gl\u00fchend\n".encode("latin-1"), "is not UTF-8 (byte 2)"),
        (b'{"mood": "calm"}', "not a list of tags"),
        (b"[1, [2]]", "not a list of tags"),
        (b'["a", ', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"PAR1" + bytes(20), "is a Parquet file"),
    ],
)
def test_what_is_no_vocabulary_is_a_sentence(tmp_path, content, message):
    (tmp_path / "v.txt").write_bytes(content)
    assert message in refusal(VocabularyDataset(filepath=str(tmp_path / "v.txt")))


@pytest.mark.parametrize("load", [TagFileDataset, VocabularyDataset])
def test_a_folder_is_no_file_of_tags(tmp_path, load):
    assert "is a directory; tags." in refusal(load(filepath=str(tmp_path)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\né\n".encode("latin-1"), "line 2 is not UTF-8"),
        (b"a;b\n1;0\n", "separated by semicolons"),
        (b"root" + bytes(8), "is a ROOT file"),
    ],
)
def test_what_is_no_table_is_a_sentence(tmp_path, content, message):
    for name, written in (("t.csv", content), ("t.csv.gz", gzip.compress(content, mtime=0))):
        (tmp_path / name).write_bytes(written)
        assert message in refusal(TagFileDataset(filepath=str(tmp_path / name)))


def test_an_index_is_no_tag_and_is_reported(tmp_path):
    rows = pd.DataFrame(np.eye(4, dtype=int), columns=list("abcd"))
    rows.to_csv(tmp_path / "t.csv")
    table = tag_table(TagFileDataset(filepath=str(tmp_path / "t.csv")).load(), None, None)
    assert table.names == ("a", "b", "c", "d")
    assert "columns that only number the rows are left out" in table.notes[0]


def test_a_matrix_with_too_few_names_is_refused(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["rows"] = np.eye(3)
        file["rows"].attrs["columns"] = ["a", "b"]
    assert "2 names for 3 columns" in refusal(TagFileDataset(filepath=str(tmp_path / "m.h5")))
