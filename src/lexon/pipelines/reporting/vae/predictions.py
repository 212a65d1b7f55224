"""What the user's guide expects of beta and of size, held against the numbers: confirmed, refuted or undecided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lexon.pipelines.reporting.vae.rules import Verdicts, is_certain, seeds_differ
from lexon.pipelines.reporting.vae_cells import Configuration
from lexon.pipelines.reporting.vae_differences import SIZE_COLUMN, by_size
from lexon.pipelines.reporting.words import counted

Pair = tuple[Configuration, Configuration]


@dataclass(frozen=True)
class Prediction:
    """Of every pair of configurations, the second has the larger (`sign` 1) or smaller (-1) metric."""

    words: str
    metric: str
    sign: int
    pairs: Callable[[Sequence[Configuration]], list[Pair]]


def _by_beta(configurations: Sequence[Configuration]) -> list[Pair]:
    """beta 1 and a larger beta, all else equal; collapsed ones too: they are what the prediction is about."""
    return [
        (a, b)
        for a in configurations
        for b in configurations
        if a.beta == 1 < b.beta
        and {**a.model, "beta": None} == {**b.model, "beta": None}
        and a.finished
        and b.finished
        and not a.same_as
        and not b.same_as
    ]


PREDICTIONS = (
    Prediction("A larger beta has a higher entropy", "diversity_entropy", 1, _by_beta),
    Prediction("A larger beta has more unique combinations", "diversity_pct_unique_combinations", 1, _by_beta),
    Prediction("beta 1 has a lower co-occurrence KL divergence", "cooccurrence_kl_divergence", 1, _by_beta),
    Prediction("Larger models have a lower reconstruction loss", "bce", -1, by_size),
)


def predictions(configurations: Sequence[Configuration], larger: Verdicts) -> list[dict[str, str]]:
    """Each prediction with its verdict and the numbers of its pairs, on the test split.

    Args:
        larger: verdicts on the BCE of a larger configuration less that of a smaller one, paired over rows and seeds.
    """
    rows = [_row(one, one.pairs(configurations), larger) for one in PREDICTIONS]
    return [*rows, {"words": "A larger beta is better disentangled", "verdict": "undecided", "numbers": "not measured here"}]


def _row(prediction: Prediction, pairs: Sequence[Pair], larger: Verdicts) -> dict[str, str]:
    outcomes = [_outcome(prediction, a, b, larger) for a, b in pairs]
    verdict = next((v for v in ("confirmed", "refuted") if outcomes and set(outcomes) == {v}), "undecided")
    n_seeds = min((len(one.finished) for pair in pairs for one in pair), default=2)
    if verdict == "undecided" and n_seeds < 2:
        verdict = f"undecided ({counted(n_seeds, 'seed')})"
    numbers = [
        f"{a.name} {a.mean('test', prediction.metric):.3g}, {b.name} {b.mean('test', prediction.metric):.3g}: {outcome}"
        for (a, b), outcome in zip(pairs, outcomes, strict=True)
    ]
    return {"words": prediction.words, "verdict": verdict, "numbers": "; ".join(numbers) or "no pair of configurations to tell"}


def _outcome(prediction: Prediction, a: Configuration, b: Configuration, larger: Verdicts) -> str:
    """Of one pair, by rows and seeds where the metric is a mean over rows, else by seeds alone."""
    before, after = a.values("test", prediction.metric), b.values("test", prediction.metric)
    paired = larger.get((SIZE_COLUMN, b.name, a.name)) if prediction.metric == "bce" else None
    if not (seeds_differ(before, after) if paired is None else is_certain(paired)):
        return "undecided"
    return "confirmed" if prediction.sign * (np.mean(after) - np.mean(before)) > 0 else "refuted"
