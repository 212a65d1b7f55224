"""Attention weights are those that the blocks use."""

from __future__ import annotations

import pytest
import torch

from lexon.models.attention import attention_maps
from lexon.models.classifier import Classifier

N, T, FRONT = 5, 6, 2


def network(**changes: object) -> Classifier:
    torch.manual_seed(0)
    settings = {
        "n_classes": 2,
        "vocab_size": None,
        "n_features": 4,
        "pool": "mean",
        "met": True,
        "dim": 16,
        "depth": 2,
        "heads": 2,
        "mlp_dim": 32,
        "dropout": 0.1,
    }
    return Classifier(**settings | changes).eval()


def batch(seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(T) < torch.tensor([[6], [4], [1], [0], [5]])
    pt, eta, phi = (torch.rand(N, T, generator=generator) + shift for shift in (20, -0.5, -0.5))
    p4 = torch.stack([pt * eta.cosh() * 1.1, pt, eta, phi], -1)
    return {
        "values": torch.randn(N, T, 4, generator=generator) * mask[..., None],
        "types": torch.randint(1, 8, (N, T), generator=generator) * mask,
        "mask": mask,
        "met": torch.randn(N, 3, generator=generator),
        "p4": p4 * mask[..., None],
    }


@pytest.mark.parametrize("pairwise", ["none", "bias", "mia"])
def test_weights_sum_to_one_and_padding_has_none(pairwise: str) -> None:
    model, events = network(pairwise=pairwise), batch()
    model.standardise(events)
    maps = attention_maps(model, events)
    assert maps.shape == (N, 2, FRONT + T, FRONT + T)
    torch.testing.assert_close(maps.sum(-1), torch.ones(N, 2, FRONT + T))
    padding = torch.cat([torch.zeros(N, FRONT, dtype=torch.bool), ~events["mask"]], 1)
    assert not maps.permute(0, 3, 1, 2)[padding].any()


def test_one_head_attends_with_these_weights() -> None:
    model, events = network(depth=1, heads=1), batch()
    block, seen = model.encoder.blocks[0].attention, []
    hook = block.register_forward_hook(lambda module, given, made: seen.append((given, made)))
    maps = attention_maps(model, events)
    hook.remove()
    (x, _, _), made = seen[0]
    value = block.qkv(x).chunk(3, -1)[2]
    weight = block.out.weight * block.head_scale
    expected = torch.nn.functional.linear(maps[:, 0] @ value, weight, block.out.bias)
    torch.testing.assert_close(made, expected)


def test_scores_stay_and_no_hook_is_left() -> None:
    model, events = network(), batch()
    with torch.inference_mode():
        before = model.score(events)
        attention_maps(model, events)
        torch.testing.assert_close(model.score(events), before, rtol=0, atol=0)
    assert not any(block.attention._forward_pre_hooks for block in model.encoder.blocks)
