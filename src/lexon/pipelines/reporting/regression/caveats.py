"""What a reader must know before believing a sweep, each with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lexon.experiments import Result
from lexon.metrics.collapse import penalty_optimum
from lexon.pipelines.reporting import caveats as shared
from lexon.pipelines.reporting.regression.sweep import FALLING, Sweep
from lexon.pipelines.reporting.words import counted
from lexon.regression_data import COMPUTABLE, TARGETS

SMALL_VALIDATION = 1000  # rows, below which R2 of 0.3 moves by several hundredths with the sample


def caveats(sweeps: Sequence[Sweep], n_compared: int, min_effect: float) -> list[str]:
    """Sentences, the most important first."""
    cells = [cell for sweep in sweeps for cell in sweep.cells]
    results = [result for cell in cells for result in cell.results]
    finished = [result for result in results if result.status == "done"]
    data = shared.data_of(finished)
    config = cells[0].config if cells else {}
    return [
        *shared.incomplete(cells),
        *_seeds(sweeps),
        *shared.seeds(cells, "validation rows"),
        *_falling(sweeps),
        *shared.copies(cells),
        *_penalty(results),
        *_target(config),
        *_shown(results),
        *shared.small_sample(data, "val", SMALL_VALIDATION, "rows"),
        *_groups(config, data, grouped=all("val_group" in (result.arrays or {}) for result in finished)),
        *shared.of_the_data(finished),
        *shared.verdicts({"comparisons of R2": n_compared}, f"a difference in R2 above {min_effect:g} (report.min_effect.score)"),
        *shared.mixed_code(finished),
        *_kept(),
    ]


def _seeds(sweeps: Sequence[Sweep]) -> list[str]:
    few = sorted({judged.n_seeds for sweep in sweeps for judged in sweep.judged if judged.seeds == "insufficient_seeds"})
    if not few:
        return []
    return [
        f"Too few seeds ({', '.join(map(str, few))}): verdicts on seeds are undecided, and nothing is rejected for it (default: n_seeds=5)."
    ]


def _falling(sweeps: Sequence[Sweep]) -> list[str]:
    """A training that was cut off says little about where it would have ended."""
    cut = [
        ", ".join([*([sweep.label] if sweep.label else []), f"lambda {cell.value:g} ({cell.falling} of {counted(len(cell.runs), 'seed')})"])
        for sweep in sweeps
        for cell in sweep.cells
        if cell.falling
    ]
    if not cut:
        return []
    return [f"Cut off: {FALLING} for {'; '.join(cut)}. More epochs (training.epochs) would change R2, ratio and verdict."]


def _penalty(results: Sequence[Result]) -> list[str]:
    configs = [result.member.config for result in results if result.member.config["penalty"] == "batch"]
    sizes = sorted({config["training"]["batch_size"] for config in configs})
    optima = ", ".join(f"{penalty_optimum(size):.2f} at batch {size}" for size in sizes)
    if not sizes:
        return []
    return [
        f"The batch penalty is biased: without any signal its own optimum is a variance ratio of {optima}, not 1 (penalty=global has none)."
    ]


def _target(config: dict[str, Any]) -> list[str]:
    if config.get("source") != "events":
        return []
    name = config["target"]
    remarks = f"Target: {TARGETS[name]}, from objects without their azimuths and without MET."
    if name in COMPUTABLE:
        remarks += " It can be computed from what the network and the baselines are shown: a check of the method, no physics."
    return [remarks]


def _shown(results: Sequence[Result]) -> list[str]:
    tokenisers = [result.member.config["tokeniser"] for result in results if "tokeniser" in result.member.config]
    if len({(one["vector"], one["pid"]) for one in tokenisers}) < 2:
        return []
    return ["Members differ in what they are shown (vector, pid); the baselines are shown the most of it."]


def _groups(config: dict[str, Any], data: Sequence[dict[str, Any]], *, grouped: bool) -> list[str]:
    n_groups = next((one["n_groups"] for one in data if one.get("n_groups")), 0)
    if n_groups and grouped:
        return [f"Rows of {n_groups:,} groups were kept together when the data were split, and are resampled together."]
    if n_groups:
        return [
            f"Rows of {n_groups:,} groups were kept together when the data were split, but members that were evaluated by an earlier "
            "version do not hold them: rows are resampled one by one, so intervals are too narrow (--tags evaluate writes them)."
        ]
    if config.get("source") == "table":
        return ["Rows were split one by one: if neighbouring rows resemble each other, name their group (regression.group)."]
    return []


def _kept() -> list[str]:
    return [
        "Weights, tables and figures are those of the last epoch: a best epoch would hide how a training ends. "
        "Penalties are listed without their weight, so that lambda 0 has one too; a training that gave up says at which epoch."
    ]
