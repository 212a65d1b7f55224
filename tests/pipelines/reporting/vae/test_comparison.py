from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lexon.config import ReportConfig
from lexon.pipelines.reporting.claims import answers
from lexon.pipelines.reporting.page import write_page
from lexon.pipelines.reporting.tables import members_table
from lexon.pipelines.reporting.vae import configuration_files, figures, not_in_the_grid
from lexon.pipelines.reporting.vae_cells import (
    COLUMNS,
    SECTIONS,
    Rule,
    choose,
    collect_configurations,
    seeds_differ,
)
from lexon.pipelines.reporting.vae_claims import evidence_of
from lexon.pipelines.reporting.vae_differences import (
    comparison_table,
    differences_table,
    learnt,
    member_numbers,
    verdicts_of,
)
from lexon.pipelines.reporting.vae_words import comparison_report, findings
from lexon.plots.page import typeset

REPORT = ReportConfig(n_bootstrap=100, min_effect={"loss": 0.05, "score": 0.005}, source=None)
SEEDS = (42, 123, 314)
GUIDE = [
    "configuration",
    "test_loss",
    "test_bce",
    "test_kld",
    "hamming_loss",
    "jaccard_index",
    "pct_active_units",
    "silhouette_score",
    "pct_unique_combinations",
    "entropy",
    "gini_coefficient",
    "cosine_similarity",
    "kl_divergence",
]


@pytest.fixture
def results(make):
    """Two that learnt, one better; one collapsed that is perfect at everything else; one
    not run.
    """
    return [
        *(make("good", seed, wrong=0.05) for seed in SEEDS),
        *(make("worse", seed, wrong=0.2) for seed in SEEDS),
        *(make("planted", seed, collapsed=True, beta=4.0) for seed in SEEDS),
        *(make("missing", seed, status="failed") for seed in SEEDS),
    ]


def every_choice(configurations):
    return [
        choice
        for rules in SECTIONS.values()
        for rule in rules
        for choice in choose(rule, configurations, {})
    ]


def words_of(results, anchors):
    configurations = collect_configurations(results)
    differences = differences_table(configurations, REPORT, "main")
    return (
        configurations,
        comparison_table(configurations, anchors, "main"),
        differences,
        findings(
            configurations,
            anchors,
            differences,
            answers("vae", (), evidence_of(configurations, REPORT)),
        ),
    )


def page_of(results, comparison, differences, words):
    """The page, of tables as a node gets them."""
    tables = {
        "members": members_table(collect_configurations(results), "main", member_numbers),
        "comparison": comparison,
        "differences": differences,
    }
    shown = {
        name: pd.read_csv(io.StringIO(table.to_csv(index=False))) for name, table in tables.items()
    }
    return write_page("vae", words, "a study", "a question", **shown)


def test_uncommitted_code_is_a_caveat(results, anchors):
    dirty = [
        replace(one, record=one.record | {"code_version": {"commit": "a", "dirty": True}})
        for one in results
    ]
    assert (
        "Code: 9 of 9 members ran with uncommitted changes."
        in words_of(dirty, anchors)[-1]["caveats"]
    )


def test_a_collapsed_model_never_wins_anything_even_if_perfect(results, anchors):
    configurations, comparison, differences, words = words_of(results, anchors)
    assert {one.name: one.verdict for one in configurations} == {
        "good": "ok",
        "worse": "ok",
        "planted": "collapsed",
        "missing": None,
    }
    choices = every_choice(configurations)
    assert {choice.name for choice in choices} <= {"good", "worse"}
    assert not any("planted" in choice.level_with for choice in choices)
    assert "planted" not in set(differences["a"]) | set(differences["b"])
    text = comparison_report(configurations, comparison, differences, words["caveats"])
    assert "Best=planted" not in text
    assert "planted                             : collapsed" in text
    assert "left out of every best: planted" in " ".join(words["sentences"])
    planted = comparison.set_index("configuration").loc["planted"]
    assert planted.hamming_loss == 0, "it is shown, as good as it looks"


def test_all_collapsed_is_no_competition(make, anchors):
    results = [make(name, seed, collapsed=True) for name in "ab" for seed in SEEDS]
    configurations, _, differences, words = words_of(results, anchors)
    assert every_choice(configurations) == []
    assert differences.empty
    assert words["headline"].startswith("Every finished configuration collapsed (2 of 2)")
    assert set(figures(configurations, anchors)) >= {"latent_map", "cooccurrence"}


def test_the_better_one_wins_what_can_be_ranked(results, anchors):
    configurations, _, differences, words = words_of(results, anchors)
    best = {choice.rule.column: choice.name for choice in every_choice(configurations)}
    for column in (
        "test_bce_plus_kld",
        "hamming_loss",
        "jaccard_index",
        "cosine_similarity",
        "kl_divergence",
    ):
        assert best[column] == "good"
    assert words["headline"].startswith(
        "1 of 3 configurations learnt a latent code; the lowest BCE + KL is good's"
    )
    bound = differences[
        (differences.metric == "test_bce_plus_kld") & (differences.kind == "best")
    ].iloc[0]
    assert bound.high_all < 0
    assert bound.verdict == "lower"
    assert bound.low_all < bound.low
    assert bound.effect
    assert bound.difference == pytest.approx(40 * (0.05 - 0.2), abs=0.3)


def test_learnt_is_what_is_certainly_better_than_independent_marginals(make, anchors):
    """A diverged model has a large KL and active units; so has one that is as good as the
    marginals, give or take some noise.
    """
    floor = anchors["independent_marginals"]["test"]["test_bce_plus_kld"]
    as_good = [make("level", seed, wrong=(floor - 5) / 40) for seed in SEEDS]
    diverged = [make("lr_0_3", seed, kl=500.0) for seed in SEEDS]
    for results in (as_good, diverged, [*as_good, *diverged]):
        configurations, _, differences, words = words_of(results, anchors)
        assert all(one.compared for one in configurations), "its code is in use"
        assert learnt(configurations, differences) == []
        assert words["headline"].startswith(
            f"No configuration is certainly better than independent marginals ({floor:.2f} nats per"
            " row)"
        )
        assert "did not collapse" in words["sentences"][0].lower()
    good = [make("good", seed, wrong=0.01) for seed in SEEDS]
    configurations, _, differences, words = words_of([*good, *diverged], anchors)
    assert [one.name for one in learnt(configurations, differences)] == ["good"], (
        "another's divergence costs it nothing"
    )
    assert words["headline"].startswith(
        "1 of 2 configurations learnt a latent code; the lowest BCE + KL is good's"
    )
    page = page_of([*good, *diverged], *words_of([*good, *diverged], anchors)[1:])
    assert "Against independent marginals" in page


def test_members_without_the_marginals_nats_leave_open_what_was_learnt(make, anchors):
    member = make("old")
    del member.arrays["marginals"]
    assert "is not known" in words_of([member], anchors)[-1]["headline"]


def test_differences_have_the_words_of_every_report(make, anchors):
    def verdicts(**wrong):
        results = [make(name, seed, wrong=share) for name, share in wrong.items() for seed in SEEDS]
        *_, differences, words = words_of(results, anchors)
        rows = differences[
            (differences.metric == "test_bce_plus_kld") & (differences.kind == "best")
        ]
        return set(rows.verdict), " ".join(words["sentences"])

    assert verdicts(a=0.05, b=0.2)[0] == {"lower"}
    small, sentences = verdicts(a=0.050, b=0.055)
    assert small == {"lower, small"}
    assert "no effect" not in sentences


def test_a_choice_is_level_by_rows_and_seeds_where_its_metric_is_a_mean_over_rows(make, anchors):
    """What a few seeds alone leave open, the rows show: they are the same for both."""
    results = [
        make(name, seed, wrong=wrong)
        for name, wrong in (("a", 0.05), ("b", 0.07), ("a again", 0.051))
        for seed in SEEDS
    ]
    *_, differences, words = words_of(results, anchors)
    choices = {choice["metric"]: choice for choice in words["choices"]}
    assert (choices["test_bce_plus_kld"]["by"], choices["entropy"]["by"]) == (
        "rows and seeds",
        "seeds",
    )
    assert "b" not in choices["test_bce_plus_kld"]["level_with"].split(", ")
    certain = {
        b
        for (metric, _, b), verdict in verdicts_of(differences, "best").items()
        if metric == "hamming_loss" and "er" in verdict[:6]
    }
    assert set(choices["hamming_loss"]["level_with"].split(", ")) - {""} == {
        "a",
        "b",
        "a again",
    } - certain - {choices["hamming_loss"]["best"]}


def test_scores_have_an_absolute_smallest_effect_and_losses_a_relative_one(make, anchors):
    *_, differences, _ = words_of(
        [make(n, seed, wrong=w) for n, w in (("a", 0.05), ("b", 0.0502)) for seed in SEEDS], anchors
    )
    rows = differences[differences.kind == "best"].set_index("metric")
    assert rows.loc["test_bce_plus_kld", "verdict"] in (
        "lower, small",
        "same",
        "undecided",
        "higher, small",
    )
    assert abs(rows.loc["hamming_loss", "relative"]) > 0
    assert not rows.loc["test_bce_plus_kld", "effect"]


def test_larger_configurations_are_compared_with_smaller_ones_over_rows_and_seeds(make, anchors):
    results = [
        make(name, seed, wrong=w, hidden_dim=d)
        for name, w, d in (("small", 0.2, 16), ("large", 0.1, 64))
        for seed in SEEDS
    ]
    *_, differences, words = words_of(results, anchors)
    (row,) = differences[differences.kind == "size"].to_dict("records")
    assert (row["metric"], row["a"], row["b"], row["verdict"]) == (
        "test_bce",
        "large",
        "small",
        "lower",
    )
    verdicts = {one["claim"]: one["verdict"] for one in words["claims"]}
    assert verdicts["Larger models typically have lower reconstruction loss"] == "confirmed"


def test_one_seed_leaves_open_what_was_learnt(make, anchors):
    _, _, differences, words = words_of([make("a", wrong=0.01)], anchors)
    assert set(differences[differences.kind == "marginals"].verdict) == {"undecided (1 seed)"}
    assert "whether it is better than independent marginals" in words["headline"]
    assert "is undecided (1 seed)" in words["headline"]


def test_one_seed_decides_no_difference_between_configurations(make, anchors):
    *_, differences, words = words_of(
        [make("a", wrong=0.05), make("b", wrong=0.2, hidden_dim=32)], anchors
    )
    assert set(differences[differences.b == "b"].verdict) == {"undecided (1 seed)"}
    verdicts = {row["claim"]: row["verdict"] for row in words["claims"]}
    assert (
        verdicts["Larger models typically have lower reconstruction loss"] == "undecided (1 seed)"
    )


def test_a_collapsed_pair_decides_nothing_about_size(make):
    sizes = {"small": (16, 0.3), "medium": (32, 0.2), "large": (64, 0.1)}
    learnt = [
        make(name, seed, wrong=wrong, hidden_dim=width)
        for name, (width, wrong) in sizes.items()
        for seed in SEEDS
    ]
    dead = [
        make(f"beta_{w}", seed, collapsed=True, hidden_dim=w, beta=4.0)
        for w in (16, 32)
        for seed in SEEDS
    ]
    half = [make("half dead", seed, collapsed=True, hidden_dim=128) for seed in SEEDS]
    configurations = collect_configurations([*learnt, *dead, *half])
    answer = answers("vae", (), evidence_of(configurations, REPORT))[-1]
    assert answer.verdict == "confirmed", answer
    assert len(answer.numbers) == 3
    assert not any("dead" in number for number in answer.numbers)


def test_a_training_under_two_names_is_compared_once_and_reported_as_one(make, anchors):
    results = [make("vae_medium", seed, wrong=0.01) for seed in SEEDS]
    copies = [
        replace(
            one,
            member=replace(
                one.member, name=f"copy_{one.member.seed}", cell={"configuration": "lr_5e4"}
            ),
        )
        for one in results
    ]
    configurations, comparison, differences, words = words_of([*results, *copies], anchors)
    assert [one.same_as for one in configurations] == ["", "vae_medium"]
    assert words["headline"].startswith("1 of 1 configurations learnt")
    assert "lr_5e4 = vae_medium" in " ".join(words["caveats"])
    assert "lr_5e4" not in set(differences.a) | set(differences.b)
    assert (
        comparison.set_index("configuration").loc["lr_5e4"].notes
        == "same training as vae_medium: trained once"
    )


def test_names_that_hold_commas_are_distinguished(make, anchors):
    dead = [
        make(f"vae_small, beta {beta:g}", seed, collapsed=True, beta=beta)
        for beta in (0.5, 4.0)
        for seed in SEEDS
    ]
    assert "left out of every best: vae_small, beta 0.5; vae_small, beta 4." in " ".join(
        words_of(dead, anchors)[-1]["sentences"]
    )


@pytest.mark.parametrize("column", ["test_kld", "gini_coefficient", "pct_active_units"])
def test_what_has_no_fair_direction_is_shown_with_its_reason(results, anchors, column):
    configurations, comparison, differences, words = words_of(results, anchors)
    assert column not in {choice.rule.column for choice in every_choice(configurations)}
    text = comparison_report(configurations, comparison, differences, words["caveats"])
    assert f"{column:<36}: not ranked: " in text


def test_what_holds_beta_is_ranked_within_a_beta_only(make):
    configurations = collect_configurations(
        [
            *(make("one", seed) for seed in SEEDS),
            *(make("half", seed, wrong=0.01, beta=0.5) for seed in SEEDS),
        ]
    )
    rule = next(rule for rules in SECTIONS.values() for rule in rules if rule.column == "test_loss")
    assert {(choice.scope, choice.name) for choice in choose(rule, configurations, {})} == {
        ("beta 1", "one"),
        ("beta 0.5", "half"),
    }


def test_choices_are_made_on_validation_and_show_the_test_split(make):
    a, b = make("a", wrong=0.1), make("b", wrong=0.2)
    a.metrics["test"]["test_hamming_loss"], b.metrics["test"]["test_hamming_loss"] = 0.9, 0.1
    (choice,) = choose(Rule("hamming_loss", "low"), collect_configurations([a, b]), {})
    assert choice.name == "a"
    assert choice.test == 0.9


def test_the_verdict_is_the_majority_and_a_tie_goes_to_the_worse(make):
    alive, dead = make("a", 1), [make("a", seed, collapsed=True) for seed in (2, 3)]
    assert collect_configurations([alive, *dead])[0].verdict == "collapsed"
    assert collect_configurations([alive, dead[0]])[0].verdict == "collapsed"
    assert collect_configurations([alive, make("a", 4), dead[0]])[0].verdict == "ok"
    assert (
        "1 of 3 seeds collapsed" in collect_configurations([alive, make("a", 4), dead[0]])[0].notes
    )


def test_comparison_begins_with_the_columns_of_the_guide_and_ends_with_anchors(results, anchors):
    comparison = words_of(results, anchors)[1]
    assert list(comparison.columns[: len(GUIDE)]) == GUIDE == ["configuration", *COLUMNS]
    assert list(comparison.configuration) == [
        "good",
        "worse",
        "planted",
        "missing",
        "all_zero",
        "independent_marginals",
        "pca_8",
        "data",
        "data_bootstrap",
    ]
    missing = comparison.set_index("configuration").loc["missing"]
    assert missing.status == "failed"
    assert "a reason" in missing.notes
    assert np.isnan(missing.test_loss)
    assert comparison.set_index("configuration").loc["good"].hamming_loss_sd > 0


def test_members_of_other_rows_are_stale(results):
    results[0].record["data"] = {**results[0].record["data"], "digest": "another"}
    assert [result.status for result in collect_configurations(results)[0].results][:2] == [
        "stale",
        "done",
    ]


def test_a_further_seed_joins_its_configuration_only_if_it_was_made_alike(make):
    planned = [make("a", seed) for seed in SEEDS]
    alike, other, own = not_in_the_grid(
        [make("a", 7), make("a", 8, dropout=0.5), make("own", 7, dropout=0.5)], planned
    )
    assert (alike.status, other.status, own.status) == ("done", "stale", "done")
    assert "vae.dropout" in other.notes
    configurations = collect_configurations([*planned, alike, other, own])
    assert [(one.name, len(one.finished)) for one in configurations] == [("a", 4), ("own", 1)]


def test_seeds_tell_apart_only_what_differs_beyond_them():
    assert seeds_differ([1.0, 1.1, 0.9], [2.0, 2.1, 1.9])
    assert not seeds_differ([1.0, 1.1, 0.9], [1.05, 1.2, 0.8])
    assert not seeds_differ([1.0], [5.0])
    assert seeds_differ([0.0, 0.0], [1.0, 1.0])


def test_files_of_a_configuration_have_the_keys_of_the_guide_and_numbers_only(results):
    files = configuration_files(collect_configurations(results))
    assert {name for name in files if name.endswith("_metrics")} == {
        "good_metrics",
        "worse_metrics",
        "planted_metrics",
    }
    metrics, summary = files["good_metrics"], files["good_summary"]
    assert summary["metrics"] == metrics
    assert summary["config"]["model_name"] == "good"
    keys = {
        "train": ["train_loss", "train_bce", "train_kld"],
        "val": ["val_loss", "val_hamming_loss", "val_jaccard_index"],
        "test": [
            "test_kld",
            "test_diversity_pct_unique_combinations",
            "test_diversity_entropy",
            "test_cooccurrence_cosine_similarity",
        ],
    }
    for split, names in keys.items():
        assert set(names) <= set(metrics[split])
        assert all(isinstance(value, float) for value in metrics[split].values())


def test_the_guide_s_predictions_are_held_against_the_numbers(make, anchors):
    results = [
        *(make("plain", seed, wrong=0.3) for seed in SEEDS),
        *(make("heavy", seed, wrong=0.05, beta=4.0) for seed in SEEDS),
    ]
    verdicts = {row["claim"]: row["verdict"] for row in words_of(results, anchors)[3]["claims"]}
    assert verdicts["Standard VAE should have lower KL divergence (of pairs of tags)"] == "refuted"
    assert verdicts["Larger models typically have lower reconstruction loss"] == "not asked"
    assert (
        verdicts["Beta-VAE should have better latent factor disentanglement"]
        == "undecided (not measured here)"
    )


def test_the_page_holds_verdicts_anchors_and_stays_self_contained(results, anchors):
    _, comparison, differences, words = words_of(results, anchors)
    page = page_of(results, comparison, differences, words)
    for text in (
        words["headline"],
        "independent_marginals",
        "collapsed",
        "Rows drawn from the prior",
    ):
        assert typeset(text).replace("'", "&#39;") in page
    assert "http" not in page
    json.dumps(words, allow_nan=False)
