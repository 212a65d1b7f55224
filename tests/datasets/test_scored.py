"""Scores of a user's file: the same in all formats, whole or absent, never over anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot
from kedro.io import DatasetError

from lexon.datasets import scored
from lexon.datasets.scored import ScoredEvents, ScoredEventsDataset, ScoredPart

PARTS = [("train", 5), ("test", 3), ("train", 4)]


def parts(fails: bool = False) -> Iterator[ScoredPart]:
    rng = np.random.default_rng(0)
    for split, n in PARTS:
        rows = np.arange(n)
        yield ScoredPart(split, rows, rows + 7, rows % 2, rng.random((n, 2), dtype=np.float32))
    if fails:
        raise RuntimeError("killed")


def sample(folder: Path, **options: bool) -> ScoredEvents:
    return ScoredEvents(
        folder, "mine", parts(**options), ("signal", "rest"), lambda: {"model_digest": "abc"}
    )


def test_all_formats_hold_the_same(tmp_path):
    for name in ("a.h5", "a.parquet", "a.root"):
        ScoredEventsDataset(path=str(tmp_path / name)).save(sample(tmp_path))
    table = pq.read_table(tmp_path / "a.parquet")
    with h5py.File(tmp_path / "a.h5") as file:
        assert file.attrs["model_digest"] == "abc"
        splits = np.array(json.loads(file.attrs["splits"]))
        assert splits[file["split"][()]].tolist() == table["split"].to_pylist()
        for name, column in (("index", "index"), ("place", "place"), ("labels", "label")):
            assert file[name][()].tolist() == table[column].to_pylist()
        columns = [table[f"p_{name}"].to_numpy() for name in ("signal", "rest")]
        np.testing.assert_array_equal(file["probabilities"][()], np.stack(columns, axis=1))
    with uproot.open(tmp_path / "a.root") as file:
        assert json.loads(str(file["model_digest"])) == "abc"
        tree = file["scores"].arrays(library="np")
        names = np.array(json.loads(str(file["splits"])))
        assert names[tree.pop("split")].tolist() == table["split"].to_pylist()
        assert tree.keys() == set(table.column_names) - {"split"}
        for name, column in tree.items():
            np.testing.assert_array_equal(column, table[name].to_numpy())
            assert column.dtype == table[name].to_numpy().dtype
    facts = pq.read_metadata(tmp_path / "a.parquet").metadata
    assert json.loads(facts[b"model_digest"]) == "abc"


@pytest.mark.parametrize("name", ["a.h5", "a.parquet", "a.root"])
def test_a_file_is_whole_or_absent(tmp_path, name):
    with pytest.raises(DatasetError, match="killed"):
        ScoredEventsDataset(path=str(tmp_path / name)).save(sample(tmp_path, fails=True))
    assert list(tmp_path.iterdir()) == []


def test_without_a_name_scores_lie_in_the_members_folder(tmp_path):
    ScoredEventsDataset().save(sample(tmp_path / "scored"))
    assert (tmp_path / "scored" / "mine.h5").is_file()


@pytest.mark.parametrize("name", ["there.h5", "link.h5"])
def test_nothing_is_written_over_and_nothing_is_scored_in_vain(tmp_path, name):
    (tmp_path / "there.h5").write_text("mine")
    (tmp_path / "link.h5").symlink_to(tmp_path / "nothing")
    data = sample(tmp_path)
    with pytest.raises(DatasetError, match=r"is there already.*score\.output"):
        ScoredEventsDataset(path=str(tmp_path / name)).save(data)
    assert (tmp_path / "there.h5").read_text() == "mine"
    assert len(list(data.parts)) == len(PARTS)


def test_a_name_that_says_no_format_is_refused(tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match=r"\(.h5\), Parquet \(.parquet\) or ROOT \(.root\)"):
        ScoredEventsDataset(path=str(tmp_path / "a.csv")).save(sample(tmp_path))
    monkeypatch.setattr(scored, "find_spec", lambda name: None)
    for suffix, needs in (("parquet", "Parquet needs pyarrow"), ("root", "ROOT needs uproot")):
        with pytest.raises(DatasetError, match=rf"{needs}.*lexon\[root\]"):
            ScoredEventsDataset(path=str(tmp_path / f"a.{suffix}")).save(sample(tmp_path))
    assert list(tmp_path.iterdir()) == []
