"""What a reader must know before believing a report, each with its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lexon.config.tokenisers import tokeniser_classes
from lexon.experiments import Result
from lexon.pipelines.reporting.classifiers.cells import ClassifierCell
from lexon.pipelines.reporting.record import code_caveat
from lexon.statistics.differences import MIN_SETTINGS

SMALL_TRAINING = 50_000  # the published study of this question trained on 241,658 events
BALANCED = (0.4, 0.6)
MAX_SIZE_RATIO = 1.05


def caveats(cells: Sequence[ClassifierCell], comparisons: pd.DataFrame, effects: pd.DataFrame, min_effect: float) -> list[str]:
    """Sentences, the most important first."""
    finished = [result for cell in cells if not cell.same_as for result in cell.finished]
    return [
        *_missing(cells),
        *_seeds(cells),
        *_data(finished),
        *_balance(finished),
        *_convergence(finished),
        *_comparing(comparisons, effects, min_effect),
        *_copies(cells),
        *_apart(cells),
        *_learnt_tokens(finished),
        *_reused_tokens(finished),
        *_sizes(finished),
        *code_caveat(finished),
    ]


def _missing(cells: Sequence[ClassifierCell]) -> list[str]:
    counts = Counter(result.status for cell in cells for result in cell.results if result.status != "done")
    if not counts:
        return []
    total = sum(len(cell.results) for cell in cells)
    listed = ", ".join(f"{n} {status}" for status, n in counts.items())
    return [f"Incomplete: of {total} members, {listed}. They are rows of the tables and in no statistics."]


def _seeds(cells: Sequence[ClassifierCell]) -> list[str]:
    numbers = sorted({len(cell.finished) for cell in cells if cell.finished})
    if not numbers:
        return []
    if numbers == [1]:
        return [
            "One seed: the seed spread is unknown, so intervals of single trainings hold test events only, and differences between them "
            f"are undecided (n_seeds=3 shows it). Effects over {MIN_SETTINGS} settings or more hold how far they vary from one to the next."
        ]
    single = [cell.label for cell in cells if len(cell.finished) == 1]
    without = f" Of {'; '.join(single)} one seed is finished: the interval there holds test events only." if single else ""
    spread = f"Intervals hold the test events and {numbers[-1]} seeds; a difference has the seed spread of the cells that it compares."
    return [f"{spread}{without}"]


def _data(finished: Sequence[Result]) -> list[str]:
    data: list[dict[str, Any]] = [result.record["data"] for result in finished if result.record.get("data")]
    if not data:
        return []
    sentences = _sample(data)
    if data[0].get("generator"):
        sentences.append(
            "Simulated events: leading-order shapes, a toy shower and a toy detector. Good for learning the tool, not for a physics claim. "
            "Test events that share a hard event resemble each other: in samples far above 20,000 events the intervals are too narrow."
        )
    if len({one.get("digest") for one in data}) > 1:
        sentences.append("Members were trained on different files: what differs between them may be the data.")
    return sentences + [f"Data: {note}" for note in _notes(data)]


def _sample(data: Sequence[Mapping[str, Any]]) -> list[str]:
    """Few training events, or different numbers of them."""
    sizes = {split: sorted({one[f"n_{split}"] for one in data if f"n_{split}" in one}) for split in ("train", "val", "test")}
    sentences = []
    if sizes["train"] and sizes["train"][0] < SMALL_TRAINING:
        counted = ", ".join(f"{_range(found)} {split}" for split, found in sizes.items() if found)
        sentences.append(f"Small sample: {counted} events. Rankings of tokenisers can change with more training events.")
    if len(sizes["train"]) > 1:
        sentences.append("Members were trained on different numbers of events; the boosted trees on all of them.")
    return sentences


def _range(sizes: Sequence[int]) -> str:
    return f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"


def _notes(data: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was decided or ignored when the events were read, each once."""
    return list(dict.fromkeys(str(note) for one in data for note in one.get("notes") or []))


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


def _convergence(finished: Sequence[Result]) -> list[str]:
    known = [r for r in finished if r.history is not None and len(r.history) > 1 and r.record.get("best_epoch") is not None]
    last = [r for r in known if r.record["best_epoch"] == r.history["epoch"].max()]  # type: ignore[index]
    if not last:
        return []
    return [f"Not converged: {len(last)} of {len(known)} finished members were best in their last epoch; more epochs may help them."]


def _comparing(comparisons: pd.DataFrame, effects: pd.DataFrame, min_effect: float) -> list[str]:
    tables = {"main effects and interactions": int((effects["n_averaged"] > 0).sum()), "paired comparisons": len(comparisons)}
    listed = " and ".join(f"{n} {words}" for words, n in tables.items() if n)
    if not listed:
        return []
    together = (
        f"{listed}: verdicts use the intervals that hold 95 % for all of a table together (max-t over the shared resamples, which "
        "allows for their number). "
    )
    meaning = (
        f"An effect is an interval without 0 and a difference in AUROC above {min_effect:g} (report.min_effect.score); "
        "a certain difference below that is called small."
    )
    return [together + meaning]


def _copies(cells: Sequence[ClassifierCell]) -> list[str]:
    copies = [cell for cell in cells if cell.same_as]
    if not copies:
        return []
    return [f"{len(copies)} cells are the same model as another one (trained once, shown twice, and in no statistics two models)."]


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
