"""Cones around the hardest parton left: each parton in one jet, none lost."""

import numpy as np
import pytest

from lexon.simulation.jets import RADIUS, arrange, cluster
from lexon.simulation.shower import Partons


def partons(rows):
    """Flat partons from (event, pdg, pT, eta, phi)."""
    event, pdg, *rest = zip(*rows, strict=True)
    return Partons(np.array(event), np.array(pdg), *(np.array(x, dtype=np.float32) for x in rest))


@pytest.fixture
def crowd(rng):
    n = 3000
    values = rng.pareto(1.0, n) * 5 + 2.1, rng.normal(0, 1.2, n), rng.uniform(-np.pi, np.pi, n)
    return Partons(
        np.sort(rng.integers(0, 200, n)),
        rng.choice([1, 4, 5, 21], n),
        *(x.astype(np.float32) for x in values),
    )


def test_rows_are_by_falling_pt_and_hold_what_calorimeters_see():
    grid = arrange(
        partons([(1, 1, 30, 0, 0), (1, 5, 50, 1, 1), (0, 21, 1.5, 0, 0), (0, 21, 40, 5.5, 0)]), 3
    )
    np.testing.assert_array_equal(grid.pdg[:, :3], [[0, 0, 0], [5, 1, 0], [0, 0, 0]])
    assert np.isinf(grid.distance[1, 0, 2])
    assert grid.distance[1, 0, 1] == pytest.approx(np.sqrt(2))


def test_a_near_parton_joins_the_hardest_and_a_far_one_does_not():
    grid = arrange(partons([(0, 1, 50, 0, 3.1), (0, 5, 20, 0, -3.1), (0, 4, 30, 1, 0)]), 1)
    jets = cluster(grid, grid.pdg != 0)
    np.testing.assert_allclose(jets.pt[0, :3], [70, 30, 0], rtol=2e-3)
    np.testing.assert_array_equal(jets.flavour[0, :2], [5, 4])


def test_the_chain_of_two_cones_is_cut_at_the_radius():
    grid = arrange(partons([(0, 1, 50, 0, 0), (0, 1, 30, 0.3, 0), (0, 1, 20, 0.6, 0)]), 1)
    np.testing.assert_allclose(cluster(grid, grid.pdg != 0).pt[0, :3], [80, 0, 20], rtol=1e-5)


def test_momentum_of_the_partons_is_that_of_the_jets(crowd):
    grid = arrange(crowd, 200)
    jets = cluster(grid, grid.pdg != 0)
    for project in (np.cos, np.sin):
        np.testing.assert_allclose(
            (jets.pt * project(jets.phi)).sum(1), (grid.pt * project(grid.phi)).sum(1), atol=0.05
        )


def test_partons_that_are_not_taken_leave_no_trace(crowd):
    grid = arrange(crowd, 200)
    assert (cluster(grid, np.zeros(grid.pdg.shape, dtype=bool)).pt == 0).all()


def test_seeds_keep_their_distance(crowd):
    grid = arrange(crowd, 200)
    seeds = cluster(grid, grid.pdg != 0).pt > 0
    both = seeds[:, :, None] & seeds[:, None] & ~np.eye(seeds.shape[1], dtype=bool)
    assert grid.distance[both].min() >= RADIUS


def test_turning_an_event_turns_its_jets(crowd):
    turned = Partons(
        crowd.event,
        crowd.pdg,
        crowd.pt,
        crowd.eta,
        ((crowd.phi + 2) % (2 * np.pi)).astype(np.float32),
    )
    first, second = (
        cluster(grid, grid.pdg != 0) for grid in (arrange(crowd, 200), arrange(turned, 200))
    )
    np.testing.assert_allclose(first.pt, second.pt, rtol=1e-3, atol=1e-2)


def test_no_parton_at_all_is_no_jet():
    grid = arrange(partons([(0, 1, 1.0, 0, 0)]), 2)
    assert (cluster(grid, grid.pdg != 0).pt == 0).all()
