"""comparison_report.txt: sections and lines as the user's guide lays them out, verdicts first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lexon.pipelines.reporting.vae.configurations import Configuration
from lexon.pipelines.reporting.vae.differences import verdicts_of
from lexon.pipelines.reporting.vae.rules import SECTIONS, Choice, Rule, Verdicts, choose
from lexon.pipelines.reporting.words import counted

WIDTH = 100
NAME, BEST = 36, 26  # columns of names


def comparison_report(
    configurations: Sequence[Configuration], comparison: pd.DataFrame, differences: pd.DataFrame, caveats: Sequence[str]
) -> str:
    """The comparison as text.

    Args:
        comparison: see `lexon.pipelines.reporting.vae.tables.comparison_table`.
        differences: see `lexon.pipelines.reporting.vae.differences.differences_table`.
        caveats: what to know before believing it.
    """
    verdicts = verdicts_of(differences, "best")
    anchors = comparison[comparison["kind"] == "baseline"].set_index("configuration")
    sections = {"Posterior Verdict (validation, majority of seeds)": _verdicts(configurations)}
    sections |= {title: _section(rules, configurations, anchors, verdicts) for title, rules in SECTIONS.items()}
    sections |= {"Caveats": [f"- {caveat}" for caveat in caveats]}
    head = [
        *("=" * WIDTH, "VAE CONFIGURATION COMPARISON REPORT", "=" * WIDTH, ""),
        f"Total configurations evaluated: {sum(bool(one.finished) for one in configurations)}",
        "Best: chosen on validation among configurations that did not collapse; the number is the test split's, mean over seeds.",
        "Level: not certainly different at 95 %, by test rows and seeds (paired, all together) where a metric is a mean over rows,",
        "else by seeds alone on validation (Welch's t-test).",
    ]
    body = [line for title, lines in sections.items() for line in ("", "-" * WIDTH, title, "-" * WIDTH, *lines)]
    return "\n".join([*head, *body, ""])


def _verdicts(configurations: Sequence[Configuration]) -> list[str]:
    return [f"{one.name:<{NAME}}: {_judged(one)}" for one in configurations]


def _judged(one: Configuration) -> str:
    if one.verdict is None:
        return f"no verdict ({one.status}{f': {one.notes}' if one.notes else ''})"
    facts = f"KL {one.mean('val', 'kld'):.3f} nats per row, {one.mean('val', 'latent_pct_active_units'):.0f} % active units"
    left_out = "; left out of every best" if one.verdict == "collapsed" else ""
    return f"{one.verdict:<9} ({counted(len(one.finished), 'seed')}; {facts}){left_out}{f'; {one.notes}' if one.notes else ''}"


def _section(rules: Sequence[Rule], configurations: Sequence[Configuration], anchors: pd.DataFrame, verdicts: Verdicts) -> list[str]:
    return [line for rule in rules for line in _lines(rule, configurations, anchors, verdicts)]


def _lines(rule: Rule, configurations: Sequence[Configuration], anchors: pd.DataFrame, verdicts: Verdicts) -> list[str]:
    choices = choose(rule, configurations, verdicts)
    reason = f"not ranked{' across beta' if rule.within_beta else ''}: {rule.reason}" if rule.reason else ""
    lines = [f"{'':<{NAME}}  {reason}"] if reason and choices else []
    first = [_choice_line(choice) for choice in choices] or [f"{rule.column:<{NAME}}: {reason or 'no configuration has it'}"]
    return [*first, *lines, *_context(rule, configurations, anchors)]


def _choice_line(choice: Choice) -> str:
    scope = f" among {choice.scope}" if choice.scope else ""
    level = f"; level by {choice.by}: {'; '.join(choice.level_with)}" if choice.level_with else ""
    partial = " partial" if choice.partial else ""
    return f"{choice.rule.column:<{NAME}}: Best={choice.name:<{BEST}} ({choice.test:>10.4f}){partial}{scope}{level}"


def _context(rule: Rule, configurations: Sequence[Configuration], anchors: pd.DataFrame) -> list[str]:
    """What the data and the anchors have in the same column, or the range of a metric that is not ranked."""
    context = {"data": _of_data(rule, configurations)} if rule.better == "data" else {}
    if rule.column in anchors.columns:
        context |= {str(name): float(value) for name, value in anchors[rule.column].items() if np.isfinite(value)}
    if rule.better is None:
        context = {one.name: one.mean("test", rule.metric) for one in configurations if one.finished} | context
    return [f"{'':<{NAME}}  {_listed(context)}"] if context else []


def _of_data(rule: Rule, configurations: Sequence[Configuration]) -> float:
    return next((one.mean("test", rule.of_data) for one in configurations if one.finished), np.nan)


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())
