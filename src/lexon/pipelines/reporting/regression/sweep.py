"""Members put together: the seeds of a lambda are a cell, the lambdas of one setting a sweep."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.config import CollapseConfig
from lexon.experiments import Result
from lexon.metrics.collapse import Judged, Run, Verdict, gate, has_sign, judge, run_stability, select, still_falls, verdict
from lexon.pipelines.reporting.cells import Cell, collect_cells, counted_seeds, set_aside_other_rows
from lexon.pipelines.reporting.words import joined, number, setting_words

LAMBDA = "variance_lambda"
FALLING = "the validation loss still fell at the end"
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class LambdaCell(Cell):
    """One lambda of a sweep with all its planned seeds; `limits` are those of verdicts."""

    limits: CollapseConfig = field(kw_only=True)

    @property
    def value(self) -> float:
        """Of lambda."""
        return float(self.config[LAMBDA])

    @property
    def setting(self) -> dict[str, Any]:
        """The other axes."""
        return {axis: value for axis, value in self.axes.items() if axis != LAMBDA}

    @property
    def label(self) -> str:
        """E.g. ``penalty global, lambda 2``."""
        return joined(setting_words(self.setting), f"lambda {self.value:g}")

    @cached_property
    def finished(self) -> list[Result]:
        """The seeds that left predictions, finite or not."""
        return [result for result in self.results if result.status == "done" and result.history is not None]

    @property
    def runs(self) -> list[Run]:
        """Finished and failed seeds; pending and stale ones say nothing."""
        return [self._run(result) for result in self.results if result.status == "failed" or result in self.finished]

    @cached_property
    def judged(self) -> Judged | None:
        """The judgement on the seeds; None where there is nothing to judge yet."""
        return judge(self.value, self.runs, self.limits) if self.runs else None

    @property
    def verdicts(self) -> list[Verdict]:
        """Of each finished seed."""
        return [self._verdict(result) for result in self.finished]

    def remarks(self) -> list[str]:
        """Which seeds ended before their time."""
        ended = [result.record["given_up"] for result in self.finished if result.record.get("given_up")]
        return counted_seeds(ended, len(self.results))

    def median(self, metric: str, split: str = "val") -> float:
        """Over the finished seeds that have it."""
        finite = [value for value in self.values(split, metric) if np.isfinite(value)]
        return float(np.median(finite)) if finite else np.nan

    def last_epochs(self, column: str) -> float:
        """Mean of a column of the history over the last epochs; of the finished seeds the median, as of all numbers in Table 2."""
        means = [float(_history(result)[column].tail(self.limits.last_epochs).mean()) for result in self.finished]
        finite = [mean for mean in means if np.isfinite(mean)]
        return float(np.median(finite)) if finite else np.nan

    @property
    def falling(self) -> int:
        """Finished seeds whose validation loss still fell at the end."""
        return sum(run.falling for run in self.runs)

    def predictions(self, split: str) -> list[NDArray[np.float32]]:
        """Of the finished seeds whose predictions are all finite."""
        return [values for values in self.arrays(f"{split}_prediction") if np.isfinite(values).all()]

    def _run(self, result: Result) -> Run:
        if result.status == "failed":
            return Run(np.nan, np.nan, "failed")
        ended = bool(result.record.get("stopped_early") or result.record.get("given_up"))
        stability = run_stability(_history(result), result.member.config["training"]["epochs"], ended, self.limits)
        val = result.metrics.get("val", {})
        r2, ratio = val.get("r2", np.nan), val.get("variance_ratio", np.nan)
        return Run(r2, ratio, stability, signed=_signed(result), falling=still_falls(_history(result)))

    def _verdict(self, result: Result) -> Verdict:
        val = result.metrics.get("val", {})
        return verdict(val.get("variance_ratio", np.nan), val.get("pearson", np.nan), self.limits, signed=_signed(result))


@dataclass(frozen=True)
class Sweep:
    """The lambdas of one setting of the grid's other axes, smallest first."""

    axes: dict[str, Any]
    cells: tuple[LambdaCell, ...]
    limits: CollapseConfig

    @property
    def label(self) -> str:
        """The other axes in words; empty where lambda is the only one."""
        return setting_words(self.axes)

    @property
    def judged(self) -> list[Judged]:
        return [cell.judged for cell in self.cells if cell.judged is not None]

    @property
    def selected(self) -> LambdaCell | None:
        """The selected lambda, chosen on validation."""
        chosen = select(self.judged, self.limits)
        return next((cell for cell in self.cells if cell.judged is chosen), None) if chosen else None

    @property
    def control(self) -> LambdaCell | None:
        """Lambda 0."""
        return next((cell for cell in self.cells if cell.value == 0), None)

    @property
    def best_penalised(self) -> tuple[LambdaCell, str] | None:
        """The lambda above 0 that stands for the penalty, and in words why: the selected one, else the highest R2 of those not unstable."""
        chosen = self.selected
        if chosen is not None and chosen.value > 0:
            return chosen, "selected"
        known = [cell for cell in self.cells if cell.value > 0 and cell.judged is not None and np.isfinite(cell.judged.r2)]
        usable = [cell for cell in known if cell.judged is not None and cell.judged.stable is not False]
        if not known:
            return None
        best = max(usable or known, key=_r2)
        higher = max(known, key=_r2)
        if not usable:
            return best, "highest R2 of the lambdas above 0, all unstable"
        if higher is best:
            return best, "highest R2 of the lambdas above 0"
        unstable = f"lambda {higher.value:g}, with {number(_r2(higher), 3)}, is unstable"
        return best, f"highest R2 of the lambdas above 0 that are not unstable; {unstable}"

    @property
    def gate(self) -> tuple[str, list[str]]:
        """``go`` or ``re_evaluate``, and every reason."""
        passed, reasons = gate(self.judged, self.limits)
        return passed, list(reasons)


def collect(results: Sequence[Result], baselines: Arrays | None, limits: CollapseConfig) -> list[Sweep]:
    """Sweeps in the order of the plan; members of other rows than the baselines', or than most, are set aside."""
    rows_of = _TargetDigests()
    expected = None if baselines is None else rows_of.of(baselines)
    checked = set_aside_other_rows(results, lambda one: None if one.arrays is None else rows_of.of(one.arrays), expected, "rows")
    sweeps: dict[str, list[LambdaCell]] = {}
    for cell in collect_cells(checked, LambdaCell, limits=limits):
        sweeps.setdefault(repr(cell.setting), []).append(cell)
    return [Sweep(cells[0].setting, tuple(sorted(cells, key=lambda cell: cell.value)), limits) for cells in sweeps.values()]


class _TargetDigests:
    """Digests of targets on validation; those that differ by rounding alone have the digest of the first."""

    def __init__(self) -> None:
        self._known: dict[str, NDArray[np.floating]] = {}

    def of(self, arrays: Arrays) -> str:
        target = arrays["val_target"]
        alike = (digest for digest, one in self._known.items() if one.shape == target.shape and np.allclose(one, target))
        digest = next(alike, None) or hashlib.sha256(target.tobytes()).hexdigest()[:12]
        self._known.setdefault(digest, target)
        return digest


def _r2(cell: LambdaCell) -> float:
    return cell.judged.r2 if cell.judged else np.nan


def _signed(result: Result) -> bool:
    """Whether the correlation of a seed's validation predictions differs from 0; where their number is not known, its sign counts."""
    return result.arrays is None or has_sign(result.metrics.get("val", {}).get("pearson", np.nan), len(result.arrays["val_target"]))


def _history(result: Result) -> pd.DataFrame:
    assert result.history is not None
    return result.history
