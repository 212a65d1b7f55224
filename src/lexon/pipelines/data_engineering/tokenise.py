"""Tokenisers meet the events: fitted on training events, they encode all of them. Files larger than
memory are streamed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lexon.classes import ClassMap
from lexon.config import fitted_config
from lexon.config.tokenisers import tokeniser_classes
from lexon.datasets.events import EventSource
from lexon.datasets.tokens import TokenChunk, TokenSample
from lexon.errors import ConfigurationError
from lexon.events import MAX_OBJECTS, SPLITS, Events
from lexon.pipelines.data_engineering.progress import with_progress
from lexon.tokenisers import build
from lexon.tokenisers.base import Tokeniser
from lexon.tokenisers.binning import BinnedTokeniser
from lexon.tokenisers.comparison.columns import TokenColumns
from lexon.tokenisers.comparison.occupied import fillings

logger = logging.getLogger(__name__)

# Events held in memory at once.
CHUNK = 1 << 15
# Chunks of training events whose occupancy is reported.
MAX_JUDGED = 8
UNITS = {"pt": "GeV", "eta": "1", "phi": "rad", "met": "GeV"}
# What a token file hands on from the events that it was made of.
HANDED_ON = ("split_digests", "raw_path", "raw_digest", "raw_energy_unit", "generator", "notes")


def fit_tokeniser(
    events: EventSource, settings: dict[str, Any], classes: dict[str, Any]
) -> Tokeniser:
    """A tokeniser fitted on training events: all that are in a class, or the background where its
    settings ask for it.
    """
    config = fitted_config(settings)
    asked = config.population
    needs_no_classes = events.only_label is not None and asked == "all"
    sample = TrainingSample(events, None if needs_no_classes else events.class_map(classes), asked)
    logger.info("%s tokeniser: %s", config.kind, sample.sentence)
    key = "all" if sample.classes is None else sample.classes.population(asked)
    return build(config).fit_chunks(sample).fitted_on(key, sample.sentence)


@dataclass(frozen=True)
class TrainingSample:
    """The training events that a tokeniser is fitted on: chunks that can be walked through more
    than once.

    `classes` is None for events of one process, all of which are taken.
    """

    events: EventSource
    classes: ClassMap | None
    population: Literal["auto", "background", "all"]

    def __iter__(self) -> Iterator[Events]:
        for chunk in self.events.chunks("train", CHUNK):
            yield (
                chunk
                if self.classes is None
                else chunk[self.classes.to_fit_on(self.population, chunk.labels)[0]]
            )

    @property
    def sentence(self) -> str:
        """Which events these are."""
        if self.classes is None:
            return (
                "fitted on all events, which are of one process:"
                f" {', '.join(self.events.label_names.values())}"
            )
        return self.classes.to_fit_on(self.population, np.empty(0, np.int64))[1]


def write_tokens(events: EventSource, tokeniser: Tokeniser) -> TokenSample:
    """All events as integers, with everything that it takes to decode them.

    Raises:
        ConfigurationError: the tokeniser's values are continuous.
    """
    if tokeniser.vocab_size is None:
        kind = tokeniser.state()["kind"]
        raise ConfigurationError(
            f"tokeniser={kind}: continuous values make no token file; choose {_discrete()}"
        )
    handed_on = {name: events.attributes[name] for name in HANDED_ON if name in events.attributes}
    names = {"label_names": events.label_names, "named_by_file": events.named_by_file}
    places = {} if events.max_objects == MAX_OBJECTS else {"max_objects": events.max_objects}
    own = {
        **names,
        **places,
        "tokeniser": tokeniser.state(),
        "vocab_size": tokeniser.vocab_size,
        "units": UNITS,
    }
    judged: list[NDArray[np.int64]] = []
    chunks = _encode(events, tokeniser, judged)
    return TokenSample(
        chunks, {**handed_on, **own}, tokeniser.arrays(), lambda: _occupancy(judged, tokeniser)
    )


def _discrete() -> str:
    """Names of the tokenisers that make integers."""
    return " or ".join(
        name for name, found in tokeniser_classes().items() if found.fitted and not found.continuous
    )


def _encode(
    events: EventSource, tokeniser: Tokeniser, judged: list[NDArray[np.int64]]
) -> Iterator[TokenChunk]:
    """The tokens; the first ones of training events go to `judged` too."""
    total = sum(events.n(split) for split in SPLITS)
    for split, chunk in with_progress(events.parts(CHUNK), total, "writing tokens"):
        tokens = tokeniser.encode(chunk)
        rows = np.concatenate([tokens.values, tokens.met], axis=1)
        yield TokenChunk(split, rows, chunk.labels, chunk.weights)
        if split == "train" and len(judged) < MAX_JUDGED:
            judged.append(rows)


def _occupancy(judged: list[NDArray[np.int64]], tokeniser: Tokeniser) -> list[str]:
    return occupancy_in_words(np.concatenate(judged), tokeniser) if judged else []


def occupancy_in_words(rows: NDArray[np.int64], tokeniser: Tokeniser) -> list[str]:
    """How many object tokens training events [N, M + 2] use, and how they fill the bins of each
    axis, a sentence each.
    """
    values = rows[:, :-2]
    used = len(np.unique(values[values > 0]))
    sentences = [
        f"{len(rows):,} training events use {used:,} of {tokeniser.n_object_tokens:,} object"
        " tokens."
    ]
    if isinstance(tokeniser, BinnedTokeniser):
        sentences += [
            f"Bins of {filling.words}."
            for filling in fillings(TokenColumns.unpack(rows, tokeniser.n_bins, values.shape[1]))
        ]
    return sentences
