"""Losses of classes, and losses over the real objects of events. Of the latter, padding is left out
before anything is computed: `values[mask]` is [V, F].

V is the number of real objects of a batch of N events with up to T objects, in the order of `mask`
[N, T].
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def classification_loss(
    logits: Tensor, batch: Mapping[str, Tensor], label_smoothing: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropy in nats and accuracy of logits [N, n_classes] for `batch["target"]`; where the
    batch has a `weight` [N], of mean 1 over all batches, each event counts as much.
    """
    target, weight = batch["target"], batch.get("weight")
    correct = (logits.detach().argmax(-1) == target).float()
    if weight is None:
        loss = cross_entropy(logits, target, label_smoothing=label_smoothing)
        return loss, {"accuracy": correct.mean()}
    losses = cross_entropy(logits, target, label_smoothing=label_smoothing, reduction="none")
    return (weight * losses).mean(), {"accuracy": (weight * correct).mean()}


def squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Squared errors [V], summed over features [V, F].

    Of standardised features with sine and cosine for the azimuth, each physical quantity brings
    about one unit of variance.
    """
    return (predicted - target).square().sum(-1)


def mean_over_objects(objects: Tensor, mask: Tensor) -> Tensor:
    """The mean over each event's objects, [V, ...] -> [N, ...]; 0 for an event without any.

    A mean over events of these does not depend on how events are divided into batches; one over all
    objects of a batch would.
    """
    event = torch.arange(len(mask), device=mask.device)[:, None].expand_as(mask)[mask]
    sums = objects.new_zeros(len(mask), *objects.shape[1:]).index_add(0, event, objects)
    return sums / mask.sum(1).clamp(min=1).view(-1, *[1] * (objects.ndim - 1))
