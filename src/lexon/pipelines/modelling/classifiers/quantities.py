"""Quantities that a network asks for beside its tokens: computed from what the tokens say, never
from the events behind them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from lexon.config import ClassifierMember
from lexon.datasets.tokens import TokenSource
from lexon.errors import ConfigurationError
from lexon.events import Events
from lexon.features import OF_MET, event_features
from lexon.physics import massless_energy
from lexon.tokenisers.base import Tokeniser, Tokens


def quantities(
    tokens: Tokens,
    shown: Tokeniser | TokenSource,
    config: ClassifierMember,
    object_types: Mapping[int, str] | None,
    known: Mapping[str, Tensor] = MappingProxyType({}),
) -> dict[str, Tensor]:
    """The tensors that the classifier asks for (`ClassifierConfig.quantities`), by name.

    Args:
        tokens: of N events.
        shown: what made the tokens.
        object_types: name of each type id; needed for ``event``.
        known: those that need not be computed.
    """
    asked = {
        quantity: setting
        for quantity, setting in config.classifier.quantities.items()
        if quantity not in known
    }
    found = dict(known)
    if not asked:
        return found
    events = decoded(tokens, _decoder(shown, ", ".join(asked.values())))
    if "event" in asked:
        assert object_types is not None
        columns = event_features(events, object_types)
        shown_columns = columns if config.classifier.met else columns.drop(columns=list(OF_MET))
        found["event"] = torch.from_numpy(shown_columns.to_numpy())
    if "p4" in asked:
        found["p4"] = torch.from_numpy(events.p4)
    return found


def decoded(tokens: Tokens, tokeniser: Tokeniser) -> Events:
    """Events as tokens show them: exact, or at bin centres; an object whose energy is not shown is
    massless.
    """
    events = tokeniser.decode(tokens)
    p4 = events.p4.copy()
    # Rounded once, so that the mass of such an object is 0 and not what cancellation leaves.
    pt, eta = (quantity.astype(np.float64) for quantity in (events.pt, events.eta))
    least = massless_energy(pt, eta).astype(np.float32)
    p4[..., 0] = np.where(events.mask, np.maximum(events.energy, least), 0)
    return replace(events, p4=p4)


def _decoder(shown: Tokeniser | TokenSource, asked: str) -> Tokeniser:
    if not isinstance(shown, TokenSource):
        return shown
    if not isinstance(shown.attributes.get("tokeniser"), dict) or not shown.has_met:
        lacks = (
            "tokens of MET"
            if "tokeniser" in shown.attributes
            else "tokeniser that says what its tokens are"
        )
        remedy = "leave it out, or train on a token file that lexon wrote"
        raise ConfigurationError(
            f"{asked}: {shown.path} holds no {lacks}, so they cannot be decoded; {remedy}"
        )
    return shown.tokeniser()
