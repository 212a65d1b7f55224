"""Training of one classifier: what it is shown in, the validation-best model out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import nn

from lexon.config import ClassifierMember
from lexon.config.embeddings import OF_CODEBOOK, TABLE
from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import EventSource
from lexon.datasets.tokens import TokenSource
from lexon.errors import ConfigurationError
from lexon.metrics.ranking import weighted_auroc
from lexon.models import equalised_width, named
from lexon.pipelines.members import train_member
from lexon.pipelines.modelling.classifiers.inputs import (
    Shown,
    codebook_of,
    network_table,
    read_tokens,
    source_of,
    trained_on,
    turned_table,
    vocabulary_of,
    weighted_table,
)
from lexon.training import SelectBy, TensorTable, seeded

# The best epoch is chosen on validation, never on test: the highest AUROC, and of equals the lowest
# loss.
SELECT_BY: SelectBy = (("val_auroc", "max"), ("val_loss", "min"))


def train(
    shown: Shown,
    config: ClassifierMember,
    device: str,
    checkpoints: Checkpoints,
    member: str,
    # Before `events`: where a node lacks an optional input, Kedro takes parameters after the gap
    # for their predecessors.
    object_types: dict[int, str] | None = None,
    events: EventSource | None = None,
) -> tuple[nn.Module, pd.DataFrame, dict[str, Any]]:
    """The model of the best validation epoch, one row of history per epoch, and facts for the run
    record.
    """
    tokens = {split: read_tokens(split, config, shown, events) for split in ("train", "val")}
    tokens["train"] = trained_on(tokens["train"], config, str(source_of(shown, events).path))
    tables = {
        split: weighted_table(network_table(part, config, shown, object_types), part, config)
        for split, part in tokens.items()
    }
    model = _network(config, shown, tables["train"])
    _refuse_ignored_weights(model, tables["train"], config)
    turned = None
    if config.training.augmentation == "symmetries":
        assert events is not None
        assert not isinstance(shown, TokenSource)
        turned = turned_table(tables["train"], config, shown, events, object_types)
    return train_member(
        model, tables, config, device, checkpoints, member, SELECT_BY, _val_auroc, turned=turned
    )


def _refuse_ignored_weights(model: Any, training: TensorTable, config: ClassifierMember) -> None:
    """Check that twice the weights are twice the loss.

    Raises:
        ConfigurationError: they are not: the network's loss does not use them.
    """
    if "weight" not in training.tensors:
        return
    model.train(False)
    few = training.batch(torch.arange(min(8, len(training))), None)
    heavier = {**few, "weight": few["weight"] * 2}
    with torch.inference_mode():
        once, twice = (float(model.loss(batch)[0]) for batch in (few, heavier))
    if not np.isclose(twice, 2 * once, rtol=1e-3):
        raise ConfigurationError(
            "events.weight, training.class_weights: the loss of"
            f" model.name={config.classifier.name}"
            ' does not use batch["weight"] (lexon.models.losses.classification_loss does); set'
            " training.event_weights=none and training.class_weights=none"
        )


def _network(config: ClassifierMember, shown: Shown, training: TensorTable) -> Any:
    """The network with its first weights, and with the statistics of the training split."""
    network: Any = named(config.classifier.module, config.classifier.made_by.rpartition(".")[2])
    recipe = _recipe(config, shown, training)
    if config.equalise_to is not None:
        width = config.classifier.equalised_by
        recipe[width] = equalised_width(network, width, recipe, config.equalise_to)
    with seeded(config.seed):
        model = network(**recipe)
        if recipe.get("embedding") in OF_CODEBOOK:
            model.embedding.start_from(torch.from_numpy(codebook_of(shown)))
    model.standardise(training.tensors)
    return model


def _recipe(config: ClassifierMember, shown: Shown, training: TensorTable) -> dict[str, Any]:
    """Arguments of the network: those of its settings, and what tokens, classes and
    quantities add.
    """
    recipe: dict[str, Any] = {
        "n_classes": len(config.classes),
        "vocab_size": shown.vocab_size,
        "n_features": shown.n_features,
    }
    recipe |= {"label_smoothing": config.training.label_smoothing, **config.classifier.arguments()}
    if config.classifier.sized:
        recipe["max_objects"] = training.tensors["mask"].shape[1]
    embedding = recipe.get("embedding", TABLE)
    if shown.vocab_size is not None and embedding != TABLE:
        recipe["vocabulary"] = vocabulary_of(shown, embedding)
    if "event" in training.tensors:
        recipe["event_features"] = training.tensors["event"].shape[1]
    return recipe


def _val_auroc(probabilities: NDArray[np.float32], table: TensorTable) -> dict[str, float]:
    """AUROC of the signal, or with more than two classes the mean of each against the rest;
    weighted as the test split's is.
    """
    target = table.tensors["target"].cpu().numpy()
    if "event_weight" in table.tensors:
        weights = table.tensors["event_weight"].double().cpu().numpy()
        n_classes = probabilities.shape[1]
        one_by_one = [
            weighted_auroc(probabilities[:, c], target == c, weights)
            for c in range(n_classes if n_classes > 2 else 1)
        ]
        return {"auroc": float(np.mean(one_by_one))}
    if probabilities.shape[1] == 2:
        return {"auroc": float(roc_auc_score(target == 0, probabilities[:, 0]))}
    return {"auroc": float(roc_auc_score(target, probabilities, multi_class="ovr"))}
