"""The variational autoencoder of multi-label rows: an MLP, Bernoulli tags, Gaussian latents.

Kingma and Welling (arXiv:1312.6114); beta weighs the KL as in Higgins et al. (ICLR 2017).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from lexon.models import Batch, Network


class VAE(Network):
    """0/1 rows [N, n_tags] -> latent [N, latent_dim] -> tag logits [N, n_tags], one hidden layer on
    each side.

    Args:
        n_tags: columns of the rows.
        latent_dim, hidden_dim: widths.
        batch_norm: after each hidden layer.
        beta: weight of the KL in the loss.
        dropout: of the hidden layers.
    """

    def __init__(
        self,
        *,
        n_tags: int,
        latent_dim: int,
        hidden_dim: int,
        batch_norm: bool,
        beta: float,
        dropout: float,
    ) -> None:
        super().__init__()
        self.beta = beta
        self.encoder = nn.Sequential(
            *_hidden(n_tags, hidden_dim, batch_norm, dropout), nn.Linear(hidden_dim, 2 * latent_dim)
        )
        self.decoder = nn.Sequential(
            *_hidden(latent_dim, hidden_dim, batch_norm, dropout), nn.Linear(hidden_dim, n_tags)
        )

    def encode(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the posterior, [N, latent_dim] each."""
        mean, log_variance = self.encoder(rows).float().chunk(2, dim=1)
        return mean, log_variance

    def decode(self, latent: Tensor) -> Tensor:
        """Tag logits [N, n_tags]."""
        return self.decoder(latent).float()

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """bce + beta kld in nats per row, with one latent sample a row, in eval mode too: of the
        mean it would bound nothing.
        """
        mean, log_variance = self.encode(batch["rows"])
        logits = self.decode(sample_latent(mean, log_variance))
        bce, kld = bce_per_row(logits, batch["rows"]).mean(), kl_per_row(mean, log_variance).mean()
        return bce + self.beta * kld, {"bce": bce.detach(), "kld": kld.detach()}

    def score(self, batch: Batch) -> Tensor:
        """Tag probabilities [N, n_tags] decoded from the latent mean."""
        return self.decode(self.encode(batch["rows"])[0]).sigmoid()


def sample_latent(mean: Tensor, log_variance: Tensor) -> Tensor:
    """One draw of each posterior, by torch's global generator: mean + sigma times standard normal
    noise.
    """
    return mean + (log_variance / 2).exp() * torch.randn_like(mean)


def bce_per_row(logits: Tensor, rows: Tensor) -> Tensor:
    """- ln p(row | latent) [N] in nats: binary cross-entropies, summed over tags."""
    return binary_cross_entropy_with_logits(logits, rows, reduction="none").sum(1)


def kl_per_row(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(q || N(0, 1)) [N] in nats, summed over units (Kingma and Welling, appendix B)."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2


def _hidden(n_in: int, n_out: int, batch_norm: bool, dropout: float) -> list[nn.Module]:
    return [
        nn.Linear(n_in, n_out),
        *([nn.BatchNorm1d(n_out)] if batch_norm else []),
        nn.ReLU(),
        nn.Dropout(dropout),
    ]
