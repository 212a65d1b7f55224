"""Rows through a trained model, once: what every number of a split is taken from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexon.metrics.latent import kl_per_unit
from lexon.models.vae import VAE, bce_per_row, kl_per_row, sample_latent
from lexon.training import seeded

CHUNK = 1 << 14  # rows on the device at once
THRESHOLD = 0.5


@dataclass(frozen=True)
class Pass:
    """A split after the model; N rows, L latent units, K tags.

    Attributes:
        mean, log_variance: of the posterior, float32 [N, L].
        bce, kld: nats per row with one latent sample, as in training, float32 [N].
        decoded: rows decoded from the latent mean, thresholded at 0.5, uint8 [N, K].
        decoded_sample: from a latent sample instead.
        prior: Bernoulli draws of as many rows decoded from N(0, 1), uint8 [N, K]; thresholded ones
            would nearly all be empty.
    """

    mean: NDArray[np.float32]
    log_variance: NDArray[np.float32]
    bce: NDArray[np.float32]
    kld: NDArray[np.float32]
    decoded: NDArray[np.uint8]
    decoded_sample: NDArray[np.uint8]
    prior: NDArray[np.uint8]

    @property
    def kl_per_unit(self) -> NDArray[np.float64]:
        return kl_per_unit(self.mean, self.log_variance)


@torch.inference_mode()
def pass_through(model: VAE, rows: NDArray[np.uint8], device: str, seed: int) -> Pass:
    """All rows through the model in eval mode and float32; `seed` decides every draw."""
    model.to(device).train(False)
    with seeded(seed, device):
        parts = [
            _pass(model, chunk.to(device).float()) for chunk in torch.from_numpy(rows).split(CHUNK)
        ]
    joined = [torch.cat(part).cpu().numpy() for part in zip(*parts, strict=True)]
    return Pass(*joined)


def _pass(model: VAE, rows: Tensor) -> tuple[Tensor, ...]:
    mean, log_variance = model.encode(rows)
    sampled = model.decode(sample_latent(mean, log_variance))
    prior = model.decode(torch.randn_like(mean)).sigmoid()
    return (
        mean,
        log_variance,
        bce_per_row(sampled, rows),
        kl_per_row(mean, log_variance),
        _on(model.decode(mean)),
        _on(sampled),
        torch.bernoulli(prior).to(torch.uint8),
    )


def _on(logits: Tensor) -> Tensor:
    return (logits.sigmoid() > THRESHOLD).to(torch.uint8)
