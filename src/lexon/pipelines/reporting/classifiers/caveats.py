"""What a reader must know before believing a report, each with its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lexon.config.tokenisers import tokeniser_classes
from lexon.experiments import Result
from lexon.pipelines.reporting import caveats as shared
from lexon.pipelines.reporting.classifiers.cells import ClassifierCell

BALANCED = (0.4, 0.6)
MAX_SIZE_RATIO = 1.05


def caveats(cells: Sequence[ClassifierCell], comparisons: pd.DataFrame, effects: pd.DataFrame, min_effect: float) -> list[str]:
    """Sentences, the most important first."""
    finished = [result for cell in cells if not cell.original for result in cell.finished]
    compared = {"main effects and interactions": int((effects["n_averaged"] > 0).sum()), "paired comparisons": len(comparisons)}
    data = shared.data_of(finished)
    return [
        *shared.incomplete(cells),
        *shared.seeds(cells),
        *shared.small_sample(data, "train", shared.SMALL_TRAINING, "events"),
        *_sizes_of_training(data),
        *shared.of_the_data(finished),
        *_balance(finished),
        *shared.not_converged(finished),
        *shared.verdicts(compared, f"a difference in AUROC above {min_effect:g} (report.min_effect.score)"),
        *shared.copies(cells),
        *_apart(cells),
        *_learnt_tokens(finished),
        *_reused_tokens(finished),
        *_sizes(finished),
        *shared.mixed_code(finished),
    ]


def _sizes_of_training(data: Sequence[Mapping[str, Any]]) -> list[str]:
    sizes = {one["n_train"] for one in data if "n_train" in one}
    return ["Members were trained on different numbers of events; the boosted trees on all of them."] if len(sizes) > 1 else []


def _balance(finished: Sequence[Result]) -> list[str]:
    scores = next((result.scores for result in finished if result.scores is not None), None)
    if scores is None:
        return []
    share = float(scores.is_signal.mean())
    binary = len(scores.class_names) == 2
    if binary and BALANCED[0] <= share <= BALANCED[1]:
        return []
    name = scores.class_names[0]
    return [
        f"Class balance: {share:.1%} of the test events are {name}. Accuracy, F1, average precision and calibration "
        "depend on this share; AUROC does not."
    ]


def _apart(cells: Sequence[ClassifierCell]) -> list[str]:
    apart = Counter(str(cell.axes["tokeniser"]) for cell in cells if cell.apart)
    if not apart:
        return []
    listed = ", ".join(f"{n} of tokeniser {tokeniser}" for tokeniser, n in apart.items())
    return [f"Cells evaluated on other test events, in a block of their own and compared with nothing: {listed}."]


def _learnt_tokens(finished: Sequence[Result]) -> list[str]:
    """A tokeniser that is trained has a spread of its own, which members that share it cannot show."""
    trained = {kind for kind, found in tokeniser_classes().items() if found.trained}
    learnt = [result.member for result in finished if result.member.config.get("tokeniser", {}).get("kind") in trained]
    shared = {member.config["tokeniser"]["seed"] for member in learnt if member.config["tokeniser"]["seed"] != member.seed}
    if not learnt or (not shared and len({member.seed for member in learnt}) > 1):
        return []
    return [
        "VQ-VAE tokens come from one training for all seeds: how another would move them is in no interval (vqvae.per_seed=true shows it)."
    ]


def _reused_tokens(finished: Sequence[Result]) -> list[str]:
    """Codes of a VQ-VAE that another run trained."""
    runs = sorted({str(result.record["vqvae_from"]) for result in finished if result.record.get("vqvae_from")})
    return [f"The VQ-VAE was not trained in this run: its codes come from run {' and '.join(runs)} (vqvae.from)."] if runs else []


def _sizes(finished: Sequence[Result]) -> list[str]:
    sizes = [result.record["n_parameters"] for result in finished if result.record.get("n_parameters")]
    if not sizes or max(sizes) <= MAX_SIZE_RATIO * min(sizes):
        return []
    return [
        f"Models have {min(sizes):,} to {max(sizes):,} parameters: a difference may be one of size (model.equalise_to=N makes them alike)."
    ]
