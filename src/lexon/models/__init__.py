"""Models: networks that own their loss. `Model` is the interface that the training loop uses."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from lexon.errors import ConfigurationError

Batch = Mapping[str, Tensor]


class Network(nn.Module):
    """A module whose `recipe` is the arguments that it was made with, defaults included:
    `type(model)(**model.recipe)` makes its twin.
    """

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
            self.recipe = copy.deepcopy(
                {name: value for name, value in bound.arguments.items() if name != "self"}
            )

        cls.__init__ = made  # type: ignore[assignment]

    def standardise(self, training: Batch) -> None:
        """Take location and scale of quantities from the training split; most networks need
        none.
        """

    def hidden_matrices(self) -> list[nn.Parameter]:
        """The matrices between hidden layers, for an optimiser of its own: by default all but
        embeddings.
        """
        return matrices(self)


def matrices(module: nn.Module) -> list[nn.Parameter]:
    """All parameters of two dimensions but embeddings."""
    layers = [layer for layer in module.modules() if not isinstance(layer, nn.Embedding)]
    return [
        parameter
        for layer in layers
        for parameter in layer.parameters(recurse=False)
        if parameter.ndim == 2
    ]


def named(module: str, name: str) -> type[Network]:
    """A network of this package by its module and class; nothing else is imported.

    Raises:
        LookupError: there is none.
    """
    if not re.fullmatch(rf"{__name__}\.[a-z]\w*", module):
        raise LookupError(f"{module} is no module of {__name__}")
    try:
        found = getattr(import_module(module), name, None)
    except ModuleNotFoundError as error:
        raise LookupError(f"{module} is no module of {__name__}") from error
    if not (isinstance(found, type) and issubclass(found, Network) and found.__module__ == module):
        raise LookupError(f"{module} has no network {name}")
    return found


def modules() -> list[str]:
    """The modules of this package."""
    return [f"{__name__}.{found.name}" for found in iter_modules(__path__)]


def equalised_width(
    model: Callable[..., nn.Module], argument: str, recipe: Mapping[str, Any], n_parameters: int
) -> int:
    """The value of an argument that brings a model nearest to a number of parameters, in which it
    is linear.

    Raises:
        ConfigurationError: the rest of the network alone has more.
    """
    with torch.device("meta"):
        one, two = (
            sum(p.numel() for p in model(**{**recipe, argument: width}).parameters())
            for width in (1, 2)
        )
    width = 1 + round((n_parameters - one) / (two - one))
    if width < 1:
        raise ConfigurationError(
            f"model.equalise_to={n_parameters}: the network has {one:,} parameters at {argument}=1;"
            " ask for more"
        )
    return width


class Model(Protocol):
    """An `nn.Module` with a recipe, a loss and a score. `type(model)(**model.recipe)` plus weights
    rebuilds it.
    """

    recipe: dict[str, Any]

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The scalar to minimise, a mean over the batch's events, and detached scalars worth a
        column in the history.
        """

    def score(self, batch: Batch) -> Tensor:
        """One row per event: class probabilities, a prediction, a reconstruction; meant for eval
        mode.
        """

    def to(self, device: Any) -> Any: ...

    def train(self, mode: bool = True) -> Any: ...

    def modules(self) -> Iterator[nn.Module]: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def hidden_matrices(self) -> list[nn.Parameter]: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any: ...
