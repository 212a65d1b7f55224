"""Configurations: members of one cell together, judged before any of their numbers is believed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lexon.experiments import Result
from lexon.metrics.latent import Verdict, posterior_verdict
from lexon.pipelines.reporting.status import common_status, counted_seeds, unfinished_notes

# Worst first: where as many seeds say one as another, the worse one counts.
VERDICTS: tuple[Verdict, ...] = ("collapsed", "partial", "ok")


@dataclass(frozen=True)
class Configuration:
    """The seeds of one configuration.

    Attributes:
        name: as in `configurations`, with whatever else the grid varies.
        results: one a seed.
        same_as: name of an earlier configuration that is the same training, or "".
    """

    name: str
    results: tuple[Result, ...]
    same_as: str = ""

    @cached_property
    def finished(self) -> list[Result]:
        """The seeds that statistics may use."""
        return [result for result in self.results if result.status == "done"]

    @property
    def file_name(self) -> str:
        """What its files are called."""
        return re.sub(r"[^\w.-]+", "_", self.name)

    @property
    def model(self) -> Mapping[str, Any]:
        """Latent and hidden width, batch norm, beta, dropout."""
        return self.results[0].member.config["vae"]

    @property
    def beta(self) -> float:
        return float(self.model["beta"])

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """Of each finished seed, on validation."""
        return [verdict_of(result) for result in self.finished]

    @property
    def verdict(self) -> Verdict | None:
        """That of most finished seeds; None where none is finished."""
        counts = Counter(self.verdicts)
        most = max(counts.values(), default=0)
        return next((verdict for verdict in VERDICTS if counts[verdict] == most), None) if counts else None

    @property
    def compared(self) -> bool:
        """Whether it may be the best at anything; of two that are one training, the first."""
        return self.verdict in ("ok", "partial") and not self.same_as

    def values(self, split: str, metric: str) -> list[float]:
        """A metric of each finished seed that has it."""
        name = f"{split}_{metric}"
        return [result.metrics[split][name] for result in self.finished if name in result.metrics.get(split, {})]

    def mean(self, split: str, metric: str) -> float:
        """Mean over finished seeds; NaN where none has it."""
        values = self.values(split, metric)
        return float(np.mean(values)) if values else np.nan

    @property
    def status(self) -> str:
        """The seeds' common status; ``partial`` where only some are done."""
        return common_status(self.results)

    @property
    def notes(self) -> str:
        """Why seeds are missing, and which of them disagree with the verdict."""
        other = [verdict for verdict in self.verdicts if verdict != self.verdict]
        same = [f"same training as {self.same_as}: trained once"] if self.same_as else []
        return "; ".join([*same, *unfinished_notes(self.results), *counted_seeds(other, len(self.finished))])


def verdict_of(result: Result) -> Verdict:
    """What a seed's posterior is worth, on validation."""
    metrics = {name.removeprefix("val_"): value for name, value in result.metrics["val"].items()}
    return posterior_verdict(metrics["kld"], metrics["latent_pct_active_units"], metrics["jaccard_index"])


def collect_configurations(results: Sequence[Result]) -> list[Configuration]:
    """Configurations in the order of the plan."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(label_of(result.member.cell), []).append(result)
    home = {result.member.name: name for name, members in groups.items() for result in members}
    return [Configuration(name, tuple(members), _same_as(name, members, home)) for name, members in groups.items()]


def _same_as(name: str, members: Sequence[Result], home: Mapping[str, str]) -> str:
    """The configuration in whose folders all members of this one were trained, if that is another one."""
    trained_in = {home.get(result.member.folder, name) for result in members}
    return trained_in.pop() if len(trained_in) == 1 and name not in trained_in else ""


def label_of(cell: Mapping[str, Any]) -> str:
    """`{"configuration": "vae_small", "beta": 2}` -> ``vae_small, beta 2``."""
    others = [f"{axis.rsplit('.', 1)[-1].replace('_', ' ')} {value}" for axis, value in cell.items() if axis != "configuration"]
    return ", ".join([*([str(cell["configuration"])] if "configuration" in cell else []), *others]) or "this configuration"


def set_aside_other_rows(results: Sequence[Result], digest: str | None) -> list[Result]:
    """Members that saw other rows than the rest become ``stale``: nothing of theirs can be compared.

    `digest` is that of the anchors' rows; without anchors, the rows of most members count.
    """
    seen = Counter(result.record["data"]["digest"] for result in results if result.status == "done")
    expected = digest or next((most for most, _ in seen.most_common(1)), None)

    def checked(result: Result) -> Result:
        if result.status != "done" or result.record["data"]["digest"] == expected:
            return result
        return replace(result, status="stale", notes="trained on other rows, or on another split of them")

    return [checked(result) for result in results]
