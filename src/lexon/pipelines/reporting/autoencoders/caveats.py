"""What a reader must know before believing a comparison of autoencoders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from lexon.experiments import Result
from lexon.pipelines.reporting.autoencoders.cells import NEARLY_EXACT, GridCell
from lexon.pipelines.reporting.record import code_caveat
from lexon.statistics.differences import MIN_SETTINGS

SMALL_TRAINING = 50_000  # real files of this kind hold some 240,000 training events


def caveats(cells: Sequence[GridCell], n_changes: int, min_effect: float) -> list[str]:
    """Sentences, the most important first."""
    finished = [result for cell in cells for result in cell.finished]
    if not finished:
        return _missing(cells)
    return [
        *_missing(cells),
        *_seeds(cells),
        *_shown(finished),
        *_meaning(cells),
        *_nearly_exact(cells),
        *_data(finished),
        *_convergence(finished),
        *_comparing(n_changes, min_effect),
        *code_caveat(finished),
    ]


def _missing(cells: Sequence[GridCell]) -> list[str]:
    statuses = [result.status for cell in cells for result in cell.results]
    counts = Counter(status for status in statuses if status != "done")
    if not counts:
        return []
    listed = ", ".join(f"{n} {status}" for status, n in counts.items())
    return [f"Incomplete: of {len(statuses)} members, {listed}. They are rows of the tables and in no statistics."]


def _seeds(cells: Sequence[GridCell]) -> list[str]:
    numbers = sorted({len(cell.finished) for cell in cells if cell.finished})
    if numbers == [1]:
        return [
            "One seed: another one may move a loss by more than the events do, so a verdict on two cells stays undecided (n_seeds=3 shows "
            f"it). Averages over {MIN_SETTINGS} settings or more hold how far they vary from setting to setting."
        ]
    return [
        f"Intervals hold the test events and {' to '.join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))} seeds; a difference has "
        "the seed spread of the cells that it compares."
    ]


def _shown(finished: Sequence[Result]) -> list[str]:
    shown = Counter(bool(result.member.config["autoencoder"]["encoder_globals"]) for result in finished)
    if len(shown) > 1:
        return ["Some encoders were shown MET (encoder_globals), others not: compare them knowing which."]
    if shown[True]:
        return [
            "The encoder was shown MET (encoder_globals=true): a small rec_globals says that the bottleneck lets MET through. "
            "Whether the objects tell MET is asked with encoder_globals=false."
        ]
    return ["The encoder was not shown MET (encoder_globals=false): whatever the latents hold of it was told by the objects."]


def _meaning(cells: Sequence[GridCell]) -> list[str]:
    zero = any(cell.beta == 0 and cell.finished for cell in cells)
    head = (
        [
            "At globals_beta 0 the head learnt from detached latents: rec_globals is then what the latents give away by themselves; its "
            "weighted term is 0 by construction."
        ]
        if zero
        else []
    )
    return [*head, "rec_globals is unweighted everywhere; total losses of different globals_beta are sums of different things."]


def _nearly_exact(cells: Sequence[GridCell]) -> list[str]:
    exact = [cell.label for cell in cells if cell.nearly_exact]
    if not exact:
        return []
    return [
        f"Objects come back nearly exactly in {'; '.join(exact)} (rec_tokens below {NEARLY_EXACT:.0%} of what a constant answer costs): "
        "relative changes between such cells can be certain and still mean little."
    ]


def _data(finished: Sequence[Result]) -> list[str]:
    data: list[dict[str, Any]] = [result.record["data"] for result in finished if result.record.get("data")]
    if not data:
        return []
    sentences = []
    sizes = {split: data[0].get(f"n_{split}") for split in ("train", "val", "test")}
    if sizes["train"] is not None and sizes["train"] < SMALL_TRAINING:
        counted = ", ".join(f"{n:,} {split}" for split, n in sizes.items() if n is not None)
        sentences.append(f"Small sample: {counted} events. Losses and their order can change with more training events.")
    if data[0].get("generator"):
        sentences.append("Simulated events: good for learning the tool, not for a physics claim.")
    notes = dict.fromkeys(str(note) for one in data for note in one.get("notes") or [])
    return sentences + [f"Data: {note}" for note in notes]


def _convergence(finished: Sequence[Result]) -> list[str]:
    known = [r for r in finished if r.history is not None and len(r.history) > 1 and r.record.get("best_epoch") is not None]
    last = [r for r in known if r.record["best_epoch"] == r.history["epoch"].max()]  # type: ignore[index]
    if not last:
        return []
    return [f"Not converged: {len(last)} of {len(known)} finished members were best in their last epoch; more epochs may help them."]


def _comparing(n_changes: int, min_effect: float) -> list[str]:
    if not n_changes:
        return []
    return [
        f"{n_changes} paired comparisons: verdicts use the intervals that hold 95 % for all of them together (max-t over the shared "
        f"resamples, which allows for their number). An effect is an interval without 0 and a relative change above {min_effect:.0%} "
        "(report.min_effect.loss); a certain change below that is called small, and same has its whole interval within it."
    ]
