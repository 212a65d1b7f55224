"""Tokenisers meet the events: fitted on training events, they encode all of them. Files larger than memory are streamed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from lexon.classes import ClassMap
from lexon.config import tokeniser_config
from lexon.datasets.events import EventSource
from lexon.datasets.tokens import TokenChunk, TokenSample
from lexon.errors import ConfigurationError
from lexon.events import SPLITS, Events
from lexon.pipelines.data_engineering.progress import with_progress
from lexon.tokenisers import BinnedTokeniser, build, population
from lexon.tokenisers.base import Tokeniser

logger = logging.getLogger(__name__)

# Events held in memory at once.
CHUNK = 1 << 15
UNITS = {"pt": "GeV", "eta": "1", "phi": "rad", "met": "GeV"}
# What a token file hands on from the events that it was made of.
HANDED_ON = ("split_digests", "raw_path", "raw_digest", "raw_energy_unit", "generator", "notes")


def fit_tokeniser(events: EventSource, settings: dict[str, Any], classes: dict[str, Any]) -> Tokeniser:
    """A tokeniser fitted on training events: all that are in a class, or the background where its settings ask for it."""
    config = tokeniser_config(settings)
    sample = TrainingSample(events, events.class_map(classes), population(config))
    logger.info("%s tokeniser: %s", config.kind, sample.sentence)
    fitted = build(config).fit_chunks(sample)
    if isinstance(fitted, BinnedTokeniser):
        return replace(fitted, fit_on={"key": sample.classes.population(sample.population), "words": sample.sentence})
    return fitted


@dataclass(frozen=True)
class TrainingSample:
    """The training events that a tokeniser is fitted on: chunks that can be walked through more than once."""

    events: EventSource
    classes: ClassMap
    population: Literal["auto", "background", "all"]

    def __iter__(self) -> Iterator[Events]:
        for chunk in self.events.chunks("train", CHUNK):
            chosen, _ = self.classes.to_fit_on(self.population, chunk.labels)
            yield chunk[chosen]

    @property
    def sentence(self) -> str:
        """Which events these are."""
        return self.classes.to_fit_on(self.population, np.empty(0, np.int64))[1]


def write_tokens(events: EventSource, tokeniser: Tokeniser) -> TokenSample:
    """All events as integers, with everything that it takes to decode them.

    Raises:
        ConfigurationError: the tokeniser's values are continuous.
    """
    if tokeniser.vocab_size is None:
        kind = tokeniser.state()["kind"]
        raise ConfigurationError(f"tokeniser={kind}: continuous values make no token file; choose binned or vqvae")
    handed_on = {name: events.attributes[name] for name in HANDED_ON if name in events.attributes}
    names = {"label_names": events.label_names, "named_by_file": events.named_by_file}
    own = {**names, "tokeniser": tokeniser.state(), "vocab_size": tokeniser.vocab_size, "units": UNITS}
    return TokenSample(_encode(events, tokeniser), {**handed_on, **own}, tokeniser.arrays())


def _encode(events: EventSource, tokeniser: Tokeniser) -> Iterator[TokenChunk]:
    total = sum(events.n(split) for split in SPLITS)
    for split, chunk in with_progress(events.parts(CHUNK), total, "writing tokens"):
        tokens = tokeniser.encode(chunk)
        yield split, np.concatenate([tokens.values, tokens.met], axis=1), chunk.labels
