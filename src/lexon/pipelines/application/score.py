"""A finished classifier's probabilities for every event of a user's file."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

import lexon
from lexon.config import EventChecks
from lexon.datasets.events import EventSource
from lexon.datasets.finished import FinishedMember
from lexon.datasets.scored import ScoredEvents, ScoredPart
from lexon.datasets.unsplit import UnsplitSource
from lexon.events import SPLITS
from lexon.pipelines.application.scores import Scorer, own_object_types, refuse_other_width
from lexon.pipelines.data_engineering.inspection import Inspection
from lexon.pipelines.data_engineering.progress import with_progress
from lexon.training import choose_device

logger = logging.getLogger(__name__)

# Events held in memory at once.
CHUNK = 20_000


def score_events(
    member: FinishedMember,
    raw: EventSource | UnsplitSource,
    object_types: dict[int, str],
    checks: EventChecks,
    device: str,
) -> ScoredEvents:
    """The scores of all events of a file, whatever their labels, chunk by chunk.

    Raises:
        DataError: the file cannot be right, as when a study reads it.
    """
    refuse_other_width(member, raw.max_objects)
    scorer = Scorer(member, own_object_types(member, object_types), choose_device(device))
    kept = checks.model_copy(update={"duplicates": "keep"})
    inspection = Inspection(str(raw.path), sum(raw.n(split) for split in SPLITS), kept)

    def attributes() -> dict[str, Any]:
        for note in inspection.notes:
            logger.warning("%s: %s", raw.path.name, note)
        return {
            "member": member.name,
            "model_digest": member.digest,
            "lexon_version": lexon.__version__,
            "events_path": str(raw.path),
            "events_digest": raw.digest,
            "label_names": raw.label_names,
            "notes": [*raw.notes, *inspection.notes],
        }

    for note in raw.notes:
        logger.info("%s: %s", raw.path.name, note)
    parts = _scored(scorer, raw, inspection)
    name = raw.path.name.partition(".")[0] or "events"
    return ScoredEvents(member.folder / "scored", name, parts, scorer.class_names, attributes)


def _scored(
    scorer: Scorer, raw: EventSource | UnsplitSource, inspection: Inspection
) -> Iterator[ScoredPart]:
    """Every event once, with its row of the split."""
    rows: Counter[str] = Counter()
    total = sum(raw.n(split) for split in SPLITS)
    parts = with_progress(raw.parts(CHUNK), total, "scoring events")
    places = {split: raw.places(split) for split in SPLITS if isinstance(raw, UnsplitSource)}
    for split, events in inspection.passed(parts):
        index = rows[split] + np.arange(len(events))
        rows[split] += len(events)
        place = places[split][index] if places else index
        yield ScoredPart(split, index, place, events.labels, scorer.scores(events))
