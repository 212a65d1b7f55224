"""The VQ-VAE: trained on training events, judged on whole splits, wrapped as the tokeniser whose
codes members are shown.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lexon.config import VQVAEConfig
from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import EventSource
from lexon.events import SPLITS, Events
from lexon.experiments import tokeniser_name
from lexon.metrics.codebook import CodeUse
from lexon.metrics.reconstruction import Quantity, reconstruction_errors
from lexon.models.vqvae import VQVAE
from lexon.plots.codebook import codebook_diagnostics
from lexon.tokenisers.layout import Layout
from lexon.tokenisers.vqvae import VQVAETokeniser
from lexon.training import (
    SelectBy,
    TensorTable,
    Training,
    choose_device,
    choose_threads,
    device_name,
    seeded,
)

logger = logging.getLogger(__name__)

SELECT_BY: SelectBy = (("val_loss", "min"),)
OF_NETWORK = (
    "quantiser",
    "stages",
    "levels",
    "codebook_size",
    "latent_dim",
    "hidden_dim",
    "id_embed_dim",
    "commitment",
    "decay",
)


def train_vqvae(
    events: EventSource,
    settings: dict[str, Any],
    classes: dict[str, Any],
    object_types: dict[int, str],
    device: str,
    checkpoints: Checkpoints,
) -> tuple[VQVAETokeniser, pd.DataFrame, dict[str, Any]]:
    """The tokeniser with the network of the best validation epoch, one row of history per epoch,
    and diagnostics of each split.

    Normalisation, MET bins and network see the training events of `fit_on` alone, the choice of the
    epoch those of validation.
    """
    config = VQVAEConfig(**settings)
    train, sentence = _fitted(events, "train", classes, config)
    val, _ = _fitted(events, "val", classes, config)
    logger.info("vqvae: %s", sentence)
    tokeniser = VQVAETokeniser.from_config(config).fit(train)
    model, chosen = _untrained(config, tokeniser), choose_device(device)
    choose_threads(chosen)
    training = Training(
        model,
        tokeniser.inputs(train),
        tokeniser.inputs(val),
        config.training,
        seed=config.seed,
        device=chosen,
        validate=partial(_code_use, n_codes=config.n_codes),
        select_by=SELECT_BY,
        resume=checkpoints.of(tokeniser_name(settings), VQVAE),
        name=f"VQ-VAE, vector {config.vector}",
        settings="vqvae.training",
    ).run()
    model.load_state_dict(training.best_state)
    trained = tokeniser.with_model(model.cpu())
    diagnostics = {
        "settings": settings,
        "fitted_on": sentence,
        **shown_to(events, classes, config),
        "n_parameters": training.n_parameters,
        "best_epoch": training.best_epoch,
        "seconds": training.seconds,
        "events_per_second": training.events_per_second,
        "device": device_name(chosen),
        "splits": {
            split: _diagnose(trained, events.classified(split, classes).events, object_types)
            for split in SPLITS
        },
    }
    return trained, pd.DataFrame(training.history), diagnostics


def shown_to(events: EventSource, classes: dict[str, Any], config: VQVAEConfig) -> dict[str, Any]:
    """Which events a VQ-VAE is trained on: the digest of each split, and the names of the labels
    that `fit_on` takes.
    """
    classified = events.class_map(classes)
    labels = np.array(sorted(classified.lookup), np.int64)
    taken = labels[classified.to_fit_on(config.population, labels)[0]]
    names = [events.label_names.get(int(label), str(label)) for label in taken]
    return {"events": events.attributes.get("split_digests"), "processes": names}


def draw_vqvae(
    history: pd.DataFrame, diagnostics: dict[str, Any], checkpoints: Checkpoints
) -> Figure:
    """How it trained, how its codes are used, what comes back from them."""
    # The tokeniser is on disk by now: its checkpoint could only be mistaken for an unfinished
    # training.
    checkpoints.of(tokeniser_name(diagnostics["settings"]), VQVAE).clear()
    return codebook_diagnostics(history, diagnostics["splits"])


def _fitted(
    events: EventSource, split: str, classes: dict[str, Any], config: VQVAEConfig
) -> tuple[Events, str]:
    """The events of a split that `fit_on` asks for, and the sentence that says which."""
    sample = events.read(split)
    chosen, sentence = events.class_map(classes).to_fit_on(config.population, sample.labels)
    return sample[chosen], sentence


def _untrained(config: VQVAEConfig, tokeniser: VQVAETokeniser) -> VQVAE:
    with seeded(config.seed):
        return VQVAE(
            n_features=tokeniser.direct.n_features,
            normalisation=tokeniser.direct.state()["fitted"],
            **config.model_dump(include=set(OF_NETWORK)),
        )


def _code_use(codes: NDArray[np.float32], table: TensorTable, n_codes: int) -> dict[str, float]:  # noqa: ARG001
    use = CodeUse.of(codes.astype(np.int64), n_codes)
    return {"usage": use.usage, "perplexity": use.perplexity}


def _diagnose(
    tokeniser: VQVAETokeniser, events: Events, object_types: dict[int, str]
) -> dict[str, Any]:
    """Use of the codes and errors of the objects over a whole split."""
    tokens = tokeniser.encode(events)
    use = CodeUse.of(tokens.values - 1, tokeniser.n_object_tokens)
    quantities: list[Quantity] = ["pt", "eta", "phi"]
    if tokeniser.direct.vector == 5:
        quantities.append("energy")
    errors = reconstruction_errors(events, tokeniser.decode(tokens), quantities, object_types)
    if not tokeniser.direct.pid:  # it was shown no types, so it can be right about none
        errors = {
            name: {key: value for key, value in row.items() if key != "type_accuracy"}
            for name, row in errors.items()
        }
    return {
        "n_events": len(events),
        "usage": use.usage,
        "perplexity": use.perplexity,
        "reconstruction": errors,
        "counts": use.counts.tolist(),
        "parts": _use_of_parts(tokeniser.layout, tokens.values),
    }


def _use_of_parts(layout: Layout, values: NDArray[np.int64]) -> dict[str, dict[str, float]]:
    """Use of the values of each part of a code, by its name; nothing where a code is one part."""
    if len(layout.objects) == 1:
        return {}
    digits = layout.take_apart(values)
    uses = {part.name: CodeUse.of(digits[part.name] - 1, part.size) for part in layout.objects}
    return {name: {"usage": use.usage, "perplexity": use.perplexity} for name, use in uses.items()}
