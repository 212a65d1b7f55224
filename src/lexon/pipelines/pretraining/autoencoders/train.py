"""Training of one autoencoder: the validation-best model out."""

from __future__ import annotations

from typing import Any

import pandas as pd
from torch import nn

from lexon.config import AutoencoderMember
from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import EventSource
from lexon.models.autoencoder import Autoencoder
from lexon.pipelines.members import train_member
from lexon.pipelines.pretraining.autoencoders.inputs import learnt_from, split_table
from lexon.tokenisers.direct import DirectTokeniser
from lexon.training import SelectBy, seeded

# What the encoder is trained for; at globals_beta 0 `val_loss` would hold the head's own lesson as
# well.
SELECT_BY: SelectBy = (("val_total", "min"),)


def train(
    tokeniser: DirectTokeniser,
    events: EventSource,
    config: AutoencoderMember,
    device: str,
    checkpoints: Checkpoints,
    member: str,
) -> tuple[nn.Module, pd.DataFrame, dict[str, Any]]:
    """The model of the best validation epoch, one row of history per epoch, and facts for the run
    record.
    """
    tables = {
        split: split_table(learnt_from(split, events, config), tokeniser)
        for split in ("train", "val")
    }
    with seeded(config.seed):
        model = Autoencoder(
            n_features=tokeniser.n_features, **config.autoencoder.model_dump(exclude={"train_on"})
        )
    return train_member(model, tables, config, device, checkpoints, member, SELECT_BY)
