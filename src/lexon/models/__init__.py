"""Models: networks that own their loss. What the training loop asks of any of them is `Model`, here."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping
from functools import wraps
from typing import Any, Protocol

from torch import Tensor, nn

Batch = Mapping[str, Tensor]


class Network(nn.Module):
    """A module whose `recipe` is the arguments that it was made with, defaults included: `type(model)(**model.recipe)` makes its twin."""

    recipe: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        make: Any = cls.__init__
        signature = inspect.signature(make)

        @wraps(make)
        def made(self: Network, **arguments: Any) -> None:
            make(self, **arguments)
            bound = signature.bind(self, **arguments)
            bound.apply_defaults()
            self.recipe = copy.deepcopy({name: value for name, value in bound.arguments.items() if name != "self"})

        cls.__init__ = made  # type: ignore[assignment]


class Model(Protocol):
    """An `nn.Module` with a recipe, a loss and a score. `type(model)(**model.recipe)` plus weights rebuilds it."""

    recipe: dict[str, Any]

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The scalar to minimise, a mean over the batch's events, and detached scalars worth a column in the history."""

    def score(self, batch: Batch) -> Tensor:
        """One row per event: class probabilities, a prediction, a reconstruction; meant for eval mode."""

    def to(self, device: Any) -> Any: ...

    def train(self, mode: bool = True) -> Any: ...

    def modules(self) -> Iterator[nn.Module]: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any: ...
