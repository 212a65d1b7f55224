"""Where the blocks of a classifier look. They keep no weights, which a fused kernel never has; here
the weights are calculated again from what each block is given, for a few events.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lexon.models import Batch
from lexon.models.classifier import Classifier
from lexon.models.layers import Attention, InteractionAttention, Pairs

_ATTENTIONS = (Attention, InteractionAttention)


@torch.no_grad()
def attention_maps(model: Classifier, batch: Batch) -> Tensor:
    """Weights of keys (last axis) for each query, mean over heads, [event, block, token, token];
    tokens as in `Classifier.tokens`. Call it in eval mode.
    """
    found: list[Tensor] = []

    def note(attention: Any, given: tuple[Tensor, Tensor, Pairs | None]) -> None:
        found.append(_weights(attention, *given).mean(1))

    layers = [one for one in model.encoder.modules() if isinstance(one, _ATTENTIONS)]
    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    try:
        model(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack(found, dim=1)


def _weights(
    attention: Attention | InteractionAttention, x: Tensor, mask: Tensor, pairs: Pairs | None
) -> Tensor:
    """Softmax weights [N, H, T, T], as those of `lexon.models.layers.attend`."""
    if isinstance(attention, InteractionAttention):
        assert pairs is not None
        return pairs.weights
    query, key, _ = attention.qkv(x).unflatten(-1, (3, attention.heads, -1)).permute(2, 0, 3, 1, 4)
    logits = query @ key.mT * query.shape[-1] ** -0.5
    if pairs is not None:
        return (logits + pairs.bias).softmax(-1)
    return logits.masked_fill(~mask[:, None, None, :], -torch.inf).softmax(-1)
