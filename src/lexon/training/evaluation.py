"""Evaluation of a model between and after its epochs: in eval mode and float32, however it is
trained, so that a score has one meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexon.models import Model
from lexon.training.data import TensorTable, evaluation_batches

Validate = Callable[[NDArray[Any], TensorTable], dict[str, float]]
SelectBy = tuple[tuple[str, Literal["max", "min"]], ...]


@torch.inference_mode()
def predict(model: Model, table: TensorTable, batch_size: int, device: str) -> NDArray[np.float32]:
    """`model.score` in eval mode and float32 for the events of a table, in their order: [N, ...].

    Short and long events are scored in batches of their own, which saves padding and changes no
    score beyond rounding.
    """
    model.to(device)
    model.train(False)
    batches = evaluation_batches(table, batch_size, length_aware=True)
    scores = (
        torch.cat([model.score(batch) for batch in batches.of(table.to(device))])
        .float()
        .cpu()
        .numpy()
    )
    ordered = np.empty_like(scores)
    ordered[batches.order] = scores
    return ordered


@torch.inference_mode()
def mean_loss(
    model: Model, table: TensorTable, batch_size: int, length_aware: bool
) -> dict[str, float]:
    """Loss and diagnostics of a table on the model's device: means over its events, in eval
    mode.
    """
    model.train(False)
    batches = evaluation_batches(table, batch_size, length_aware)
    facts: dict[str, list[Tensor]] = {}
    for batch in batches.of(table):
        loss, diagnostics = model.loss(batch)
        for name, value in {"loss": loss, **diagnostics}.items():
            facts.setdefault(name, []).append(value)
    columns = {name: torch.stack(values).double().cpu().numpy() for name, values in facts.items()}
    return {
        name: float(np.average(values, weights=batches.sizes)) for name, values in columns.items()
    }


def rank(row: dict[str, Any], select_by: SelectBy) -> tuple[float, ...]:
    """The rank of an epoch, from its row of the history: larger is better, NaN is worst.

    Raises:
        ValueError: the history has no column of that name.
    """
    unknown = [name for name, _ in select_by if name not in row]
    if unknown:
        raise ValueError(
            f"select_by={unknown[0]}: no such column in the history, which has {', '.join(row)}"
        )
    signed = [row[name] if direction == "max" else -row[name] for name, direction in select_by]
    return tuple(-np.inf if np.isnan(value) else value for value in signed)
