"""Notes of jobs and lines of `squeue` become the state of each job."""

from __future__ import annotations

import pytest

from lexon.runners.slurm.batches import Batch
from lexon.runners.slurm.status import Entry, accounted, causes, entries, in_words, parse, progress

BATCHES = [
    Batch("data", "data", ("data",)),
    Batch("members_1", "member", ("max", "mean", "cls"), ("data",)),
    Batch("report", "report", ("report",), last=True),
]
NAMES = ("data", "max", "mean", "cls", "report")
SUBMITTED = dict.fromkeys(NAMES, "1")
DATA = "100 began 1 vm 10\n106 ended 0 done\n"
# Stopped once, failed once on the first machine, done on the second one.
LONG = """\
110 began 1 vm 12
120 ended 143 stopped
130 began 1 vm 12
135 ended 3 elsewhere
150 began 2 vm2 12
160 ended 0 done
"""


def jobs(queue: dict[str, Entry] | None, submitted=SUBMITTED, **notes: str):
    return parse({name: notes.get(name, "") for name in NAMES}, queue, BATCHES, submitted)


def states(queue: dict[str, Entry] | None, **notes: str) -> str:
    return " ".join(job.state for job in jobs(queue, **notes).values())


def test_states_tries_codes_and_times():
    job = jobs({}, data=DATA, max=LONG)["max"]
    assert (job.state, job.tries, job.starts, job.seconds, job.code) == ("done", 2, 3, 25, 0)


def test_the_queue_says_whether_a_job_waits_or_runs():
    waits, runs = Entry("PENDING", "Dependency"), Entry("RUNNING", "None")
    queue = dict.fromkeys(NAMES, waits)
    assert states({**queue, "data": runs}) == "running waiting waiting waiting waiting"
    queue |= {"max": Entry("PENDING", "Resources"), "mean": Entry("PENDING", "JobHeldUser")}
    assert states(queue | {"data": Entry("PENDING", "None")}) == (
        "queued queued held waiting waiting"
    )
    back = "110 began 1 vm 12\n120 ended 143 stopped\n"
    assert states(queue | {"max": Entry("PENDING", "BeginTime")}, max=back).split()[1] == "queued"
    assert states(queue | {"max": Entry("COMPLETING", "None")}, max=back).split()[1] == "queued"


def test_what_has_left_the_queue_is_done_failed_or_skipped():
    """A job that began and wrote no end was killed; one whose parents are done was removed; one
    that goes back to the queue and is not there was removed as well.
    """
    began, back = "110 began 1 vm 12\n", "110 began 1 vm 12\n120 ended 143 stopped\n"
    failed = jobs({}, data=DATA, max=began, mean=back)
    assert [job.state for job in failed.values()] == ["done"] + 4 * ["failed"]
    assert all(job.code is None for name, job in failed.items() if name != "data")
    lost = "100 began 1 vm 10\n106 ended 2 failed\n"
    assert states({}, data=lost, report=DATA) == "failed waiting waiting waiting done"
    assert jobs({}, data=lost)["data"].code == 2


def test_without_an_answer_nothing_is_lost():
    assert states(None, data=DATA, max="110 began 1 vm 12\n") == (
        "done running waiting waiting waiting"
    )


def test_every_beginning_of_notes_can_be_read():
    for cut in range(len(LONG)):
        assert jobs(None, max=LONG[:cut])["max"].tries <= 2


def test_a_workflow_is_over_when_its_queue_is_empty_or_its_report_has_ended():
    def over(queue: dict[str, Entry] | None, **notes: str) -> tuple[str, bool]:
        now = progress(jobs(queue, **notes), queue, BATCHES)
        return now.queue, now.over

    assert over({}, data=DATA) == ("gone", True)
    assert over({"max": Entry("PENDING", "Priority")}, data=DATA) == ("alive", False)
    assert over({"report": Entry("COMPLETING", "None")}, report=DATA) == ("gone", True)
    assert over({"report": Entry("COMPLETING", "None")}, report="1 began 1 vm 1\n")[0] == "alive"
    assert over(None, data=DATA) == ("unknown", False)
    assert over(None, report=DATA) == ("unknown", True)


def test_own_jobs_are_found_in_the_queue_by_number_or_by_comment():
    listed = """\
data|10|N/A|RUNNING|None|/d/1
members_1|11|0|PENDING|Resources|/d/1
members_1|11|2|PENDING|ReqNodeNotAvail, UnavailableNodes:a|b|(null)
members_1|99|1|PENDING|Priority|/d/another
vim|12|N/A|RUNNING|None|(null)
"""
    assert entries(listed, ["11"], "/d/1", BATCHES) == {
        "data": Entry("RUNNING", "None", "10"),
        "max": Entry("PENDING", "Resources", "11_0"),
        "cls": Entry("PENDING", "ReqNodeNotAvail, UnavailableNodes:a", "11_2"),
    }


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


def test_what_no_time_will_cure_is_shown_as_held():
    for reason in ("PartitionTimeLimit", "BadConstraints", "DependencyNeverSatisfied"):
        assert states({"data": Entry("PENDING", reason)}).split()[0] == "held"


def test_why_slurm_ended_a_job():
    log = (
        "slurmstepd-vm: error: *** JOB 2 ON vm CANCELLED AT 2026-11-30T16:50:55 DUE TO JOB REQUEUE"
        " ***\nslurmstepd-vm: error: *** JOB 3 ON vm CANCELLED AT 2026-11-30T16:50:55 ***\n"
        "slurmstepd-vm: error: *** JOB 2 ON vm CANCELLED AT 2026-11-30T17:50:55 DUE TO TIME LIMIT"
        " ***\n"
    )
    assert causes(log) == {"2": "it reached its time limit", "3": "cancelled"}
    assert accounted("12|CANCELLED by 1000\n13_1|OUT_OF_MEMORY\n14|\n") == {
        "12": "CANCELLED",
        "13_1": "OUT_OF_MEMORY",
    }


def test_what_a_limit_left_is_unsubmitted_unless_it_will_never_run():
    some = {"data": "10", "max": "11_0"}
    running = {"max": Entry("RUNNING", "None")}
    left = jobs(running, some, data=DATA, max="110 began 1 vm 12\n")
    assert [job.state for job in left.values()] == ["done", "running"] + 3 * ["unsubmitted"]
    assert not progress(left, running, BATCHES).over
    over = progress(left, {}, BATCHES)
    assert over.still, "nothing goes on by itself"
    assert not over.over, "but the same command has something to submit"
    lost = jobs({}, some, data="100 began 1 vm 10\n106 ended 2 failed\n")
    assert " ".join(job.state for job in lost.values()) == (
        "failed waiting waiting waiting unsubmitted"
    ), "members that need what failed are skipped, the report comes in any case"
    dropped = jobs({}, some | dict.fromkeys(("mean", "cls", "report"), "-"), data=DATA, max=DATA)
    assert " ".join(job.state for job in dropped.values()) == "done done waiting waiting waiting"
    assert progress(dropped, {}, BATCHES).over
