"""Attention and pooling: what is masked does not exist."""

from __future__ import annotations

import pytest
import torch

from lexon.models.layers import (
    Dropout,
    Encoder,
    attend,
    mlp,
    per_slot,
    pool_tokens,
    sinusoidal_positions,
)

MASK = torch.tensor([[1, 1, 1, 1, 0], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]], dtype=torch.bool)


def test_attention_is_the_fused_kernel_s_attention() -> None:
    query, key, value = torch.randn(3, 3, 4, 5, 9, generator=torch.Generator().manual_seed(0))
    fused = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=MASK[:, None, None, :]
    )
    torch.testing.assert_close(attend(query, key, value, MASK), fused)


def test_a_bias_acts_on_a_key_of_a_query_and_not_the_other_way_round() -> None:
    """Both kernels, with a bias that is not symmetric."""
    query, key, value = torch.randn(3, 3, 4, 5, 9, generator=torch.Generator().manual_seed(0))
    bias = torch.randn(3, 4, 5, 5, generator=torch.Generator().manual_seed(1)).masked_fill(
        ~MASK[:, None, None, :], -torch.inf
    )
    fused = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
    torch.testing.assert_close(attend(query, key, value, MASK, bias), fused)
    plain = torch.zeros_like(bias).masked_fill(~MASK[:, None, None, :], -torch.inf)
    torch.testing.assert_close(
        attend(query, key, value, MASK, plain), attend(query, key, value, MASK)
    )


def test_masked_tokens_get_no_attention_at_all() -> None:
    query, key, value = torch.randn(3, 3, 4, 5, 9, generator=torch.Generator().manual_seed(0))
    before = attend(query, key, value, MASK)
    value = torch.where(MASK[:, None, :, None], value, 1e6)
    assert torch.equal(attend(query, key, value, MASK), before)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("size", [1, 3, 101])
def test_dropout_keeps_a_value_divided_by_what_stays_or_makes_it_zero(p: float, size: int) -> None:
    torch.manual_seed(0)
    x = torch.full((1000, size), 2.0, requires_grad=True)
    dropped = Dropout(p)(x)
    dropped.sum().backward()
    assert x.grad is not None
    zero = dropped == 0
    # Five standard deviations of a share; a column each, so that no position is special.
    assert (zero.float().mean(0) - p).abs().max() <= 5 * (p * (1 - p) / 1000) ** 0.5
    kept = dropped[~zero]
    torch.testing.assert_close(kept, torch.full_like(kept, 2 / (1 - p)), rtol=1e-5, atol=0)
    torch.testing.assert_close(x.grad, dropped.detach() / 2)


def test_dropout_draws_anew_the_same_after_the_same_seed_and_nothing_in_evaluation() -> None:
    x, layer = torch.ones(50, 8), Dropout(0.5)
    torch.manual_seed(0)
    first, second = layer(x), layer(x)
    torch.manual_seed(0)
    assert torch.equal(layer(x), first)
    assert not torch.equal(first, second)
    assert torch.equal(layer.eval()(x), x)


@pytest.mark.parametrize(("pool", "expected"), [("cls", 100.0), ("mean", 2.0), ("max", 4.0)])
def test_pooling_by_hand(pool: str, expected: float) -> None:
    x = torch.tensor([100.0, 1.0, 1.0, 4.0, 50.0])[None, :, None]
    assert pool_tokens(x, MASK[:1], pool).item() == expected


@pytest.mark.parametrize("pool", ["mean", "max"])
def test_pooling_ignores_cls_and_masked_tokens(pool: str) -> None:
    x = torch.randn(3, 5, 8)
    changed = torch.where(MASK[..., None], x, torch.nan)
    changed[:, 0] = 1e6
    assert torch.equal(pool_tokens(x, MASK, pool), pool_tokens(changed, MASK, pool))


@pytest.mark.parametrize("pool", ["mean", "max"])
@pytest.mark.parametrize("length", [5, 1])
def test_an_event_of_cls_alone_pools_to_zero_with_finite_gradients(pool: str, length: int) -> None:
    x = torch.randn(3, length, 8, requires_grad=True)
    pooled = pool_tokens(x, MASK[[2, 2, 2], :length], pool)
    assert torch.equal(pooled, torch.zeros(3, 8))
    if pooled.requires_grad:
        pooled.sum().backward()
        assert torch.equal(x.grad, torch.zeros_like(x))


def test_max_of_negative_values_is_negative() -> None:
    assert (pool_tokens(-torch.ones(3, 5, 8), MASK, "max")[:2] == -1).all()


def test_positions_differ_and_are_bounded() -> None:
    positions = sinusoidal_positions(18, 16)
    assert positions.abs().max() <= 1
    assert torch.cdist(positions, positions).fill_diagonal_(1).min() > 0.1


def test_heads_are_scaled_one_by_one() -> None:
    torch.manual_seed(0)
    encoder = Encoder(dim=8, depth=1, heads=2, mlp_dim=16, dropout=0.0)
    attention = encoder.blocks[0].attention
    x, mask = torch.randn(2, 5, 8), torch.ones(2, 5, dtype=torch.bool)
    whole = attention(x, mask) - attention.out.bias
    parts = []
    for scale in ([1.0, 0.0], [0.0, 1.0]):
        attention.head_scale.data = torch.tensor(scale)
        parts.append(attention(x, mask) - attention.out.bias)
    torch.testing.assert_close(parts[0] + parts[1], whole)
    assert not torch.allclose(parts[0], parts[1])


def test_an_mlp_has_the_widths_and_no_activation_at_its_end() -> None:
    layers = mlp(3, 5, 2)
    assert [type(layer).__name__ for layer in layers] == ["Linear", "GELU", "Linear"]
    assert layers(torch.zeros(7, 3)).shape == (7, 2)


def test_objects_come_back_to_their_places() -> None:
    mask = torch.tensor([[True, True, False], [False, False, False]])
    slots = per_slot(torch.tensor([4, 9]), mask, -1)
    assert slots.dtype == torch.int64
    assert slots.tolist() == [[4, 9, -1], [-1, -1, -1]]
