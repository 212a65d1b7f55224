"""What is left to a batch system that has jobs and job arrays, and nothing for whole workflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lexon.runners.cluster.engine import Ticket
from lexon.runners.cluster.queued.batches import Batch
from lexon.runners.cluster.queued.job_script import InJob
from lexon.runners.cluster.queued.numbers import Number
from lexon.runners.cluster.queued.settings import QueuedSettings
from lexon.runners.cluster.queued.states import Listed, NotedStatus
from lexon.runners.cluster.script import Site


class BatchSystem(Protocol):
    """Interface of such a batch system: the lines that it reads, its commands, their answers.

    Attributes:
        name, commands, settings: those of its engine.
        suffix: of the names of the files that are submitted.
        in_job: what it offers to the shell of a job.
    """

    name: str
    commands: tuple[str, ...]
    suffix: str
    in_job: InJob

    @property
    def settings(self) -> QueuedSettings: ...

    def largest_array(self) -> int | None:
        """Jobs of the largest array that the site allows; None where it does not tell."""

    def options(self, batch: Batch, site: Site, at_once: int | None) -> list[str]:
        """The lines of a batch's file that the batch system reads.

        Args:
            at_once: how many jobs of an array may run at the same time; None for all.
        """

    def submit(
        self, folder: Path, batch: Batch, places: Sequence[int], waits: Sequence[Number], hold: bool
    ) -> str | None:
        """Submit the file of a batch, or of these places, which follow each other.

        Args:
            waits: jobs in the queue that must be done before, or over for a batch that is `last`.
            hold: it does not start before it is released.

        Returns:
            The number of the array; None where the site allows no more jobs now.

        Raises:
            ConfigurationError: it is refused for good.
        """

    def release(self, arrays: Sequence[str], ticket: Ticket) -> None:
        """Let jobs begin that were held.

        Raises:
            ConfigurationError: they are not released.
        """

    def remove(self, arrays: Sequence[str], ticket: Ticket) -> None:
        """Remove jobs from the queue, as many as one command may name.

        Raises:
            ConfigurationError: they are not removed.
        """

    def queue(self, owner: str) -> list[Listed] | None:
        """All jobs of a user, by one question; None where the queue does not answer."""

    def ends(self, folder: Path, jobs: Mapping[str, NotedStatus]) -> dict[str, str | None]:
        """Why jobs of the workflow in a folder ended that did not say it themselves, by their
        names, as far as it is known; None for a job that is done. These are as many as one command
        may name.
        """
