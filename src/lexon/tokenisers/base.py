"""The protocol of a tokeniser, which turns events into the inputs of a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from lexon.errors import ConfigurationError
from lexon.events import Events
from lexon.tokenisers.layout import Layout


@dataclass(frozen=True)
class Tokens:
    """Encoded events. Continuous tokenisers give floats, discrete ones integers with 0 for padding.

    Attributes:
        values: float32 [event, object, feature], or int64 [event, object] in 1..vocab_size-1.
        types: object types, int64 [event, object], 0 for padding; 1 for every real object where the
            type is hidden.
        mask: True for real objects, bool [event, object].
        met: float32 [event, 3] (standardised log MET, sin and cos of its azimuth), or int64 [event,
            2] (MET, METphi tokens).
    """

    values: NDArray[Any]
    types: NDArray[np.int64]
    mask: NDArray[np.bool_]
    met: NDArray[Any]


@dataclass(frozen=True)
class ClassifiedTokens:
    """Tokens of the events of a split that belong to a class.

    Attributes:
        tokens: of N events.
        targets: class index, int64 [N], the signal 0.
        labels: process label, int64 [N].
        index: row of the split, int64 [N].
        digest: of exactly these events: equal digests are the same events in the same order,
            whatever the tokeniser.
        weights: of the events, float64 [N]; None where each counts once.
    """

    tokens: Tokens
    targets: NDArray[np.int64]
    labels: NDArray[np.int64]
    index: NDArray[np.int64]
    digest: str
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def sample(self, n: int | None, seed: int) -> Self:
        """n random events; fewer are part of more. None: all of them.

        Raises:
            ConfigurationError: there are fewer.
        """
        if n is None:
            return self
        rows = random_rows(n, len(self), seed)
        digest = f"{self.digest}, {n} of {len(self)} by seed {seed}"
        return replace(self[rows], digest=digest)

    def __getitem__(self, rows: NDArray[np.int64]) -> Self:
        """Some of the events, with the digest of all."""
        tokens = Tokens(*(getattr(self.tokens, field.name)[rows] for field in fields(Tokens)))
        weights = None if self.weights is None else self.weights[rows]
        own = self.targets[rows], self.labels[rows], self.index[rows]
        return type(self)(tokens, *own, self.digest, weights)


def random_rows(n: int, total: int, seed: int) -> NDArray[np.int64]:
    """n of `total` rows, rising; a smaller n gives a part of the rows of a larger one.

    Raises:
        ConfigurationError: there are fewer.
    """
    if n > total:
        raise ConfigurationError(
            f"n_train={n}: there are {total} training events; ask for fewer, or simulate more"
            " (events.n)"
        )
    return np.sort(np.random.default_rng(seed).permutation(total)[:n])


class Tokeniser(Protocol):
    """`fit` on training events, then `encode` any; `state` is JSON and rebuilds it
    (`lexon.tokenisers.restore`).

    A subclass that lexon fits has two constructors more: `from_config` of its settings, not fitted
    yet, and `from_state`.
    """

    @property
    def vocab_size(self) -> int | None:
        """Number of integer codes including padding 0; None for continuous values."""

    @property
    def n_features(self) -> int | None:
        """Features per object of continuous values; None for integer codes."""

    @property
    def n_object_tokens(self) -> int | None:
        """Integer codes that an object can have, from 1; None for continuous values."""
        return None

    @property
    def layout(self) -> Layout | None:
        """The parts of its integer codes; None for continuous values, and for codes that are
        numbered in another way.
        """
        return None

    def fit(self, events: Events) -> Self:
        """`fit_chunks` of a single chunk."""
        return self.fit_chunks([events])

    def fit_chunks(self, chunks: Iterable[Events]) -> Self:
        """`fit` on events that need not fit in memory; the chunks are walked through as often as it
        takes.
        """

    def encode(self, events: Events) -> Tokens: ...

    def decode(self, tokens: Tokens) -> Events:
        """Events in GeV and rad, exact or at bin centres; what the tokens do not hold (labels, say)
        is zero.
        """

    def state(self) -> dict[str, Any]: ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays of a token file beside `state`: learnt vectors, by name; none for most
        tokenisers.
        """
        return {}

    def fitted_on(self, key: str, words: str) -> Self:  # noqa: ARG002
        """The same, with a note of the events that it was fitted on, for those that keep one.

        Args:
            key: ``background`` or ``all``.
            words: a sentence.
        """
        return self
