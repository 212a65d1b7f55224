"""Variances from few seeds lean on each other as far as they agree."""

from __future__ import annotations

import numpy as np
import pytest

from lexon.statistics.spreads import possible_variances

N_DRAWS = 2000


def seen(
    true: np.ndarray, rng: np.random.Generator, n_seeds: int = 3
) -> tuple[dict[str, float], dict[str, int]]:
    """Variances over seeds of cells whose true ones are known."""
    variances = {
        str(i): variance * rng.chisquare(n_seeds - 1) / (n_seeds - 1)
        for i, variance in enumerate(true)
    }
    return variances, dict.fromkeys(variances, n_seeds - 1)


def bounds(true: np.ndarray, number: int) -> np.ndarray:
    """Central 95 % of what each cell's variance may be, [bound, cell]."""
    rng = np.random.default_rng(number)
    return np.quantile(
        list(possible_variances(*seen(true, rng), N_DRAWS, rng).values()), [0.025, 0.975], axis=1
    )


@pytest.mark.parametrize(("spread", "least"), [(0.0, 0.92), (0.5, 0.91), (1.0, 0.9), (1.6, 0.86)])
@pytest.mark.parametrize("n_cells", [2, 4, 12])
def test_what_variances_may_be_holds_the_truth(spread, least, n_cells):
    held = []
    for number in range(200):
        true = np.exp(spread * np.random.default_rng([number, 1]).normal(size=n_cells))
        low, high = bounds(true, number)
        held.append(np.mean((low < true) & (true < high)))
    assert least < np.mean(held) <= 1.0


def test_cells_that_agree_are_known_better_than_one_alone():
    together = [
        np.log(high / low).mean()
        for low, high in (bounds(np.ones(30), number) for number in range(20))
    ]
    alone = [
        np.log(high / low).mean()
        for low, high in (bounds(np.ones(1), number) for number in range(20))
    ]
    assert np.mean(together) < 0.6 * np.mean(alone)


def test_cells_that_differ_by_orders_of_magnitude_stand_for_themselves():
    true = 10.0 ** np.arange(-6, 7, 2)
    low, high = bounds(true, 1)
    assert (low > true / 100).all() and (high < 10_000 * true).all()  # noqa: PT018
    assert np.all(np.diff(np.log(low)) > 0)


def test_scale_does_not_matter():
    variances, freedom = seen(np.array([1.0, 2.0, 5.0, 1.0, 3.0]), np.random.default_rng(1))
    large = possible_variances(variances, freedom, N_DRAWS, np.random.default_rng(2))
    small = possible_variances(
        {name: 1e-8 * v for name, v in variances.items()},
        freedom,
        N_DRAWS,
        np.random.default_rng(2),
    )
    for name in variances:
        np.testing.assert_allclose(small[name], 1e-8 * large[name], rtol=1e-6)


def test_a_cell_without_a_spread_tells_nothing_of_others():
    some = {"a": 1.0, "b": 1.2}
    alone = possible_variances(some, dict.fromkeys(some, 2), N_DRAWS, np.random.default_rng(1))
    more = some | {"constant": 0.0, "undefined": np.nan}
    beside = possible_variances(more, dict.fromkeys(more, 2), N_DRAWS, np.random.default_rng(1))
    np.testing.assert_array_equal(beside["a"], alone["a"])
    assert not beside["constant"].any()
    assert np.isnan(beside["undefined"]).all()
