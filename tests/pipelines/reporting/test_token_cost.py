"""What tokens cost is found where it was planted: in the table, in the tokens, and less of both
with more events.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fabricate import REJECTIONS, result, to_png

from lexon.config import EvaluationConfig, ReportConfig
from lexon.experiments import Result
from lexon.pipelines.reporting.classifier import compare_results
from lexon.pipelines.reporting.classifier_effects import classifier_cells
from lexon.pipelines.reporting.representations import best_on_validation, representations_of
from lexon.pipelines.reporting.token_cost import KNOWN_COST
from lexon.plots.token_cost import by_bits, by_training_events
from lexon.statistics import EFFECTS

FEW, MANY = 4000, 14000
# By representation: tokeniser, its settings, embedding, number of object tokens.
SHOWN: dict[str, tuple[dict[str, Any], str, int]] = {
    "direct": ({"kind": "direct"}, "table", 0),
    "3 bins, factorised": ({"kind": "binned", "n_bins": 3}, "factorised", 189),
    "5 bins, table": ({"kind": "binned", "n_bins": 5}, "table", 875),
    "5 bins, factorised": ({"kind": "binned", "n_bins": 5}, "factorised", 875),
    "vq codes 512, table": ({"kind": "vqvae", "codebook_size": 512, "seed": 42}, "table", 512),
    "vq codes 512, codebook": (
        {"kind": "vqvae", "codebook_size": 512, "seed": 42},
        "codebook",
        512,
    ),
}
SEPARATION = {
    "direct": 1.5,
    "3 bins, factorised": 1.2,
    "5 bins, factorised": 1.5,
    "vq codes 512, codebook": 1.3,
}


def separation(name: str, size: int) -> float:
    """A table costs 0.6 with few events and 0.3 with many; 5 bins cost nothing, 3 bins and codes
    do.
    """
    tied = next(
        value
        for other, value in SEPARATION.items()
        if other.split(",")[0] == name.split(",", maxsplit=1)[0]
    )
    return tied - (name.endswith("table")) * (0.6 if size == FEW else 0.3)


def member(name: str, size: int, seed: int, val: Callable[[str], float]) -> Result:
    tokens, embedding, n = SHOWN[name]
    cell = {
        "tokeniser": tokens["kind"],
        "binning.n_bins": tokens.get("n_bins", 3),
        "model.embedding": embedding,
        "n_train": size,
    }
    one = result(
        cell, seed, separation(name, size), own=seed + 7 * list(SHOWN).index(name) + size, n=2000
    )
    config = one.member.config | {"tokeniser": tokens, "classifier": {"embedding": embedding}}
    use = (
        {"object_tokens": n, "object_tokens_used": n // 2, "object_token_entropy": 6.5} if n else {}
    )
    record = one.record | {"data": one.record["data"] | {"n_train": size, **use}}
    metrics = one.metrics | {"val": one.metrics["val"] | {"auroc": val(name)}}
    return replace(one, member=replace(one.member, config=config), record=record, metrics=metrics)


def members(
    names: tuple[str, ...] = tuple(SHOWN),
    val: Callable[[str], float] = lambda name: 0.9 if "5 bins" in name else 0.8,
) -> list[Result]:
    return [
        member(name, size, seed, val)
        for name in names
        for size in (FEW, MANY)
        for seed in (42, 123, 314)
    ]


@cache
def report(names: tuple[str, ...] = tuple(SHOWN)) -> dict[str, Any]:
    settings = ReportConfig(n_bootstrap=200, min_effect={"loss": 0.05, "score": 0.005}, source=None)
    return compare_results(
        members(names), {}, EvaluationConfig(rejections=REJECTIONS), settings, "main"
    )


def row(kind: str, a: str, b: str, n_train: str = "14,000") -> pd.Series:
    table = report()["token_cost"]
    (found,) = table[
        (table["kind"] == kind)
        & (table["a"] == a)
        & (table["b"] == b)
        & (table["n_train"] == n_train)
    ].to_dict("records")
    return pd.Series(found)


def test_the_table_costs_what_was_planted_and_the_tokens_nothing() -> None:
    assert row("lookup table", "5 bins, factorised", "5 bins, table")["verdict"] in EFFECTS
    information, whole = (
        row("lost information", "direct", "5 bins, factorised"),
        row("both together", "direct", "5 bins, table"),
    )
    assert information["verdict"] not in EFFECTS
    table = row("lookup table", "5 bins, factorised", "5 bins, table")["difference"]
    assert whole["difference"] == pytest.approx(information["difference"] + table)


def test_the_cost_of_a_table_shrinks_with_events() -> None:
    found = row("training events", "5 bins, factorised", "5 bins, table", "4,000 to 14,000")
    few, many = (
        row("lookup table", "5 bins, factorised", "5 bins, table", n)["difference"]
        for n in ("4,000", "14,000")
    )
    assert found["difference"] == pytest.approx(few - many)
    assert found["low_all"] > 0


def test_codes_are_held_against_the_bins_of_nearest_bits() -> None:
    codes = report()["token_cost"]
    codes = codes[codes["kind"] == "codes and bins"]
    assert set(codes["b"]) == {"5 bins, factorised"}
    assert set(codes["bits_a"]) == {9.0}


def test_the_answers_are_sentences_with_intervals() -> None:
    sentences = report()["findings"]["sentences"]
    words = ("Lost information", "Lookup", "From 4,000 to 14,000", "Bins", "Codes")
    answers = [next(one for one in sentences if one.startswith(word)) for word in words]
    assert sentences[0] == answers[0]
    assert "5 bins, factorised is best on validation" in answers[0]
    assert all("[" in one for one in answers)
    assert "9.0 bits an object, entropy of its use 6.5" in answers[-1]


def test_the_best_is_chosen_on_validation_whatever_the_test_says() -> None:
    cells, _ = classifier_cells(
        members(val=lambda name: 0.99 if name == "3 bins, factorised" else 0.8), {}
    )
    tied = [one for one in representations_of(cells) if not one.has_table and not one.is_direct]
    assert best_on_validation(tied).name == "3 bins, factorised"  # type: ignore[union-attr]


def test_a_cell_is_not_named_after_axes_that_do_not_concern_it() -> None:
    summary = report()["summary"]
    labels = summary[summary["kind"] == "cell"]["label"].tolist()
    assert len(set(labels)) == len(labels)
    assert "direct, training events 4000" in labels
    assert "vqvae, codebook, training events 14000" in labels


def test_bins_in_a_table_alone_come_with_what_that_costs() -> None:
    alone = report(("direct", "5 bins, table"))["findings"]
    (caveat,) = [one for one in alone["caveats"] if "model.embedding=table" in one]
    assert "5 bins" in caveat
    assert "token_cost" in caveat
    assert not any("model.embedding=table" in one for one in report()["findings"]["caveats"])


def test_a_grid_without_tokens_asks_nothing() -> None:
    found = report(("direct",))
    assert found["token_cost"].empty
    assert found["representations"].empty, "a section on tokens would be about none"
    assert not any("model.embedding" in one for one in found["findings"]["caveats"])


@pytest.mark.parametrize("draw", [by_bits, by_training_events])
def test_figures_are_drawn_or_say_that_there_is_nothing(
    draw: Callable[[pd.DataFrame], Any],
) -> None:
    shown = report()["representations"]
    assert len(to_png(draw(shown))) > 20_000
    assert len(draw(shown.iloc[:0]).axes) == 0


def test_what_a_table_is_known_to_cost_is_what_the_page_says() -> None:
    page = (Path(__file__).parents[3] / "docs/how_to/token_cost.md").read_text(encoding="utf-8")
    differences = re.findall(r"(\d\.\d+) \[(\d\.\d+), (\d\.\d+)\]", KNOWN_COST)
    assert len(differences) == 2
    for difference in differences:
        assert "+{} [+{}, +{}]".format(*difference) in page
