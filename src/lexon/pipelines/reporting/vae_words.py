"""The comparison in words: the answer, what it rests on, and what to know before believing it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lexon.experiments import Result
from lexon.experiments import differences as differences_of
from lexon.metrics.latent import ACTIVE_VARIANCE, COLLAPSED_KL
from lexon.pipelines.reporting import caveats as shared
from lexon.pipelines.reporting.claims import Answer
from lexon.pipelines.reporting.claims import sentences as in_sentences
from lexon.pipelines.reporting.tables import json_rows, jsonable, rows_of, run_record
from lexon.pipelines.reporting.vae_cells import (
    SECTIONS,
    VERDICTS,
    Choice,
    Configuration,
    Rule,
    Verdicts,
    choose,
)
from lexon.pipelines.reporting.vae_differences import (
    BOUND_COLUMN,
    MARGINALS,
    Anchors,
    anchor_value,
    learnt,
    rows_of_kind,
    verdicts_of,
)
from lexon.pipelines.reporting.words import counted, joined, number, paired, parameter_file

BOUND = Rule(BOUND_COLUMN, "low")
# Where a definition is not the one that such reports usually give.
DEFINITIONS = (
    (
        "Every metric is pooled over its split; means over batches of 32 could hold no entropy"
        " above ln 32."
    ),
    (
        "Losses are nats per row with one latent sample, as in training. test_loss holds beta, so"
        " configurations are ranked by BCE + KL, an upper bound of -ln p(row) whatever beta was."
    ),
    (
        f"A unit is active where the variance of its mean exceeds {ACTIVE_VARIANCE:g} (Burda et"
        " al.); at 0 every unit would be."
    ),
    (
        "Columns without a suffix are of rows decoded from the latent mean at a threshold of 0.5,"
        " _sample of a latent sample, _prior of Bernoulli draws from the prior."
    ),
    (
        "kl_divergence is smoothed with 1e-5 of the data's weight for all pairs together,"
        " js_divergence and hellinger_distance not at all; rows without any tag are the furthest"
        " from the data by all three."
    ),
    (
        "Diversity has no better direction: the nearest to the data's own value is best. Gini is 0"
        " for total collapse and for total diversity."
    ),
)

_BOUNDS = {
    "independent_marginals": "independent marginals",
    "data_bootstrap": "the data drawn again",
}
WIDTH = 100
NAME, BEST = 36, 26  # columns of names
_OF_THE_TRAINING = ("epochs", "batch_size", "lr")


def findings(
    configurations: Sequence[Configuration],
    anchors: Anchors,
    differences: pd.DataFrame,
    answers: Sequence[Answer],
) -> dict[str, Any]:
    """Headline, sentences, caveats, choices, answers to claims and the run record, as JSON takes
    them.
    """
    verdicts = verdicts_of(differences, "best")
    choices = [
        choice
        for rules in SECTIONS.values()
        for rule in rules
        for choice in choose(rule, configurations, verdicts)
    ]
    return {
        "headline": _headline(configurations, anchors, differences),
        "sentences": [
            *_verdict_sentences(configurations),
            *_sentences(configurations, anchors, differences),
            *in_sentences(answers),
        ],
        "caveats": caveats(configurations, differences),
        "verdicts": {one.name: one.verdict for one in configurations},
        "choices": [jsonable(_choice(choice)) for choice in choices],
        "claims": [answer.row() for answer in answers],
        "anchors": {name: metrics.get("test", {}) for name, metrics in anchors.items()},
        "differences": json_rows(differences),
        "record": run_record([result for one in configurations for result in one.finished]),
    }


def caveats(configurations: Sequence[Configuration], differences: pd.DataFrame) -> list[str]:
    """What to know before believing the numbers: missing members, seeds, rows, definitions."""
    results = [result for one in configurations for result in one.results]
    finished = [result for result in results if result.status == "done"]
    compared = {"paired differences": len(differences)}
    return [
        *shared.incomplete(configurations),
        *shared.seeds(configurations, "test rows"),
        *_trained_otherwise(results),
        *shared.copies(configurations),
        *_silhouette(configurations, results),
        *shared.not_converged(finished),
        *shared.verdicts(
            compared, "a change above report.min_effect: relative for losses, absolute for scores"
        ),
        *shared.of_the_data(finished),
        *shared.mixed_code(finished),
        *DEFINITIONS,
    ]


def _headline(
    configurations: Sequence[Configuration], anchors: Anchors, differences: pd.DataFrame
) -> str:
    judged = [one for one in configurations if one.verdict and not one.original]
    in_use = [one for one in judged if one.compared]
    if not judged:
        return "No configuration is finished yet."
    if not in_use:
        return (
            f"Every finished configuration collapsed ({len(judged)} of {len(judged)}): none of them"
            " says anything about a row."
        )
    floor = anchor_value(anchors, MARGINALS, "bce_plus_kld")
    good = learnt(configurations, differences)
    if not good:
        return _none_learnt(judged, in_use, floor, differences, is_known=good is not None)
    return (
        f"{len(good)} of {len(judged)} configurations learnt a latent"
        f" code{_lowest(good, differences)}, against"
        f" {'more' if np.isnan(floor) else f'{floor:.2f}'} for independent marginals."
    )


def _none_learnt(
    judged: Sequence[Configuration],
    in_use: Sequence[Configuration],
    floor: float,
    differences: pd.DataFrame,
    *,
    is_known: bool,
) -> str:
    """Why nothing is known to have learnt anything, though some configurations did not collapse."""
    marginals = "independent marginals" + (
        "" if np.isnan(floor) else f" ({floor:.2f} nats per row)"
    )
    start, lowest = (
        f"{len(in_use)} of {len(judged)} configurations did not collapse; whether",
        _lowest(in_use, differences),
    )
    if not is_known:
        return (
            f"{start} they are better than {marginals} is not known, because their scores.h5 does"
            f" not hold the marginals' nats (--tags evaluate writes them){lowest}."
        )
    single = sum(
        verdict.endswith("seed)") for verdict in verdicts_of(differences, "marginals").values()
    )
    if single:
        these = "these are" if single > 1 else "it is"
        return f"{start} {these} better than {marginals} is undecided (1 seed){lowest}."
    return (
        f"No configuration is certainly better than {marginals}, so none of {len(judged)} is shown"
        f" to have learnt anything: {len(judged) - len(in_use)} collapsed, {len(in_use)} did"
        f" not{lowest}."
    )


def _lowest(candidates: Sequence[Configuration], differences: pd.DataFrame) -> str:
    """The best of the candidates by BCE + KL, as the end of a sentence; empty where none has it."""
    best = next(iter(choose(BOUND, candidates, verdicts_of(differences, "best"))), None)
    if best is None:
        return ""
    level = (
        f" (not certainly different, by {best.by}: {'; '.join(best.level_with)})"
        if best.level_with
        else ""
    )
    return f"; the lowest BCE + KL is {best.name}'s{level}, {number(best.test, 2)} nats per row"


def _verdict_sentences(configurations: Sequence[Configuration]) -> list[str]:
    names = {
        verdict: [one.name for one in configurations if one.verdict == verdict]
        for verdict in VERDICTS
    }
    sentences = []
    if names["collapsed"]:
        sentences.append(
            f"Collapsed (KL below {COLLAPSED_KL} nat or no active unit), left out of every best:"
            f" {'; '.join(names['collapsed'])}."
        )
    if names["partial"]:
        sentences.append(
            "Partial (under a quarter of the units active, or jaccard at most 0.01):"
            f" {'; '.join(names['partial'])}."
        )
    return sentences


def _sentences(
    configurations: Sequence[Configuration], anchors: Anchors, differences: pd.DataFrame
) -> list[str]:
    return [
        *_against_marginals(configurations, differences),
        *_differences(differences),
        *_against_pca(configurations, anchors),
        *_generation(configurations, anchors),
    ]


def _against_marginals(
    configurations: Sequence[Configuration], differences: pd.DataFrame
) -> list[str]:
    in_use = {one.name for one in configurations if one.compared}
    rows = [
        row
        for row in rows_of(rows_of_kind(differences, "marginals"))
        if row["a"] in in_use and not row["verdict"].startswith("lower")
    ]
    listed = "; ".join(f"{row['a']} ({paired(row, 4)} nats per row)" for row in rows)
    return (
        [
            "Did not collapse, but not certainly better than independent marginals by BCE + KL:"
            f" {listed}."
        ]
        if listed
        else []
    )


def _differences(differences: pd.DataFrame) -> list[str]:
    """The runner-up's paired interval, for each metric that has one."""
    nearest: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows_of(rows_of_kind(differences, "best")):
        known = nearest.setdefault((row["metric"], row["scope"]), row)
        nearest[row["metric"], row["scope"]] = min(
            known, row, key=lambda one: abs(one["difference"])
        )
    return [
        f"{joined(metric, scope)}: {row['a']} - {row['b']} = {paired(row, 4)}, paired over test"
        f" rows and seeds, all comparisons together: {row['verdict']}."
        for (metric, scope), row in nearest.items()
    ]


def _against_pca(configurations: Sequence[Configuration], anchors: Anchors) -> list[str]:
    best = next(iter(choose(Rule("jaccard_index", "high"), configurations, {})), None)
    if best is None:
        return []
    width = next(one.model["latent_dim"] for one in configurations if one.name == best.name)
    linear = anchor_value(anchors, f"pca_{width}", "jaccard_index")
    if np.isnan(linear):
        return []
    order = "above" if best.test > linear else "below"
    return [
        f"Best reconstruction is {best.name}'s, jaccard {best.test:.3f}: {order} a PCA of the same"
        f" width ({linear:.3f}), which pays no KL."
    ]


def _generation(configurations: Sequence[Configuration], anchors: Anchors) -> list[str]:
    best = next(
        iter(choose(Rule("cosine_similarity_off_diagonal_prior", "high"), configurations, {})), None
    )
    if best is None:
        return []
    bounds = {
        words: anchor_value(anchors, name, best.rule.metric) for name, words in _BOUNDS.items()
    }
    limits = "".join(
        f"; {words} {value:.3f}" for words, value in bounds.items() if np.isfinite(value)
    )
    return [
        f"Rows drawn from the prior: pairs of tags agree best with {best.name} (cosine without"
        f" diagonal {best.test:.3f}{limits})."
    ]


def _trained_otherwise(results: Sequence[Result]) -> list[str]:
    trainings = [result.member.config["training"] for result in results if result.status == "done"]
    other = sorted(
        {key for training in trainings for key in differences_of(trainings[0], training)}
    )
    return (
        [
            f"Configurations were not all trained alike ({', '.join(other)}): members' cfg.yaml say"
            " how."
        ]
        if other
        else []
    )


def _silhouette(configurations: Sequence[Configuration], results: Sequence[Result]) -> list[str]:
    group = next(
        (result.record["data"]["groups"] for result in results if result.status == "done"), None
    )
    if group is None or any(
        one.values("test", "latent_silhouette_score") for one in configurations
    ):
        return [f"The silhouette is of latent means grouped by {group}."] if group else []
    return ["No silhouette: rows have no groups; name a column in tags.label_column."]


def _choice(choice: Choice) -> dict[str, Any]:
    row = {
        "metric": choice.rule.column,
        "scope": choice.scope,
        "best": choice.name,
        "test": choice.test,
    }
    return row | {
        "level_with": ", ".join(choice.level_with),
        "by": choice.by,
        "partial": choice.partial,
    }


def comparison_report(
    configurations: Sequence[Configuration],
    comparison: pd.DataFrame,
    differences: pd.DataFrame,
    caveats: Sequence[str],
) -> str:
    """The comparison as text.

    Args:
        comparison: see `lexon.pipelines.reporting.vae_differences.comparison_table`.
        differences: see `lexon.pipelines.reporting.vae_differences.differences_table`.
        caveats: what to know before believing it.
    """
    verdicts = verdicts_of(differences, "best")
    anchors = comparison[comparison["kind"] == "baseline"].set_index("configuration")
    sections = {"Posterior Verdict (validation, majority of seeds)": _verdicts(configurations)}
    sections |= {
        title: _section(rules, configurations, anchors, verdicts)
        for title, rules in SECTIONS.items()
    }
    sections |= {"Caveats": [f"- {caveat}" for caveat in caveats]}
    head = [
        "=" * WIDTH,
        "VAE CONFIGURATION COMPARISON REPORT",
        "=" * WIDTH,
        "",
        f"Total configurations evaluated: {sum(bool(one.finished) for one in configurations)}",
        (
            "Best: chosen on validation among configurations that did not collapse; the number is"
            " the test split's, mean over seeds."
        ),
        (
            "Level: not certainly different at 95 %, by test rows and seeds (paired, all together)"
            " where a metric is a mean over rows,"
        ),
        "else by seeds alone on validation (Welch's t-test).",
    ]
    body = [
        line
        for title, lines in sections.items()
        for line in ("", "-" * WIDTH, title, "-" * WIDTH, *lines)
    ]
    return "\n".join([*head, *body, ""])


def _verdicts(configurations: Sequence[Configuration]) -> list[str]:
    return [f"{one.name:<{NAME}}: {_judged(one)}" for one in configurations]


def _judged(one: Configuration) -> str:
    if one.verdict is None:
        return f"no verdict ({one.status}{f': {one.notes}' if one.notes else ''})"
    facts = (
        f"KL {one.mean('val', 'kld'):.3f} nats per row,"
        f" {one.mean('val', 'latent_pct_active_units'):.0f} % active units"
    )
    left_out = "; left out of every best" if one.verdict == "collapsed" else ""
    return (
        f"{one.verdict:<9} ({counted(len(one.finished), 'seed')};"
        f" {facts}){left_out}{f'; {one.notes}' if one.notes else ''}"
    )


def _section(
    rules: Sequence[Rule],
    configurations: Sequence[Configuration],
    anchors: pd.DataFrame,
    verdicts: Verdicts,
) -> list[str]:
    return [line for rule in rules for line in _lines(rule, configurations, anchors, verdicts)]


def _lines(
    rule: Rule, configurations: Sequence[Configuration], anchors: pd.DataFrame, verdicts: Verdicts
) -> list[str]:
    choices = choose(rule, configurations, verdicts)
    reason = (
        f"not ranked{' across beta' if rule.within_beta else ''}: {rule.reason}"
        if rule.reason
        else ""
    )
    lines = [f"{'':<{NAME}}  {reason}"] if reason and choices else []
    first = [_choice_line(choice) for choice in choices] or [
        f"{rule.column:<{NAME}}: {reason or 'no configuration has it'}"
    ]
    return [*first, *lines, *_context(rule, configurations, anchors)]


def _choice_line(choice: Choice) -> str:
    scope = f" among {choice.scope}" if choice.scope else ""
    level = f"; level by {choice.by}: {'; '.join(choice.level_with)}" if choice.level_with else ""
    partial = " partial" if choice.partial else ""
    return (
        f"{choice.rule.column:<{NAME}}: Best={choice.name:<{BEST}}"
        f" ({choice.test:>10.4f}){partial}{scope}{level}"
    )


def _context(
    rule: Rule, configurations: Sequence[Configuration], anchors: pd.DataFrame
) -> list[str]:
    """What the data and the anchors have in the same column, or the range of a metric that is not
    ranked.
    """
    context = {"data": _of_data(rule, configurations)} if rule.better == "data" else {}
    if rule.column in anchors.columns:
        context |= {
            str(name): float(value)
            for name, value in anchors[rule.column].items()
            if np.isfinite(value)
        }
    if rule.better is None:
        context = {
            one.name: one.mean("test", rule.metric) for one in configurations if one.finished
        } | context
    return [f"{'':<{NAME}}  {_listed(context)}"] if context else []


def _of_data(rule: Rule, configurations: Sequence[Configuration]) -> float:
    return next((one.mean("test", rule.of_data) for one in configurations if one.finished), np.nan)


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())


def selected_parameters(configurations: Sequence[Configuration], verdicts: Verdicts) -> str:
    """The text of the file; nothing but a remark where no configuration can be chosen."""
    chosen = next(iter(choose(BOUND, configurations, verdicts)), None)
    if chosen is None:
        return parameter_file(
            {}, "Nothing is selected: no finished configuration learnt a latent code."
        )
    one = next(each for each in configurations if each.name == chosen.name)
    name = re.sub(r"\W", "_", one.file_name)
    values = {f"configurations.{name}.{key}": value for key, value in _settings(one).items()}
    level = f", level with {', '.join(chosen.level_with)}" if chosen.level_with else ""
    remarks = (
        (
            f"The lowest BCE + KL on validation{level}: {one.name}"
            f" ({one.mean('val', 'bce_plus_kld'):.2f} nats per row)."
        ),
    )
    return parameter_file({"configuration": name, **values}, *remarks)


def _settings(one: Configuration) -> dict[str, Any]:
    """All settings of a configuration, complete, so that nothing depends on names that another
    experiment may not have.
    """
    training = one.finished[0].member.config["training"]
    return {**one.model, **{name: training[name] for name in _OF_THE_TRAINING if name in training}}
