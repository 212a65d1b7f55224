"""A second sample, cleaned as the first one is, with the class of the study that each of its
processes stands for. Nothing is fitted on it, and all of its events are kept.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lexon.classes import ClassMap
from lexon.config import ElsewhereConfig, EventChecks
from lexon.datasets.elsewhere import CLASS_OF_LABEL, about_the_second_sample, in_its_terms
from lexon.datasets.events import EventSample, EventSource
from lexon.datasets.identity import row_hashes
from lexon.datasets.unsplit import UnsplitSource
from lexon.errors import ConfigurationError, DataError
from lexon.events import SPLITS, Events
from lexon.pipelines.data_engineering.clean import CHUNK
from lexon.pipelines.data_engineering.copies import HashSet
from lexon.pipelines.data_engineering.inspection import Inspection
from lexon.pipelines.data_engineering.progress import with_progress
from lexon.pipelines.data_engineering.weights import WeightsInspection

logger = logging.getLogger(__name__)

# Share of its events that were trained on from which a sample is no other one.
SAME_SAMPLE = 0.5


def clean_elsewhere(
    raw: EventSource | UnsplitSource,
    events: EventSource,
    classes: dict[str, Any],
    elsewhere: ElsewhereConfig,
    checks: EventChecks,
) -> EventSample:
    """The events of a second sample, validated, in GeV and rad.

    Raises:
        ConfigurationError: it is the file of the first sample, or none of its processes stands for
            a class.
        DataError: it cannot be right, or most of its events were trained on.
    """
    with about_the_second_sample():
        _refuse_the_same_file(raw, events)
        class_of = classes_of_labels(raw, events, classes, elsewhere)
        known = [*raw.notes, *_matched(raw, class_of, list(classes))]
        if elsewhere.classes is None:
            known += _missing(raw, events, classes, class_of)
        total = sum(raw.n(split) for split in SPLITS)
        known.append(f"All {total:,} events are used, whatever their split.")
    inspection = SecondInspection(str(raw.path), total, checks, events)
    weights = WeightsInspection(str(raw.path), str(raw.weight), class_of, as_one=True)

    def attributes() -> dict[str, Any]:
        with about_the_second_sample():
            inspection.refuse_the_same_events()
        for note in inspection.notes:
            logger.warning("%s: %s", raw.path.name, note)
        return {
            "label_names": raw.label_names,
            "named_by_file": raw.named_by_file,
            CLASS_OF_LABEL: class_of,
            "raw_path": str(raw.path),
            "raw_digest": raw.digest,
            "raw_energy_unit": raw.energy_unit.unit,
            "generator": str(raw.attributes.get("generator", "")),
            "notes": [in_its_terms(note) for note in (*known, *weights.notes, *inspection.notes)],
        }

    for note in known:
        logger.info("%s: %s", raw.path.name, note)

    def cleaned() -> Iterator[tuple[str, Events]]:
        with about_the_second_sample():
            parts = with_progress(raw.parts(CHUNK), total, "cleaning the second sample")
            yield from weights.passed(inspection.passed(parts))

    return EventSample(cleaned(), attributes, energy_unit="GeV", max_objects=raw.max_objects)


class SecondInspection(Inspection):
    """Bad events, as of the first sample; and events that the study was trained on.

    Args:
        first: the cleaned events of the first sample.
    """

    def __init__(self, where: str, total: int, checks: EventChecks, first: EventSource) -> None:
        super().__init__(where, total, checks.model_copy(update={"duplicates": "keep"}))
        self._trained_on = HashSet()
        for split in ("train", "val"):
            for chunk in first.chunks(split, CHUNK):
                self._trained_on.add(row_hashes(chunk))
        self._n: Counter[str] = Counter()

    def passed(self, parts: Iterator[tuple[str, Events]]) -> Iterator[tuple[str, Events]]:
        """The same (split, events), all of them."""
        for split, events in super().passed(parts):
            hashes = row_hashes(events)
            self._n["events"] += len(hashes)
            self._n["trained"] += int(self._trained_on.contains(hashes).sum())
            yield split, events

    def refuse_the_same_events(self) -> None:
        """Asked after the last event.

        Raises:
            DataError: most events were trained on.
        """
        if self._n["trained"] > SAME_SAMPLE * self._n["events"]:
            raise DataError(f"{self._where}: {self._overlap}; name a sample of other events")

    @property
    def _overlap(self) -> str:
        return (
            f"{self._n['trained']:,} of {self._n['events']:,} events are training or validation"
            " events of this study, equal to the last digit"
        )

    @property
    def notes(self) -> list[str]:
        trained = [f"{self._overlap}: results on them are too good."] if self._n["trained"] else []
        return [*self._sentences(), *trained]


def classes_of_labels(
    raw: EventSource | UnsplitSource,
    events: EventSource,
    classes: Mapping[str, Any],
    elsewhere: ElsewhereConfig,
) -> dict[int, str]:
    """Class of the study that each label of the second sample stands for: as
    `evaluation.classes` says, or that of the process of the same name.

    Raises:
        ConfigurationError: no process has the name of one of the study's, or `evaluation.classes`
            do not fit the labels.
    """
    names = list(classes)
    if elsewhere.classes is not None:
        try:
            found = ClassMap.resolve(elsewhere.classes, raw.label_names, {})
        except ConfigurationError as error:
            in_words = re.sub(r"\bclasses(?=[.:=])", "evaluation.classes", str(error))
            raise ConfigurationError(in_words) from error
        return {label: found.class_names[target] for label, target in found.lookup.items()}
    lookup = events.class_map(classes).lookup
    class_of = {events.label_names[label]: names[target] for label, target in lookup.items()}
    shared = {label: class_of[name] for label, name in raw.label_names.items() if name in class_of}
    if not shared:
        # Names that a file gives itself stay.
        by_name = "give its labels those names (evaluation.events.label_names.NUMBER=NAME), or "
        raise ConfigurationError(
            f"{raw.path}: no process has the name of one that the study was trained on: it has"
            f" {_listed(raw.label_names.values())}, the study {_listed(class_of)};"
            f" {'' if raw.named_by_file else by_name}say which of its labels stand for each class"
            " (evaluation.classes.CLASS=NAME)"
        )
    return shared


def _refuse_the_same_file(raw: EventSource | UnsplitSource, events: EventSource) -> None:
    if raw.digest == events.attributes.get("raw_digest"):
        raise ConfigurationError(
            f"{raw.path}: is the file that the study is trained on"
            f" ({events.attributes.get('raw_path')}); name another sample, its own test split is"
            " evaluated in any case"
        )


def _matched(
    raw: EventSource | UnsplitSource, class_of: Mapping[int, str], classes: Sequence[str]
) -> Iterator[str]:
    """What stands for each class, and what is left out, one sentence each."""
    counts: Counter[int] = Counter()
    for split in SPLITS:
        counts.update(raw.label_counts(split))
    named = {label: raw.label_names.get(label, str(label)) for label in counts}
    for name in classes:
        own = [
            f"{named[label]} ({counts[label]:,})" for label in class_of if class_of[label] == name
        ]
        yield f"Class {name}: {_listed(own) or 'no event, so no AUROC that takes it'}."
    left = [f"{n:,} {named[label]}" for label, n in counts.items() if label not in class_of and n]
    if left:
        yield f"Left out, in no class of the study: {_listed(left)}."


def _missing(
    raw: EventSource | UnsplitSource,
    events: EventSource,
    classes: Mapping[str, Any],
    class_of: Mapping[int, str],
) -> Iterator[str]:
    """What names do not say, one sentence each."""
    names = raw.label_names
    if numbers := [names[label] for label in class_of if names[label] == str(label)]:
        yield f"Labels without names are taken for those of the same numbers: {_listed(numbers)}."
    own = [events.label_names[label] for label in events.class_map(classes).lookup]
    if missing := [name for name in own if name not in names.values()]:
        yield f"Processes of the study that are not in it by name: {_listed(missing)}."


def _listed(texts: Iterable[Any]) -> str:
    return ", ".join(str(text) for text in texts)
