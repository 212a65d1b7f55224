"""Configurations of variational autoencoders: whether they learnt anything, and what it takes to be
the best at a metric.

Every choice is made on validation; what is shown is the test split's. A metric without a fair
direction is shown and not ranked, with its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Any, Literal

import numpy as np
import yaml
from scipy.stats import ttest_ind_from_stats

from lexon.experiments import Result
from lexon.metrics.latent import PosteriorVerdict, posterior_verdict
from lexon.pipelines.reporting.cells import (
    Cell,
    collect_cells,
    counted_seeds,
    grouped,
    set_aside_other_rows,
)
from lexon.pipelines.reporting.words import joined, setting_words

# Worst first: where as many seeds say one as another, the worse one counts.
VERDICTS: tuple[PosteriorVerdict, ...] = ("collapsed", "partial", "ok")

Better = Literal["low", "high", "data"]  # data: nearest to the rows' own value
_DIVERSITY = ("pct_unique_combinations", "entropy", "gini_coefficient")
_PATTERN = ("cosine_similarity", "kl_divergence")
_MORE_DIVERSITY = ("pct_empty", "pct_commonest", "entropy_normalised")
_MORE_PATTERN = ("cosine_similarity_off_diagonal", "js_divergence", "hellinger_distance")
# Verdict of a paired difference by metric, configuration and the one that it is compared with.
Verdicts = Mapping[tuple[str, str, str], str]
Test = Literal["rows and seeds", "seeds", ""]


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
        return (
            next((verdict for verdict in VERDICTS if counts[verdict] == most), None)
            if counts
            else None
        )

    @property
    def compared(self) -> bool:
        """Whether it may be the best at anything; of two that are one training, the first."""
        return self.counts and self.verdict in ("ok", "partial")

    def values(self, split: str, metric: str) -> list[float]:
        """A metric of each finished seed that has it; splits stand in the names of this kind's
        metrics.
        """
        return super().values(split, f"{split}_{metric}")

    def remarks(self) -> list[str]:
        """Which seeds disagree with the verdict."""
        return counted_seeds(
            [verdict for verdict in self.verdicts if verdict != self.verdict], len(self.finished)
        )


def verdict_of(result: Result) -> PosteriorVerdict:
    """What a seed's posterior is worth, on validation."""
    metrics = {name.removeprefix("val_"): value for name, value in result.metrics["val"].items()}
    return posterior_verdict(
        metrics["kld"], metrics["latent_pct_active_units"], metrics["jaccard_index"]
    )


def collect_configurations(
    results: Sequence[Result], rows: str | None = None
) -> list[Configuration]:
    """Configurations in the order of the plan; members of other rows than `rows` (a digest), or
    than most, are set aside.
    """
    return collect_cells(set_aside_other_rows(results, _rows_of, rows, "rows"), Configuration)


def label_of(cell: Mapping[str, Any]) -> str:
    """`{"configuration": "vae_small", "beta": 2}` -> ``vae_small, beta 2``."""
    others = {axis: value for axis, value in cell.items() if axis != "configuration"}
    return joined(str(cell.get("configuration", "")), setting_words(others)) or "this configuration"


def _rows_of(result: Result) -> str | None:
    """Digest of the rows and their division; what was read from NAME_metrics.json has none."""
    return result.record.get("data", {}).get("digest")


def _columns(names: Sequence[str], prefix: str, suffix: str = "") -> dict[str, str]:
    return {f"{name}{suffix}": f"{prefix}{name}{suffix}" for name in names}


# Metric by column of comparison.csv: first the columns that the user's guide names, in its order,
# then what explains them.
COLUMNS = {
    "test_loss": "loss",
    "test_bce": "bce",
    "test_kld": "kld",
    **_columns(("hamming_loss", "jaccard_index"), ""),
    **_columns(("pct_active_units", "silhouette_score"), "latent_"),
    **_columns(_DIVERSITY, "diversity_"),
    **_columns(_PATTERN, "cooccurrence_"),
}
ADDED = {
    "test_bce_plus_kld": "bce_plus_kld",
    **_columns(("jaccard_index_per_row", "hamming_loss_sample", "jaccard_index_sample"), ""),
    **_columns(("active_units", "active_units_by_kl", "pct_active_units_by_kl"), "latent_"),
    **_columns(_MORE_DIVERSITY, "diversity_"),
    **_columns(_MORE_PATTERN, "cooccurrence_"),
}
for _suffix in ("_sample", "_prior"):
    ADDED |= _columns((*_DIVERSITY, *_MORE_DIVERSITY), "diversity_", _suffix) | _columns(
        (*_PATTERN, *_MORE_PATTERN), "cooccurrence_", _suffix
    )


@dataclass(frozen=True)
class Rule:
    """How one column is ranked.

    Attributes:
        better: None where it is not ranked.
        reason: why not, or why not across beta.
        within_beta: ranked only among configurations of one beta.
    """

    column: str
    better: Better | None = None
    reason: str = ""
    within_beta: bool = False

    @property
    def metric(self) -> str:
        return (COLUMNS | ADDED)[self.column]

    @property
    def of_data(self) -> str:
        """The same metric of the split's own rows."""
        return f"{self.metric.removesuffix('_prior').removesuffix('_sample')}_data"


def _sections() -> dict[str, tuple[Rule, ...]]:
    text = (
        resources.files("lexon.pipelines.reporting") / "questions" / "vae_rankings.yml"
    ).read_text(encoding="utf-8")
    return {
        title: tuple(Rule(column, **how) for column, how in rules.items())
        for title, rules in yaml.safe_load(text).items()
    }


# The sections of comparison_report.txt, as the user's guide has them, and one on generated rows.
SECTIONS = _sections()


@dataclass(frozen=True)
class Best:
    """The best of a group of configurations, on validation; `scope` is ``beta 4`` where they are
    those of that beta, else empty.
    """

    scope: str
    best: Configuration
    group: tuple[Configuration, ...]


@dataclass(frozen=True)
class Choice:
    """The best configuration by a rule.

    Attributes:
        scope: as of `Best`.
        test: mean over seeds on the test split.
        level_with: names of those that do not certainly differ from it.
        by: what shows a difference: test rows and seeds, paired, or, where a metric is no mean over
            rows, seeds alone on validation; empty without others.
        partial: whether only part of its latent code is used.
    """

    rule: Rule
    scope: str
    name: str
    test: float
    level_with: tuple[str, ...]
    by: Test
    partial: bool


def best_of(rule: Rule, configurations: Sequence[Configuration]) -> list[Best]:
    """The best by a rule, of those that did not collapse and have the metric; one for each beta
    where only those compare.
    """
    if rule.better is None:
        return []
    able = sorted(
        (one for one in configurations if _can_be_ranked(rule, one)),
        key=lambda one: one.beta if rule.within_beta else 0,
    )
    groups = grouped(able, lambda one: f"beta {one.beta:g}" if rule.within_beta else "")
    return [
        Best(scope, min(group, key=lambda one: float(np.mean(_loss(rule, one)))), tuple(group))
        for scope, group in groups.items()
    ]


def _can_be_ranked(rule: Rule, one: Configuration) -> bool:
    losses = _loss(rule, one) if one.compared else []
    return bool(losses) and bool(np.isfinite(losses).all())


def choose(rule: Rule, configurations: Sequence[Configuration], verdicts: Verdicts) -> list[Choice]:
    """The best by a rule, with those that do not certainly differ from it by the `verdicts` of
    paired differences.
    """
    return [_choice(rule, found, verdicts) for found in best_of(rule, configurations)]


def _choice(rule: Rule, found: Best, verdicts: Verdicts) -> Choice:
    best, others = found.best, [one for one in found.group if one is not found.best]
    paired = {one.name: verdicts.get((rule.column, best.name, one.name)) for one in others}
    level = tuple(one.name for one in others if not _differs(rule, best, one, paired[one.name]))
    by: Test = "" if not others else "rows and seeds" if all(paired.values()) else "seeds"
    return Choice(
        rule,
        found.scope,
        best.name,
        best.mean("test", rule.metric),
        level,
        by,
        best.verdict == "partial",
    )


def _differs(rule: Rule, best: Configuration, other: Configuration, verdict: str | None) -> bool:
    return (
        seeds_differ(_loss(rule, best), _loss(rule, other))
        if verdict is None
        else is_certain(verdict)
    )


def is_certain(verdict: str) -> bool:
    """Whether there is a difference, large or small."""
    return verdict.startswith(("higher", "lower"))


def _loss(rule: Rule, one: Configuration) -> list[float]:
    """What a rule makes smallest, for each seed, on validation."""
    values = one.values("val", rule.metric)
    match rule.better:
        case "low":
            return values
        case "high":
            return [-value for value in values]
        case _:
            return [
                abs(value - own)
                for value, own in zip(values, one.values("val", rule.of_data), strict=True)
            ]


def seeds_differ(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether two means over seeds differ at 95 % (Welch's t-test); one seed alone cannot show it.

    For metrics that are no mean over rows, as the entropy of all of them: resampled rows would
    change what they measure.
    """
    if min(len(a), len(b)) < 2:
        return False
    (mean_a, sd_a), (mean_b, sd_b) = ((float(np.mean(x)), float(np.std(x, ddof=1))) for x in (a, b))
    if sd_a == sd_b == 0:
        return mean_a != mean_b
    return bool(
        ttest_ind_from_stats(mean_a, sd_a, len(a), mean_b, sd_b, len(b), equal_var=False).pvalue
        < 0.05
    )
