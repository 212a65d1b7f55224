"""Answers to the question of the project: each turns the same events into something a network is shown."""

from __future__ import annotations

from typing import Any, Literal

from lexon.config import BinnedConfig, DirectConfig, FittedConfig, VQVAEConfig
from lexon.errors import DataError
from lexon.tokenisers.base import Tokeniser, Tokens
from lexon.tokenisers.binning import BinnedTokeniser
from lexon.tokenisers.direct import DirectTokeniser
from lexon.tokenisers.vqvae import CodeTable, VQVAETokeniser

__all__ = ["BinnedTokeniser", "CodeTable", "DirectTokeniser", "Tokeniser", "Tokens", "VQVAETokeniser", "build", "population", "restore"]


def build(config: FittedConfig) -> Tokeniser:
    """The tokeniser that the parameters ask for, not fitted yet."""
    match config:
        case DirectConfig():
            return DirectTokeniser(config.vector, config.pid)
        case BinnedConfig():
            return BinnedTokeniser(config.n_bins, config.variant, config.pid)
        case VQVAEConfig():
            return VQVAETokeniser.unfitted(config.vector, config.pid, config.n_bins, config.codebook_size)


def population(config: FittedConfig) -> Literal["auto", "background", "all"]:
    """Which training events to fit on (`lexon.classes.ClassMap.to_fit_on`): `binning.fit_on` is for correct bins and learnt codes.

    Standardisation is of all that is shown, and the published bug was made with edges from all classes.
    """
    match config:
        case BinnedConfig(variant="correct") | VQVAEConfig():
            return config.fit_on
        case _:
            return "all"


def restore(state: dict[str, Any]) -> Tokeniser:
    """The fitted tokeniser that gave this `state()`.

    Raises:
        DataError: not a tokeniser's state.
    """
    match state:
        case {"kind": "direct"}:
            return DirectTokeniser.from_state(state)
        case {"kind": "binned"}:
            return BinnedTokeniser.from_state(state)
        case {"kind": "vq_codes"}:
            return CodeTable.from_state(state)
    raise DataError(f"a tokeniser's state says kind: direct, binned or vq_codes; this one holds {', '.join(map(str, state)) or 'nothing'}")
