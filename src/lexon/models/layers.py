"""Parts of networks over the objects of an event: NormFormer blocks, positions, attention, pooling;
and a plain MLP.

Shapes: N events, T tokens, D model dimension, H heads. `mask` is True for tokens that exist.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, linear, scaled_dot_product_attention

Pool = Literal["cls", "mean", "max"]


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers of these widths, from the input's to the output's, with GELU between them."""
    layers = [nn.Linear(n_in, n_out) for n_in, n_out in pairwise(widths)]
    return nn.Sequential(*[module for layer in layers for module in (layer, nn.GELU())][:-1])


def per_slot(objects: Tensor, mask: Tensor, padding: int) -> Tensor:
    """Objects [V, ...] in the order of `mask` [N, T], at their places [N, T, ...]."""
    slots = objects.new_full((*mask.shape, *objects.shape[1:]), padding)
    slots[mask] = objects
    return slots


def sinusoidal_positions(length: int, dim: int) -> Tensor:
    """Fixed positions [length, dim], sines then cosines (Vaswani et al. 2017, section 3.5)."""
    wavelength = torch.exp(-math.log(10_000) * torch.arange(0, dim, 2) / dim)
    angle = torch.arange(length)[:, None] * wavelength
    return torch.cat([angle.sin(), angle.cos()], dim=1)


class Pairs(NamedTuple):
    """What attention takes of pairs of tokens, symmetric but for the mask.

    Attributes:
        bias: added to the logits of each head [N, H, T, T]; -inf for keys that do not exist.
        weights: of attention by interactions alone [N, I, T, T], rows of sum 1; I is 0 where there
            is none.
    """

    bias: Tensor
    weights: Tensor


def attend(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor, bias: Tensor | None = None
) -> Tensor:
    """Softmax attention [N, H, T, D/H] that gives no weight to tokens outside `mask` [N, T]; for
    `bias` see `Pairs`.

    The fused kernel is for CUDA. On a CPU, at head dimensions near 9, two matrix products and a
    softmax are faster; keys run along axis 1 there, because torch's softmax over a last axis
    shorter than 16 is several times slower (benchmarks/README.md).
    """
    if query.is_cuda:
        added = mask[:, None, None, :] if bias is None else bias.to(query.dtype)
        return scaled_dot_product_attention(query, key, value, attn_mask=added)
    n, heads, length, width = query.shape
    query, key, value = (tensor.reshape(-1, length, width) for tensor in (query, key, value))
    if bias is None:
        hidden = torch.zeros(mask.shape, dtype=query.dtype, device=query.device).masked_fill_(
            ~mask, -torch.inf
        )
        added = hidden[:, None].expand(n, heads, length).reshape(-1, length, 1)
    else:
        added = bias.mT.reshape(-1, length, length).to(query.dtype)
    if torch.compiler.is_compiling():  # in an export, where torch 2.6 fails on baddbmm
        logits = torch.bmm(key, query.mT) * width**-0.5 + added
    else:
        logits = torch.baddbmm(added, key, query.mT, alpha=width**-0.5)
    return torch.bmm(value.mT, logits.softmax(1)).mT.view(n, heads, length, width)


class Attention(nn.Module):
    """Multi-head self-attention whose heads have one learnt scale each (NormFormer, eq. 3)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.head_scale = nn.Parameter(torch.ones(heads))
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor, pairs: Pairs | None = None) -> Tensor:
        n, length, dim = x.shape
        qkv = self.qkv(x).view(n, length, 3, self.heads, dim // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        heads = (
            attend(query, key, value, mask, pairs.bias if pairs else None)
            .transpose(1, 2)
            .reshape(n, length, dim)
        )
        # Scaling the columns of the projection instead of the heads is the same product on a far
        # smaller tensor.
        columns = self.head_scale[:, None].expand(-1, dim // self.heads).reshape(dim)
        weight = self.out.weight * columns
        return linear(heads, weight, self.out.bias)


class InteractionAttention(nn.Module):
    """Attention whose weights are those of the interactions alone (MIParT's more-interaction
    attention, arXiv:2407.08682).
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.value = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor, pairs: Pairs | None = None) -> Tensor:  # noqa: ARG002
        assert pairs is not None
        n, length, dim = x.shape
        value = self.value(x).view(n, length, pairs.weights.shape[1], -1).transpose(1, 2)
        return self.out(
            (pairs.weights.to(value.dtype) @ value).transpose(1, 2).reshape(n, length, dim)
        )


class Dropout(nn.Module):
    """Each value is 0 with probability `p` in training, else divided by what stays of 1 (Srivastava
    et al. 2014).

    torch draws a double for each value on a CPU, which was a fifth of a training step
    (benchmarks/README.md); 16 random bits each decide as well, so `p` is a multiple of 1 / 65536.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if x.is_cuda or not self.training or not self.p:
            return dropout(x, self.p, self.training)
        draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device)
        bits = draws.random_(torch.iinfo(torch.int64).min, None).view(torch.int16)[: x.numel()]
        dropped = round(self.p * 65536)
        keep = (bits >= dropped - 32768).view(x.shape)
        return x * (keep.to(x.dtype) * (65536 / (65536 - dropped)))


class NormFormerBlock(nn.Module):
    """Pre-norm transformer block with NormFormer's three additions (Shleifer, Weston and Ott 2021,
    arXiv:2110.09456).

    They are head-wise scaling, a LayerNorm after the attention and one after the activation of the
    feed-forward part. With `interacting`, attention is that of the interactions.
    """

    def __init__(
        self, dim: int, heads: int, mlp_dim: int, dropout: float, interacting: bool = False
    ) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = InteractionAttention(dim) if interacting else Attention(dim, heads)
        self.post_attention_norm = nn.LayerNorm(dim)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(dim),
            nn.Linear(dim, mlp_dim),
            nn.GELU(),
            nn.LayerNorm(mlp_dim),
            nn.Linear(mlp_dim, dim),
        )
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor, pairs: Pairs | None = None) -> Tensor:
        x = x + self.dropout(
            self.post_attention_norm(self.attention(self.attention_norm(x), mask, pairs))
        )
        return x + self.dropout(self.feed_forward(x))


class Encoder(nn.Module):
    """A stack of NormFormer blocks, the first `interacting` of them by interactions, and a last
    LayerNorm: [N, T, D] -> [N, T, D].
    """

    def __init__(
        self, dim: int, depth: int, heads: int, mlp_dim: int, dropout: float, interacting: int = 0
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            NormFormerBlock(dim, heads, mlp_dim, dropout, i < interacting) for i in range(depth)
        )
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, mask: Tensor, pairs: Pairs | None = None) -> Tensor:
        for block in self.blocks:
            x = block(x, mask, pairs)
        return self.norm(x)


def pool_tokens(x: Tensor, mask: Tensor, pool: Pool) -> Tensor:
    """One vector per event [N, D] from tokens [N, T, D] of which the first is CLS.

    CLS has no part in `mean` and `max`; an event with no other token has the mean and the maximum
    0.
    """
    if pool == "cls":
        return x[:, 0]
    x, real = x[:, 1:], mask[:, 1:, None]
    if pool == "mean":
        return x.masked_fill(~real, 0).sum(1) / real.sum(1).clamp(min=1)
    if not x.shape[1]:
        return x.new_zeros(len(x), x.shape[2])
    return x.masked_fill(~real, -torch.inf).amax(1).masked_fill(~real.any(1), 0)
