"""The optimiser side of training: AdamW, its learning rate step by step, and the precision of a
step.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lexon.config import TrainingConfig
from lexon.models import Model

log = logging.getLogger("lexon.training")


def adamw(
    model: Model, config: TrainingConfig, without: Iterable[nn.Parameter] = ()
) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) that decays matrices only, for all parameters but those of
    another optimiser.

    Biases, norms, scales and embeddings are left alone: decay regularises products of weights and
    inputs, and would pull a rare token's embedding to zero by every step in which the token does
    not occur.
    """
    decayed: list[nn.Parameter] = []
    spared: list[nn.Parameter] = []
    seen = {id(parameter) for parameter in without}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                matrix = parameter.ndim >= 2 and not isinstance(module, nn.Embedding)
                (decayed if matrix else spared).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=config.lr, fused=True
    )


def learning_rates(config: TrainingConfig, n_steps: int) -> NDArray[np.float64]:
    """The learning rate of every step [n_steps].

    It rises linearly from `warmup_start * lr` to `lr` over `warmup_steps`, then decays over the
    steps that are left: to zero by a half cosine (Loshchilov and Hutter 2017, eq. 5) or linearly,
    or not at all.
    """
    step = np.arange(n_steps)
    rise = config.warmup_start + (1 - config.warmup_start) * step / max(config.warmup_steps, 1)
    progress = (step - config.warmup_steps) / max(n_steps - config.warmup_steps, 1)
    decay = {
        "cosine": (1 + np.cos(np.pi * progress)) / 2,
        "linear": 1 - progress,
        "constant": np.ones(n_steps),
    }[config.schedule]
    return config.lr * np.where(step < config.warmup_steps, rise, decay)


def warn_of_long_warmup(config: TrainingConfig, n_steps: int, settings: str) -> None:
    """Warn where the warm-up is as long as the training; `settings` is the group of parameters that
    `config` comes from.
    """
    if config.warmup_steps >= n_steps:
        log.warning(
            "%s.warmup_steps=%d, but there are %d steps: the learning rate never reaches %s.lr=%g",
            settings,
            config.warmup_steps,
            n_steps,
            settings,
            config.lr,
        )


def precision_of(config: TrainingConfig, device: str) -> AbstractContextManager[object]:
    """Autocast to bfloat16, or nothing; `auto` is bfloat16 on CUDA. Gradients and weights stay in
    float32.
    """
    kind = torch.device(device).type
    use_bf16 = config.precision == "bf16" or (config.precision == "auto" and kind == "cuda")
    return torch.autocast(kind, dtype=torch.bfloat16) if use_bf16 else nullcontext()
