"""What a report shows of the events that members were trained on, and of the bins that make tokens
of them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lexon.datasets.events import EventSource
from lexon.datasets.tokens import TokenSource, as_tokens
from lexon.metrics.occupancy import occupancy
from lexon.plots.features import feature_distributions
from lexon.plots.grid import bin_occupancy
from lexon.tokenisers.binning import BinnedTokeniser

_CHUNK = 1 << 16  # events that are read at once
_AXIS = {"met_phi": "phi"}  # one set of bins for every azimuth

Counts = dict[str, dict[str, NDArray[np.int64]]]
Limits = dict[str, NDArray[np.float32]]


def bin_counts(source: TokenSource, classes: dict[str, Any]) -> tuple[Counts, Limits, int]:
    """Entries of each bin in the training events by quantity and class, the bins' inner limits, and
    the number of object tokens.

    The tokens themselves are counted as the quantity ``token``.
    """
    tokeniser, class_map = source.tokeniser(), source.class_map(classes)
    assert isinstance(tokeniser, BinnedTokeniser)
    assert tokeniser.axes is not None
    counts: Counts = defaultdict(dict)
    for rows, labels in source.chunks("train", _CHUNK):
        targets = class_map.targets(labels)
        for target, name in enumerate(class_map.class_names):
            for quantity, entries in _entries(rows[targets == target], tokeniser).items():
                counts[quantity][name] = counts[quantity].get(name, 0) + entries
    limits = {
        name: tokeniser.axes[_AXIS.get(name, name)].limits[1:-1]
        for name in counts
        if name != "token"
    }
    return dict(counts), limits, tokeniser.n_object_tokens


def _entries(rows: NDArray[np.int64], tokeniser: BinnedTokeniser) -> dict[str, NDArray[np.int64]]:
    """Entries of the bins of each quantity: a bin's centre is in that bin."""
    assert tokeniser.axes is not None
    tokens = as_tokens(rows)
    events, real = tokeniser.decode(tokens), tokens.mask
    quantities = {
        "pt": events.pt[real],
        "eta": events.eta[real],
        "phi": events.phi[real],
        "met": events.met,
        "met_phi": events.met_phi,
    }
    bins = {
        name: tokeniser.axes[_AXIS.get(name, name)].bin(values)
        for name, values in quantities.items()
    }
    filled = {
        name: occupancy(found, tokeniser.axes[_AXIS.get(name, name)].n)
        for name, found in bins.items()
    }
    return filled | {"token": occupancy(tokens.values[real], tokeniser.n_object_tokens)}


def draw_occupancy(tokens: TokenSource, classes: dict[str, Any]) -> Figure:
    """How the training events fill the bins that their tokens were made with."""
    return bin_occupancy(*bin_counts(tokens, classes))


def draw_features(
    events: EventSource, classes: dict[str, Any], object_types: dict[int, str]
) -> Figure:
    """What the training events look like, per process."""
    sample = events.classified("train", classes)
    present = {
        label: name
        for label, name in events.label_names.items()
        if np.any(sample.events.labels == label)
    }
    return feature_distributions(
        sample.events, sample.events.labels, present, object_types, "train"
    )
