"""What autoencoders were found to do, in words, which cell to carry forward, and what to
try next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, permutations
from typing import Any

import numpy as np
import pandas as pd

from lexon.experiments import Result
from lexon.pipelines.pretraining.autoencoders.corruptions import CORRUPTIONS
from lexon.pipelines.reporting import caveats as shared
from lexon.pipelines.reporting.autoencoder_changes import (
    BETA,
    BOTTLENECK,
    NEARLY_EXACT,
    Change,
    Comparison,
    Grid,
    GridCell,
    columns_of,
    of_cells,
    pairs,
    rows_of_grid,
    steps,
)
from lexon.pipelines.reporting.cells import Cell
from lexon.pipelines.reporting.claim_evidence import MIN_SEEDS
from lexon.pipelines.reporting.claims import LISTED, Answer, sentences
from lexon.pipelines.reporting.tables import json_rows, run_record
from lexon.pipelines.reporting.words import (
    axis_words,
    capital,
    counted,
    listing,
    parameter_file,
    with_interval,
)
from lexon.plots.style import NOTHING
from lexon.statistics import Verdict

Findings = dict[str, Any]

JUDGED = ("rec_tokens", "rec_globals")
WORDS = {
    "smear_pt": "one pT smeared",
    "swap_type": "one type swapped",
    "rotate_object": "one object rotated",
}
SELECTED_BY = "unweighted rec_tokens + rec_globals on validation, geometric mean over seeds"
# A head that explains more than this share of what a constant answer to MET costs reconstructs it
# well.
WELL_RECONSTRUCTED = 0.5
# A codebook of which more than this share is in use is too small, rather than badly used.
FULL_CODEBOOK = 0.9
PROBED = ("probe_met_r2", "probe_met_phi_r2")


def findings(
    grid: Grid,
    choice: Choice | None,
    answers: Sequence[Answer],
    summary: pd.DataFrame,
    changes: pd.DataFrame,
) -> Findings:
    """JSON-able: headline, sentences, caveats, answers, the numbers behind them, and the run
    record.
    """
    measured = int((changes["status"] == "done").sum())
    return {
        "headline": _headline(grid, choice),
        "sentences": _sentences(grid, choice, answers),
        "caveats": caveats(grid.cells, measured, grid.smallest.size),
        "best_cell": choice.cell.name if choice else None,
        "selected_by": SELECTED_BY,
        "claims": [answer.row() for answer in answers],
        "next_steps": next_steps(grid, answers),
        "summary": json_rows(summary),
        "changes": json_rows(changes),
        "record": run_record([result for cell in grid.cells for result in cell.finished]),
    }


def _headline(grid: Grid, choice: Choice | None) -> str:
    if choice is None:
        return f"{capital(NOTHING)}."
    numbers = {name: grid.interval(name, choice.cell) for name in ("rec_tokens", "rec_globals")}
    text = ", ".join(
        f"{name} {with_interval(interval, '.3g')}" for name, interval in numbers.items()
    )
    n = sum(bool(cell.finished) for cell in grid.cells)
    return (
        f"Carry forward {choice.cell.label}: best of {n} finished cells on validation; on test"
        f" {text}."
    )


def _sentences(grid: Grid, choice: Choice | None, answers: Sequence[Answer]) -> list[str]:
    if choice is None:
        return []
    return [
        f"By {SELECTED_BY}: {choice.words}.",
        *sentences(answers),
        *axis_sentences(grid),
        *_gaps(grid),
        *anomaly_sentences(grid, choice.cell),
        *(f"Next: {step}" for step in next_steps(grid, answers)),
    ]


def _gaps(grid: Grid) -> list[str]:
    """Overfitting: how much larger the losses are on events that were not trained on, in the cell
    where it is worst.
    """
    found = {}
    for metric in ("rec_tokens", "rec_globals"):
        gaps = {
            cell.label: cell.gap(metric)
            for cell in grid.cells
            if cell.finished and np.isfinite(cell.gap(metric))
        }
        if gaps:
            worst = max(gaps, key=lambda label: gaps[label])
            found[metric] = f"{metric} {gaps[worst]:+.1%} in {worst}"
    return (
        [f"Test against training split, the largest gap of all cells: {'; '.join(found.values())}."]
        if found
        else []
    )


def axis_sentences(grid: Grid) -> list[str]:
    """One sentence for each two levels of an axis, averaged over the settings of all the others."""
    judged = [step for step in steps(grid.cells) if step.metric in JUDGED]
    return [
        _sentence(list(of_one), grid)
        for _, of_one in groupby(judged, key=lambda step: (step.axis, step.cell, step.against))
    ]


def _sentence(of_one: Sequence[Comparison], grid: Grid) -> str:
    first, changes = of_one[0], [grid.of(step) for step in of_one]
    words = "; ".join(f"{change.size}: {change.verdict}" for change in changes)
    levels = f"{capital(axis_words(first.axis))}, {first.cell} against {first.against}"
    return f"{levels}: {words}; averaged over {first.averaged_over}."


def anomaly_sentences(grid: Grid, cell: GridCell) -> list[str]:
    """AUROCs of the chosen cell's reconstruction error, and what it cannot see by construction."""
    config = cell.config
    trained = (
        "the background alone"
        if config["autoencoder"]["train_on"] == "background"
        else "all classes, signal included"
    )
    signal = grid.interval("anomaly", cell)
    found = {WORDS[name]: grid.interval(name, cell) for name in CORRUPTIONS if grid.has(name, cell)}
    sentences = []
    if grid.has("anomaly", cell):
        shown = [f"{words} {with_interval(value, '.3f')}" for words, value in found.items()]
        sentences.append(
            f"Reconstruction error as an anomaly score ({cell.label}, trained on {trained}): AUROC"
            f" of the signal {with_interval(signal, '.3f')}; of events with something wrong in one"
            " object, against the same events as they were:"
            f" {', '.join(shown)}."
        )
    return [*sentences, _invisible(config)]


def _invisible(config: dict[str, dict[str, object]]) -> str:
    settings = config["autoencoder"]
    reasons = [
        "the order of the objects (no encoder here sees it, so a shuffled event is the same event)"
    ]
    if settings["encoder"] == "mlp" and not settings["encoder_globals"]:
        reasons.append("a rotated object (one azimuth by itself is as likely as any other)")
    if not config["tokeniser"]["pid"]:
        reasons.append("a swapped type (pid=false hides it)")
    return f"Not tested, because invisible by construction: {'; '.join(reasons)}."


@dataclass(frozen=True)
class Choice:
    """The cell that is best on validation.

    Attributes:
        cell: of the grid.
        words: how it stands to the next best one.
    """

    cell: GridCell
    words: str


def choose(validation: Grid) -> Choice | None:
    """The finished cell with the smallest sum of both errors; None where none is finished."""
    finished = [cell for cell in validation.cells if cell.finished]
    ranked = sorted(finished, key=lambda cell: cell.criterion("val"))
    if not ranked:
        return None
    best, *others = ranked
    if not others:
        return Choice(best, "the only finished cell")
    (change,) = validation.family([of_cells("criterion", others[0], best)])
    return Choice(best, f"the next best is {_next(change)}: {change.words}, on validation")


def _next(change: Change) -> str:
    """How the second best stands to the best."""
    words = {
        Verdict.HIGHER: "worse",
        Verdict.SAME: "the same",
        Verdict.UNDECIDED: "not certainly different from it",
    }
    return {str(verdict): text for verdict, text in words.items()}.get(
        change.verdict, change.verdict
    )


def selected_parameters(choice: Choice | None, experiment: str) -> str:
    """The choice as a parameter file; nothing but a remark where there is none."""
    if choice is None:
        return parameter_file({}, "No finished member yet: nothing is selected.")
    values = {BOTTLENECK: choice.cell.bottleneck, BETA: choice.cell.beta, **choice.cell.axes}
    use = "To use it: copy to conf/experiments/NAME/parameters_selected.yml"
    return parameter_file(values, f"Selected in {experiment} by {SELECTED_BY}.", use)


def next_steps(grid: Grid, answers: Sequence[Answer]) -> list[str]:
    """What follows from the findings, the most certain first; with nothing certain, more seeds."""
    finished = [cell for cell in grid.cells if cell.finished]
    if not finished:
        return []
    found = [
        *_trade_off(grid, finished, answers),
        *_hardly_used(grid),
        *_good_head(grid),
        *_linear(grid),
        *_codebook(grid, finished),
    ]
    return [*found, *_more_seeds(grid, answers)] or ["Nothing that the numbers ask for."]


def _trade_off(grid: Grid, finished: Sequence[GridCell], answers: Sequence[Answer]) -> list[str]:
    lines = _lines_of("scenario 3", answers)
    competing = {
        name: column[0]
        for name, column in columns_of(grid.cells).items()
        if _competes(column, lines)
    }
    if not competing:
        return []
    # A quantiser passes on no more than which code it is, however many dimensions a code has.
    limits = dict.fromkeys(
        "codebook_size" if cell.bottleneck == "vq" else "latent_dim" for cell in competing.values()
    )
    values = {limit: finished[0].settings[limit] for limit in limits}
    tries = " and ".join(
        f"autoencoder.{limit}={2 * value} instead of {value}" for limit, value in values.items()
    )
    return [f"Objects and MET compete for the latent space ({', '.join(competing)}): try {tries}."]


def _lines_of(name: str, answers: Sequence[Answer]) -> list[frozenset[Cell]]:
    """The lines of cells for which a claim holds."""
    return [
        line.cells
        for answer in answers
        if answer.claim.name == name
        for line in answer.lines.values()
        if line.truth
    ]


def _competes(column: Sequence[GridCell], lines: Sequence[frozenset[Cell]]) -> bool:
    """Whether a column is one of the lines in which MET costs the objects something, and these are
    not nearly exact everywhere.
    """
    return any(line.issuperset(column) for line in lines) and not all(
        cell.nearly_exact for cell in column
    )


def _hardly_used(grid: Grid) -> list[str]:
    """Nothing of MET in the latents at the smallest weight."""
    lowest = [
        column[0]
        for column in columns_of(grid.cells).values()
        if len(column[0].finished) >= MIN_SEEDS
    ]
    empty = [
        cell
        for cell in lowest
        if all(grid.interval(metric, cell).high < grid.smallest.size for metric in PROBED)
    ]
    if not empty:
        return []
    return [
        "The latents hold nothing of MET by themselves"
        f" ({'; '.join(cell.label for cell in empty)}): look at the encoder; try"
        " autoencoder.encoder=transformer or a larger autoencoder.id_embed_dim."
    ]


def _good_head(grid: Grid) -> list[str]:
    """The smallest weight above 0 at which MET is well reconstructed without a cost to the objects
    that matters.
    """
    for name, column in columns_of(grid.cells).items():
        for cell in column:
            if (
                cell.beta > 0
                and len(cell.finished) >= MIN_SEEDS
                and _is_good(grid, cell, column[0])
            ):
                found = with_interval(grid.interval("rec_globals", cell), ".3g")
                return [
                    f"MET is well reconstructed at globals_beta {cell.beta:g} ({name}: rec_globals"
                    f" {found}, a constant answer costs"
                    f" {cell.mean('test', 'rec_globals_constant'):.3g}): use it as the baseline."
                ]
    return []


def _is_good(grid: Grid, cell: GridCell, lowest: GridCell) -> bool:
    """Whether MET is well reconstructed, at no cost to the objects against the lowest weight."""
    enough = (1 - WELL_RECONSTRUCTED) * cell.mean("test", "rec_globals_constant")
    free = (
        cell is lowest
        or cell.nearly_exact
        or grid.change("rec_tokens", cell, lowest).outcome in ("same", "lower")
    )
    return bool(grid.interval("rec_globals", cell).high < enough) and free


def _linear(grid: Grid) -> list[str]:
    """Linear is better than both others by an effect at every weight."""
    changes = [
        grid.change("criterion", cell, other)
        for row in rows_of_grid(grid.cells).values()
        for cell, other in permutations(row, 2)
        if cell.bottleneck == "linear"
    ]
    if not changes or any(change.outcome != "lower" for change in changes):
        return []
    numbers = listing(
        list(dict.fromkeys(f"{change.words}: {change.verdict}" for change in changes)), LISTED
    )
    return [
        "linear is best at every weight: use autoencoder.bottleneck=linear instead of none"
        f" ({numbers})."
    ]


def _codebook(grid: Grid, finished: Sequence[GridCell]) -> list[str]:
    """What a quantiser's losses and the use of its codes suggest."""
    quantised = [cell for cell in finished if cell.bottleneck == "vq"]
    usage = [
        share for cell in quantised for share in cell.values("test", "code_usage")
    ]  # old records may lack it
    if not usage or not _quantiser_loses(grid):
        return []
    size, mean = quantised[0].settings["codebook_size"], float(np.mean(usage))
    if mean > FULL_CODEBOOK:
        return [
            f"vq loses most and uses {mean:.0%} of its {size} codes: try"
            f" autoencoder.codebook_size={2 * size}."
        ]
    return [
        f"vq loses most, but uses only {mean:.0%} of its {size} codes: a larger codebook would not"
        " help before they are used."
    ]


def _quantiser_loses(grid: Grid) -> bool:
    """Whether vq loses more of the objects than another bottleneck, at any weight."""
    rows = rows_of_grid(grid.cells).values()
    compared = [
        (later, earlier)
        for row in rows
        for later, earlier in pairs(row)
        if later.bottleneck == "vq"
    ]
    return any(
        grid.change("rec_tokens", later, earlier).outcome == "higher" for later, earlier in compared
    )


def _more_seeds(grid: Grid, answers: Sequence[Answer]) -> list[str]:
    exclusive = [
        answer for answer in answers if answer.kind == "scenarios" and answer.claim.each_line
    ]
    n = grid.n_seeds
    if n >= MIN_SEEDS and all(
        line.truth is not None for answer in exclusive for line in answer.lines.values()
    ):
        return []
    return [
        f"{counted(n, 'seed')} leave{'s' * (n == 1)} questions open: run with"
        f" n_seeds={max(3, 2 * n)}."
    ]


def caveats(cells: Sequence[GridCell], n_changes: int, min_effect: float) -> list[str]:
    """Sentences, the most important first."""
    finished = [result for cell in cells for result in cell.finished]
    if not finished:
        return shared.incomplete(cells)
    return [
        *shared.incomplete(cells),
        *shared.seeds(cells),
        *_shown(finished),
        *_meaning(cells),
        *_nearly_exact(cells),
        *shared.small_sample(shared.data_of(finished), "train", shared.SMALL_TRAINING, "events"),
        *shared.of_the_data(finished),
        *shared.not_converged(finished),
        *shared.verdicts(
            {"paired comparisons": n_changes},
            f"a relative change above {min_effect:.0%} (report.min_effect.loss)",
        ),
        *shared.copies(cells),
        *shared.mixed_code(finished),
    ]


def _shown(finished: Sequence[Result]) -> list[str]:
    shown = Counter(
        bool(result.member.config["autoencoder"]["encoder_globals"]) for result in finished
    )
    if len(shown) > 1:
        return [
            "Some encoders were shown MET (encoder_globals), others not: compare them knowing"
            " which."
        ]
    if shown[True]:
        return [
            "The encoder was shown MET (encoder_globals=true): a small rec_globals says that the"
            " bottleneck lets MET through. Whether the objects determine MET is asked with"
            " encoder_globals=false."
        ]
    return [
        "The encoder was not shown MET (encoder_globals=false): whatever the latents hold of it"
        " comes from the objects."
    ]


def _meaning(cells: Sequence[GridCell]) -> list[str]:
    zero = any(cell.beta == 0 and cell.finished for cell in cells)
    head = (
        "At globals_beta 0 the head learnt from detached latents: rec_globals is then what the"
        " latents give away by themselves; its weighted term is 0 by construction."
    )
    unweighted = (
        "rec_globals is unweighted everywhere; total losses of different globals_beta are sums of"
        " different things."
    )
    return [head, unweighted] if zero else [unweighted]


def _nearly_exact(cells: Sequence[GridCell]) -> list[str]:
    exact = [cell.label for cell in cells if cell.nearly_exact]
    if not exact:
        return []
    return [
        f"Objects come back nearly exactly in {'; '.join(exact)} (rec_tokens below"
        f" {NEARLY_EXACT:.0%} of what a constant answer costs): relative changes between such cells"
        " can be certain and still mean little."
    ]
