"""Tokenisers meet the training events."""

from __future__ import annotations

import logging
from typing import Any

from lexon.config import tokeniser_config
from lexon.datasets.events import EventSource
from lexon.tokenisers import build, population
from lexon.tokenisers.base import Tokeniser

logger = logging.getLogger(__name__)


def fit_tokeniser(events: EventSource, settings: dict[str, Any], classes: dict[str, Any]) -> Tokeniser:
    """A tokeniser fitted on training events: all that are in a class, or the background where its settings ask for it."""
    config = tokeniser_config(settings)
    train = events.read("train")
    chosen, sentence = events.class_map(classes).to_fit_on(population(config), train.labels)
    logger.info("%s tokeniser: %s", config.kind, sentence)
    return build(config).fit(train[chosen])
