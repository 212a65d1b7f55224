"""An average of a model's weights over the steps of its training, which is evaluated and kept in
place of the last weights.
"""

from __future__ import annotations

import copy
from typing import Any

import torch

from lexon.models import Model


class WeightAverage:
    """A copy of a model, with an exponential moving average of its parameters: theta <- d theta +
    (1 - d) theta_step.

    d is `decay`, and (1 + n) / (10 + n) after n steps where that is smaller: the first weights,
    which are random, are soon forgotten, however short the training is. Buffers stay what they were
    at first: those of classifiers never change.
    """

    def __init__(self, model: Model, decay: float) -> None:
        self.decay, self.source = decay, model
        self.model: Any = copy.deepcopy(model)
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)

    @torch.no_grad()
    def update(self, steps: int) -> None:
        """Take in the model's weights after so many steps, 1 or more."""
        decay = min(self.decay, (1 + steps) / (10 + steps))
        torch._foreach_lerp_(
            list(self.model.parameters()),
            [parameter.detach() for parameter in self.source.parameters()],
            1 - decay,
        )

    def state_dict(self) -> dict[str, Any]:
        return self.model.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state)
