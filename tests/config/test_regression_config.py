"""What a user may ask of a regression, and what a member then is."""

from __future__ import annotations

from typing import Any

import pytest
from fabricate import base_parameters
from omegaconf import OmegaConf

from lexon.errors import ConfigurationError
from lexon.experiments import Experiment, expand


def study(changes: dict[str, Any] | None = None) -> Experiment:
    asked = OmegaConf.to_container(
        OmegaConf.merge(base_parameters(), {"kind": "regression"}, changes or {})
    )
    return expand("sweep", asked, asked, lambda key: "a file")


def test_events_are_shown_directly_and_met_is_no_choice() -> None:
    config = study({"met": False}).planned[0].config
    assert config == study({"met": True}).planned[0].config
    assert (config["source"], config["target"], config["tokeniser"]["kind"]) == (
        "events",
        "met",
        "direct",
    )
    assert config["training"]["length_aware"] is False
    assert study().starts_from_events


def test_a_table_needs_no_events() -> None:
    experiment = study({"regression": {"source": "diabetes"}})
    assert not experiment.starts_from_events
    assert experiment.tokenisers == {}
    assert experiment.planned[0].config["target"] == "y"
    assert (
        study({"regression": {"source": "table", "path": "a.csv", "target": "km"}})
        .planned[0]
        .config["target"]
        == "km"
    )


def test_a_path_is_a_table() -> None:
    experiment = study({"regression": {"path": "a.csv", "group": "flight"}})
    assert (experiment.planned[0].config["source"], experiment.planned[0].config["group"]) == (
        "table",
        "flight",
    )
    assert not experiment.starts_from_events


def test_where_a_table_lies_is_no_part_of_what_a_member_is() -> None:
    one, other = (
        study({"regression": {"source": "table", "path": path}}).planned[0].config
        for path in ("a.csv", "b.csv")
    )
    assert one == other


def test_lambda_0_is_one_training_whatever_the_penalty_that_has_no_weight() -> None:
    experiment = study(
        {
            "variance_lambda": [0.0, 2.0],
            "penalty": ["batch", "global"],
            "grid": {"axes": ["variance_lambda", "penalty"]},
        }
    )
    assert len(experiment.planned) == 4
    assert {member.cell["penalty"] for member in experiment.planned} == {"batch", "global"}
    assert [
        (member.config["variance_lambda"], member.config["penalty"])
        for member in experiment.trained
    ] == [
        (0.0, "batch"),
        (2.0, "batch"),
        (2.0, "global"),
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"regression": {"source": "table"}}, "needs regression.path=FILE"),
        ({"regression": {"target": "mass"}}, "choose one of met, ht, leading_pt, n_objects"),
        ({"regression": {"source": "diabetes", "group": "site"}}, "leave both null"),
        (
            {"regression": {"source": "diabetes", "path": "a.csv"}},
            "regression.path=a.csv: the diabetes data",
        ),
        ({"regression": {"group": "site"}}, "regression.group=site: events have no groups"),
        ({"regression": {"source": "diabetes", "hidden": []}}, "hidden"),
        ({"training": {"early_stopping": 3}}, "judged at their last epoch"),
        ({"collapse": {"collapsed_below": 0.9}}, "must rise"),
        ({"variance_lambda": -1}, "variance_lambda"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        study(changes)


@pytest.mark.parametrize("hidden", [[], [0], [100_000_000], [64] * 1_001])
def test_layers_that_cannot_be_built_are_refused(hidden: list[int]) -> None:
    with pytest.raises(ConfigurationError, match=r"regression\.hidden"):
        study({"regression": {"source": "diabetes", "hidden": hidden}})


@pytest.mark.parametrize("kind", ["classifier", "regression"])
def test_a_network_larger_than_any_memory_is_refused_before_it_is_built(kind: str) -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"model.dim=8192, model.depth=1000, .* parameters, more than the memory of any GPU",
    ):
        study({"kind": kind, "model": {"dim": 8192, "depth": 1000, "heads": 8, "mlp_dim": 8192}})
