"""Interactions of pairs of objects for attention (ParT: Qu, Li and Qian 2022, arXiv:2202.03772,
section 3).

Shapes: N events, T objects, P = T (T - 1) / 2 pairs of them, L tokens, of which the objects are the
last T.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lexon.models.layers import Pairs, mlp

N_FEATURES = 4
HIDDEN = 32
# Below these, logarithms count as one value: objects in one bin have the distance 0, and a pair in
# one direction the mass 0.
CLOSEST = 0.01  # Delta R
LIGHTEST = 0.01  # m2 in GeV^2
STATISTICS = 4096  # events that location and scale are taken from


def pair_features(p4: Tensor) -> Tensor:
    """ln kT, ln z, ln Delta R and ln m2 [N, P, 4] of pairs i < j of objects (E, pT, eta, phi) [N,
    T, 4], from GeV and rad.

    kT = min(pT_i, pT_j) Delta R and z = min(pT_i, pT_j) / (pT_i + pT_j) as in ParT, with
    pseudorapidities in Delta R, and m2 = m_i^2 + m_j^2 + 2 (E_i E_j - p_i . p_j), in which nothing
    large cancels as it is computed here.
    """
    first, second = torch.triu_indices(p4.shape[1], p4.shape[1], 1, device=p4.device)
    (e, pt, eta, phi), p = p4.unbind(-1), momenta(p4)
    mass2 = (e.square() - p.square()).clamp(min=0)
    (e_i, pt_i, eta_i, phi_i, p_i, mass2_i), (e_j, pt_j, eta_j, phi_j, p_j, mass2_j) = (
        [quantity[:, place] for quantity in (e, pt, eta, phi, p, mass2)]
        for place in (first, second)
    )
    d_eta, d_phi = eta_i - eta_j, torch.remainder(phi_i - phi_j + torch.pi, 2 * torch.pi) - torch.pi
    distance = (d_eta.square() + d_phi.square()).sqrt().clamp(min=CLOSEST)
    softer = torch.minimum(pt_i, pt_j)
    # Of E_i E_j - p_i . p_j: pT_i pT_j (cosh d_eta - cos d_phi), which is all for massless objects,
    # and E_i E_j - |p_i| |p_j|.
    massless = 2 * pt_i * pt_j * (torch.sinh(d_eta / 2).square() + torch.sin(d_phi / 2).square())
    together = mass2_i + mass2_j + 2 * (massless + (e_i * e_j - p_i * p_j).clamp(min=0))
    features = torch.stack(
        [softer * distance, softer / (pt_i + pt_j), distance, together.clamp(min=LIGHTEST)], dim=-1
    )
    return features.log()


def momenta(p4: Tensor) -> Tensor:
    """|p| = pT cosh eta of objects [N, T, 4], rounded once: a massless object has |p| = E to the
    last digit, so no mass.
    """
    eta = p4[..., 2].double()
    return (p4[..., 1] * (eta.exp() + (-eta).exp()) / 2).float()


class PairEmbedding(nn.Module):
    """Features of pairs -> what attention takes of them, shared by all blocks; 0 for tokens that
    are no objects, and on the diagonal.

    Args:
        heads: of attention: each has a bias of its own.
        interactions: heads of attention by interactions alone; 0 for none.
    """

    def __init__(self, heads: int, interactions: int) -> None:
        super().__init__()
        self.heads = heads
        self.location = nn.Buffer(torch.zeros(N_FEATURES))
        self.scale = nn.Buffer(torch.ones(N_FEATURES))
        self.layers = mlp(N_FEATURES, HIDDEN, HIDDEN, heads + interactions)

    def standardise(self, p4: Tensor, mask: Tensor) -> None:
        """Take mean and standard deviation of the features over real pairs of some training events,
        [N, T, 4] and [N, T].
        """
        some = torch.linspace(0, len(mask) - 1, min(len(mask), STATISTICS)).long()
        features = pair_features(p4[some])[real_pairs(mask[some])].double()
        if len(features):
            spread = features.std(0, correction=0)
            self.location.copy_(features.mean(0))
            self.scale.copy_(torch.where(spread > 1e-6, spread, 1))

    def forward(self, p4: Tensor, mask: Tensor) -> Pairs:
        """From objects [N, T, 4] and the mask of all tokens [N, L], the objects last."""
        length, front = mask.shape[1], mask.shape[1] - p4.shape[1]
        real = real_pairs(mask[:, front:])[..., None]
        standard = ((pair_features(p4) - self.location) / self.scale).masked_fill(~real, 0)
        channels = self.layers(standard).masked_fill(~real, 0).mT
        first, second = torch.triu_indices(p4.shape[1], p4.shape[1], 1, device=p4.device) + front
        square = channels.new_zeros(mask.shape[0], channels.shape[1], length, length)
        square[:, :, first, second] = channels
        square = (square + square.mT).masked_fill(~mask[:, None, None, :], -torch.inf)
        bias, interactions = square.split([self.heads, channels.shape[1] - self.heads], dim=1)
        return Pairs(bias, interactions.softmax(-1))


def real_pairs(mask: Tensor) -> Tensor:
    """Pairs of objects that both exist, bool [N, P]."""
    first, second = torch.triu_indices(mask.shape[1], mask.shape[1], 1, device=mask.device)
    return mask[:, first] & mask[:, second]
