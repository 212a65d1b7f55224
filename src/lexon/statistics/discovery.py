"""The expected significance of many classifiers: by a cut on the score, and by a fit in bins of it.

Cut and bins are chosen on one half of the events and used on the other, both ways: the sum of both
halves is what is expected of all events, and none of them chose its own cut. Resamples reweight
the events with cuts and bins as they are; another choice is what other seeds show.

Events with weights of their own share what is expected of their process by weight. What is "enough"
of them is then the number of equal events with the same relative error, (sum w)^2 / sum w^2
(`lexon.weighting.effective_number`), each weight relative to the mean of its process.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lexon.cores import shared
from lexon.metrics.ranking import MIN_PASSING_BACKGROUND
from lexon.metrics.scores import Scores
from lexon.metrics.significance import asimov, binned_asimov
from lexon.statistics.contests import (
    by_group,
    draw_counts,
    places_of,
    signal_of,
    weighted_means,
)
from lexon.statistics.differences import Trainings

CUT, CUT_KNOWN, FIT, FIT_KNOWN = "cut", "cut_known", "fit", "fit_known"
STATISTICS = (FIT, FIT_KNOWN, CUT, CUT_KNOWN)  # known: as if the background were
EFFICIENCIES = np.linspace(0.02, 1, 50)  # of the signal, at which curves are calculated
_BATCH = 16  # trainings whose events are held in bins at once


@dataclass(frozen=True)
class Sample:
    """Test events and what is expected of them, events by their index.

    Attributes:
        labels: process, [event].
        is_signal: [event].
        weights: expected events that each stands for, [event].
        relative: weight of each, relative to the mean of its process, [event]; 1 without weights.
        half: 0 or 1, half of each process in each, [event].
        uncertainty: of the background, relative.
        n_bins: of the fit.
    """

    labels: NDArray[np.int64]
    is_signal: NDArray[np.bool_]
    weights: NDArray[np.float64]
    relative: NDArray[np.float64]
    half: NDArray[np.int8]
    uncertainty: float
    n_bins: int

    @classmethod
    def of(
        cls,
        scores: Scores,
        expected: Mapping[int, float],
        uncertainty: float,
        n_bins: int,
        rng: np.random.Generator,
    ) -> Sample:
        """The sample of these scores, in order of their index.

        Args:
            expected: events of each process that are selected, by label; the weights of its events
                have a positive sum.
            rng: draws the halves.
        """
        half = np.zeros(len(scores), dtype=np.int8)
        weights, relative = np.zeros(len(scores)), np.ones(len(scores))
        for label, number in expected.items():
            rows = np.flatnonzero(scores.labels == label)
            half[rng.permutation(rows)[::2]] = 1
            if scores.weights is not None:
                # Rounded, so that equal weights are 1.
                own = scores.weights[rows]
                relative[rows] = np.round(own / own.mean(), 12)
            weights[rows] = relative[rows] * number / len(rows)
        return cls(scores.labels, scores.is_signal, weights, relative, half, uncertainty, n_bins)


@dataclass(frozen=True)
class Discovery:
    """Significances of all trainings.

    Attributes:
        found: trainings of each group, by statistic.
        events: expected signal and background events that pass the cut, and the errors of these
            numbers by the test events, sqrt(sum w^2), each a mean over the trainings of each group.
        curves: significance at `EFFICIENCIES` without and with a known background, and the score of
            the cut, mean over the trainings of each group: [cut, known, score; efficiency].
    """

    found: Mapping[str, Mapping[str, Trainings]]
    events: Mapping[str, tuple[float, float, float, float]]
    curves: Mapping[str, NDArray[np.float64]]


def discovery(
    groups: Mapping[str, Sequence[Scores]],
    sample: Sample,
    n: int,
    rng: np.random.Generator,
    seedless: Container[str],
) -> Discovery:
    """The significances that these classifiers promise.

    Args:
        groups: scores of each cell, one a seed, all of the events of the sample.
        n: number of resamples.
        rng: draws them; the same one gives those of `resample`.
        seedless: cells that no seed moves.
    """
    signal = signal_of(groups)
    counts = draw_counts(signal.shape[1], n, rng)
    batches = [signal[start : start + _BATCH] for start in range(0, len(signal), _BATCH)]
    parts = shared(lambda batch: _batch(batch, sample, counts), batches)
    estimates, values = (np.concatenate([part[i] for part in parts], axis=1) for i in (0, 1))
    events = np.concatenate([part[2] for part in parts])
    found = {
        name: by_group(estimates[place], values[place], groups, seedless)
        for place, name in enumerate(STATISTICS)
    }
    curves = np.stack([_curve(one, sample) for one in signal])
    places = places_of(groups)
    return Discovery(
        found,
        {name: tuple(events[place].mean(axis=0)) for name, place in places.items()},
        {name: curves[place].mean(axis=0) for name, place in places.items()},
    )


def _batch(
    signal: NDArray[np.float32], sample: Sample, counts: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Estimates [statistic, training], values [statistic, training, resample], and signal and
    background events that pass the cut with their errors [training, 4].
    """
    shown = np.concatenate([_columns(one, sample) for one in signal])
    shape = (len(signal), sample.n_bins + 2)
    moved = np.zeros((2, len(shown), counts.shape[1]))
    still, squares = np.zeros((2, 2, len(shown)))
    for label in np.unique(sample.labels):
        rows = np.flatnonzero(sample.labels == label)
        kind, weights = int(not sample.is_signal[rows[0]]), sample.weights[rows]
        own = sample.relative[rows]
        means = weighted_means(shown[:, rows], rows, counts, None if (own == 1).all() else own)
        still[kind] += shown[:, rows] @ weights
        squares[kind] += shown[:, rows] @ weights**2
        moved[kind] += weights.sum() * means
    at_rest = still.reshape(2, *shape)
    resampled = np.moveaxis(moved.reshape(2, *shape, -1), 2, -1)
    return (
        _significances(at_rest[0], at_rest[1], sample.uncertainty),
        _significances(resampled[0], resampled[1], sample.uncertainty),
        np.concatenate([at_rest[:, :, 0], np.sqrt(squares.reshape(2, *shape)[:, :, 0])]).T,
    )


def _significances(
    signal: NDArray[np.float64], background: NDArray[np.float64], uncertainty: float
) -> NDArray[np.float64]:
    """[..., column] of expected events in the columns of `_columns` -> [statistic, ...]."""
    fit = signal[..., 2:], background[..., 2:]
    return np.stack(
        [
            binned_asimov(*fit, uncertainty),
            binned_asimov(*fit),
            asimov(signal[..., 0], background[..., 0], uncertainty),
            asimov(signal[..., 1], background[..., 1]),
        ]
    )


def _columns(score: NDArray[np.float32], sample: Sample) -> NDArray[np.float32]:
    """Whether each event passes the cut, and that for a known background, and whether it is in each
    bin: [column, event].
    """
    shown = np.zeros((sample.n_bins + 2, len(score)), dtype=np.float32)
    for half in (0, 1):
        chosen, used = sample.half != half, sample.half == half
        for column, uncertainty in enumerate((sample.uncertainty, 0.0)):
            shown[column, used] = score[used] >= best_cut(
                score[chosen],
                sample.weights[chosen],
                sample.is_signal[chosen],
                uncertainty,
                sample.relative[chosen],
            )
    shown[2 + bins(score, sample), np.arange(len(score))] = 1
    return shown


def best_cut(
    score: NDArray[np.floating],
    weights: NDArray[np.float64],
    is_signal: NDArray[np.bool_],
    uncertainty: float,
    relative: NDArray[np.float64] | None = None,
) -> float:
    """The score from which on events pass, where the significance is largest; at least
    `MIN_PASSING_BACKGROUND` background events pass, so that their number is known.
    """
    relative = np.ones(len(score)) if relative is None else relative
    cuts, signal, background, n_background = _passing(score, weights, is_signal, relative)
    enough = n_background >= min(MIN_PASSING_BACKGROUND, n_background[-1])
    found = asimov(signal[enough], background[enough], uncertainty)
    return float(cuts[enough][np.argmax(np.nan_to_num(found, nan=-1.0))])


def _passing(
    score: NDArray[np.floating],
    weights: NDArray[np.float64],
    is_signal: NDArray[np.bool_],
    relative: NDArray[np.float64],
) -> tuple[NDArray[np.floating], ...]:
    """Each distinct score from high to low, and the weights of signal and background and the number
    of background events from there on.
    """
    order = np.argsort(-score, kind="stable")
    falling, own = score[order], is_signal[order]
    last = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)
    of_background = np.where(own, 0, relative[order])
    signal, background, total, squares = (
        np.cumsum(one)[last]
        for one in (
            np.where(own, weights[order], 0),
            np.where(own, 0, weights[order]),
            of_background,
            of_background**2,
        )
    )
    return falling[last], signal, background, _effective(total, squares)


def _effective(total: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers of equal events with the relative error of these sums of weights and their squares;
    0 where nothing positive is left.
    """
    return np.clip(total, 0, None) ** 2 / np.where(squares > 0, squares, 1)


def bins(score: NDArray[np.floating], sample: Sample) -> NDArray[np.intp]:
    """Bin of each event, 0 the highest scores: as many signal events in each on the other half, and
    at least `MIN_PASSING_BACKGROUND` background events there. [event]
    """
    shares = np.arange(1, sample.n_bins) / sample.n_bins
    edges = [
        _quantiles(score[signal], sample.relative[signal], shares)
        for signal in (sample.is_signal & (sample.half == half) for half in (0, 1))
    ]
    fine = [sample.n_bins - 1 - np.searchsorted(one, score, "right") for one in edges]
    own, other = (np.where(sample.half == half, *fine) for half in (0, 1))
    filled = np.array(
        [
            [
                np.bincount(own[rows], sample.relative[rows] ** power, minlength=sample.n_bins)
                for rows in (~sample.is_signal & (sample.half == half) for half in (0, 1))
            ]
            for power in (1, 2)
        ],
        dtype=np.float64,
    )
    return _joined(filled)[other]


def _quantiles(
    values: NDArray[np.floating], weights: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.floating]:
    """Values below which there are these shares of the weights."""
    if (weights == 1).all():
        return np.quantile(values, shares)
    order = np.argsort(values, kind="stable")
    below = np.maximum.accumulate(np.cumsum(weights[order]))
    places = np.searchsorted(below, shares * below[-1])
    return values[order][np.minimum(places, len(values) - 1)]


def _joined(filled: NDArray[np.float64]) -> NDArray[np.intp]:
    """The bin that each fine bin becomes part of, so that all have enough events in both halves:
    sums of weights and of their squares [2, half, fine bin] -> [fine bin].
    """
    numbers = np.zeros(filled.shape[2], dtype=np.intp)
    number, inside = 0, np.zeros(filled.shape[:2])
    for fine in range(filled.shape[2]):
        numbers[fine] = number
        inside = inside + filled[:, :, fine]
        if (_effective(*inside) >= MIN_PASSING_BACKGROUND).all():
            number, inside = number + 1, np.zeros(filled.shape[:2])
    return np.minimum(numbers, max(number - 1, 0))  # what is left over joins the last


def _curve(score: NDArray[np.float32], sample: Sample) -> NDArray[np.float64]:
    """Significance with and without uncertainty, and the score of the cut, at `EFFICIENCIES` on all
    events: [3, efficiency]; NaN where too few background events pass.
    """
    cuts, signal, background, n_background = _passing(
        score, sample.weights, sample.is_signal, sample.relative
    )
    # Negative weights let the sum fall now and then.
    reached, wanted = np.maximum.accumulate(signal), EFFICIENCIES * signal[-1] * (1 - 1e-9)
    at = np.minimum(np.searchsorted(reached, wanted), len(cuts) - 1)
    found = np.stack(
        [
            asimov(signal[at], background[at], sample.uncertainty),
            asimov(signal[at], background[at]),
            cuts[at],
        ]
    )
    return np.where(n_background[at] >= MIN_PASSING_BACKGROUND, found, np.nan)
