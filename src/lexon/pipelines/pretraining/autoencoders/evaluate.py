"""Evaluation of one autoencoder: its validation-best model on whole splits; the test split is met
once.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lexon.config import AutoencoderMember
from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import ClassifiedEvents, EventSource
from lexon.events import SPLITS, Events
from lexon.metrics.codebook import CodeUse
from lexon.metrics.latent_probe import effective_dimension, spectrum
from lexon.metrics.reconstruction import Quantity, reconstruction_errors
from lexon.models.autoencoder import Autoencoder
from lexon.physics import delta_phi
from lexon.pipelines.members import refuse_other_parameters, run_record
from lexon.pipelines.pretraining.autoencoders.corruptions import CORRUPTIONS, visible
from lexon.pipelines.pretraining.autoencoders.inputs import Described, describe, split_table
from lexon.pipelines.pretraining.autoencoders.probes import (
    Probes,
    constant_globals,
    constant_tokens,
)
from lexon.plots.autoencoders import member_losses, residuals
from lexon.tokenisers.base import Tokens
from lexon.tokenisers.direct import DirectTokeniser
from lexon.training import TensorTable, choose_device

LOSSES = (
    "rec_tokens",
    "rec_types",
    "rec_globals",
    "weighted_globals",
    "commitment",
    "vq_loss",
    "total",
)
# Per event, what comparisons are made of.
PAIRED = ("rec_tokens", "rec_globals", "total")
_CORRUPTION_SEED = 2026

Outputs = tuple[
    dict[str, dict[str, float]],
    dict[str, NDArray[Any]],
    Figure,
    dict[str, Any],
    Figure,
    pd.DataFrame,
    pd.DataFrame,
]


@dataclass(frozen=True)
class Seen:
    """A split, and what the model makes of it."""

    sample: ClassifiedEvents
    table: TensorTable
    described: Described

    @property
    def met(self) -> NDArray[np.float32]:
        return self.table.tensors["met"].numpy()

    @property
    def is_signal(self) -> NDArray[np.bool_]:
        return self.sample.targets == 0


def evaluate(
    tokeniser: DirectTokeniser,
    events: EventSource,
    model: Autoencoder,
    history: pd.DataFrame,
    training_record: dict[str, Any],
    object_types: dict[int, str],
    config: AutoencoderMember,
    device: str,
    checkpoints: Checkpoints,
    member: str,
) -> Outputs:
    """Metrics of each split, per-event losses, the loss curves, the run record, reconstructions as
    figure and table, the spectrum.
    """
    refuse_other_parameters(config, training_record, member)
    clock, chosen = perf_counter(), choose_device(device)
    seen = {split: _see(split, tokeniser, events, model, config, chosen) for split in SPLITS}
    train = seen["train"]
    probes = Probes.fit(train.described["pooled"], train.met, train.is_signal)
    shares = spectrum(seen["val"].described["latents"][seen["val"].sample.events.mask])
    metrics = {split: _metrics(part, probes, config) for split, part in seen.items()}
    metrics["val"]["latent_dimension"] = effective_dimension(shares)
    truth, decoded = seen["test"].sample.events, _decode(seen["test"], tokeniser)
    metrics["test"] |= _met_errors(truth, decoded)
    arrays = _arrays(seen, probes) | _corrupted(truth, tokeniser, model, config, chosen)
    quantities = _quantities(config)
    # The model is on disk by now: its checkpoint could only be mistaken for an unfinished training.
    checkpoints.of(member, type(model)).clear()
    record = run_record(training_record, _data(events, seen), perf_counter() - clock)
    reconstruction = _reconstruction(truth, decoded, quantities, object_types, config)
    components = pd.DataFrame(
        {"component": np.arange(1, len(shares) + 1), "explained_variance": shares}
    )
    return (
        metrics,
        arrays,
        member_losses(history),
        record,
        residuals(truth, decoded, quantities),
        reconstruction,
        components,
    )


def _see(
    split: str,
    tokeniser: DirectTokeniser,
    events: EventSource,
    model: Autoencoder,
    config: AutoencoderMember,
    device: str,
) -> Seen:
    sample = events.classified(split, config.classes)
    table = split_table(sample, tokeniser)
    own = {"train": set(), "val": {"latents"}, "test": {"features", "types"}}[split]
    return Seen(
        sample, table, describe(model, table, {*LOSSES, "pooled", "met", "codes"} | own, device)
    )


def _metrics(seen: Seen, probes: Probes, config: AutoencoderMember) -> dict[str, float]:
    described = seen.described
    means = {
        name: float(described[name].mean(dtype=np.float64)) for name in LOSSES if name in described
    }
    use = (
        CodeUse.of(described["codes"], config.autoencoder.codebook_size)
        if "codes" in described
        else None
    )
    codebook = {"perplexity": use.perplexity, "code_usage": use.usage} if use else {}
    objects = seen.table.tensors["values"][seen.table.tensors["mask"]].numpy()
    constant = {
        "rec_globals_constant": constant_globals(seen.met),
        "rec_tokens_constant": constant_tokens(objects),
    }
    return (
        means | codebook | constant | probes.metrics(described["pooled"], seen.met, seen.is_signal)
    )


def _arrays(seen: dict[str, Seen], probes: Probes) -> dict[str, NDArray[Any]]:
    """Per event of validation and test: the losses that are compared, what was to be found and what
    the probe found.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for split in ("val", "test"):
        part = seen[split]
        values = {name: part.described[name] for name in PAIRED}
        values |= {"met": part.met, "probe_met": probes.predict_met(part.described["pooled"])}
        values |= {"target": part.sample.targets, "index": part.sample.index}
        arrays |= {f"{split}_{name}": array for name, array in values.items()}
    return arrays


def _corrupted(
    truth: Events,
    tokeniser: DirectTokeniser,
    model: Autoencoder,
    config: AutoencoderMember,
    device: str,
) -> dict[str, NDArray[Any]]:
    """`rec_tokens` of the test events with something wrong in one object each, by corruption that
    the model could notice.
    """
    found = {}
    for name in visible(config):
        changed = CORRUPTIONS[name](truth, np.random.default_rng(_CORRUPTION_SEED))
        zeros = np.zeros(len(truth), np.int64)
        table = split_table(ClassifiedEvents(changed, zeros, zeros, ""), tokeniser)
        found[f"test_{name}"] = describe(model, table, {"rec_tokens"}, device)["rec_tokens"]
    return found


def _decode(seen: Seen, tokeniser: DirectTokeniser) -> Events:
    """The reconstructed events in GeV and rad."""
    described = seen.described
    return tokeniser.decode(
        Tokens(described["features"], described["types"], seen.sample.events.mask, described["met"])
    )


def _met_errors(truth: Events, decoded: Events) -> dict[str, float]:
    turn = np.abs(delta_phi(decoded.met_phi, truth.met_phi))
    return {
        "met_mae": float(np.abs(decoded.met - truth.met).mean()),
        "met_phi_mae": float(turn.mean()),
    }


def _quantities(config: AutoencoderMember) -> list[Quantity]:
    quantities: list[Quantity] = ["pt", "eta", "phi", "energy"]
    return quantities if config.tokeniser.vector == 5 else quantities[:-1]


def _reconstruction(
    truth: Events,
    decoded: Events,
    quantities: list[Quantity],
    object_types: dict[int, str],
    config: AutoencoderMember,
) -> pd.DataFrame:
    """One row an object type: errors in GeV and rad on the test split."""
    errors = reconstruction_errors(truth, decoded, quantities, object_types)
    frame = pd.DataFrame([{"object": name, **row} for name, row in errors.items()])
    return frame if config.autoencoder.reconstruct_types else frame.drop(columns="type_accuracy")


def _data(events: EventSource, seen: dict[str, Seen]) -> dict[str, Any]:
    """The recorded origin of the cleaned events, and how many of them belong to a class."""
    origin = {
        name: events.attributes.get(f"raw_{name}") for name in ("path", "digest", "energy_unit")
    }
    own = {name: events.attributes.get(name) for name in ("notes", "generator")}
    digests = {f"{split}_digest": seen[split].sample.digest for split in ("val", "test")}
    return {
        **origin,
        **own,
        **digests,
        **{f"n_{split}": len(part.table) for split, part in seen.items()},
    }
