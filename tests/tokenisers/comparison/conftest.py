from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lexon.events import Events
from lexon.tokenisers.binning import BinnedTokeniser
from lexon.tokenisers.comparison.columns import TokenColumns


@pytest.fixture(scope="session")
def sample(make_events) -> Events:
    """Events of four objects and more: two with fewer can really have the same tokens."""
    events = make_events(1800, seed=5)
    return events[np.flatnonzero(events.mask.sum(1) >= 4)[:1200]]


@pytest.fixture(scope="session")
def tokens_of(sample: Events) -> Callable[..., np.ndarray]:
    """Tokens [N, 20] of the sample, or of other events: `tokens_of(n_bins, variant, fit_on)`;
    `fit_on` chooses the events of the fit.
    """

    def make(
        n_bins: int = 5,
        variant: str = "correct",
        fit_on: slice = slice(None),
        events: Events = sample,
        pid: bool = True,
    ) -> np.ndarray:
        tokens = (
            BinnedTokeniser(n_bins, variant, pid)
            .fit(sample[sample.labels == 2] if fit_on is None else sample[fit_on])
            .encode(events)
        )
        return np.concatenate([tokens.values, tokens.met], axis=1)

    return make


@pytest.fixture
def unpack() -> Callable[..., TokenColumns]:
    return lambda rows, n_bins=5: TokenColumns.unpack(rows, n_bins)
