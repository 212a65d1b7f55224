"""A second sample is scored by what the first one made: nothing about an event's score depends on
the sample that it comes in.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_networks
import torch
from fabricate import planned
from kedro.pipeline import Pipeline

from lexon.config import ClassifierMember, Weighting
from lexon.datasets.elsewhere import (
    CLASS_OF_LABEL,
    ElsewhereScores,
    OtherSample,
    OtherSampleDataset,
    read_elsewhere,
)
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.datasets.members import MemberElsewhere
from lexon.datasets.scores import write_scores
from lexon.errors import ConfigurationError, DataError
from lexon.events import SPLITS, Events
from lexon.experiments import Experiment
from lexon.models.classifier import Classifier
from lexon.pipelines.data_engineering import create_pipeline as data_pipeline
from lexon.pipelines.modelling.classifiers import baselines, shift
from lexon.pipelines.modelling.classifiers.elsewhere import (
    score_baselines_elsewhere,
    score_elsewhere,
)
from lexon.pipelines.modelling.classifiers.inputs import network_table
from lexon.pipelines.modelling.classifiers.pipeline import create_pipeline
from lexon.pipelines.modelling.classifiers.shift import compare_samples
from lexon.pipelines.tensors import encoded
from lexon.runners.cluster.workflow import plan_workflow
from lexon.runners.units import members_together
from lexon.statistics import Interval
from lexon.tokenisers import build
from lexon.tokenisers.base import Tokeniser
from lexon.training import predict

OBJECT_TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}
NAMES = {1: "tttt", 2: "ttH"}
STARTED = "2026-01-02T03:04:05+00:00"
WEIGHTING = Weighting(event_weights="none", class_weights="none", negative_weights="error")


def member(**changes: object) -> ClassifierMember:
    return ClassifierMember(**planned(**changes).planned[0].config)


@pytest.fixture(scope="module")
def source(tmp_path_factory, make_events) -> EventSource:
    dataset = EventsDataset(str(tmp_path_factory.mktemp("events") / "events.h5"))
    splits = [(split, make_events(150, seed)) for seed, split in enumerate(SPLITS)]
    dataset.save(EventSample(splits, {"label_names": NAMES}))
    return dataset.load()


@pytest.fixture(scope="module")
def other(tmp_path_factory, make_events, source: EventSource) -> OtherSample:
    """The test events of the first sample, after as many that are far from anything in it."""
    strange = make_events(150, 7)
    strange = replace(strange, p4=strange.p4 * np.float32([30, 30, 1, 1]), met=strange.met * 30)
    return sample_of(tmp_path_factory.mktemp("second"), strange, source.read("test"))


def sample_of(folder: Path, strange: Events, same: Events, **more: Any) -> OtherSample:
    dataset = OtherSampleDataset(filepath=str(folder / "elsewhere.h5"))
    halves = [("train", strange[:75]), ("val", strange[75:]), ("test", same)]
    known = {
        "label_names": NAMES,
        CLASS_OF_LABEL: {1: "signal", 2: "background"},
        "raw_path": "second.h5",
        "generator": "",
        "notes": ["a note"],
    }
    dataset.save(EventSample(halves, known | more))
    return dataset.load()


def transformer(
    config: ClassifierMember, tokeniser: Tokeniser, n_event_features: int = 0
) -> Classifier:
    """One that was not trained, whose scores depend on all that it is shown."""
    torch.manual_seed(0)
    settings = config.classifier.arguments() | {"dim": 16, "depth": 2, "heads": 2, "mlp_dim": 32}
    return Classifier(
        n_classes=2,
        vocab_size=tokeniser.vocab_size,
        n_features=tokeniser.n_features,
        **settings | {"event_features": n_event_features},
    ).eval()


def scored(
    config: ClassifierMember, tokeniser: Tokeniser, network: Any, sample: OtherSample
) -> ElsewhereScores:
    record = {"parameters": config.model_dump(mode="json"), "started": STARTED}
    given = (tokeniser, sample, network, record, config, "cpu", "one", OBJECT_TYPES)
    return score_elsewhere(*given)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        *((name, {}) for name in small_networks.NAMES),
        ("direct_5", {"pairwise": "bias"}),
        ("direct", {"event_features": True}),
        ("binned", {"event_features": True}),
    ],
)
def test_an_event_has_the_score_that_it_has_in_the_test_split(
    source: EventSource, other: OtherSample, monkeypatch, name: str, model: dict[str, Any]
) -> None:
    config, tokeniser = member(model=model), small_networks.fitted(source.read("train"))[name]

    def fitted_again(*_args: Any) -> None:
        raise AssertionError("fitted on the second sample")

    for method in ("fit", "fit_chunks", "with_model"):
        monkeypatch.setattr(type(tokeniser), method, fitted_again, raising=False)
    test, before = source.classified("test", config.classes), repr(tokeniser.state())
    table = network_table(encoded(test, tokeniser), config, tokeniser, OBJECT_TYPES)
    shown = table.tensors["event"].shape[1] if "event" in table.tensors else 0
    network = transformer(config, tokeniser, shown)
    own = predict(network, table, 64, "cpu")
    found = scored(config, tokeniser, network, other)
    np.testing.assert_allclose(found.scores.probabilities[150:], own, atol=1e-6)
    assert np.abs(found.scores.probabilities[:150] - own).max() > 1e-3
    np.testing.assert_array_equal(found.scores.target[150:], test.targets)
    assert found.training == STARTED
    assert repr(tokeniser.state()) == before


def test_baselines_are_those_of_the_first_sample(
    source: EventSource, other: OtherSample, monkeypatch
) -> None:
    monkeypatch.setattr("lexon.baselines.MAX_TREES", 5)
    given = ({"signal": "tttt", "background": "rest"}, OBJECT_TYPES, WEIGHTING)
    own = baselines.score_baselines(source, *given)
    found = score_baselines_elsewhere(source, other, *given)
    for kind, scores in own.items():
        np.testing.assert_array_equal(found[kind].probabilities[150:], scores.probabilities)


def test_a_model_of_other_parameters_is_refused(source: EventSource, other: OtherSample) -> None:
    config = member()
    tokeniser = build(config.tokeniser).fit(source.read("train"))
    with pytest.raises(ConfigurationError, match="trained with other parameters"):
        score_elsewhere(tokeniser, other, None, {"parameters": {}}, config, "cpu", "one", {})


def test_scores_come_back_from_their_file_with_the_training(
    tmp_path: Path, source: EventSource, other: OtherSample
) -> None:
    config = member()
    tokeniser = build(config.tokeniser).fit(source.read("train"))
    found = scored(config, tokeniser, transformer(config, tokeniser), other)
    dataset = MemberElsewhere(filepath=str(tmp_path / "scores_elsewhere.h5"))
    dataset.save(found)
    again = dataset.load()
    assert again.training == STARTED
    assert again.scores.digest == found.scores.digest
    np.testing.assert_array_equal(again.scores.probabilities, found.scores.probabilities)
    write_scores(tmp_path / "scores.h5", found.scores)
    with pytest.raises(DataError, match="which training"):
        read_elsewhere(tmp_path / "scores.h5")


def test_samples_are_compared_by_class_and_shared_process(
    source: EventSource, other: OtherSample
) -> None:
    classes = {"signal": "tttt", "background": "rest"}
    found = compare_samples(source, other, classes, OBJECT_TYPES, 20)
    assert [one["group"] for one in found["sizes"]] == ["all", "signal", "background"]
    assert found["sizes"][1] == {"group": "signal", "n_test": 75, "n_elsewhere": 150}
    by_name = {(one["group"], one["feature"]): one for one in found["features"]}
    assert by_name["all", "ht"]["distance"] > by_name["all", "ht"]["floor_all"]
    assert by_name["all", "n_jets"]["distance"] < by_name["all", "n_jets"]["floor_all"]
    assert [one["group"] for one in found["two_samples"]] == ["all", "signal", "background"]
    assert found["notes"] == ["a note"]


@pytest.mark.parametrize(
    ("n_signal", "weight", "reason"),
    [
        (40, 1.0, "it has 75 events in the own test split and 40 in the second sample, and 50 of"),
        (60, -0.5, "the weights of its 60 events of the second sample sum to -30, and a positive"),
    ],
)
def test_a_group_without_a_distance_is_named_with_the_reason(
    source: EventSource, make_events, tmp_path: Path, monkeypatch, n_signal, weight, reason
) -> None:
    monkeypatch.setattr(shift, "told_apart", lambda *_args: Interval(0.5, 0.4, 0.6))
    labels = np.full(300, 2)
    labels[np.linspace(0, 299, n_signal).astype(int)] = 1
    weights = np.where(labels == 1, weight, 1.0)
    strange, same = (
        replace(make_events(150, seed), labels=labels[rows], weights=weights[rows])
        for seed, rows in ((7, slice(150)), (8, slice(150, 300)))
    )
    sample = sample_of(tmp_path, strange, same)
    classes = {"signal": "tttt", "background": "rest"}
    found = compare_samples(source, sample, classes, OBJECT_TYPES, 20)
    for table in ("features", "two_samples"):
        assert {one["group"] for one in found[table]} == {"all", "background"}
    first, note = found["notes"]
    assert first == "a note"
    assert note.startswith(f"No distance of signal, nor an AUROC of telling it apart: {reason}")


def test_the_unit_of_weights_changes_no_distance(
    source: EventSource, make_events, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(shift, "told_apart", lambda *_args: Interval(0.5, 0.4, 0.6))
    found = []
    for weights in (None, np.full(150, 1e4)):
        strange, same = (replace(make_events(150, seed), weights=weights) for seed in (7, 8))
        folder = tmp_path / str(weights is None)
        folder.mkdir()
        sample = sample_of(folder, strange, same)
        found.append(
            compare_samples(source, sample, {"signal": "tttt", "background": 2}, OBJECT_TYPES, 20)
        )
    plain, weighted = (pd.DataFrame(one["features"]) for one in found)
    pd.testing.assert_frame_equal(plain, weighted)


def test_medians_are_by_weight(
    source: EventSource, make_events, tmp_path: Path, monkeypatch
) -> None:
    """Events with the fewest objects count most, so the median has fewer."""
    monkeypatch.setattr(shift, "told_apart", lambda *_args: Interval(0.5, 0.4, 0.6))
    strange, same = (make_events(150, seed) for seed in (7, 8))
    by_size = [
        replace(one, weights=np.where(one.mask.sum(1) < 5, 100.0, 1.0)) for one in (strange, same)
    ]
    sample = sample_of(tmp_path, *by_size)
    classes = {"signal": "tttt", "background": "rest"}
    found = compare_samples(source, sample, classes, OBJECT_TYPES, 20)
    (jets,) = [
        one for one in found["features"] if (one["group"], one["feature"]) == ("all", "n_objects")
    ]
    assert jets["median_elsewhere"] < 5 < jets["median_test"]


def nodes(**asked: object) -> set[str]:
    return {node.name for node in create_pipeline(planned(**asked)).nodes}


ASKED = {"evaluation": {"path": "second.h5"}}


def test_asking_for_it_changes_no_training_and_no_evaluation() -> None:
    none, asked = planned(), planned(**ASKED)
    assert [one.config for one in none.trained] == [one.config for one in asked.trained]
    before, after = (
        {node.name: node for node in create_pipeline(one).nodes} for one in (none, asked)
    )
    assert all(after[name] == node for name, node in before.items())
    assert len(after) == len(before) + 4
    own = [one.kedro_parameters() for one in (none, asked)]
    for name in ("evaluation", "grid", "data"):
        assert own[0][name] == own[1][name]


def test_members_of_finished_tokens_of_others_are_left_out() -> None:
    experiment = planned(
        {"tokeniser": ["direct", "ambre"]},
        grid={"axes": ["tokeniser"]},
        ambre={"path": "tokens.h5"},
        **ASKED,
    )
    scoring = [name for name in nodes_of(experiment) if name.endswith(".score_elsewhere")]
    assert len(scoring) == 1


def nodes_of(experiment: Experiment) -> list[str]:
    return [node.name for node in create_pipeline(experiment).nodes]


def test_on_a_cluster_the_sample_is_cleaned_once_and_each_member_scores_it() -> None:
    workflow = plan_workflow(whole(planned(**ASKED)))
    kinds = {
        node.rpartition(".")[2]: (job.kind, job.parents)
        for job in workflow.jobs
        for node in job.nodes
    }
    assert kinds["clean_elsewhere"][0] == "data"
    assert kinds["compare_samples"][0] == kinds["score_baselines_elsewhere"][0] == "baseline"
    assert kinds["score_elsewhere"] == ("member", kinds["train"][1])
    data = next(job.name for job in workflow.jobs if "study.clean_elsewhere" in job.nodes)
    assert data in kinds["score_elsewhere"][1]


def whole(experiment: Experiment) -> Pipeline:
    """As it is registered, less the report."""
    return Pipeline([data_pipeline(experiment), create_pipeline(experiment)], namespace="study")


def test_in_one_process_the_sample_is_cleaned_before_a_member_scores_it() -> None:
    order = [node.name for node in members_together(whole(planned(**ASKED)).nodes)]
    scoring = next(name for name in order if name.endswith("score_elsewhere"))
    assert order.index("study.clean_elsewhere") < order.index(scoring)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (ASKED | {"tokens": {"path": "tokens.h5"}}, "holds finished ones only"),
        (
            {"evaluation": {"path": "x", "classes": {"signal": 1, "other": 2}}},
            r"name each class of the study \(signal, background\)",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(asked: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        planned(**asked)


@pytest.mark.parametrize("key", ["evaluation.events.branches", "evaluation.classes.signal"])
def test_how_a_sample_is_read_says_nothing_without_one(key: str) -> None:
    assert "evaluation.path" in planned().why_unread(key)
    assert not planned(**ASKED).why_unread(key)
    assert planned(kind="autoencoder").why_unread("evaluation.path")
