"""Claims are data: a mistake in one is named, and the answer follows from what was planted."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from typing import Any

import numpy as np
import pytest
import yaml

from lexon.config import KINDS, ReportConfig
from lexon.config.claims import COMPARED, read_claims, refuse_unknown_names
from lexon.errors import ConfigurationError
from lexon.experiments import Member, Result
from lexon.pipelines.reporting import (
    autoencoder_claims,
    classifier_effects,
    regression_claims,
    vae_claims,
)
from lexon.pipelines.reporting.autoencoder_changes import Grid
from lexon.pipelines.reporting.cells import Cell
from lexon.pipelines.reporting.claim_evidence import MISSING, Evidence, level_words
from lexon.pipelines.reporting.claims import Answer, answers, claims_of, sentences
from lexon.pipelines.reporting.classifier_effects import Aurocs
from lexon.statistics import SmallestEffect, of_seed, resample

FILES = [
    path
    for path in resources.files("lexon.pipelines.reporting").joinpath("questions").iterdir()
    if path.name.endswith(".yml")
]
REPORT = ReportConfig(n_bootstrap=100, min_effect={"loss": 0.05, "score": 0.005}, source=None)
SEEDS = (-0.01, 0.0, 0.01)
CLAIM: dict[str, Any] = {"claim": "wider is better", "along": "width", "every": {"auroc": "higher"}}


class PlantedCell(Cell):
    """A cell that is called by its levels."""

    @property
    def name(self) -> str:
        return self.config["name"]


def cell(axes: dict[str, Any], value: float | None, n_seeds: int) -> Cell:
    name = ", ".join(map(str, axes.values()))
    members = [Member(f"{name}{seed}", axes, seed, {"name": name}, "") for seed in range(n_seeds)]
    return PlantedCell(
        0,
        tuple(
            Result(member, "pending" if value is None else "done", "", {}, {}, None)
            for member in members
        ),
    )


def evidence(
    values: dict[tuple[Any, ...], float | None],
    axes: tuple[str, ...] = ("width",),
    seeds: tuple[float, ...] = SEEDS,
) -> Evidence:
    """Cells by their levels, with one score a seed; None: not run."""
    names = {levels: ", ".join(map(str, levels)) for levels in values}
    cells = {
        f"auroc:{names[levels]}": [of_seed(value + own) for own in seeds]
        for levels, value in values.items()
        if value is not None
    }
    trainings = resample(cells, 10, 200, np.random.default_rng(0))
    return Evidence(
        [
            cell(dict(zip(axes, levels, strict=True)), value, len(seeds))
            for levels, value in values.items()
        ],
        lambda _: trainings,
        {"auroc": SmallestEffect(0.05, "absolute")},
        level_words,
    )


def answer(claim: dict[str, Any], *args: Any, **options: Any) -> Answer:
    """Of an experiment's own claim; no document claims anything about classifiers."""
    (found,) = answers("classifier", [CLAIM | claim], evidence(*args, **options))
    return found


@pytest.mark.parametrize(
    "kind", [path.name.removesuffix(".yml") for path in FILES if path.name != "vae_rankings.yml"]
)
def test_documents_claims_are_each_stated_once_with_their_source_and_about_what_is_measured(
    kind: str,
) -> None:
    claims = [claim for of_kind in claims_of(kind).values() for claim in of_kind]
    assert len({(claim.name, claim.claim) for claim in claims}) == len(claims) > 0
    assert all(claim.source for claim in claims)
    assert {name for claim in claims for name, _ in claim.expected} <= set(KINDS[kind].statistics)


def test_each_kind_measures_the_statistics_that_claims_about_it_may_name() -> None:
    """Whatever is compared has a smallest effect."""
    made = {
        "autoencoder": autoencoder_claims.evidence_of(
            Grid((), {}, SmallestEffect(0.05, "log")), REPORT
        ),
        "classifier": classifier_effects.evidence_of([], Aurocs({}, {}), REPORT),
        "regression": regression_claims.evidence_of([], REPORT),
        "vae": vae_claims.evidence_of([], REPORT),
    }
    assert {kind.name for kind in KINDS.values() if kind.statistics} == made.keys()
    for name, found in made.items():
        assert found.smallest.keys() == {
            one for one, outcomes in KINDS[name].statistics.items() if outcomes == COMPARED
        }


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((0.5, 0.7, 0.9), "confirmed"),
        ((0.9, 0.7, 0.5), "refuted"),
        ((0.7, 0.7, 0.9), "refuted"),
        ((0.5, None, 0.9), f"undecided ({MISSING})"),
        ((0.9, None, 0.5), "refuted"),
    ],
    ids=["rises", "falls", "partly the same", "a cell is missing", "what is there refutes it"],
)
def test_every_is_true_where_all_are_and_false_where_any_is_not(
    values: tuple[float | None, ...], verdict: str
) -> None:
    assert answer({}, {(i,): value for i, value in enumerate(values)}).verdict == verdict


def test_some_is_true_where_any_is_and_says_in_how_many() -> None:
    cells = {(0,): 0.5, (1,): 0.5, (2,): 0.9}
    assert (
        answer({"every": {}, "some": {"auroc": "higher"}}, cells).answer
        == "confirmed, in 2 of 3 comparisons"
    )
    assert answer({"every": {}, "some": {"auroc": "lower"}}, cells).verdict == "refuted"
    assert answer({"answers": ["yes", "no"]}, cells).answer == "no, in 1 of 3 comparisons"


def test_one_seed_decides_nothing() -> None:
    assert answer({}, {(0,): 0.5, (1,): 0.9}, seeds=(0.0,)).verdict == "undecided (1 seed)"


def test_seeds_that_differ_more_than_the_cells_leave_it_open_and_numbers_stand_beside_it() -> None:
    found = answer({}, {(0,): 0.5, (1,): 0.6}, seeds=(-0.3, 0.0, 0.3))
    assert found.verdict == "undecided (3 seeds: the intervals allow both)"
    assert found.numbers[0].startswith("auroc +0.100 [")
    assert "1 against 0: undecided" in found.numbers[0]


def test_lines_are_cells_that_differ_in_nothing_else() -> None:
    cells = {
        (kind, width): value + width / 10
        for kind, value in (("a", 0.1), ("b", 0.6))
        for width in (0, 1)
    }
    assert answer({}, cells, axes=("kind", "width")).verdict == "confirmed"
    cells["b", 1] = 0.2
    found = answer({"each_line": True}, cells, axes=("kind", "width"))
    assert (found.verdict, found.answer) == ("mixed", "confirmed for a; refuted for b")
    assert answer({"at": {"kind": ["a"]}}, cells, axes=("kind", "width")).verdict == "confirmed"


@pytest.mark.parametrize(
    ("change", "n"),
    [
        ({}, 6),
        ({"pairs": "neighbours"}, 3),
        ({"pairs": "first"}, 1),
        ({"pairs": "inner", "every": {"auroc": ["higher", "lower"]}}, 4),
        ({"earlier": [0]}, 3),
        ({"later": [2, 3], "earlier": [0, 1]}, 4),
        ({"levels": [0, 3]}, 1),
    ],
)
def test_pairs(change: dict[str, Any], n: int) -> None:
    found = answer(change, {(width,): 0.1 + 0.2 * width for width in range(4)})
    assert found.verdict == "confirmed"
    assert len(found.numbers) == n


def test_a_level_may_be_a_list_or_a_group_of_numbers() -> None:
    cells = {("a",): 0.5, ((64, 64),): 0.9}
    assert answer({}, cells).verdict == "confirmed"
    found = evidence({("a",): 0.5, ("b",): 0.9})
    for number, one in enumerate(found.cells):
        one.axes["width"] = {"pt": number}
    assert answers("classifier", [CLAIM], found)[0].verdict == "confirmed"
    assert (
        answers(
            "classifier", [CLAIM | {"along": None, "axes": ["width"], "cells": [[1], [2]]}], found
        )[0].verdict
        == "not asked"
    )


def test_an_order_of_one_s_own_and_a_list_of_cells() -> None:
    cells = {(name,): value for name, value in (("b", 0.7), ("a", 0.5), ("c", 0.9))}
    assert answer({"levels": ["a", "b", "c"]}, cells).verdict == "confirmed"
    assert answer({"levels": ["c", "b", "a"]}, cells).verdict == "refuted"
    ranking = {
        "along": None,
        "axes": ["width"],
        "cells": [["a"], ["b"], ["c"]],
        "pairs": "neighbours",
    }
    found = answer(ranking, cells)
    assert found.numbers[0] == "measured: a < b < c; Kendall's tau 1.00"
    assert answer(ranking | {"cells": [["a"], ["d"]]}, cells).verdict == "not asked"


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        ({"above": 0.4, "below": 0.8}, "confirmed"),
        ({"above": 0.8}, "refuted"),
        ({"above": 0.6}, "undecided (3 seeds: the intervals allow both)"),
    ],
)
def test_a_value_is_inside_its_bounds_with_its_whole_interval(
    bounds: dict[str, float], verdict: str
) -> None:
    claim = {"along": None, "at": {"width": [1]}, "every": {"auroc": bounds}}
    assert answer(claim, {(0,): 0.1, (1,): 0.6}).verdict == verdict


def test_a_cell_that_is_not_there_confirms_nothing() -> None:
    claim = {"along": None, "at": {"width": [1, 2]}, "every": {"auroc": {"above": 0.4}}}
    assert (
        answer(claim, {(0,): 0.1, (1,): 0.6}).verdict == "undecided (not every cell is in the grid)"
    )
    assert answer(claim, {(0,): 0.1, (1,): 0.2}).verdict == "refuted"
    assert answer(claim, {(0,): 0.1}).verdict == "not asked"


def test_a_remark_is_made_where_its_condition_holds() -> None:
    cells = {(0,): 0.5, (1,): 0.9}
    but = {"to": "confirmed", "words": "and far above chance", "every": {"auroc": {"above": 0.4}}}
    assert answer({"but": but}, cells).answer == "confirmed, and far above chance"
    assert answer({"but": but | {"every": {"auroc": {"above": 0.8}}}}, cells).answer == "confirmed"
    assert (
        answer({"but": but | {"every": {"auroc": {"above": 0.5}}}}, cells).answer
        == "confirmed, undecided whether and far above chance"
    )


def test_a_note_on_a_statistic_is_given_once() -> None:
    noted = replace(evidence({(0,): 0.5, (1,): 0.9}), notes={"auroc": "over all classes"})
    (found,) = answers("classifier", [CLAIM | {"some": {"auroc": "higher"}}], noted)
    assert found.numbers.count("over all classes") == 1


def test_claims_with_names_have_sentences_and_others_share_one_for_each_verdict() -> None:
    cells = evidence({(0,): 0.5, (1,): 0.9})
    own = [
        CLAIM | {"name": "first"},
        CLAIM | {"claim": "b"},
        CLAIM | {"claim": "c"},
        CLAIM | {"claim": "d", "every": {"auroc": "lower"}},
    ]
    first, *others = sentences(answers("classifier", own, cells))
    assert first.startswith("First (wider is better): confirmed. auroc +0.400 [")
    assert others == ["Questions confirmed: b; c.", "Questions refuted: d."]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"direction": "up"}, "direction='up': no such key; known here: every, some, claim"),
        (
            {"every": {"auroc": "up"}},
            "every.auroc.outcomes.0='up': Input should be 'higher', 'lower'",
        ),
        (
            {"every": {"auroc": {"over": 0.5}}},
            "every.auroc.over=0.5: no such key; known here: above, below",
        ),
        ({"every": {}}, "give what is expected"),
        ({"pairs": "some"}, "pairs='some': Input should be 'all'"),
        ({"along": None}, "a difference needs pairs of cells"),
        ({"pairs": "lowest"}, "a difference needs pairs of cells"),
        ({"axes": ["width"], "cells": [[0], [1]]}, "not both"),
        ({"along": None, "axes": ["width"], "cells": [[0, 1]]}, "one level for each of `axes`"),
        ({"claim": None}, "claim=None: Input should be a valid string"),
    ],
)
def test_a_claim_that_cannot_be_read_is_named_with_key_and_what_is_allowed(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        read_claims([CLAIM, CLAIM | change], "questions (a.yml)")
    text = str(error.value)
    assert text.startswith("questions (a.yml): claims cannot be read:\n  claim 2")
    assert message in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"every": {"accuracy": "higher"}}, "no such statistic: accuracy; choose one of auroc"),
        (
            {"every": {"auroc": "stable"}},
            "auroc cannot be stable; choose one of higher, lower, same",
        ),
        ({"along": "depth"}, "along: no such axis: depth; choose one of width, pool"),
        ({"levels": [0, 7]}, "along: width has no level 7; choose one of 0, 1"),
        ({"at": {"pool": ["max"]}}, "at: pool has no level 'max'; choose one of cls, mean"),
        ({"same": ["vector"]}, "same: no such axis: vector"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_what_does(
    change: dict[str, Any], message: str
) -> None:
    claims = read_claims([CLAIM | change], "")
    with pytest.raises(ConfigurationError, match=message):
        refuse_unknown_names(
            claims,
            KINDS["classifier"].statistics,
            {"width": [0, 1], "pool": ["cls", "mean"]},
            "questions",
        )


def test_every_key_of_a_claim_is_in_the_how_to() -> None:
    text = (
        resources.files("lexon").joinpath("..", "..", "docs", "how_to", "ask_a_question.md")
    ).read_text(encoding="utf-8")
    (claim,) = read_claims([CLAIM], "")
    assert [name for name in type(claim).model_fields if f"`{name}" not in text] == []
    examples = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    assert all(read_claims(yaml.safe_load(block)["questions"], "example") for block in examples)
