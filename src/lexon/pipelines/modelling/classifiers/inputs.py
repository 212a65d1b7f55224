"""What both nodes of a member do first: events or a token file to tokens with targets, tokens to tensors."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from lexon.config import ClassifierMember
from lexon.config.embeddings import OF_CODEBOOK, OF_PARTS, TABLE, EmbeddingName, why_not
from lexon.datasets.events import EventSource
from lexon.datasets.tokens import TokenSource
from lexon.errors import ConfigurationError, DataError
from lexon.models.embeddings import Vocabulary
from lexon.pipelines.modelling.classifiers.quantities import quantities
from lexon.pipelines.tensors import encoded, tensor_table
from lexon.tokenisers.base import ClassifiedTokens, Tokeniser
from lexon.training import TensorTable

logger = logging.getLogger(__name__)

# A fitted tokeniser, with the events it is to encode, or a file of finished tokens.
Shown = Tokeniser | TokenSource
# Members that train on fewer events train on the same ones, whatever their own seeds.
SAMPLE_SEED = 42
# The array of a token file that holds the vectors of learnt codes.
CODEBOOK = "codebook"


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


def network_table(tokens: ClassifiedTokens, config: ClassifierMember, shown: Shown, object_types: Mapping[int, str] | None) -> TensorTable:
    """Tokens with their targets and with what else the network asks for, on the CPU."""
    table = tensor_table(tokens)
    table.tensors.update(quantities(tokens.tokens, shown, config, object_types))
    return table


def _classified(split: str, classes: dict[str, Any], shown: Shown, events: EventSource | None) -> ClassifiedTokens:
    if isinstance(shown, TokenSource):
        return shown.classified(split, classes)
    assert events is not None
    return encoded(events.classified(split, classes), shown)


def vocabulary_of(tokens: TokenSource, embedding: EmbeddingName) -> Vocabulary:
    """The parts of a file's tokens, for an embedding that needs them.

    Raises:
        ConfigurationError: they are not what this embedding is for, which the file alone tells.
    """
    layout, has_codebook = tokens.layout, tokens.has_array(CODEBOOK)
    possible = (TABLE, *(OF_PARTS if len(layout.objects) > 1 else ()), *(OF_CODEBOOK if has_codebook else ()))
    if reason := why_not(embedding, f"the tokens of {tokens.path}", possible):
        raise ConfigurationError(reason)
    parts = " x ".join(f"{part.name} {part.size}" for part in layout.objects)
    logger.info("model.embedding=%s: tokens of %s are %s", embedding, tokens.path.name, parts)
    return {
        "objects": [(part.size, part.order) for part in layout.objects],
        "event": [(part.size, part.order) for part in layout.event],
        "codebook_dim": tokens.array(CODEBOOK).shape[1] if has_codebook else None,
    }
