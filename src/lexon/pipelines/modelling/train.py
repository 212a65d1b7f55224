"""Training of one member: events and a fitted tokeniser in, the validation-best model out."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import nn

from lexon import provenance
from lexon.config import MemberConfig
from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import EventSource
from lexon.models.classifier import Classifier
from lexon.pipelines.modelling.inputs import choose_device, tensor_table
from lexon.tokenisers.base import Tokeniser
from lexon.training import SelectBy, TensorTable, fit, seeded

logger = logging.getLogger(__name__)

# The best epoch is chosen on validation, never on test: the highest AUROC, and of equals the lowest loss.
SELECT_BY: SelectBy = (("val_auroc", "max"), ("val_loss", "min"))


def train(
    events: EventSource,
    tokeniser: Tokeniser,
    config: MemberConfig,
    device: str,
    checkpoints: Checkpoints,
    member: str,
) -> tuple[nn.Module, pd.DataFrame, dict[str, Any]]:
    """The model of the best validation epoch, one row of history per epoch, and facts for the run record."""
    started = provenance.now()
    tables = {split: tensor_table(events.classified(split, config.classes), tokeniser) for split in ("train", "val")}
    with seeded(config.seed):
        model = Classifier(
            n_classes=len(config.classes),
            vocab_size=tokeniser.vocab_size,
            n_features=tokeniser.n_features,
            label_smoothing=config.training.label_smoothing,
            **config.classifier.model_dump(),
        )
    chosen = choose_device(device)
    result = fit(
        model,
        tables["train"],
        tables["val"],
        config.training,
        seed=config.seed,
        device=chosen,
        validate=_val_auroc,
        select_by=SELECT_BY,
        resume=checkpoints.of(member),
    )
    model.load_state_dict(result.best_state)
    facts = {
        "parameters": config.model_dump(mode="json"),
        "seed": config.seed,
        "started": started,
        "device": provenance.device_name(chosen),
        "n_parameters": result.n_parameters,
        "best_epoch": result.best_epoch,
        "epochs": len(result.history),
        "seconds": result.seconds,
        "events_per_second": result.events_per_second,
    }
    return model.cpu(), pd.DataFrame(result.history), facts


def _val_auroc(probabilities: NDArray[np.float32], table: TensorTable) -> dict[str, float]:
    """AUROC of the signal, or with more than two classes the mean of each against the rest."""
    target = table.tensors["target"].cpu().numpy()
    if probabilities.shape[1] == 2:
        return {"auroc": float(roc_auc_score(target == 0, probabilities[:, 0]))}
    return {"auroc": float(roc_auc_score(target, probabilities, multi_class="ovr"))}
