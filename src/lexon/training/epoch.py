"""The steps of one epoch: their losses and diagnostics, and the error when a loss is not finite."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lexon.config import TrainingConfig
from lexon.errors import ConfigurationError


class TrainingDiverged(ConfigurationError):
    """The training loss is not finite any more; the same training would end in the same way."""


@dataclass
class UnfinishedEpoch:
    """The steps of the present epoch so far.

    Attributes:
        step: number of steps done.
        seconds: that they took.
        names: of the columns of `facts`.
        facts: loss, diagnostics and gradient norm of each step [step, fact]. They stay on the
            device until the epoch ends: reading a value at every step would make the device wait.
    """

    step: int = 0
    seconds: float = 0.0
    names: list[str] = field(default_factory=list)
    facts: Tensor | None = None

    def add(self, facts: dict[str, Tensor], n_steps: int) -> None:
        """Append the facts of one step of an epoch of `n_steps`."""
        values = torch.stack([value.float() for value in facts.values()])
        if self.facts is None:
            self.names = list(facts)
            self.facts = torch.full((n_steps, len(values)), torch.nan, device=values.device)
        self.facts[self.step] = values
        self.step += 1

    def values(self) -> dict[str, NDArray[np.float64]]:
        """Each fact of every step, on the host."""
        assert self.facts is not None
        return dict(zip(self.names, self.facts.double().cpu().numpy().T, strict=True))


def refuse_divergence(
    losses: NDArray[np.float64], epoch: int, config: TrainingConfig, settings: str
) -> None:
    """Check that the loss of every step of an epoch is finite.

    Raises:
        TrainingDiverged: one is not; `settings` is the group of parameters that `config` comes
            from.
    """
    bad = np.flatnonzero(~np.isfinite(losses))
    if not len(bad):
        return
    if config.grad_clip:
        clipping = f"lower {settings}.grad_clip={config.grad_clip:g}"
    else:
        clipping = f"set {settings}.grad_clip=1 (it is null: no clipping)"
    raise TrainingDiverged(
        f"epoch {epoch}, step {bad[0] + 1} of {len(losses)}: the training loss is {losses[bad[0]]};"
        f" lower {settings}.lr={config.lr:g}, or {clipping}"
    )
