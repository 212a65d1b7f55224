"""From raw events to clean ones, and to the tokenisers that training events fit."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from rich import get_console
from rich.progress import Progress

from lexon.config import EventsConfig, SimulationConfig, tokeniser_config
from lexon.datasets.events import EventSample, EventSource
from lexon.events import SPLITS, Events
from lexon.simulation.sample import Simulation
from lexon.tokenisers import build, population
from lexon.tokenisers.base import Tokeniser

logger = logging.getLogger(__name__)

# Events held in memory at once while a file is rewritten.
CHUNK = 50_000


def simulate_events(events: EventsConfig, simulation: SimulationConfig) -> EventSample:
    """Simulated events as a file of the real layout: split, in ln(MeV), so that a study reads it as it would any other."""
    source = Simulation(simulation, events.n)

    def chunks() -> Iterator[tuple[str, Events]]:
        with Progress(transient=True, disable=not get_console().is_terminal) as progress:
            task = progress.add_task("simulating events", total=events.n)
            yield from source.chunks(lambda n: progress.advance(task, n))

    return EventSample(chunks(), source.attributes, energy_unit="ln(MeV)")


def clean_events(raw: EventSource, classes: dict[str, Any]) -> EventSample:
    """The same events, validated, in GeV and rad; a class that matches nothing stops the study here."""
    lookup = raw.class_map(classes).lookup
    left_out = {name: n for label, name in raw.label_names.items() if label not in lookup and (n := _count(raw, label))}
    dropped = [f"Events in no class are left out: {', '.join(f'{n} {name}' for name, n in left_out.items())}."] if left_out else []
    notes = [*raw.notes, *dropped]
    for note in notes:
        logger.info("%s: %s", raw.path.name, note)
    provenance = {
        "label_names": raw.label_names,
        "raw_path": str(raw.path),
        "raw_digest": raw.digest,
        "raw_energy_unit": raw.energy_unit.unit,
        "notes": notes,
    }
    chunks = ((split, events) for split in SPLITS for events in raw.chunks(split, CHUNK))
    return EventSample(chunks, raw.attributes | provenance, energy_unit="GeV")


def fit_tokeniser(events: EventSource, settings: dict[str, Any], classes: dict[str, Any]) -> Tokeniser:
    """A tokeniser fitted on training events: all that are in a class, or the background where its settings ask for it."""
    config = tokeniser_config(settings)
    train = events.read("train")
    chosen, sentence = events.class_map(classes).to_fit_on(population(config), train.labels)
    logger.info("%s tokeniser: %s", config.kind, sentence)
    return build(config).fit(train[chosen])


def _count(source: EventSource, label: int) -> int:
    return sum(source.label_counts(split).get(label, 0) for split in SPLITS)
