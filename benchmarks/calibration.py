"""How often does a family of differences find something where there is nothing, and how often does
an interval hold the truth?

Plants studies whose truth is known: cells of several trainings on the same test events, with what
events share, what each training adds to each event, and what the seed does to a training as a
whole. Prints the share of studies in which the family finds a difference that is not there (aim: 5
%), and the share of intervals of a planted difference that hold it (aim: 95 %).

    python benchmarks/calibration.py            1,000 studies a row, about ten minutes on two cores
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lexon.metrics.ranking import Statistic, auroc
from lexon.metrics.regression import r2_statistic
from lexon.metrics.scores import Scores
from lexon.statistics.bootstrap import weighted_mean
from lexon.statistics.differences import SmallestEffect, compare, resample

CELLS = ("a", "b", "c", "d")
PAIRS = list(combinations(CELLS, 2))
SETTINGS = 5  # of a grid with one seed a cell
SMALLEST = SmallestEffect(0.005, "absolute")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """A kind of study.

    Attributes:
        statistic: of `STATISTICS`.
        n_seeds: trainings a cell; with one, differences are averaged over settings of a grid.
        seed_sd: what the seed does to a training as a whole, in units of what events do to its
            statistic.
        difference: planted, in the same units, between the first cell and all others.
        uneven: factor between the seed spreads of the first, the next and the last cell.
        n_events: of the test split.
        n_resamples: of the bootstrap.
    """

    statistic: str
    n_seeds: int
    seed_sd: float
    difference: float = 0.0
    uneven: float = 1.0
    n_events: int = 300
    n_resamples: int = 300


def training_auroc(shift: float, events: Array, rng: np.random.Generator) -> Statistic:
    """AUROC of a classifier whose separation is 1 + shift."""
    target = (np.arange(len(events)) % 2).astype(np.int64)  # 0 is the signal
    score = (1 + shift) * (target == 0) + events + 0.5 * rng.normal(size=len(events))
    return auroc(
        Scores(
            np.stack([score, -score], axis=1),
            target,
            target,
            np.arange(len(events)),
            ("signal", "background"),
            {},
            "",
        )
    )


def training_loss(shift: float, events: Array, rng: np.random.Generator) -> Statistic:
    """Mean of a loss."""
    return weighted_mean(np.exp(0.5 * (events + 0.5 * rng.normal(size=len(events)))) + shift)


def training_log_loss(shift: float, events: Array, rng: np.random.Generator) -> Statistic:
    """Logarithm of a mean loss, as reconstruction losses are compared."""
    mean = weighted_mean(np.exp(0.5 * (events + 0.5 * rng.normal(size=len(events))) + shift))
    return lambda weights: np.log(mean(weights))


def training_r2(shift: float, events: Array, rng: np.random.Generator) -> Statistic:
    """R2 of a regression whose slope is 0.7 + shift."""
    return r2_statistic(events, (0.7 + shift) * events + 0.5 * rng.normal(size=len(events)))


# A training by its statistic, and by how much one standard deviation over test events moves the
# shift.
STATISTICS: dict[str, tuple[Callable[[float, Array, np.random.Generator], Statistic], float]] = {
    "AUROC": (training_auroc, 0.1),
    "mean loss": (training_loss, 0.03),
    "log of a mean loss": (training_log_loss, 0.03),
    "R2": (training_r2, 0.04),
}


def study(plan: Plan, number: int) -> tuple[bool, list[float], bool]:
    """One planted study: whether its family finds anything; the planted difference's bounds;
    whether its verdict is undecided.
    """
    rng = np.random.default_rng([number, 7])
    make, unit = STATISTICS[plan.statistic]
    events = rng.normal(size=plan.n_events)

    def cell(name: str) -> list[Statistic]:
        planted = plan.difference if name.startswith("a") else 0.0
        seed_sd = plan.seed_sd * {"a": 1 / plan.uneven, "d": plan.uneven}.get(name[0], 1.0)
        return [
            make(unit * (planted + seed_sd * rng.normal()), events, rng)
            for _ in range(plan.n_seeds)
        ]

    settings = range(SETTINGS if plan.n_seeds == 1 else 1)
    cells = resample(
        {f"{name}{i}": cell(name) for name in CELLS for i in settings},
        plan.n_events,
        plan.n_resamples,
        rng,
    )
    family = {
        pair: [{f"{pair[0]}{i}": 1.0, f"{pair[1]}{i}": -1.0} for i in settings] for pair in PAIRS
    }
    found = compare(cells, family, SMALLEST, rng)
    first = found["a", "b"]
    return (
        any(one.family.excludes_zero for one in found.values()),
        [first.alone.low, first.alone.high],
        "seed" in first.verdict,
    )


def truth(plan: Plan) -> float:
    """The planted difference of the statistic, from many trainings on many events."""
    make, unit = STATISTICS[plan.statistic]
    rng = np.random.default_rng(1)
    once = np.ones((1, 200_000), dtype=np.float32)

    def mean(planted: float) -> float:
        values = [
            make(unit * (planted + plan.seed_sd * z), rng.normal(size=200_000), rng)(once)[0]
            for z in np.linspace(-1.5, 1.5, 7)
        ]
        return float(np.mean(values))

    return mean(plan.difference) - mean(0.0)


def run(plan: Plan, n: int, map_: Callable[..., Sequence[tuple[bool, list[float], bool]]]) -> str:
    """A row of the table."""
    rows = list(map_(partial(study, plan), range(n)))
    if plan.difference:
        expected = truth(plan)
        share = np.mean([low <= expected <= high for _, (low, high), _ in rows])
        aim = f"{100 * share:5.1f} % of intervals hold the planted {expected:.3f}"
    else:
        share = np.mean([found for found, *_ in rows])
        aim = f"{100 * share:5.1f} % of families find a difference"
    error = 100 * np.sqrt(max(share * (1 - share), 1e-4) / n)
    spread = (
        f"{plan.seed_sd:g}"
        if plan.uneven == 1
        else f"{plan.seed_sd / plan.uneven:g} to {plan.seed_sd * plan.uneven:g}"
    )
    return (
        f"| {plan.statistic} | {plan.n_seeds} | {spread} | {plan.difference:g} | {aim} | +-"
        f" {error:.1f} |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--statistic", choices=STATISTICS, action="append")
    parser.add_argument("--seeds", type=int, action="append")
    asked = parser.parse_args()
    print(
        "| statistic | seeds | seed spread | planted | result | error |\n|---|---|---|---|---|---|"
    )
    with ProcessPoolExecutor(2) as pool:
        for name in asked.statistic or STATISTICS:
            for n_seeds in asked.seeds or (1, 3, 5):
                for seed_sd, planted, uneven in (
                    (0.0, 0.0, 1.0),
                    (0.3, 0.0, 1.0),
                    (1.0, 0.0, 1.0),
                    (1.0, 0.0, 2.0),
                    (0.3, 2.0, 1.0),
                ):
                    print(
                        run(
                            Plan(name, n_seeds, seed_sd, planted, uneven),
                            asked.studies,
                            partial(pool.map, chunksize=20),
                        ),
                        flush=True,
                    )
