"""Variances from few seeds lean on each other as far as they agree."""

from __future__ import annotations

import numpy as np
import pytest

from lexon.statistics.spreads import moderated


def seen(true: list[float], n_seeds: int = 3, number: int = 0) -> tuple[dict[str, float], dict[str, int]]:
    """Variances over seeds of cells whose true ones are known."""
    rng = np.random.default_rng(number)
    variances = {str(i): variance * rng.chisquare(n_seeds - 1) / (n_seeds - 1) for i, variance in enumerate(true)}
    return variances, dict.fromkeys(variances, n_seeds - 1)


def test_cells_that_agree_share_one_variance():
    found = [moderated(*seen([1.0] * 30, number=number)) for number in range(40)]
    assert np.median([one.prior for one in found]) > 10
    usual = [one.variances["0"] for one in found if np.isinf(one.prior)]
    assert np.mean(usual) == pytest.approx(1.0, rel=0.15)


def test_cells_that_differ_by_orders_of_magnitude_stand_for_themselves():
    variances, freedom = seen([10.0**power for power in range(-6, 7, 2)])
    found = moderated(variances, freedom)
    assert found.prior < 1
    for name, variance in variances.items():
        assert 1 / 20 < found.variances[name] / variance < 20, "of thirteen orders of magnitude at most one and a half are given up"


def test_moderated_variances_are_nearer_to_the_truth():
    def error(variances: dict[str, float]) -> float:
        return float(np.mean([np.log(variance) ** 2 for variance in variances.values()]))

    worlds = [seen([1.0] * 12, number=number) for number in range(40)]
    assert np.mean([error(moderated(*world).variances) for world in worlds]) < 0.3 * np.mean([error(world[0]) for world in worlds])


def test_scale_does_not_matter():
    variances, freedom = seen([1.0, 2.0, 5.0, 1.0, 3.0])
    small = moderated({name: 1e-8 * variance for name, variance in variances.items()}, freedom)
    assert small.prior == pytest.approx(moderated(variances, freedom).prior)
    for name, variance in moderated(variances, freedom).variances.items():
        assert small.variances[name] == pytest.approx(1e-8 * variance)


def test_two_cells_and_cells_without_a_spread_tell_nothing_of_others():
    two = {"a": 1.0, "b": 100.0}
    assert moderated(two, {"a": 2, "b": 2}).variances == two
    with_zero = moderated({"a": 1.0, "b": 1.2, "c": 0.9, "constant": 0.0}, dict.fromkeys(("a", "b", "c", "constant"), 2))
    assert with_zero.variances["constant"] == 0
    assert with_zero.pooled == 6
