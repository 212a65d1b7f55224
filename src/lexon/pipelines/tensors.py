"""Events as tokens, tokens as tensors: what the trainings of several kinds begin with."""

from __future__ import annotations

import torch

from lexon.datasets.events import ClassifiedEvents
from lexon.tokenisers.base import ClassifiedTokens, Tokeniser
from lexon.training import TensorTable


def encoded(sample: ClassifiedEvents, tokeniser: Tokeniser) -> ClassifiedTokens:
    """The same events as a tokeniser shows them."""
    return ClassifiedTokens(
        tokeniser.encode(sample.events),
        sample.targets,
        sample.events.labels,
        sample.index,
        sample.digest,
        sample.events.weights,
    )


def tensor_table(sample: ClassifiedTokens) -> TensorTable:
    """Tokens with their targets, on the CPU."""
    tokens = sample.tokens
    mask = torch.from_numpy(tokens.mask)
    tensors = {
        "values": torch.from_numpy(tokens.values),
        "types": torch.from_numpy(tokens.types),
        "mask": mask,
        "met": torch.from_numpy(tokens.met),
        "target": torch.from_numpy(sample.targets),
    }
    return TensorTable(tensors, ragged=frozenset({"values", "types", "mask"}), lengths=mask.sum(1))
