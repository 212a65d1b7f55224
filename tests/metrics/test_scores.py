"""The mean of several classifiers' scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fabricate import binormal_scores

from lexon.metrics.scores import mean_scores


def test_events_are_averaged_by_their_index() -> None:
    one, other = binormal_scores(1.0, n=200, own=1), binormal_scores(1.0, n=200, own=2)
    rows = np.random.default_rng(0).permutation(200)
    shuffled = replace(
        other,
        **{
            name: getattr(other, name)[rows]
            for name in ("probabilities", "target", "labels", "index")
        },
    )
    mean = mean_scores([one, shuffled])
    order = np.argsort(one.index)
    np.testing.assert_array_equal(mean.index, one.index[order])
    np.testing.assert_array_equal(mean.target, one.target[order])
    np.testing.assert_allclose(
        mean.probabilities,
        (one.probabilities[order] + other.probabilities[np.argsort(other.index)]) / 2,
        rtol=1e-6,
    )
    assert mean.digest == one.digest
