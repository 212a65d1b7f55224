"""Settings of batch systems whose jobs submit nothing themselves."""

from __future__ import annotations

from pydantic import PositiveInt

from lexon.runners.cluster.settings import ClusterSettings


class QueuedSettings(ClusterSettings):
    """What a batch system with job arrays is told beside what all know.

    Attributes:
        stop_seconds: from the signal that asks a job to stop to its time limit.
        array_size: jobs of the largest array, where the site allows so many.
    """

    stop_seconds: PositiveInt
    array_size: PositiveInt
