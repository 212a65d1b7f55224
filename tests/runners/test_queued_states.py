"""Notes of jobs and what the queue says become the state of each job."""

from __future__ import annotations

from lexon.runners.cluster.queued.batches import Batch
from lexon.runners.cluster.queued.numbers import DROPPED, Number
from lexon.runners.cluster.queued.states import Entry, Listed, entries, progress
from lexon.runners.cluster.queued.states import states as states_of

BATCHES = [
    Batch("data", "data", ("data",)),
    Batch("members_1", "member", ("max", "mean", "cls"), ("data",)),
    Batch("report", "report", ("report",), last=True),
]
NAMES = ("data", "max", "mean", "cls", "report")
SUBMITTED = dict.fromkeys(NAMES, Number("1"))
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


def is_(state) -> Entry:
    return Entry(Number("1"), state)


def jobs(queue: dict[str, Entry] | None, submitted=SUBMITTED, **notes: str):
    return states_of({name: notes.get(name, "") for name in NAMES}, queue, BATCHES, submitted)


def states(queue: dict[str, Entry] | None, **notes: str) -> str:
    return " ".join(job.state for job in jobs(queue, **notes).values())


def test_states_tries_codes_and_times():
    job = jobs({}, data=DATA, max=LONG)["max"]
    assert (job.state, job.tries, job.starts, job.seconds, job.code) == ("done", 2, 3, 25, 0)


def test_the_queue_says_whether_a_job_waits_or_runs():
    waits, runs, queued = is_("waiting"), is_("running"), is_("queued")
    queue = dict.fromkeys(NAMES, waits)
    assert states({**queue, "data": runs}) == "running waiting waiting waiting waiting"
    queue |= {"max": queued, "mean": is_("held")}
    assert states(queue | {"data": queued}) == ("queued queued held waiting waiting")
    back = "110 began 1 vm 12\n120 ended 143 stopped\n"
    assert states(queue | {"max": queued}, max=back).split()[1] == "queued"
    assert states(queue | {"max": is_("ending")}, max=back).split()[1] == "queued"


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
    assert over({"max": is_("queued")}, data=DATA) == ("alive", False)
    assert over({"report": is_("ending")}, report=DATA) == ("gone", True)
    assert over({"report": is_("ending")}, report="1 began 1 vm 1\n")[0] == "alive"
    assert over(None, data=DATA) == ("unknown", False)
    assert over(None, report=DATA) == ("unknown", True)


def test_own_jobs_are_found_in_the_queue_by_number_or_by_folder():
    def line(batch: str, number: Number, folder: str) -> Listed:
        return Listed(Entry(number, "queued"), batch, folder)

    listed = [
        line("data", Number("10"), "/d/1"),
        line("members_1", Number("11", 0), "/d/1"),
        line("members_1", Number("11", 2), ""),
        line("members_1", Number("99", 1), "/d/another"),
        line("vim", Number("12"), ""),
    ]
    assert entries(listed, ["11"], "/d/1", BATCHES) == {
        "data": listed[0].entry,
        "max": listed[1].entry,
        "cls": listed[2].entry,
    }


def test_what_a_limit_left_is_unsubmitted_unless_it_will_never_run():
    some = {"data": Number("10"), "max": Number("11", 0)}
    running = {"max": is_("running")}
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
    dropped = jobs(
        {}, some | dict.fromkeys(("mean", "cls", "report"), DROPPED), data=DATA, max=DATA
    )
    assert " ".join(job.state for job in dropped.values()) == "done done waiting waiting waiting"
    assert progress(dropped, {}, BATCHES).over
