"""Training of one configuration: the shared rows in, the validation-best model out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import torch
from torch import nn

from lexon.config import VAEMember
from lexon.datasets.checkpoint import Checkpoints
from lexon.models.vae import VAE
from lexon.pipelines.members import train_member
from lexon.tags import TagSplits
from lexon.training import SelectBy, TensorTable, seeded

# Within one configuration beta is fixed, so its own loss can choose the epoch; between
# configurations it chooses nothing.
SELECT_BY: SelectBy = (("val_loss", "min"),)


def train(
    tag_rows: TagSplits, config: VAEMember, device: str, checkpoints: Checkpoints, member: str
) -> tuple[nn.Module, pd.DataFrame, dict[str, Any]]:
    """The model of the best validation epoch, one row of history per epoch, and facts for the run
    record.
    """
    tables = {
        split: TensorTable({"rows": torch.from_numpy(tag_rows.rows[split]).float()})
        for split in ("train", "val")
    }
    with seeded(config.seed):
        model = VAE(n_tags=len(tag_rows.names), **config.vae.model_dump())
    return train_member(model, tables, config, device, checkpoints, member, SELECT_BY)
