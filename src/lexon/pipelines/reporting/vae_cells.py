"""Configurations: members of one cell together, judged before any of their numbers is believed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lexon.experiments import Result
from lexon.metrics.latent import PosteriorVerdict, posterior_verdict
from lexon.pipelines.reporting.cells import Cell, collect_cells, counted_seeds, set_aside_other_rows
from lexon.pipelines.reporting.words import joined, setting_words

# Worst first: where as many seeds say one as another, the worse one counts.
VERDICTS: tuple[PosteriorVerdict, ...] = ("collapsed", "partial", "ok")


@dataclass(frozen=True, eq=False)
class Configuration(Cell):
    """The seeds of one configuration, with whatever else the grid varies."""

    @property
    def name(self) -> str:
        """As in `configurations`, with the other axes: ``vae_small, beta 2``."""
        return label_of(self.axes)

    label = name

    @property
    def file_name(self) -> str:
        """What its files are called."""
        return re.sub(r"[^\w.-]+", "_", self.name)

    @property
    def model(self) -> Mapping[str, Any]:
        """Latent and hidden width, batch norm, beta, dropout."""
        return self.config["vae"]

    @property
    def facts(self) -> dict[str, Any]:
        """Its model and the verdict on it."""
        return {**self.model, "verdict": self.verdict}

    @property
    def beta(self) -> float:
        return float(self.model["beta"])

    @cached_property
    def verdicts(self) -> list[PosteriorVerdict]:
        """Of each finished seed, on validation."""
        return [verdict_of(result) for result in self.finished]

    @property
    def verdict(self) -> PosteriorVerdict | None:
        """That of most finished seeds; None where none is finished."""
        counts = Counter(self.verdicts)
        most = max(counts.values(), default=0)
        return next((verdict for verdict in VERDICTS if counts[verdict] == most), None) if counts else None

    @property
    def compared(self) -> bool:
        """Whether it may be the best at anything; of two that are one training, the first."""
        return self.counts and self.verdict in ("ok", "partial")

    def values(self, split: str, metric: str) -> list[float]:
        """A metric of each finished seed that has it; splits stand in the names of this kind's metrics."""
        return super().values(split, f"{split}_{metric}")

    def remarks(self) -> list[str]:
        """Which seeds disagree with the verdict."""
        return counted_seeds([verdict for verdict in self.verdicts if verdict != self.verdict], len(self.finished))


def verdict_of(result: Result) -> PosteriorVerdict:
    """What a seed's posterior is worth, on validation."""
    metrics = {name.removeprefix("val_"): value for name, value in result.metrics["val"].items()}
    return posterior_verdict(metrics["kld"], metrics["latent_pct_active_units"], metrics["jaccard_index"])


def collect_configurations(results: Sequence[Result], rows: str | None = None) -> list[Configuration]:
    """Configurations in the order of the plan; members of other rows than `rows` (a digest), or than most, are set aside."""
    return collect_cells(set_aside_other_rows(results, _rows_of, rows, "rows"), Configuration)


def label_of(cell: Mapping[str, Any]) -> str:
    """`{"configuration": "vae_small", "beta": 2}` -> ``vae_small, beta 2``."""
    others = {axis: value for axis, value in cell.items() if axis != "configuration"}
    return joined(str(cell.get("configuration", "")), setting_words(others)) or "this configuration"


def _rows_of(result: Result) -> str | None:
    """Digest of the rows and their division; what was read from NAME_metrics.json has none."""
    return result.record.get("data", {}).get("digest")
