"""AUROCs of many classifiers in many parts of one sample, on the same resamples.

The exact bootstrap of `ranking.auroc` sums along all events for each classifier and resample; for
each of a hundred slices and backgrounds it would take as long as all else in a report a hundred
times. Here a resampled AUROC is its first order in the weights of the events (Hájek's projection;
DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837): the weighted mean over positives of
their placements among the negatives, plus that over negatives, less the AUROC. What is left out
falls with 1/n; from 50 events of either class on, intervals agree within a few per cent.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lexon.metrics.scores import Scores
from lexon.statistics.bootstrap import aligned_orders, resamples
from lexon.statistics.differences import Trainings

_BLOCK = 8192  # events whose weights are held as decimal numbers at once


@dataclass(frozen=True)
class Contest:
    """Two groups of events that a classifier is to tell apart: rows of the sample, [event] each."""

    positives: NDArray[np.intp]
    negatives: NDArray[np.intp]


def contest_trainings(
    groups: Mapping[str, Sequence[Scores]],
    contests: Sequence[Contest],
    n: int,
    rng: np.random.Generator,
    seedless: Container[str],
) -> list[dict[str, Trainings]]:
    """For each contest the AUROC of each group's trainings, by the signal probability.

    Args:
        groups: scores of each cell, one a seed, all of the same events.
        contests: rows count the events by their index.
        n: number of resamples.
        rng: draws them; the same one gives those of `resample`.
        seedless: cells that no seed moves.
    """
    signal = signal_of(groups)
    counts = draw_counts(signal.shape[1], n, rng)
    return [
        by_group(*_resampled(signal, contest, counts), groups, seedless) for contest in contests
    ]


def signal_of(groups: Mapping[str, Sequence[Scores]]) -> NDArray[np.float32]:
    """Signal probability of each training, group after group, events by their index:
    [training, event].
    """
    every = [scores for seeds in groups.values() for scores in seeds]
    order = aligned_orders(every)
    return np.stack([scores.signal[order[id(scores)]] for scores in every])


def by_group(
    estimates: NDArray[np.float64],
    values: NDArray[np.float64],
    groups: Mapping[str, Sequence[Scores]],
    seedless: Container[str],
) -> dict[str, Trainings]:
    """Estimates [training] and values [training, resample] as the trainings of each group."""
    return {
        name: Trainings(estimates[place], values[place].T, name in seedless)
        for name, place in places_of(groups).items()
    }


def places_of(groups: Mapping[str, Sequence[Scores]]) -> dict[str, slice]:
    """Where the trainings of each group are among all."""
    stops = np.cumsum([len(seeds) for seeds in groups.values()])
    return {
        name: slice(stop - len(seeds), stop)
        for (name, seeds), stop in zip(groups.items(), stops, strict=True)
    }


def placements(
    positives: NDArray[np.floating], negatives: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of the score of each positive the share of negatives below it, of that of each negative the
    share of positives above it, equals counted half. The mean of either is the AUROC.
    """
    up, down = np.argsort(positives), np.argsort(negatives)
    return (
        _share_below(positives, negatives, up, down),
        1 - _share_below(negatives, positives, down, up),
    )


def _share_below(
    values: NDArray[np.floating],
    others: NDArray[np.floating],
    order: NDArray[np.intp],
    order_of_others: NDArray[np.intp],
) -> NDArray[np.float32]:
    """Of each value the share of others below it, equals counted half. Looked up in order, which is
    several times as fast as without.
    """
    rising, sought = others[order_of_others], values[order]
    twice = np.searchsorted(rising, sought, "left") + np.searchsorted(rising, sought, "right")
    shares = np.empty(len(values), dtype=np.float32)
    shares[order] = twice / (2 * len(others))
    return shares


def draw_counts(n_rows: int, n: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Number of times that each event was drawn, [event, resample]: a byte is enough, since 255
    draws of one event do not happen.
    """
    counts = np.empty((n_rows, n), dtype=np.uint8)
    start = 0
    for chunk in resamples(n_rows, n, rng):
        counts[:, start : start + len(chunk)] = chunk.T
        start += len(chunk)
    return counts


def _resampled(
    signal: NDArray[np.float32], contest: Contest, counts: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """AUROC of each training, float64 [training], and on each resample, [training, resample]."""
    won, lost = (
        np.stack(part)
        for part in zip(
            *(placements(one[contest.positives], one[contest.negatives]) for one in signal),
            strict=True,
        )
    )
    estimates = won.mean(axis=1, dtype=np.float64)
    moved = weighted_means(won, contest.positives, counts)
    moved += weighted_means(lost, contest.negatives, counts)
    return estimates, moved - estimates[:, None]


def weighted_means(
    values: NDArray[np.float32], rows: NDArray[np.intp], counts: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Means of values [training, event] over the resampled events, [training, resample]; NaN where
    none was drawn.
    """
    sums, total = np.zeros((len(values), counts.shape[1])), np.zeros(counts.shape[1])
    for start in range(0, len(rows), _BLOCK):
        drawn = counts[rows[start : start + _BLOCK]].astype(np.float32)
        sums += values[:, start : start + _BLOCK] @ drawn
        total += drawn.sum(axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return sums / total
