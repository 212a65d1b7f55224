from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from kedro.io import DatasetError

from lexon.datasets.tags import TagFileDataset, TagSplitsDataset, VocabularyDataset
from lexon.errors import DataError, first_cause
from lexon.tags import split_rows, tag_table


def test_a_split_comes_back_as_it_was(tmp_path):
    path = tmp_path / "table.csv"
    names = [f"t{i}" for i in range(8)]
    rows = np.random.default_rng(0).integers(0, 2, (200, 8))
    path.write_text("\n".join([",".join([*names, "kind"]), *(",".join([*map(str, row), "é"]) for row in rows)]))
    table = tag_table(TagFileDataset(filepath=str(path)).load(), None, "kind")
    splits = split_rows(table, {"train": 0.7, "val": 0.15, "test": 0.15}, 0)
    dataset = TagSplitsDataset(filepath=str(tmp_path / "splits.h5"))
    dataset.save(splits)
    back = dataset.load()
    assert back.digest == splits.digest
    assert (back.names, back.group_names, back.group_name, back.notes) == (tuple(names), ("é",), "kind", splits.notes)
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
    [("no.csv", None, "no such file"), ("empty.csv", "", "not a CSV"), ("broken.h5", "text", "truncated or damaged")],
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
    vocabulary = VocabularyDataset(filepath=str(shared_data / "tags" / "concepts_to_tags.json")).load()
    table = tag_table(frame, "aspect_list", "genre_tags", vocabulary)
    assert table.rows.shape == (1890, 200)
    per_row = table.rows.sum(axis=1)
    assert (per_row.min(), per_row.max()) == (3, 14)
    assert any("in no row: 1 (beatbox)" in note for note in table.notes)
