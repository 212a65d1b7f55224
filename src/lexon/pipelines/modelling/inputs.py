"""What both nodes of a member do first: events to tokens, tokens to tensors."""

from __future__ import annotations

import torch

from lexon.datasets.events import ClassifiedEvents
from lexon.errors import ConfigurationError
from lexon.tokenisers.base import Tokeniser
from lexon.training import TensorTable


def tensor_table(sample: ClassifiedEvents, tokeniser: Tokeniser) -> TensorTable:
    """Encoded events with their targets, on the CPU."""
    tokens = tokeniser.encode(sample.events)
    mask = torch.from_numpy(tokens.mask)
    tensors = {
        "values": torch.from_numpy(tokens.values),
        "types": torch.from_numpy(tokens.types),
        "mask": mask,
        "met": torch.from_numpy(tokens.met),
        "target": torch.from_numpy(sample.targets),
    }
    return TensorTable(tensors, ragged=frozenset({"values", "types", "mask"}), lengths=mask.sum(1))


def choose_device(asked: str) -> str:
    """`auto` is the GPU where there is one.

    Raises:
        ConfigurationError: a GPU is asked for, and torch can use none.
    """
    if asked.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigurationError(f"device={asked}: torch can use no GPU here; choose auto or cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if asked == "auto" else asked
