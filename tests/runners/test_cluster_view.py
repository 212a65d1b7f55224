"""What a person sees: attention first, failures in words, the last try of a log."""

from __future__ import annotations

import json

import pytest

from lexon.runners.cluster.state import JobStatus, Progress
from lexon.runners.cluster.view import (
    PlainView,
    as_json,
    counts,
    failures,
    how_it_ended,
    last_message,
    messages,
    overview,
)


@pytest.fixture
def folder(tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "max.log").write_text(
        "--- try 1 on vm\n08:00:00 INFO    old\n--- try 2 on vm\n08:00:01 INFO    Plan: 2"
        " nodes\n08:00:01 INFO    [1/2] train\n08:00:02 INFO    max: epoch 3/50  loss 0.5 "
        " val_auroc 0.7\nBoom\n"
    )
    return tmp_path


def shown(folder, **states: JobStatus) -> str:
    return overview(progress(**states), folder)


def progress(**states: JobStatus) -> Progress:
    return Progress(states, queue="alive")


def test_the_overview_shows_what_needs_attention_with_its_last_message(folder):
    text = shown(
        folder,
        max=JobStatus("running", tries=2, since=0.0),
        mean=JobStatus("held", reason="the disk is on fire"),
        cls=JobStatus("done"),
        later=JobStatus("waiting"),
    )
    assert "1 waiting, 1 running, 1 held, 1 done" in text
    assert "epoch 3/50  loss 0.5  val_auroc 0.7" in text
    assert "the disk is on fire" in text
    assert "cls" not in text
    assert text.index("mean") < text.index("max"), "held jobs come first"


def test_a_name_longer_than_a_narrow_window_stays_whole(folder):
    name = "tokeniser_binned__pool_max__met_true__vector_4__binning_n_bins_10"
    name += "__binning_variant_flawed_2026__seed_42"
    lines = shown(folder, **{name: JobStatus("held", tries=1, reason="no memory")}).splitlines()
    assert lines[1] == name
    assert lines[2].split() == ["held", "0:00:00", "try", "1", "no", "memory"]


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (JobStatus("failed", code=2), "exit code 2"),
        (JobStatus("failed", code=-9), "killed by signal 9"),
        (JobStatus("failed", reason="held, then removed: no disk"), "held, then removed: no disk"),
        (JobStatus("failed"), "removed from the queue"),
    ],
)
def test_how_a_job_ended(job, words, folder):
    assert how_it_ended(job) == words
    assert last_message(job, folder / "logs" / "max.log") == words


def test_failures_show_the_last_try_and_what_was_skipped(folder):
    lines = failures(
        progress(
            max=JobStatus("failed", tries=2, code=1),
            gone=JobStatus("failed", tries=1, code=-1),
            vq=JobStatus(),
        ),
        folder,
    )
    assert lines[0] == f"max: exit code 1, 2 tries; {folder}/logs/max.log"
    assert "    Boom" in lines
    assert not any("INFO    old" in line for line in lines)
    assert any(
        "no log: the machine that ran it did not reach that folder" in line for line in lines
    )
    assert lines[-1] == "skipped because of that: vq"
    assert failures(progress(max=JobStatus("done")), folder) == []


def test_messages_are_the_last_try_without_steps_of_kedro(folder):
    assert messages(folder / "logs" / "max.log") == [
        "max: epoch 3/50  loss 0.5  val_auroc 0.7",
        "Boom",
    ]


def test_a_plain_log_has_a_line_a_change(folder, caplog):
    caplog.set_level("INFO")
    view = PlainView(folder)
    for state in ("queued", "running", "running", "done", "done"):
        view(progress(max=JobStatus(state, seconds=90)))
    assert caplog.messages == ["1 queued", "1 running", "max: done 0:01:30", "1 done"]
    assert counts(progress(max=JobStatus("done"), mean=JobStatus())) == "1 waiting, 1 done"


def test_reasons_of_waiting_jobs_are_counted(folder):
    priority, resources = (
        JobStatus("queued", reason="others first"),
        JobStatus("queued", reason="x"),
    )
    lines = shown(folder, a=priority, b=resources, c=priority, d=JobStatus("queued")).splitlines()
    assert lines == ["4 queued", "2 queued: others first", "1 queued: x"]


def test_scripts_get_every_job(folder):
    told = json.loads(
        as_json(progress(max=JobStatus("failed", tries=2, code=1, seconds=3.2)), folder)
    )
    assert told["over"] is False
    assert told["jobs"]["max"] == {
        "state": "failed",
        "tries": 2,
        "starts": 0,
        "seconds": 3,
        "code": 1,
        "reason": "",
        "log": str(folder / "logs" / "max.log"),
    }
