"""A VQ-VAE that another run trained, taken over where it was trained on the same events as this run
has.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lexon.config import VQVAEConfig
from lexon.datasets.events import EventSource
from lexon.errors import DataError
from lexon.pipelines.pretraining.vqvae import shown_to
from lexon.tokenisers.vqvae import VQVAETokeniser

logger = logging.getLogger(__name__)


def reuse_vqvae(
    trained: VQVAETokeniser,
    history: pd.DataFrame,
    diagnostics: dict[str, Any],
    events: EventSource,
    settings: dict[str, Any],
    classes: dict[str, Any],
    from_run: str,
) -> tuple[VQVAETokeniser, pd.DataFrame, dict[str, Any]]:
    """The other run's tokeniser, history and diagnostics, unchanged but for where they come from.

    Raises:
        DataError: it was trained with other parameters or on other events.
    """
    config = VQVAEConfig(**settings)
    here = {"settings": settings, **shown_to(events, classes, config)}
    if reason := _why_another(diagnostics, here):
        raise DataError(f"vqvae.from={from_run}: {reason}; leave vqvae.from out to train one here")
    logger.info(
        "vqvae: taken from run %s, not trained here (%s)", from_run, diagnostics["fitted_on"]
    )
    return trained, history, {**diagnostics, "from_run": from_run}


def _why_another(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """What differs between the VQ-VAE of another run and the one that this run would train; empty
    where nothing does.
    """
    if there.get("settings") != here["settings"]:
        return (
            "its diagnostics are of other parameters than its file's name says, so the folder is"
            " damaged"
        )
    if not there.get("events") or not there.get("processes"):
        return "an earlier version trained it and did not record its events; run it again"
    if there["events"] != here["events"]:
        splits = [
            split
            for split, digest in here["events"].items()
            if there["events"].get(split) != digest
        ]
        return (
            "its VQ-VAE was trained on other events than this run has (the splits"
            f" {', '.join(splits)} differ)"
        )
    then, now = (", ".join(sorted(one["processes"])) for one in (there, here))
    if then != now:
        return f"its VQ-VAE was fitted on {then}; here it would be fitted on {now} (classes)"
    return ""
