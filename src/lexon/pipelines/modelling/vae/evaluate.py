"""Evaluation of one configuration: its validation-best model meets each split once."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lexon.config import VAEMember
from lexon.datasets.checkpoint import Checkpoints
from lexon.events import SPLITS
from lexon.models.vae import VAE
from lexon.pipelines.members import refuse_other_parameters, run_record
from lexon.pipelines.modelling.vae.measures import by_split, marginal_nats, model_metrics
from lexon.pipelines.modelling.vae.passes import Pass, pass_through
from lexon.plots.vae import loss_curves
from lexon.tags import TagSplits
from lexon.training import choose_device

Metrics = dict[str, dict[str, float]]
Arrays = dict[str, NDArray[Any]]


def evaluate(
    tag_rows: TagSplits,
    model: VAE,
    history: pd.DataFrame,
    training_record: dict[str, Any],
    config: VAEMember,
    device: str,
    checkpoints: Checkpoints,
    member: str,
) -> tuple[Metrics, Arrays, Figure, dict[str, Any], dict[str, Any]]:
    """Metrics of each split, what figures and paired comparisons need of the test split, loss
    curves, run record and summary.
    """
    refuse_other_parameters(config, training_record, member)
    clock = perf_counter()
    chosen = choose_device(device)
    passes = {
        split: pass_through(model, tag_rows.rows[split], chosen, config.seed) for split in SPLITS
    }
    metrics = by_split(
        {split: model_metrics(tag_rows, split, passes[split], config.vae.beta) for split in SPLITS}
    )
    # The model is on disk by now: its checkpoint could only be mistaken for an unfinished training.
    checkpoints.of(member, type(model)).clear()
    record = run_record(training_record, describe(tag_rows), perf_counter() - clock)
    summary = {"config": {"member": member, **config.model_dump(mode="json")}, "metrics": metrics}
    return metrics, arrays_of(tag_rows, passes["test"]), loss_curves({"": history}), record, summary


def describe(tag_rows: TagSplits) -> dict[str, Any]:
    """Which rows these are."""
    sizes = {f"n_{split}": len(rows) for split, rows in tag_rows.rows.items()}
    return {
        "digest": tag_rows.digest,
        "n_tags": len(tag_rows.names),
        **sizes,
        "groups": tag_rows.group_name,
        "notes": list(tag_rows.notes),
    }


def arrays_of(tag_rows: TagSplits, passed: Pass) -> Arrays:
    """What figures and paired comparisons need of the test split, under the names of scores.h5."""
    return {
        "rows": tag_rows.rows["test"],
        "index": tag_rows.index["test"],
        "group": tag_rows.groups["test"],
        "group_names": np.array([name.encode() for name in tag_rows.group_names], dtype="S"),
        "tag_names": np.array([name.encode() for name in tag_rows.names], dtype="S"),
        "reconstructed": passed.decoded,
        "prior": passed.prior,
        "latent_mean": passed.mean,
        "kl_per_unit": passed.kl_per_unit,
        "bce": passed.bce,
        "kld": passed.kld,
        "marginals": marginal_nats(tag_rows.rows["train"], tag_rows.rows["test"]),
    }
