"""Muon (Jordan et al. 2024): orthogonalised momentum for matrices between hidden layers, AdamW for
all other parameters.
"""

from __future__ import annotations

from typing import Any

import torch

from lexon.config import TrainingConfig
from lexon.errors import ConfigurationError
from lexon.models import Model
from lexon.training.optimisation import adamw


def optimiser_of(model: Model, config: TrainingConfig) -> torch.optim.AdamW | MuonAndAdamW:
    """The optimiser that the settings ask for."""
    return MuonAndAdamW(model, config) if config.optimiser == "muon" else adamw(model, config)


class MuonAndAdamW:
    """Two optimisers as one. Muon's updates are scaled to the size of AdamW's, so that one learning
    rate and one decay serve both.
    """

    def __init__(self, model: Model, config: TrainingConfig) -> None:
        if not hasattr(torch.optim, "Muon"):
            raise ConfigurationError(
                f"training.optimiser=muon: it is in torch from 2.9 on, and {torch.__version__} is"
                " installed; update torch, or use adamw"
            )
        matrices = [parameter for parameter in model.hidden_matrices() if parameter.requires_grad]
        muon = torch.optim.Muon(
            matrices, lr=config.lr, weight_decay=config.weight_decay, adjust_lr_fn="match_rms_adamw"
        )
        self.optimisers = (muon, adamw(model, config, without=matrices))

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for optimiser in self.optimisers for group in optimiser.param_groups]

    def zero_grad(self) -> None:
        for optimiser in self.optimisers:
            optimiser.zero_grad()

    def step(self) -> None:
        for optimiser in self.optimisers:
            optimiser.step()

    def state_dict(self) -> dict[str, Any]:
        return {type(optimiser).__name__: optimiser.state_dict() for optimiser in self.optimisers}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for optimiser in self.optimisers:
            optimiser.load_state_dict(state[type(optimiser).__name__])
