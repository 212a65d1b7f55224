"""Slurm's commands."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from lexon.runners.cluster.engine import Ticket, answer_if_any, answer_of, call, text_of
from lexon.runners.cluster.queued.batches import Batch
from lexon.runners.cluster.queued.numbers import Number
from lexon.runners.cluster.queued.states import Listed, NotedStatus
from lexon.runners.cluster.script import Site
from lexon.runners.slurm import answers
from lexon.runners.slurm.options import IN_JOB, SLURM_LOG, sbatch_lines
from lexon.runners.slurm.settings import SlurmSettings

PATIENCE = 240  # seconds: sbatch itself tries for two minutes where the cluster is full
# Of the shell that submits, for sbatch; jobs get what their scripts export.
_KEPT = re.compile("PATH|HOME|USER|LOGNAME|LANG|SLURM_CONF|SLURM_CLUSTERS")
# Answers of sbatch where a user, an account or the cluster has as many jobs as it may have.
_NO_MORE = re.compile(r"Submit\w*(?:Limit|PerAccount)|temporarily un")


class Slurm:
    """The batch system, see `lexon.runners.cluster.queued.system`."""

    name = "Slurm"
    commands: tuple[str, ...] = ("sbatch", "squeue", "scancel", "scontrol")
    suffix = "sbatch"
    in_job = IN_JOB

    def __init__(self, settings: SlurmSettings) -> None:
        self.settings = settings

    def largest_array(self) -> int | None:
        shown = call(["scontrol", "show", "config"])
        found = shown and re.search(r"^MaxArraySize\s*=\s*(\d+)", shown.stdout, re.MULTILINE)
        return int(found[1]) - 1 if found else None

    def options(self, batch: Batch, site: Site, at_once: int | None) -> list[str]:
        return sbatch_lines(batch, self.settings, site, at_once)

    def submit(
        self, folder: Path, batch: Batch, places: Sequence[int], waits: Sequence[Number], hold: bool
    ) -> str | None:
        file, options = f"{batch.name}.{self.suffix}", ["--hold"] if hold else []
        if waits:
            condition = "afterany" if batch.last else "afterok"
            options = [f"--dependency={condition}:{':'.join(map(_word, waits))}"]
        if len(places) < len(batch.jobs):
            options += [f"--array={places[0]}-{places[-1]}"]
        clean = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)}
        command = ["sbatch", "--parsable", "--export=ALL", *options, file]
        done = call(command, folder, clean, PATIENCE)
        if done is not None and done.returncode and _NO_MORE.search(done.stderr):
            return None
        answered = answer_of(done, f"sbatch refused {folder / file}").stdout
        return answered.partition(";")[0].strip()  # NUMBER;CLUSTER where there are several

    def release(self, arrays: Sequence[str], ticket: Ticket) -> None:
        released = call(["scontrol", "release", ",".join(arrays)])
        answer_of(released, f"scontrol could not release {ticket}")

    def remove(self, arrays: Sequence[str], ticket: Ticket) -> None:
        answer_of(call(["scancel", *arrays]), f"scancel could not remove {ticket}")

    def queue(self, owner: str) -> list[Listed] | None:
        shown = ["--noheader", "--array", "--user", owner, "--format", answers.FORMAT]
        answer = answer_if_any(call(["squeue", *shown]))
        return None if answer is None else answers.listed(answer)

    def ends(self, folder: Path, jobs: Mapping[str, NotedStatus]) -> dict[str, str | None]:
        """From a job's notes, from what Slurm wrote into its output, and from its accounting, which
        has the last word where there is one.
        """
        numbers = {name: _word(job.number) for name, job in jobs.items() if job.number}
        killed = answers.killed(text_of(folder / SLURM_LOG))
        fields = ["--noheader", "--parsable2", "--allocations", "--format", "JobID,State"]
        asked = ["sacct", *fields, "--jobs", ",".join(numbers.values())]
        answer = answer_if_any(call(asked)) if numbers else None  # no number would mean all jobs
        accounted = answers.accounted(answer or "")
        found = {}
        for name, job in jobs.items():
            noted = job.word if job.word.isupper() else ""  # in capitals: a state that squeue told
            known = accounted.get(numbers.get(name, "")) or killed.get(job.log_number) or noted
            if known:
                found[name] = answers.end_in_words(known)
        return found


def _word(number: Number) -> str:
    """A number as Slurm's commands understand and show it."""
    return number.array if number.place is None else f"{number.array}_{number.place}"
