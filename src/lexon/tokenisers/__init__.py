"""Answers to the question of the project: each turns the same events into something a network is shown."""

from __future__ import annotations

from typing import Any, Literal

from lexon.config import BinnedConfig, DirectConfig
from lexon.errors import DataError
from lexon.tokenisers.base import Tokeniser, Tokens
from lexon.tokenisers.binning import BinnedTokeniser
from lexon.tokenisers.direct import DirectTokeniser

__all__ = ["BinnedTokeniser", "DirectTokeniser", "Tokeniser", "Tokens", "build", "population", "restore"]


def build(config: DirectConfig | BinnedConfig) -> Tokeniser:
    """The tokeniser that the parameters ask for, not fitted yet."""
    match config:
        case DirectConfig():
            return DirectTokeniser(config.vector, config.pid)
        case BinnedConfig():
            return BinnedTokeniser(config.n_bins, config.variant, config.pid)


def population(config: DirectConfig | BinnedConfig) -> Literal["auto", "background", "all"]:
    """Which training events to fit on (`lexon.classes.ClassMap.to_fit_on`): `binning.fit_on` is for correct bins alone.

    Standardisation is of all that is shown, and the published bug was made with edges from all classes.
    """
    return config.fit_on if isinstance(config, BinnedConfig) and config.variant == "correct" else "all"


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
    raise DataError(f"a tokeniser's state says kind: direct or binned; this one holds {', '.join(map(str, state)) or 'nothing'}")
