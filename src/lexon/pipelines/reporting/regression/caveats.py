"""What a reader must know before believing a sweep, each with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lexon.experiments import Result
from lexon.metrics.collapse import penalty_optimum
from lexon.pipelines.reporting.plan import incomplete, trained_once
from lexon.pipelines.reporting.record import code_caveat
from lexon.pipelines.reporting.regression.sweep import FALLING, Sweep
from lexon.pipelines.reporting.words import counted
from lexon.regression_data import COMPUTABLE, TARGETS

SMALL_VALIDATION = 1000  # rows, below which R2 of 0.3 moves by several hundredths with the sample


def caveats(results: Sequence[Result], sweeps: Sequence[Sweep]) -> list[str]:
    """Sentences, the most important first."""
    finished = [result for result in results if result.status == "done"]
    data: dict[str, Any] = next((result.record["data"] for result in finished if result.record.get("data")), {})
    config = results[0].member.config if results else {}
    return [
        *incomplete(results),
        *_seeds(sweeps),
        *_falling(sweeps),
        *trained_once(results),
        *_penalty(results),
        *_target(config),
        *_shown(results),
        *_data(config, data, grouped=all("val_group" in (result.arrays or {}) for result in finished)),
        *code_caveat(finished),
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


def _data(config: dict[str, Any], data: dict[str, Any], *, grouped: bool) -> list[str]:
    remarks = []
    if data.get("n_val") is not None and data["n_val"] < SMALL_VALIDATION:
        remarks.append(f"Small sample: {data['n_train']:,} training, {data['n_val']:,} validation and {data['n_test']:,} test rows.")
    if config.get("source") == "table" and not data.get("n_groups"):
        remarks.append("Rows were split one by one: if neighbouring rows resemble each other, name their group (regression.group).")
    if data.get("n_groups"):
        remarks.append(
            f"Rows of {data['n_groups']:,} groups were kept together when the data were split, and are resampled together."
            if grouped
            else f"Rows of {data['n_groups']:,} groups were kept together when the data were split, but members that were evaluated by an "
            "earlier version do not hold them: rows are resampled one by one, so intervals are too narrow (--tags evaluate writes them)."
        )
    if data.get("generator"):
        remarks.append("Simulated events: good for learning the tool, not for a physics claim.")
    return remarks + [f"Data: {note}" for note in data.get("notes") or []]


def _kept() -> list[str]:
    return [
        "Weights, tables and figures are those of the last epoch: a best epoch would hide how a training ends. "
        "Penalties are listed without their weight, so that lambda 0 has one too; a training that gave up says at which epoch."
    ]
