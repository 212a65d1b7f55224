"""What both nodes of a member do first: events or a token file to tokens with targets, tokens to
tensors.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexon.config import ClassifierMember
from lexon.config.embeddings import OF_CODEBOOK, OF_PARTS, TABLE, EmbeddingName, why_not
from lexon.datasets.events import EventSource
from lexon.datasets.tokens import TokenSource
from lexon.errors import ConfigurationError, DataError
from lexon.models.embeddings import Vocabulary
from lexon.pipelines.modelling.classifiers.quantities import quantities
from lexon.pipelines.tensors import encoded, tensor_table
from lexon.tokenisers.base import ClassifiedTokens, Tokeniser, random_rows
from lexon.training import TensorTable
from lexon.training.augmentation import symmetries
from lexon.weighting import trainable, training_weights

logger = logging.getLogger(__name__)

# A fitted tokeniser, with the events it is to encode, or a file of finished tokens.
Shown = Tokeniser | TokenSource
# Members that train on fewer events train on the same ones, whatever their own seeds.
SAMPLE_SEED = 42
# The array of a token file that holds the vectors of learnt codes.
CODEBOOK = "codebook"
# What events count in the loss, and their own weights.
WEIGHTS = ("weight", "event_weight")


def source_of(shown: Shown, events: EventSource | None) -> EventSource | TokenSource:
    """The file that knows labels and origin."""
    if isinstance(shown, TokenSource):
        return shown
    assert events is not None
    return events


def read_tokens(
    split: str, config: ClassifierMember, shown: Shown, events: EventSource | None
) -> ClassifiedTokens:
    """A split as the classifier is shown it: the events that belong to a class, of the training
    split as many as it trains on.

    Raises:
        DataError: a token file lacks MET, or its weights of a class have no positive sum.
    """
    if isinstance(shown, TokenSource) and config.classifier.met and not shown.has_met:
        raise DataError(
            f"{shown.path}: has no tokens of MET and METphi, so only classifiers without MET can"
            " read it; set met=false"
        )
    tokens = _classified(split, config.classes, shown, events)
    return tokens.sample(config.n_train, SAMPLE_SEED) if split == "train" else tokens


def network_table(
    tokens: ClassifiedTokens,
    config: ClassifierMember,
    shown: Shown,
    object_types: Mapping[int, str] | None,
    known: Mapping[str, Tensor] = MappingProxyType({}),
) -> TensorTable:
    """Tokens with their targets and with what else the network asks for, on the CPU; `known` of it
    is taken as given.
    """
    table, more = (
        tensor_table(tokens),
        quantities(tokens.tokens, shown, config, object_types, known),
    )
    return replace(
        table, tensors=table.tensors | more, ragged=table.ragged | (more.keys() & {"p4"})
    )


def trained_on(tokens: ClassifiedTokens, config: ClassifierMember, where: str) -> ClassifiedTokens:
    """The training events, with what is done about negative weights."""
    kept, weights = trainable(tokens.weights, tokens.index, config.training.weighting, where)
    return replace(tokens, weights=weights)[np.flatnonzero(kept)]


def weighted_table(
    table: TensorTable, tokens: ClassifiedTokens, config: ClassifierMember
) -> TensorTable:
    """The table with what each event counts in the loss (``weight``, mean 1), and with the events'
    own weights (``event_weight``), where there are any.
    """
    in_loss = training_weights(tokens.weights, tokens.targets, config.training.weighting)
    columns = {"weight": in_loss, "event_weight": tokens.weights}
    tensors = {
        name: torch.from_numpy(values.astype(np.float32))
        for name, values in columns.items()
        if values is not None
    }
    return replace(table, tensors=table.tensors | tensors)


def turned_table(
    plain: TensorTable,
    config: ClassifierMember,
    shown: Tokeniser,
    events: EventSource,
    object_types: Mapping[int, str] | None,
) -> Callable[[int], TensorTable]:
    """The training split of an epoch, its events turned and mirrored before they are encoded; as
    they are, they are `plain`.
    """
    whole = events.classified("train", config.classes)
    rows = (
        np.arange(len(whole.targets))
        if config.n_train is None
        else random_rows(config.n_train, len(whole.targets), SAMPLE_SEED)
    )
    where = str(source_of(shown, events).path)
    own = whole.events[rows].weights
    rows = rows[trainable(own, whole.index[rows], config.training.weighting, where)[0]]
    sample = replace(
        whole, events=whole.events[rows], targets=whole.targets[rows], index=whole.index[rows]
    )

    # Exact four-vectors keep all event-level quantities; the centres of bins, or what codes stand
    # for, do not.
    kept = {"event"} & plain.tensors.keys() if config.tokeniser.continuous else set()
    known = {name: plain.tensors[name] for name in kept}
    weights = {name: plain.tensors[name] for name in WEIGHTS if name in plain.tensors}

    def of_epoch(epoch: int) -> TensorTable:
        turned = replace(sample, events=symmetries(sample.events, config.seed, epoch))
        table = network_table(encoded(turned, shown), config, shown, object_types, known)
        return replace(table, tensors=table.tensors | weights)

    return of_epoch


def _classified(
    split: str, classes: dict[str, Any], shown: Shown, events: EventSource | None
) -> ClassifiedTokens:
    if isinstance(shown, TokenSource):
        tokens = shown.classified(split, classes)
        _refuse_worthless(tokens, split, classes, str(shown.path))
        return tokens
    assert events is not None
    return encoded(events.classified(split, classes), shown)


def _refuse_worthless(
    tokens: ClassifiedTokens, split: str, classes: dict[str, Any], where: str
) -> None:
    """Of events this is asked as they are cleaned, and of tokens by nobody else."""
    for target, name in enumerate(classes):
        own = None if tokens.weights is None else tokens.weights[tokens.targets == target]
        if own is not None and not own.sum() > 0:
            raise DataError(
                f"{where}: events.weight: the weights of the {len(own):,} {split} events of class"
                f" {name} sum to {own.sum():g}; a class needs a positive sum: check the weights,"
                " choose other classes, or leave events.weight out"
            )


def codebook_of(shown: Shown) -> NDArray[np.floating] | None:
    """The vectors of learnt codes; None where tokens are none."""
    if isinstance(shown, TokenSource):
        return shown.array(CODEBOOK) if shown.has_array(CODEBOOK) else None
    return shown.arrays().get(CODEBOOK)


def vocabulary_of(shown: Shown, embedding: EmbeddingName) -> Vocabulary:
    """The parts of integer tokens, for an embedding that needs them.

    Raises:
        ConfigurationError: they are not what this embedding is for, which the file alone tells.
    """
    layout, codebook = shown.layout, codebook_of(shown)
    if layout is None:
        raise ConfigurationError(
            f"model.embedding={embedding}: these tokens have no parts that are known; use"
            " model.embedding=table"
        )
    origin = str(shown.path) if isinstance(shown, TokenSource) else "the tokeniser"
    possible = (
        TABLE,
        *(OF_PARTS if len(layout.objects) > 1 else ()),
        *(() if codebook is None else OF_CODEBOOK),
    )
    if reason := why_not(embedding, f"the tokens of {origin}", possible):
        raise ConfigurationError(reason)
    parts = " x ".join(f"{part.name} {part.size}" for part in layout.objects)
    logger.info("model.embedding=%s: tokens of %s are %s", embedding, origin, parts)
    return {
        "objects": [(part.size, part.order) for part in layout.objects],
        "event": [(part.size, part.order) for part in layout.event],
        "codebook_dim": None if codebook is None else codebook.shape[1],
    }
