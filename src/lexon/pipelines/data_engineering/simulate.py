"""Simulated events, used when no file is given."""

from __future__ import annotations

from collections.abc import Iterator

from lexon.config import SimulatedEvents
from lexon.datasets.events import EventSample
from lexon.events import Events
from lexon.pipelines.data_engineering.progress import progress_bar
from lexon.simulation.sample import Simulation


def simulate_events(simulated: SimulatedEvents) -> EventSample:
    """Simulated events as a file of the real layout: split, in ln(MeV), so that a study reads it as
    it would any other.
    """
    source = Simulation(simulated.simulation, simulated.n)

    def chunks() -> Iterator[tuple[str, Events]]:
        with progress_bar("simulating events", simulated.n) as advance:
            yield from source.chunks(advance)

    return EventSample(chunks(), source.attributes, energy_unit="ln(MeV)")
