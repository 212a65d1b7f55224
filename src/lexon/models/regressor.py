"""Regressions whose loss penalises a lost variance: L = Huber + lambda (1 - Var(p)/Var(y))^2.

The network works in units of the training target: mean 0, standard deviation 1. Huber's delta of 1
is therefore one standard deviation, whatever is regressed, and the ratio of variances is the same
as in the target's own units.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import huber_loss

from lexon.models import Batch, Network
from lexon.models.classifier import Classifier

Penalty = Literal["batch", "global"]
EPSILON = 1e-8  # of the penalty's denominator


class Regressor(Network):
    """A number for each event or row.

    Args:
        network: its recipe. ``{"kind": "events", ...}``: a classifier with one output and without
            MET; ``{"kind": "table", ...}``: see `TableNetwork`.
        variance_lambda: weight of the penalty.
        penalty: ``batch`` holds each batch's variance against that of its targets; ``global``
            against the training target's.
    """

    def __init__(
        self, *, network: dict[str, Any], variance_lambda: float, penalty: Penalty
    ) -> None:
        super().__init__()
        self.variance_lambda, self.penalty = variance_lambda, penalty
        self.network = _network(network)
        self.location = nn.Buffer(torch.zeros(()))
        self.scale = nn.Buffer(torch.ones(()))

    def standardise(self, training: Batch) -> None:
        """Set the units of the target, and of a table's features, from the training split."""
        _standardise(self, training["target"])
        if isinstance(self.network, TableNetwork):
            _standardise(self.network, training["features"])

    def forward(self, batch: Batch) -> Tensor:
        """Predictions [N] in units of the training target."""
        return self.network(batch)[:, 0].float()

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Huber + lambda x penalty, and both terms; the penalty without its weight, so that it
        exists at lambda 0.
        """
        prediction, target = self(batch), (batch["target"] - self.location) / self.scale
        base, penalty = regression_losses(prediction, target, self.penalty)
        return base + self.variance_lambda * penalty, {
            "base_loss": base.detach(),
            "variance_loss": penalty.detach(),
        }

    def score(self, batch: Batch) -> Tensor:
        """Predictions [N] in the target's own units."""
        return self.location + self.scale * self(batch)


class TableNetwork(nn.Module):
    """Columns [N, F] -> [N, 1]: an MLP on standardised columns; a column that is constant in
    training is always 0.

    Args:
        n_features: columns.
        hidden: widths of the layers.
        dropout: after each of them.
    """

    def __init__(self, *, n_features: int, hidden: list[int], dropout: float) -> None:
        super().__init__()
        self.location = nn.Buffer(torch.zeros(n_features))
        self.scale = nn.Buffer(torch.ones(n_features))
        widths = [n_features, *hidden]
        blocks = [[nn.Linear(a, b), nn.GELU(), nn.Dropout(dropout)] for a, b in pairwise(widths)]
        self.layers = nn.Sequential(
            *(layer for block in blocks for layer in block), nn.Linear(widths[-1], 1)
        )

    def forward(self, batch: Batch) -> Tensor:
        return self.layers((batch["features"] - self.location) / self.scale)


def regression_losses(
    prediction: Tensor, target: Tensor, penalty: Penalty
) -> tuple[Tensor, Tensor]:
    """Huber loss (delta 1) and variance penalty, unweighted, of predictions and targets [N] in
    units of the training target.
    """
    variance = target.new_ones(()) if penalty == "global" else _variance(target)
    return huber_loss(prediction, target), variance_penalty(prediction, variance)


def variance_penalty(prediction: Tensor, target_variance: Tensor) -> Tensor:
    """(1 - Var(p)/(Var(y) + 1e-8))^2 with n - 1 in the denominator of Var(p).

    It is 0, and pulls at nothing, where there is no ratio: for a single prediction, and where the
    targets are all equal.
    """
    known = (target_variance > 0) & torch.tensor(len(prediction) > 1, device=prediction.device)
    ratio = _variance(prediction) / (torch.where(known, target_variance, 1) + EPSILON)
    return torch.where(known, (1 - ratio).square(), 0)


def _variance(values: Tensor) -> Tensor:
    return values.var() if len(values) > 1 else values.new_zeros(())


def _standardise(module: Regressor | TableNetwork, values: Tensor) -> None:
    """Location and scale: mean and standard deviation along the rows, the latter 1 where all are
    equal.
    """
    exact = values.double()
    module.location.copy_(exact.mean(0))
    module.scale.copy_(torch.where(exact.amax(0) > exact.amin(0), exact.std(0, correction=0), 1))


def _network(recipe: Mapping[str, Any]) -> nn.Module:
    own = {name: value for name, value in recipe.items() if name != "kind"}
    match recipe["kind"]:
        case "events":
            return Classifier(n_classes=1, vocab_size=None, met=False, **own)
        case "table":
            return TableNetwork(**own)
    raise ValueError(f"a regressor's network is of kind events or table, not {recipe['kind']!r}")
