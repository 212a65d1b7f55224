"""Simulated events, used when no file is given."""

from __future__ import annotations

from collections.abc import Iterator

from rich import get_console
from rich.progress import Progress

from lexon.config import SimulatedEvents
from lexon.datasets.events import EventSample
from lexon.events import Events
from lexon.simulation.sample import Simulation


def simulate_events(simulated: SimulatedEvents) -> EventSample:
    """Simulated events as a file of the real layout: split, in ln(MeV), so that a study reads it as
    it would any other.
    """
    source = Simulation(simulated.simulation, simulated.n)

    def chunks() -> Iterator[tuple[str, Events]]:
        with Progress(transient=True, disable=not get_console().is_terminal) as progress:
            task = progress.add_task("simulating events", total=simulated.n)
            yield from source.chunks(lambda n: progress.advance(task, n))

    return EventSample(chunks(), source.attributes, energy_unit="ln(MeV)")
