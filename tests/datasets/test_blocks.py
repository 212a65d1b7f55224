"""Blocks of events: what is shown of them, and the hash that does without padding."""

from __future__ import annotations

import numpy as np
import pytest

from lexon.datasets.blocks import Block, content_hashes, leading, to_events
from lexon.datasets.identity import row_hashes
from lexon.events import MAX_OBJECTS


def block(n: int, most: int, seed: int = 0) -> Block:
    """Events of 0 to `most` objects, azimuths unwrapped."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, most + 1, n)
    k = int(counts.sum())
    p4 = rng.exponential(50, (k, 4)).astype(np.float32)
    p4[:, 3] = rng.uniform(-9, 9, k)
    return Block(
        process=np.full(n, b"x"),
        weight=np.arange(n) / 4,
        met=rng.uniform(0, 9, (n, 2)).astype(np.float32),
        n_objects=counts,
        ids=rng.integers(1, 8, k).astype(np.int8),
        p4=p4,
        faults=(np.empty(0, np.int64), np.empty(0, np.int64)),
    )


@pytest.mark.parametrize("unit", ["GeV", "MeV"])
@pytest.mark.parametrize(("n", "most"), [(200, 30), (50, 1), (5, 0), (0, 3)])
@pytest.mark.parametrize("max_objects", [1, 7, MAX_OBJECTS, 24])
def test_the_hash_is_that_of_the_events(n, most, unit, max_objects):
    made = block(n, most)
    shown = leading(made, unit, max_objects)
    events = to_events(shown, np.zeros(n, np.int64), max_objects)
    np.testing.assert_array_equal(content_hashes(shown), row_hashes(events))
    np.testing.assert_array_equal(events.mask.sum(1), np.minimum(made.n_objects, max_objects))
    assert events.max_objects == max_objects
    assert np.all(np.abs(events.phi) <= np.float32(np.pi))


def test_places_change_no_hash():
    made, labels = block(200, MAX_OBJECTS), np.zeros(200, np.int64)
    hashes = [
        row_hashes(to_events(leading(made, "GeV", places), labels, places))
        for places in (MAX_OBJECTS, MAX_OBJECTS + 1, 40)
    ]
    np.testing.assert_array_equal(hashes[0], hashes[1])
    np.testing.assert_array_equal(hashes[0], hashes[2])


@pytest.mark.parametrize("max_objects", [1, MAX_OBJECTS, 24])
def test_the_leading_objects_are_kept_in_their_order(max_objects):
    made = block(60, 40)
    events = to_events(leading(made, "GeV", max_objects), np.zeros(60, np.int64), max_objects)
    starts = np.cumsum(made.n_objects) - made.n_objects
    for event, (start, n) in enumerate(zip(starts, made.n_objects, strict=True)):
        pt = made.p4[start : start + n, 1]
        kept = np.sort(np.argsort(-pt, kind="stable")[:max_objects])
        np.testing.assert_array_equal(events.pt[event, : len(kept)], pt[kept])


def test_weights_go_where_their_events_go_and_only_if_asked_for():
    shown = leading(block(60, 40), "GeV", 18)
    labels, order = np.arange(60), np.random.default_rng(1).permutation(60)
    events = to_events(shown, labels, 18, order, weighted=True)
    np.testing.assert_array_equal(events.weights, events.labels / 4)
    assert to_events(shown, labels, 18, order).weights is None
