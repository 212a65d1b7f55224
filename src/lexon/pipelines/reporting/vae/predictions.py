"""What the user's guide expects of beta and of size, held against the numbers: confirmed, refuted or undecided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lexon.pipelines.reporting.numbers import counted
from lexon.pipelines.reporting.vae.configurations import Configuration
from lexon.pipelines.reporting.vae.rules import told_apart

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


def _by_size(configurations: Sequence[Configuration]) -> list[Pair]:
    """All pairs of one beta that differ in width; without collapsed ones, whose reconstruction has nothing to do with their size."""
    able = sorted((one for one in configurations if one.compared), key=lambda one: one.model["hidden_dim"])
    return [(a, b) for a, b in combinations(able, 2) if a.beta == b.beta and a.model["hidden_dim"] < b.model["hidden_dim"]]


PREDICTIONS = (
    Prediction("A larger beta has a higher entropy", "diversity_entropy", 1, _by_beta),
    Prediction("A larger beta has more unique combinations", "diversity_pct_unique_combinations", 1, _by_beta),
    Prediction("beta 1 has a lower co-occurrence KL divergence", "cooccurrence_kl_divergence", 1, _by_beta),
    Prediction("Larger models have a lower reconstruction loss", "bce", -1, _by_size),
)


def predictions(configurations: Sequence[Configuration]) -> list[dict[str, str]]:
    """Each prediction with its verdict and the numbers of its pairs, on the test split."""
    rows = [_row(one, one.pairs(configurations)) for one in PREDICTIONS]
    return [*rows, {"words": "A larger beta is better disentangled", "verdict": "undecided", "numbers": "not measured here"}]


def _row(prediction: Prediction, pairs: Sequence[Pair]) -> dict[str, str]:
    outcomes = [_outcome(prediction, *pair) for pair in pairs]
    verdict = next((v for v in ("confirmed", "refuted") if outcomes and set(outcomes) == {v}), "undecided")
    n_seeds = min((len(one.finished) for pair in pairs for one in pair), default=2)
    if verdict == "undecided" and n_seeds < 2:
        verdict = f"undecided ({counted(n_seeds, 'seed')})"
    numbers = [f"{a.name} {a.mean('test', prediction.metric):.3g}, {b.name} {b.mean('test', prediction.metric):.3g}" for a, b in pairs]
    return {"words": prediction.words, "verdict": verdict, "numbers": "; ".join(numbers) or "no pair of configurations to tell"}


def _outcome(prediction: Prediction, a: Configuration, b: Configuration) -> str:
    """Of one pair, if the seeds tell the two apart."""
    before, after = a.values("test", prediction.metric), b.values("test", prediction.metric)
    if not told_apart(before, after):
        return "undecided"
    return "confirmed" if prediction.sign * (np.mean(after) - np.mean(before)) > 0 else "refuted"
