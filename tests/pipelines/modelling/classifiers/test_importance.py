"""What features are worth, measured: exactly nothing where a network ignores them, however events
are shown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from fabricate import base_parameters
from omegaconf import OmegaConf

from lexon.baselines import BASELINES
from lexon.config import ClassifierMember
from lexon.datasets.arrays import Arrays
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.errors import ConfigurationError
from lexon.events import SPLITS
from lexon.exchange import FEATURES
from lexon.experiments import Experiment, expand
from lexon.models.classifier import Classifier
from lexon.pipelines.modelling.classifiers import importance
from lexon.pipelines.modelling.classifiers.baseline_importance import measure_baseline_importance
from lexon.pipelines.modelling.classifiers.baselines import score_baselines
from lexon.pipelines.modelling.classifiers.pipeline import create_pipeline
from lexon.tokenisers import build
from lexon.tokenisers.base import Tokeniser

OBJECT_TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}


def study(**changes: object) -> Experiment:
    asked = OmegaConf.to_container(OmegaConf.merge(base_parameters(), changes))
    return expand("study", asked, asked, lambda key: "a file")


def member(**changes: object) -> ClassifierMember:
    return ClassifierMember(**study(**changes).planned[0].config)


@pytest.fixture(scope="module")
def source(tmp_path_factory, make_events) -> EventSource:
    dataset = EventsDataset(str(tmp_path_factory.mktemp("events") / "events.h5"))
    splits = [(split, make_events(150, seed)) for seed, split in enumerate(SPLITS)]
    dataset.save(EventSample(splits, {"label_names": {1: "tttt", 2: "ttH"}}))
    return dataset.load()


class OneQuantity(torch.nn.Module):
    """Sees one tensor of a batch only."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def score(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        seen = batch[self.name].float().flatten(1)
        value = seen.sum(1) if self.name == "types" else seen[:, 0]
        signal = torch.sigmoid(value / 1000)  # of tokens up to 1000 none is near 0 or 1
        return torch.stack([signal, 1 - signal], dim=1)


def measured(
    config: ClassifierMember, source: EventSource, network: Any = None, record: Any = None
) -> Arrays:
    tokeniser = build(config.tokeniser).fit(source.read("train"))
    return importance.measure_importance(
        tokeniser,
        source,
        network if network is not None else transformer(config, tokeniser),
        {"parameters": config.model_dump(mode="json")} if record is None else record,
        2,
        config,
        "cpu",
        "one",
        OBJECT_TYPES,
    )


def transformer(config: ClassifierMember, tokeniser: Tokeniser) -> Classifier:
    """One that was not trained, whose scores depend on all that it is shown."""
    torch.manual_seed(0)
    settings = config.classifier.arguments() | {"dim": 16, "depth": 2, "heads": 2, "mlp_dim": 32}
    return Classifier(
        n_classes=2,
        vocab_size=tokeniser.vocab_size,
        n_features=tokeniser.n_features,
        **settings,
    )


def changed(found: Arrays) -> set[str]:
    """The features that change any score."""
    return {name for name in FEATURES if not (found[name] == found["plain"]).all()}


@pytest.mark.parametrize("tokeniser", ["direct", "binned"])
@pytest.mark.parametrize(("seen", "features"), [("met", {"met"}), ("types", {"type"})])
def test_a_network_that_sees_one_quantity_is_worth_that_feature_only(
    source: EventSource, tokeniser: str, seen: str, features: set[str]
) -> None:
    found = measured(member(tokeniser=tokeniser), source, OneQuantity(seen))
    assert changed(found) == features
    assert found["met"].shape == (2, len(found["plain"]))
    np.testing.assert_array_equal(found["index"], source.classified("test", {"a": 1, "b": 2}).index)


@pytest.mark.parametrize(
    ("settings", "ignored"),
    [
        ({}, {"energy"}),
        ({"vector": 5}, set()),
        ({"met": False}, {"energy", "met"}),
        ({"pid": False}, {"energy", "type"}),
        ({"tokeniser": "binned"}, {"energy"}),
        ({"tokeniser": "binned", "met": False}, {"energy", "met"}),
    ],
)
def test_what_a_transformer_is_not_shown_changes_not_a_digit(
    source: EventSource, settings: dict[str, object], ignored: set[str]
) -> None:
    assert changed(measured(member(**settings), source)) == FEATURES.keys() - ignored


def test_what_is_not_shown_is_not_scored_again(source: EventSource, monkeypatch) -> None:
    calls, predict = [], importance.predict
    monkeypatch.setattr(importance, "predict", lambda *args: calls.append(1) or predict(*args))
    measured(member(met=False), source)
    assert len(calls) == 1 + 2 * len(FEATURES.keys() - {"energy", "met"})


def test_a_model_of_other_parameters_is_refused(source: EventSource) -> None:
    with pytest.raises(ConfigurationError, match="trained with other parameters"):
        measured(member(), source, record={"parameters": {}})


def test_trees_are_asked_about_the_same_exchanges_and_ignore_what_they_are_not_told(
    source: EventSource,
) -> None:
    classes = {"signal": (1,), "background": (2,)}
    weighting = study().parameters.training.weighting
    found = measure_baseline_importance(source, classes, OBJECT_TYPES, weighting, 2)
    scores = score_baselines(source, classes, OBJECT_TYPES, weighting)
    assert found.keys() == scores.keys() == BASELINES.keys()
    for kind, arrays in found.items():
        np.testing.assert_array_equal(arrays["plain"], scores[kind].signal)
        np.testing.assert_array_equal(arrays["index"], scores[kind].index)
        assert arrays["pt"].shape == (2, len(arrays["plain"]))
        assert "pt" in changed(arrays)


def nodes(**asked: object) -> set[str]:
    return set(map(str, create_pipeline(study(**asked)).nodes))


def test_it_is_a_node_of_its_own_so_that_asking_for_it_leaves_trainings_and_evaluations() -> None:
    none, one, both = (
        {"importance": {"permutations": n, "attention_events": m}}
        for n, m in ((0, 0), (2, 0), (2, 1))
    )
    assert member(**none) == member(**both)
    assert nodes(**none) < nodes(**one) < nodes(**both)
    added = {node.partition(":")[0].rpartition(".")[2] for node in nodes(**both) - nodes(**none)}
    assert added == {"measure_importance", "measure_baseline_importance", "draw_attention"}


def test_finished_tokens_have_no_features_to_exchange() -> None:
    asked = {"importance": {"attention_events": 1}, "tokens": {"path": "tokens.h5"}}
    assert not any("importance" in node or "attention" in node for node in nodes(**asked))
