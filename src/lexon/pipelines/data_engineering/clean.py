"""Where a file is judged: what leaves here is in GeV and rad, and every later node trusts it."""

from __future__ import annotations

import logging
from typing import Any

from lexon.config import EventChecks
from lexon.datasets.events import EventSample, EventSource
from lexon.datasets.labelled import LabelledSource
from lexon.datasets.unsplit import UnsplitSource
from lexon.events import SPLITS
from lexon.pipelines.data_engineering.inspection import Inspection
from lexon.pipelines.data_engineering.progress import with_progress
from lexon.pipelines.data_engineering.weights import WeightsInspection

logger = logging.getLogger(__name__)

# Events held in memory at once while a file is rewritten.
CHUNK = 50_000


def clean_events(
    raw: EventSource | UnsplitSource,
    classes: dict[str, Any],
    data: Any,  # noqa: ARG001
    checks: EventChecks,
) -> EventSample:
    """The same events, validated, in GeV and rad; a class that matches nothing stops the study
    here, unless there is but one process.

    `data` holds what `raw` was opened with, its unit and split and so on: asked for so that another
    one cleans again.
    """
    known = [*raw.notes, *(_left_out(raw, classes) if raw.only_label is None else [])]
    total = sum(raw.n(split) for split in SPLITS)
    inspection = Inspection(str(raw.path), total, checks)
    weights = WeightsInspection(str(raw.path), str(raw.weight), _class_of(raw, classes))

    def attributes() -> dict[str, Any]:
        for note in inspection.notes:
            logger.warning("%s: %s", raw.path.name, note)
        for note in weights.notes:
            logger.info("%s: %s", raw.path.name, note)
        return {
            "label_names": raw.label_names,
            "named_by_file": raw.named_by_file,
            "raw_path": str(raw.path),
            "raw_digest": raw.digest,
            "raw_energy_unit": raw.energy_unit.unit,
            "generator": str(raw.attributes.get("generator", "")),
            "notes": [*known, *weights.notes, *inspection.notes],
        }

    for note in known:
        logger.info("%s: %s", raw.path.name, note)
    parts = with_progress(raw.parts(CHUNK), total, "cleaning events")
    cleaned = weights.passed(inspection.passed(parts))
    return EventSample(cleaned, attributes, energy_unit="GeV", max_objects=raw.max_objects)


def _class_of(raw: EventSource | UnsplitSource, classes: dict[str, Any]) -> dict[int, str]:
    """Name of the class of each label that is in one; of events of one process, its own name."""
    if raw.only_label is not None:
        return raw.label_names
    names = list(classes)
    return {label: names[target] for label, target in raw.class_map(classes).lookup.items()}


def _left_out(raw: LabelledSource, classes: dict[str, Any]) -> list[str]:
    """A note on events that are in no class."""
    lookup = raw.class_map(classes).lookup
    left_out = {
        name: n
        for label, name in raw.label_names.items()
        if label not in lookup and (n := _count(raw, label))
    }
    return (
        [
            "Events in no class are left out:"
            f" {', '.join(f'{n} {name}' for name, n in left_out.items())}."
        ]
        if left_out
        else []
    )


def _count(source: LabelledSource, label: int) -> int:
    return sum(source.label_counts(split).get(label, 0) for split in SPLITS)
