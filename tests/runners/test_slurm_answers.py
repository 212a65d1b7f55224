"""Lines of Slurm's commands and its reasons become entries of a queue and words."""

from __future__ import annotations

import pytest

from lexon.runners.cluster.queued.numbers import Number
from lexon.runners.cluster.queued.states import Entry, Listed
from lexon.runners.slurm.answers import accounted, end_in_words, in_words, killed, listed


def entry(state: str, reason: str) -> Entry:
    (line,) = listed(f"data|10|N/A|{state}|{reason}|/d/1\n")
    return line.entry


def test_a_line_of_the_queue_names_batch_number_and_folder():
    assert listed("data|10|N/A|RUNNING|None|/d/1\nmembers_1|11|2|PENDING|None|(null)\nodd\n") == [
        Listed(Entry(Number("10"), "running"), "data", "/d/1"),
        Listed(Entry(Number("11", 2), "queued"), "members_1", "(null)"),
    ]


def test_a_comment_may_hold_what_separates_columns():
    (line,) = listed("data|10|N/A|PENDING|Priority|/d/a|b\n")
    assert line.folder == "/d/a|b"


@pytest.mark.parametrize(
    ("state", "reason", "meaning"),
    [
        ("PENDING", "Resources", "queued"),
        ("PENDING", "Dependency", "waiting"),
        ("PENDING", "DependencyNeverSatisfied", "held"),
        ("PENDING", "JobHeldUser", "held"),
        ("PENDING", "launch failed requeued held", "held"),
        ("PENDING", "PartitionTimeLimit", "held"),
        ("PENDING", "BeginTime", "queued"),
        ("CONFIGURING", "None", "running"),
        ("COMPLETING", "None", "ending"),
    ],
)
def test_what_slurm_says_of_a_job_in_the_queue(state, reason, meaning):
    assert entry(state, reason).state == meaning
    assert bool(entry(state, reason).reason) == (state == "PENDING")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Priority", "jobs with a higher priority come first (Priority)"),
        ("QOSMaxJobsPerUserLimit", "is reached (QOSMaxJobsPerUserLimit)"),
        ("AssocGrpCpuLimit", "a limit of the account is reached (AssocGrpCpuLimit)"),
        ("DependencyNeverSatisfied", "will never run (DependencyNeverSatisfied)"),
        ("ReqNodeNotAvail, UnavailableNodes:vm", "reserved (ReqNodeNotAvail)"),
        ("Nodes required for job are DOWN, DRAINED or reserved", "down, drained or reserved"),
        ("SomethingNew", "SomethingNew"),
        ("None", ""),
    ],
)
def test_reasons_in_words(reason, words):
    assert in_words(reason).endswith(words)


def test_why_slurm_ended_a_job():
    log = (
        "slurmstepd-vm: error: *** JOB 2 ON vm CANCELLED AT 2026-11-30T16:50:55 DUE TO JOB REQUEUE"
        " ***\nslurmstepd-vm: error: *** JOB 3 ON vm CANCELLED AT 2026-11-30T16:50:55 ***\n"
        "slurmstepd-vm: error: *** JOB 2 ON vm CANCELLED AT 2026-11-30T17:50:55 DUE TO TIME LIMIT"
        " ***\n"
    )
    assert killed(log) == {"2": "TIMEOUT", "3": "CANCELLED"}
    assert accounted("12|CANCELLED by 1000\n13_1|OUT_OF_MEMORY\n14|\n") == {
        "12": "CANCELLED",
        "13_1": "OUT_OF_MEMORY",
    }
    assert end_in_words("TIMEOUT") == "it reached its time limit"
    assert end_in_words("BOOT_FAIL") == "ended by Slurm: boot_fail"
    assert end_in_words("COMPLETED") is None
