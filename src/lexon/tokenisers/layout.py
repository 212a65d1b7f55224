"""How integer tokens are numbered: what parts a token has, so that it can be taken apart.

An object's token is 1 + the number that its parts spell, each a digit 0..size-1 of its own base,
the first part the slowest. After the object tokens comes one token for each value of each part of
the event (MET, METphi). 0 is padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.config.embeddings import Order

IntArray = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Part:
    """One part of a token, with values 1..size."""

    name: str
    size: int
    order: Order = "none"


@dataclass(frozen=True)
class Layout:
    """The parts of tokens.

    Attributes:
        objects: of an object's token, the slowest first; at least one.
        event: each with tokens of its own, in the order of their numbers.
    """

    objects: tuple[Part, ...]
    event: tuple[Part, ...]

    @property
    def n_object_tokens(self) -> int:
        """Tokens that an object can have, from 1."""
        return prod(part.size for part in self.objects)

    @property
    def vocab_size(self) -> int:
        """Tokens of any kind, padding included."""
        return 1 + self.n_object_tokens + sum(part.size for part in self.event)

    @property
    def first(self) -> NDArray[np.int64]:
        """The first token of each part of the event."""
        sizes = [part.size for part in self.event]
        return 1 + self.n_object_tokens + np.cumsum([0, *sizes])[: len(sizes)]

    def take_apart(self, tokens: IntArray) -> dict[str, NDArray[np.int64]]:
        """The values 1..size of each part of object tokens, in the tokens' shape, by name; 0 for
        padding.
        """
        real = tokens > 0
        digits = np.unravel_index(
            np.where(real, tokens - 1, 0), tuple(part.size for part in self.objects)
        )
        return {
            part.name: np.where(real, digit + 1, 0)
            for part, digit in zip(self.objects, digits, strict=True)
        }

    def take_apart_event(self, tokens: IntArray) -> dict[str, NDArray[np.int64]]:
        """The values 1..size of each part of the event from its tokens [N, number of parts], by
        name.
        """
        return {
            part.name: column - first + 1
            for part, column, first in zip(self.event, tokens.T, self.first, strict=True)
        }
