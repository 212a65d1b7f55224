"""Tokenisers: each turns the same events into different inputs of a network.

A tokeniser is one file here and its settings in `lexon.config.tokenisers`, which say what other
parts of lexon ask about it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lexon.config import FittedConfig
from lexon.config.tokenisers import tokeniser_classes
from lexon.errors import DataError
from lexon.tokenisers.base import Tokeniser, Tokens

__all__ = ["Tokeniser", "Tokens", "build", "restore"]


def build(config: FittedConfig) -> Tokeniser:
    """The tokeniser that the parameters ask for, not fitted yet."""
    return _class(config.made_by).from_config(config)


def restore(state: dict[str, Any]) -> Tokeniser:
    """The fitted tokeniser that gave this `state()`.

    Raises:
        DataError: not a tokeniser's state.
    """
    fitted = [found for found in tokeniser_classes().values() if issubclass(found, FittedConfig)]
    readers = dict(
        found.restored_by or (found.model_fields["kind"].default, found.made_by) for found in fitted
    )
    if state.get("kind") not in readers:
        *most, last = readers
        held = ", ".join(map(str, state)) or "nothing"
        raise DataError(
            f"the kind in a tokeniser's state is {', '.join(most)} or {last}; this one holds {held}"
        )
    return _class(readers[state["kind"]]).from_state(state)


def _class(name: str) -> Any:
    """``module.Class`` of this package."""
    module, _, found = name.rpartition(".")
    return getattr(import_module(f"{__name__}.{module}"), found)
