"""DAGMan's logs, as version 23.9.6 writes them, become the state of each job."""

from __future__ import annotations

from lexon.runners.htcondor.status import parse

# One job ends well, one is tried three times, one is requeued by its own exit code, one is held and
# removed.
JOBSTATE = """\
1795244938 INTERNAL *** DAGMAN_STARTED 2.0 ***
1795244939 good SUBMIT 3.0 - - 1
1795244941 good EXECUTE 3.0 - - 1
1795244942 good JOB_TERMINATED 3.0 - - 1
1795244942 good JOB_SUCCESS 0 - - 1
1795244944 bad SUBMIT 4.0 - - 2
1795244944 long SUBMIT 6.0 - - 4
1795244944 held SUBMIT 7.0 - - 5
1795244944 bad EXECUTE 4.0 - - 2
1795244945 held EXECUTE 7.0 - - 5
1795244945 long EXECUTE 6.0 - - 4
1795244945 held JOB_EVICTED 7.0 - - 5
1795244945 held JOB_HELD 7.0 - - 5
1795244945 bad JOB_TERMINATED 4.0 - - 2
1795244945 bad JOB_FAILURE 1 - - 2
1795244946 long JOB_EVICTED 6.0 - - 4
1795244947 bad SUBMIT 8.0 - - 6
1795244947 long EXECUTE 6.0 - - 4
1795244950 bad EXECUTE 8.0 - - 6
1795244951 bad JOB_TERMINATED 8.0 - - 6
1795244951 bad JOB_FAILURE 1 - - 6
1795244956 held JOB_ABORTED 7.0 - - 5
1795244956 held JOB_FAILURE -1002 - - 5
"""
FINISHED = "1795244961 INTERNAL *** DAGMAN_FINISHED 1 ***\n"
EVENTS = """\
001 (006.000.000) 2026-11-21 07:09:05 Job executing on host: <127.0.0.1:19666>
...
012 (007.000.000) 2026-11-21 07:09:05 Job was held.
	via condor_hold (by user minipool)
	Code 1 Subcode 0
...
"""
NAMES = ("good", "bad", "long", "held", "after")


def test_states_tries_codes_and_times():
    jobs = parse(JOBSTATE, EVENTS, NAMES).jobs
    assert {name: job.state for name, job in jobs.items()} == {
        "good": "done",
        "bad": "failed",
        "long": "running",
        "held": "failed",
        "after": "waiting",
    }
    assert (jobs["bad"].tries, jobs["bad"].starts, jobs["bad"].code, jobs["bad"].seconds) == (
        2,
        2,
        1,
        2,
    )
    assert (jobs["long"].tries, jobs["long"].starts, jobs["long"].seconds) == (1, 2, 1)
    assert jobs["held"].reason == "held, then removed: via condor_hold (by user minipool)"
    assert jobs["good"].reason == ""


def test_a_job_is_held_until_it_is_released_or_removed():
    lines = JOBSTATE.splitlines(keepends=True)
    until_held = "".join(lines[: lines.index("1795244945 held JOB_HELD 7.0 - - 5\n") + 1])
    assert parse(until_held, EVENTS, NAMES).jobs["held"].state == "held"
    assert (
        parse(until_held + "1795244950 held JOB_RELEASED 7.0 - - 5\n", EVENTS, NAMES)
        .jobs["held"]
        .state
        == "queued"
    )


def test_how_often_a_try_was_held_is_said():
    again = "1795244946 held JOB_RELEASED 7.0 - - 5\n1795244949 held JOB_HELD 7.0 - - 5\n"
    submit = "1795244944 held SUBMIT 7.0 - - 5\n"
    held = "1795244945 held JOB_HELD 7.0 - - 5\n"
    reason = "via condor_hold (by user minipool)"
    assert parse(submit + held, EVENTS, NAMES).jobs["held"].reason == reason
    twice = parse(submit + held + again, EVENTS, NAMES).jobs["held"]
    assert twice.reason == f"held 2 times: {reason}"
    removed = "1795244956 held JOB_FAILURE -1002 - - 5\n"
    failed = parse(submit + held + again + removed, EVENTS, NAMES).jobs["held"]
    assert failed.reason == f"held 2 times, then removed: {reason}"
    assert not parse(submit + held + again + submit, EVENTS, NAMES).jobs["held"].holds


def test_every_beginning_of_the_logs_can_be_read():
    """A log is read while it is written: no cut may fail, invent a job, or call a running workflow
    finished.
    """
    for cut in range(len(JOBSTATE)):
        progress = parse(JOBSTATE[:cut], EVENTS[: cut % len(EVENTS)], NAMES)
        assert tuple(progress.jobs) == NAMES
        assert not progress.finished


def test_a_restarted_dagman_is_not_finished():
    assert parse(JOBSTATE + FINISHED, "", NAMES).finished
    assert not parse(JOBSTATE + FINISHED + JOBSTATE.splitlines()[0], "", NAMES).finished


def test_a_workflow_is_over_when_its_queue_says_so_or_is_unknown():
    progress = parse(JOBSTATE, "", NAMES)
    over = {}
    for queue in ("alive", "gone", "unknown"):
        progress.queue = queue
        over[queue] = progress.over
    assert over == {"alive": False, "gone": True, "unknown": False}
    finished = parse(JOBSTATE + FINISHED, "", NAMES)
    assert finished.over, "DAGMan's last word counts while the queue does not answer"
