"""What both nodes of a member do first: events or a token file to tokens with targets."""

from __future__ import annotations

from typing import Any

from lexon.config import ClassifierMember
from lexon.datasets.events import EventSource
from lexon.datasets.tokens import TokenSource
from lexon.errors import DataError
from lexon.pipelines.tensors import encoded
from lexon.tokenisers.base import ClassifiedTokens, Tokeniser

# A fitted tokeniser, with the events it is to encode, or a file of finished tokens.
Shown = Tokeniser | TokenSource
# Members that train on fewer events train on the same ones, whatever their own seeds.
SAMPLE_SEED = 42


def source_of(shown: Shown, events: EventSource | None) -> EventSource | TokenSource:
    """The file that knows labels and origin."""
    if isinstance(shown, TokenSource):
        return shown
    assert events is not None
    return events


def read_tokens(split: str, config: ClassifierMember, shown: Shown, events: EventSource | None) -> ClassifiedTokens:
    """A split as the classifier is shown it: the events that belong to a class, of the training split as many as it trains on."""
    if isinstance(shown, TokenSource) and config.classifier.met and not shown.has_met:
        raise DataError(f"{shown.path}: has no tokens of MET and METphi, so only classifiers without MET can read it; set met=false")
    tokens = _classified(split, config.classes, shown, events)
    return tokens.sample(config.n_train, SAMPLE_SEED) if split == "train" else tokens


def _classified(split: str, classes: dict[str, Any], shown: Shown, events: EventSource | None) -> ClassifiedTokens:
    if isinstance(shown, TokenSource):
        return shown.classified(split, classes)
    assert events is not None
    return encoded(events.classified(split, classes), shown)
