"""What both nodes of a member do: events to tensors, and a model asked what it makes of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lexon.config import AutoencoderMember
from lexon.datasets.events import ClassifiedEvents, EventSource
from lexon.models.autoencoder import Autoencoder
from lexon.pipelines.members import EVALUATION_BATCH
from lexon.pipelines.tensors import encoded, tensor_table
from lexon.tokenisers.direct import DirectTokeniser
from lexon.training import TensorTable
from lexon.training.data import evaluation_batches

Described = dict[str, NDArray[Any]]


def split_table(sample: ClassifiedEvents, tokeniser: DirectTokeniser) -> TensorTable:
    """Classified events as tensors, on the CPU."""
    return tensor_table(encoded(sample, tokeniser))


def learnt_from(split: str, events: EventSource, config: AutoencoderMember) -> ClassifiedEvents:
    """The events of a split that training and the choice of an epoch may see: all in a class, or
    the background alone.
    """
    sample = events.classified(split, config.classes)
    if config.autoencoder.train_on == "all":
        return sample
    rows = np.flatnonzero(sample.targets > 0)
    return ClassifiedEvents(
        sample.events[rows], sample.targets[rows], sample.index[rows], f"{sample.digest}:background"
    )


@torch.inference_mode()
def describe(
    model: Autoencoder, table: TensorTable, names: Collection[str], device: str
) -> Described:
    """`Autoencoder.describe` of a whole table, in its order: the arrays of these names that the
    model has.
    """
    model.to(device).eval()
    whole = replace(table.to(device), ragged=frozenset())  # all batches are equally wide
    kept: dict[str, list[torch.Tensor]] = {}
    for batch in evaluation_batches(whole, EVALUATION_BATCH, length_aware=False).of(whole):
        for name, values in model.describe(batch).items():
            if name in names:
                kept.setdefault(name, []).append(values.cpu())
    return {name: torch.cat(parts).numpy() for name, parts in kept.items()}
