"""The comparison in words: the answer, what it rests on, and what to know before believing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lexon.experiments import Result
from lexon.experiments import differences as differences_of
from lexon.metrics.latent import ACTIVE_VARIANCE, COLLAPSED_KL
from lexon.pipelines.reporting import caveats as shared
from lexon.pipelines.reporting.tables import jsonable, rows_of, run_record
from lexon.pipelines.reporting.vae.configurations import VERDICTS, Configuration
from lexon.pipelines.reporting.vae.differences import BOUND_COLUMN, MARGINALS, learnt, rows_of_kind, verdicts_of
from lexon.pipelines.reporting.vae.predictions import predictions
from lexon.pipelines.reporting.vae.rules import SECTIONS, Choice, Rule, Verdicts, best_of, choose
from lexon.pipelines.reporting.vae.tables import Anchors, anchor_value
from lexon.pipelines.reporting.words import number

BOUND = Rule(BOUND_COLUMN, "low")
# Where a definition is not the one that such reports usually give.
DEFINITIONS = (
    "Every metric is pooled over its split; means over batches of 32 could hold no entropy above ln 32.",
    "Losses are nats per row with one latent sample, as in training. test_loss holds beta, so configurations are ranked by BCE + KL, "
    "an upper bound of -ln p(row) whatever beta was.",
    f"A unit is active where the variance of its mean exceeds {ACTIVE_VARIANCE:g} (Burda et al.); at 0 every unit would be.",
    "Columns without a suffix are of rows decoded from the latent mean at a threshold of 0.5, _sample of a latent sample, _prior of "
    "Bernoulli draws from the prior.",
    "kl_divergence is smoothed with 1e-5 of the data's weight for all pairs together, js_divergence and hellinger_distance not at all; "
    "rows without any tag are the furthest from the data by all three.",
    "Diversity has no better direction: the nearest to the data's own value is best. Gini is 0 for total collapse and for total diversity.",
)


def findings(configurations: Sequence[Configuration], anchors: Anchors, differences: pd.DataFrame) -> dict[str, Any]:
    """Headline, sentences, caveats, choices, predictions and the run record, as JSON takes them."""
    verdicts, larger = verdicts_of(differences, "best"), verdicts_of(differences, "size")
    choices = [choice for rules in SECTIONS.values() for rule in rules for choice in choose(rule, configurations, verdicts)]
    predicted = predictions(configurations, larger)
    return {
        "headline": _headline(configurations, anchors, differences),
        "sentences": [*_verdict_sentences(configurations), *_sentences(configurations, anchors, differences, predicted)],
        "caveats": caveats(configurations, differences),
        "verdicts": {one.name: one.verdict for one in configurations},
        "choices": [jsonable(_choice(choice)) for choice in choices],
        "predictions": predicted,
        "anchors": {name: metrics.get("test", {}) for name, metrics in anchors.items()},
        "differences": [jsonable(row) for row in rows_of(differences)],
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
        *shared.verdicts(compared, "a change above report.min_effect: relative for losses, absolute for scores"),
        *shared.of_the_data(finished),
        *shared.mixed_code(finished),
        *DEFINITIONS,
    ]


def _headline(configurations: Sequence[Configuration], anchors: Anchors, differences: pd.DataFrame) -> str:
    judged = [one for one in configurations if one.verdict and not one.same_as]
    if not judged:
        return "No configuration is finished yet."
    in_use = [one for one in judged if one.compared]
    if not in_use:
        return f"Every finished configuration collapsed ({len(judged)} of {len(judged)}): none of them says anything about a row."
    good, verdicts = learnt(configurations, differences), verdicts_of(differences, "best")
    floor = anchor_value(anchors, MARGINALS, "bce_plus_kld")
    marginals = "independent marginals" + ("" if np.isnan(floor) else f" ({floor:.2f} nats per row)")
    if good is None:
        return (
            f"{len(in_use)} of {len(judged)} configurations did not collapse; whether they are better than {marginals} is not known, "
            f"because their scores.h5 does not hold the marginals' nats (--tags evaluate writes them); {_lowest(in_use, verdicts)}."
        )
    single = sum(verdict.endswith("seed)") for verdict in verdicts_of(differences, "marginals").values())
    if not good and single:
        return (
            f"{len(in_use)} of {len(judged)} configurations did not collapse; whether {'these are' if single > 1 else 'it is'} better than "
            f"{marginals} is undecided (1 seed); {_lowest(in_use, verdicts)}."
        )
    if not good:
        lowest = f"; {_lowest(in_use, verdicts)}" if best_of(BOUND, in_use) else ""
        return (
            f"No configuration is certainly better than {marginals}, so none of {len(judged)} is shown to have learnt anything: "
            f"{len(judged) - len(in_use)} collapsed, {len(in_use)} did not{lowest}."
        )
    return (
        f"{len(good)} of {len(judged)} configurations learnt a latent code; {_lowest(good, verdicts)}, against "
        f"{'more' if np.isnan(floor) else f'{floor:.2f}'} for independent marginals."
    )


def _lowest(candidates: Sequence[Configuration], verdicts: Verdicts) -> str:
    best = choose(BOUND, candidates, verdicts)[0]
    level = f" (not certainly different, by {best.by}: {'; '.join(best.level_with)})" if best.level_with else ""
    return f"the lowest BCE + KL is {best.name}'s{level}, {number(best.test, 2)} nats per row"


def _verdict_sentences(configurations: Sequence[Configuration]) -> list[str]:
    names = {verdict: [one.name for one in configurations if one.verdict == verdict] for verdict in VERDICTS}
    sentences = []
    if names["collapsed"]:
        sentences.append(
            f"Collapsed (KL below {COLLAPSED_KL} nat or no active unit), left out of every best: {'; '.join(names['collapsed'])}."
        )
    if names["partial"]:
        sentences.append(f"Partial (under a quarter of the units active, or jaccard at most 0.01): {'; '.join(names['partial'])}.")
    return sentences


def _sentences(
    configurations: Sequence[Configuration], anchors: Anchors, differences: pd.DataFrame, predicted: Sequence[Mapping[str, str]]
) -> list[str]:
    return [
        *_against_marginals(configurations, differences),
        *_differences(differences),
        *_against_pca(configurations, anchors),
        *_generation(configurations, anchors),
        *_predicted(predicted),
    ]


def _against_marginals(configurations: Sequence[Configuration], differences: pd.DataFrame) -> list[str]:
    rows = rows_of_kind(differences, "marginals")
    in_use = {one.name for one in configurations if one.compared}
    doubtful = rows[rows["a"].isin(in_use) & ~rows["verdict"].str.startswith("lower")].to_dict("records")
    listed = "; ".join(f"{row['a']} ({_with_interval(row)} nats per row)" for row in doubtful)
    return [f"Did not collapse, but not certainly better than independent marginals by BCE + KL: {listed}."] if listed else []


def _differences(differences: pd.DataFrame) -> list[str]:
    """The runner-up's paired interval, for each metric that has one."""
    sentences = []
    for (metric, scope), rows in rows_of_kind(differences, "best").groupby(["metric", "scope"], sort=False, dropna=False):
        nearest = rows.iloc[int(rows["difference"].abs().argmin())].to_dict()
        where = f"{metric}, {scope}" if scope else metric
        sentences.append(
            f"{where}: {nearest['a']} - {nearest['b']} = {_with_interval(nearest)}, paired over test rows and seeds, all comparisons "
            f"together: {nearest['verdict']}."
        )
    return sentences


def _with_interval(row: Mapping[Any, Any]) -> str:
    low, high = (number(row[name], 4, sign="+") for name in ("low_all", "high_all"))
    return f"{number(row['difference'], 4, sign='+')} [{low}, {high}]"


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
        f"Best reconstruction is {best.name}'s, jaccard {best.test:.3f}: {order} a PCA of the same width ({linear:.3f}), which pays no KL."
    ]


def _generation(configurations: Sequence[Configuration], anchors: Anchors) -> list[str]:
    best = next(iter(choose(Rule("cosine_similarity_off_diagonal_prior", "high"), configurations, {})), None)
    if best is None:
        return []
    bounds = {words: anchor_value(anchors, name, best.rule.metric) for name, words in _BOUNDS.items()}
    limits = "".join(f"; {words} {value:.3f}" for words, value in bounds.items() if np.isfinite(value))
    return [f"Rows drawn from the prior: pairs of tags agree best with {best.name} (cosine without diagonal {best.test:.3f}{limits})."]


_BOUNDS = {"independent_marginals": "independent marginals", "data_bootstrap": "the data drawn again"}


def _predicted(predicted: Sequence[Mapping[str, str]]) -> list[str]:
    verdicts: dict[str, list[str]] = {}
    for row in predicted:
        verdicts.setdefault(row["verdict"], []).append(row["words"][0].lower() + row["words"][1:])
    listed = "; ".join(f"{verdict}: {', '.join(words)}" for verdict, words in verdicts.items())
    return [f"Predictions of the user's guide (numbers below) - {listed}."]


def _trained_otherwise(results: Sequence[Result]) -> list[str]:
    trainings = [result.member.config["training"] for result in results if result.status == "done"]
    other = sorted({key for training in trainings for key in differences_of(trainings[0], training)})
    return [f"Configurations were not all trained alike ({', '.join(other)}): members' cfg.yaml say how."] if other else []


def _silhouette(configurations: Sequence[Configuration], results: Sequence[Result]) -> list[str]:
    group = next((result.record["data"]["groups"] for result in results if result.status == "done"), None)
    if group is None or any(one.values("test", "latent_silhouette_score") for one in configurations):
        return [f"The silhouette is of latent means grouped by {group}."] if group else []
    return ["No silhouette: rows have no groups; name a column in tags.label_column."]


def _choice(choice: Choice) -> dict[str, Any]:
    row = {"metric": choice.rule.column, "scope": choice.scope, "best": choice.name, "test": choice.test}
    return row | {"level_with": ", ".join(choice.level_with), "by": choice.by, "partial": choice.partial}
