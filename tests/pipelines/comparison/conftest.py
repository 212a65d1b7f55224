"""A file of events, our tokens of it, and token files as others would make them of the same or of
other events.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.datasets.foreign_tokens import ForeignTokens, read_foreign
from lexon.datasets.tokens import TokensDataset, TokenSource
from lexon.events import SPLITS, Events
from lexon.pipelines.data_engineering.tokenise import write_tokens
from lexon.tokenisers.binning import BinnedTokeniser

SIZES = {"train": 1500, "val": 300, "test": 300}


def crowded(events: Events) -> Events:
    """Those of four objects and more: two with fewer can really have the same tokens."""
    return events[np.flatnonzero(events.mask.sum(1) >= 4)]


@pytest.fixture(scope="session")
def parts(make_events) -> dict[str, Events]:
    return {
        split: crowded(make_events(n, seed=seed)) for seed, (split, n) in enumerate(SIZES.items())
    }


@pytest.fixture(scope="session")
def events(parts, tmp_path_factory) -> EventSource:
    dataset = EventsDataset(str(tmp_path_factory.mktemp("events") / "events.h5"))
    dataset.save(
        EventSample(parts.items(), {"label_names": {1: "tttt", 2: "ttH"}, "generator": "toy"})
    )
    return dataset.load()


@pytest.fixture(scope="session")
def ours(events, parts, tmp_path_factory) -> TokenSource:
    """Fitted on the background of the training split."""
    dataset = TokensDataset(str(tmp_path_factory.mktemp("tokens") / "ours.h5"))
    dataset.save(
        write_tokens(
            events,
            BinnedTokeniser(5, "correct", True).fit(parts["train"][parts["train"].labels == 2]),
        )
    )
    return dataset.load()


@pytest.fixture(scope="session")
def every(parts) -> Events:
    return Events.concatenate([parts[split] for split in SPLITS])


@pytest.fixture
def reference(tmp_path: Path) -> Callable[..., ForeignTokens]:
    def write(**arrays: np.ndarray) -> ForeignTokens:
        with h5py.File(tmp_path / "reference.h5", "w") as file:
            for key, array in arrays.items():
                file[key] = array
        return read_foreign(tmp_path / "reference.h5")

    return write
