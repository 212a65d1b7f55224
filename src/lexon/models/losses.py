"""Losses over the real objects of events. Padding is left out before anything is computed:
`values[mask]` is [V, F].

V is the number of real objects of a batch of N events with up to T objects, in the order of `mask`
[N, T].
"""

from __future__ import annotations

import torch
from torch import Tensor


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
