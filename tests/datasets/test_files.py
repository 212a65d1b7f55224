"""A file is whole or absent."""

from __future__ import annotations

import errno
import os
import resource
import socket
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from kedro.io import DatasetError
from matplotlib.figure import Figure

from lexon.datasets.arrays import ArraysDataset
from lexon.datasets.atomic import CSVDataset, FigureDataset, JSONDataset, PageDataset, TextDataset
from lexon.datasets.checkpoint import CheckpointDataset, ResumeFile
from lexon.datasets.files import (
    atomic_path,
    file_digest,
    remove_leftovers,
    require_file,
    write_text,
)
from lexon.errors import DataError, LexonError, MissingFile, first_cause
from lexon.models.regressor import Regressor
from lexon.processes import _start_of, this_host, this_process


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.csv"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]
    assert path.read_text() == "old"


def test_a_full_disk_is_reported(tmp_path):
    with (
        pytest.raises(DataError, match=r"table.csv: the disk or the quota is full"),
        atomic_path(tmp_path / "table.csv"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_kedros_datasets_keep_the_old_file_when_a_save_fails(tmp_path):
    dataset = JSONDataset(filepath=str(tmp_path / "x.json"))
    dataset.save({"a": 1})
    with pytest.raises(DatasetError):
        dataset.save({"a": object()})
    assert dataset.load() == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_kedros_datasets_do_not_wait_for_a_fifo(tmp_path):
    os.mkfifo(tmp_path / "x.json")
    with pytest.raises(DatasetError, match="is a FIFO"):
        JSONDataset(filepath=str(tmp_path / "x.json")).load()


def test_a_table_and_a_figure_come_back(tmp_path):
    table = CSVDataset(filepath=str(tmp_path / "deep" / "x.csv"), save_args={"index": False})
    table.save(pd.DataFrame({"a": [1, 2]}))
    assert table.load().a.tolist() == [1, 2]
    figure = FigureDataset(filepath=str(tmp_path / "x.png"))
    figure.save(Figure())
    assert figure.load().startswith(b"\x89PNG")


def test_a_digest_follows_the_content(tmp_path):
    path = tmp_path / "x"
    path.write_text("one")
    first = file_digest(path)
    path.write_text("other")
    assert file_digest(path) != first


def small_files_only(n_bytes: int):
    """As on a full disk: no file may grow beyond `n_bytes`."""
    return resource.setrlimit(
        resource.RLIMIT_FSIZE, (n_bytes, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    )


@pytest.fixture
def limit():
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield small_files_only
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def noise(n: int = 2000) -> np.ndarray:
    return np.random.default_rng(0).normal(size=n)


def a_figure() -> Figure:
    figure = Figure()
    figure.add_subplot().plot(noise())
    return figure


TABLE = {"kind": "table", "n_features": 4, "hidden": [8], "dropout": 0.0}
SAVES = {
    "summary.json": (JSONDataset, lambda: {"x": noise().tolist()}),
    "members.csv": (CSVDataset, lambda: pd.DataFrame({"x": noise()})),
    "table2.txt": (TextDataset, lambda: "x" * 10_000),
    "report.html": (PageDataset, lambda: "x" * 10_000),
    "losses.png": (FigureDataset, a_figure),
    "model.pt": (
        CheckpointDataset,
        lambda: Regressor(network=TABLE, variance_lambda=0.0, penalty="batch"),
    ),
    "predictions.h5": (ArraysDataset, lambda: {"x": noise()}),
}


@pytest.mark.parametrize("name", SAVES)
def test_a_full_disk_is_one_sentence_with_the_file_whatever_is_written(tmp_path, limit, name):
    kind, make = SAVES[name]
    dataset, data = kind(filepath=str(tmp_path / name)), make()
    limit(300)
    with pytest.raises((DatasetError, LexonError)) as failure:
        dataset.save(data)
    limit(resource.RLIM_INFINITY)
    cause = first_cause(failure.value)
    assert isinstance(cause, DataError), repr(cause)
    assert cause.exit_code == 2
    assert str(cause).startswith(f"{tmp_path / name}: ")
    assert "full" in str(cause)
    assert "\n" not in str(cause)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_on_a_full_disk_too(tmp_path, limit):
    resume = ResumeFile(tmp_path / "checkpoint.pt", "lexon.models.classifier")
    limit(300)
    with pytest.raises(DataError, match=r"checkpoint.pt: the disk or the quota is full"):
        resume.save({"x": torch.zeros(1000)})


def test_a_folder_that_may_not_be_written_to_is_named_with_its_owner(tmp_path):
    with (
        pytest.raises(DataError, match=rf"{tmp_path}: permission denied \(it belongs to .*mode d"),
        atomic_path(tmp_path / "x.csv") as temporary,
    ):
        raise PermissionError(errno.EACCES, "Permission denied", str(temporary))


def test_an_input_that_may_not_be_read_is_not_taken_for_the_output(tmp_path):
    with (
        pytest.raises(DataError, match="raw.h5: permission denied"),
        atomic_path(tmp_path / "x.csv"),
    ):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "raw.h5"))


def test_the_next_run_removes_what_killed_processes_left(tmp_path):
    me, host = os.getpid(), this_host()
    gone = [
        f".a.json.{host}.{me}-7.tmp",
        f".deep.name.h5.{host}.999999999-123.tmp",
        f".run.json.fingerprint.json.{host}.999999999-1.tmp",
    ]
    kept = [
        f".a.json.{host}.{me}-{this_process().started}.tmp",
        f".a.json.{host}.1-{_start_of(1)}.tmp",
        ".a.json.other_host-4026531836.999999999-1.tmp",
        ".older.json.999999999.tmp",
        ".something.else.tmp",
        "a.json",
    ]
    for name in gone + kept:
        (tmp_path / name).write_text("")
    remove_leftovers([tmp_path, tmp_path / "absent"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_what_another_machine_left_goes_after_a_week(tmp_path):
    old, new, foreign = (
        tmp_path / name
        for name in (
            ".a.json.other_host-4.5-6.tmp",
            ".b.json.other_host-4.5-6.tmp",
            ".editor.123.tmp",
        )
    )
    for path, days in ((old, 8), (new, 6), (foreign, 99)):
        path.write_text("")
        os.utime(path, (time.time() - days * 86400,) * 2)
    remove_leftovers([tmp_path])
    assert sorted(tmp_path.iterdir()) == [
        new,
        foreign,
    ], "what is not named as lexon names it is another program's"


def test_a_temporary_file_tells_who_writes_it(tmp_path):
    with atomic_path(tmp_path / "a.json") as temporary:
        temporary.write_text("")
        remove_leftovers([tmp_path])
        assert temporary.exists(), "its writer lives"
        me = this_process()
        assert temporary.name == f".a.json.{me.host}.{me.pid}-{me.started}.tmp"


@pytest.mark.parametrize(
    "kind", ["fifo", "socket", "folder", "circle", "device", "nothing", "null"]
)
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, kind):
    path = tmp_path / "x"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(path))
        case "folder":
            path.mkdir()
        case "circle":
            path.symlink_to(path)
        case "device":
            path = Path("/dev/zero")
        case "null":
            path = tmp_path / "a\0b"
    words = {
        "fifo": "FIFO",
        "circle": "symbolic links",
        "nothing": "no such file",
        "folder": "directory",
        "null": "not a file name",
    }
    with pytest.raises(
        MissingFile if kind == "nothing" else DataError, match=words.get(kind, kind)
    ):
        require_file(path, "events.path")
