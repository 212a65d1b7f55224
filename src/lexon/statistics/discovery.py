"""The expected significance of many classifiers: by a cut on the score, and by a fit in bins of it.

Cut and bins are chosen on one half of the events and used on the other, both ways: the sum of both
halves is what is expected of all events, and none of them chose its own cut. Resamples reweight
the events with cuts and bins as they are; another choice is what other seeds show.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
        half: 0 or 1, half of each process in each, [event].
        uncertainty: of the background, relative.
        n_bins: of the fit.
    """

    labels: NDArray[np.int64]
    is_signal: NDArray[np.bool_]
    weights: NDArray[np.float64]
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
            expected: events of each process that are selected, by label.
            rng: draws the halves.
        """
        half = np.zeros(len(scores), dtype=np.int8)
        weights = np.zeros(len(scores))
        for label, number in expected.items():
            rows = np.flatnonzero(scores.labels == label)
            half[rng.permutation(rows)[::2]] = 1
            weights[rows] = number / len(rows)
        return cls(scores.labels, scores.is_signal, weights, half, uncertainty, n_bins)


@dataclass(frozen=True)
class Discovery:
    """Significances of all trainings.

    Attributes:
        found: trainings of each group, by statistic.
        events: expected signal and background events that pass the cut, mean over the trainings of
            each group.
        curves: significance at `EFFICIENCIES` without and with a known background, and the score of
            the cut, mean over the trainings of each group: [cut, known, score; efficiency].
    """

    found: Mapping[str, Mapping[str, Trainings]]
    events: Mapping[str, tuple[float, float]]
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
    parts = [
        _batch(signal[start : start + _BATCH], sample, counts)
        for start in range(0, len(signal), _BATCH)
    ]
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
    background events that pass the cut [training, 2].
    """
    shown = np.concatenate([_columns(one, sample) for one in signal])
    shape = (len(signal), sample.n_bins + 2)
    moved = np.zeros((2, len(shown), counts.shape[1]))
    still = np.zeros((2, len(shown)))
    for label in np.unique(sample.labels):
        rows = np.flatnonzero(sample.labels == label)
        kind, expected = int(not sample.is_signal[rows[0]]), sample.weights[rows].sum()
        still[kind] += expected * shown[:, rows].mean(axis=1, dtype=np.float64)
        moved[kind] += expected * weighted_means(shown[:, rows], rows, counts)
    at_rest = still.reshape(2, *shape)
    resampled = np.moveaxis(moved.reshape(2, *shape, -1), 2, -1)
    return (
        _significances(at_rest[0], at_rest[1], sample.uncertainty),
        _significances(resampled[0], resampled[1], sample.uncertainty),
        at_rest[:, :, 0].T,
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
                score[chosen], sample.weights[chosen], sample.is_signal[chosen], uncertainty
            )
    shown[2 + bins(score, sample), np.arange(len(score))] = 1
    return shown


def best_cut(
    score: NDArray[np.floating],
    weights: NDArray[np.float64],
    is_signal: NDArray[np.bool_],
    uncertainty: float,
) -> float:
    """The score from which on events pass, where the significance is largest; at least
    `MIN_PASSING_BACKGROUND` background events pass, so that their number is known.
    """
    cuts, signal, background, n_background = _passing(score, weights, is_signal)
    enough = n_background >= min(MIN_PASSING_BACKGROUND, n_background[-1])
    found = asimov(signal[enough], background[enough], uncertainty)
    return float(cuts[enough][np.argmax(np.nan_to_num(found, nan=-1.0))])


def _passing(
    score: NDArray[np.floating], weights: NDArray[np.float64], is_signal: NDArray[np.bool_]
) -> tuple[NDArray[np.floating], ...]:
    """Each distinct score from high to low, and the weights of signal and background and the number
    of background events from there on.
    """
    order = np.argsort(-score, kind="stable")
    falling, own = score[order], is_signal[order]
    last = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)
    sums = (
        np.where(own, weights[order], 0),
        np.where(own, 0, weights[order]),
        (~own).astype(float),
    )
    return (falling[last], *(np.cumsum(one)[last] for one in sums))


def bins(score: NDArray[np.floating], sample: Sample) -> NDArray[np.intp]:
    """Bin of each event, 0 the highest scores: as many signal events in each on the other half, and
    at least `MIN_PASSING_BACKGROUND` background events there. [event]
    """
    shares = np.arange(1, sample.n_bins) / sample.n_bins
    edges = [
        np.quantile(score[sample.is_signal & (sample.half == half)], shares) for half in (0, 1)
    ]
    fine = [sample.n_bins - 1 - np.searchsorted(one, score, "right") for one in edges]
    own, other = (np.where(sample.half == half, *fine) for half in (0, 1))
    filled = np.stack(
        [
            np.bincount(own[~sample.is_signal & (sample.half == half)], minlength=sample.n_bins)
            for half in (0, 1)
        ]
    )
    return _joined(filled)[other]


def _joined(filled: NDArray[np.integer]) -> NDArray[np.intp]:
    """The bin that each fine bin becomes part of, so that all have enough events in both halves:
    [half, fine bin] -> [fine bin].
    """
    numbers = np.zeros(filled.shape[1], dtype=np.intp)
    number, inside = 0, np.zeros(len(filled))
    for fine in range(filled.shape[1]):
        numbers[fine] = number
        inside = inside + filled[:, fine]
        if (inside >= MIN_PASSING_BACKGROUND).all():
            number, inside = number + 1, np.zeros(len(filled))
    return np.minimum(numbers, max(number - 1, 0))  # what is left over joins the last


def _curve(score: NDArray[np.float32], sample: Sample) -> NDArray[np.float64]:
    """Significance with and without uncertainty, and the score of the cut, at `EFFICIENCIES` on all
    events: [3, efficiency]; NaN where too few background events pass.
    """
    cuts, signal, background, n_background = _passing(score, sample.weights, sample.is_signal)
    at = np.minimum(np.searchsorted(signal, EFFICIENCIES * signal[-1] * (1 - 1e-9)), len(cuts) - 1)
    found = np.stack(
        [
            asimov(signal[at], background[at], sample.uncertainty),
            asimov(signal[at], background[at]),
            cuts[at],
        ]
    )
    return np.where(n_background[at] >= MIN_PASSING_BACKGROUND, found, np.nan)
