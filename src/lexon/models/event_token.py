"""Event-level quantities as one more token of an event."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lexon.models.layers import mlp


class EventToken(nn.Module):
    """Quantities [N, F], none below 0, NaN where an event does not have them -> one token [N, 1,
    D].

    Most are energies with long tails, so the network sees log(1 + x), standardised on the training
    split. What is missing is 0 there, the mean, and a second column for each quantity shows that it
    is missing.
    """

    def __init__(self, n_quantities: int, dim: int) -> None:
        super().__init__()
        self.location = nn.Buffer(torch.zeros(n_quantities))
        self.scale = nn.Buffer(torch.ones(n_quantities))
        self.layers = mlp(2 * n_quantities, dim, dim)

    def standardise(self, training: Tensor) -> None:
        """Take mean and standard deviation of each quantity [N, F] where events have it; a constant
        one keeps the scale 1.
        """
        values = training.double().log1p()
        real = values.isfinite()
        count = real.sum(0).clamp(min=1)
        mean = values.masked_fill(~real, 0).sum(0) / count
        spread = ((values - mean).masked_fill(~real, 0).square().sum(0) / count).sqrt()
        self.location.copy_(mean)
        self.scale.copy_(torch.where(spread > 1e-6, spread, 1))

    def forward(self, quantities: Tensor) -> Tensor:
        missing = quantities.isnan()
        standard = ((quantities.log1p() - self.location) / self.scale).masked_fill(missing, 0)
        return self.layers(torch.cat([standard, missing.to(standard.dtype)], dim=1))[:, None]
