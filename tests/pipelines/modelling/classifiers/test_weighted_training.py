"""Trainings of weighted events: a weight of n is n events, in the loss, its gradient and the choice
of an epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fabricate import planned
from sklearn.metrics import log_loss, roc_auc_score

from lexon.config import ClassifierMember, EvaluationConfig, Weighting
from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.datasets.tokens import TokensDataset
from lexon.errors import ConfigurationError, DataError
from lexon.events import SPLITS, Events
from lexon.models import Network
from lexon.models.classifier import Classifier
from lexon.pipelines.data_engineering.tokenise import write_tokens
from lexon.pipelines.modelling.classifiers import train as training_node
from lexon.pipelines.modelling.classifiers.baselines import score_baselines
from lexon.pipelines.modelling.classifiers.evaluate import evaluate
from lexon.pipelines.modelling.classifiers.inputs import (
    network_table,
    read_tokens,
    trained_on,
    turned_table,
    weighted_table,
)
from lexon.tokenisers import build
from lexon.training import predict
from lexon.training.evaluation import mean_loss

TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}
WEIGHTING = {"event_weights": "overall", "class_weights": "none", "negative_weights": "error"}


def whole(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 4, n).astype(float)


@pytest.fixture
def write(tmp_path: Path, make_events) -> Callable[..., EventSource]:
    """Events of three splits, with these weights of each."""

    def write(weights: Callable[[int], np.ndarray] | None, repeated: bool = False) -> EventSource:
        parts: dict[str, Events] = {}
        for seed, split in enumerate(SPLITS):
            events = make_events(240 + seed, seed)
            if weights is not None and repeated:
                events = events[np.repeat(np.arange(len(events)), weights(len(events)).astype(int))]
            elif weights is not None:
                events = replace(events, weights=weights(len(events)))
            parts[split] = events
        dataset = EventsDataset(str(tmp_path / f"{repeated}.h5"), weight="own")
        dataset.save(EventSample(parts.items(), {"label_names": {1: "tttt", 2: "ttH"}}))
        return dataset.load()

    return write


def config(
    weight: str | None = "w", shown: dict[str, Any] | None = None, **training: Any
) -> ClassifierMember:
    study = planned(
        events={"source": "file", "path": "a.h5", "weight": weight},
        model={"size": "tiny", "dropout": 0.0},
        training={"epochs": 2, "event_weights": "overall", "length_aware": False, **training},
        **(shown or {}),
    )
    return ClassifierMember(**study.planned[0].config)


def table_of(split: str, source: EventSource, config: ClassifierMember, fitted: Any):
    tokens = read_tokens(split, config, fitted, source)
    if split == "train":
        tokens = trained_on(tokens, config, "events.h5")
    return weighted_table(network_table(tokens, config, fitted, TYPES), tokens, config)


def of_direct(source: EventSource, own: ClassifierMember) -> tuple[Any, Classifier]:
    fitted = build(own.tokeniser).fit(source.read("train"))
    torch.manual_seed(0)
    model = Classifier(
        n_classes=2,
        vocab_size=fitted.vocab_size,
        n_features=fitted.n_features,
        pool="mean",
        met=True,
        dim=16,
        depth=1,
        heads=2,
        mlp_dim=16,
        dropout=0.0,
    )
    return fitted, model


def test_loss_and_gradient_are_those_of_repeated_events(write) -> None:
    weighted, repeated, own = write(whole), write(whole, repeated=True), config()
    fitted, model = of_direct(repeated, own)
    model.train(False)
    found = []
    for source, settings in ((weighted, own), (repeated, config(None))):
        table = table_of("train", source, settings, fitted)
        loss, facts = model.loss(table.tensors)
        gradients = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
        found.append((loss, facts["accuracy"], *(g for g in gradients if g is not None)))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_the_loss_of_a_split_is_scikit_learns_however_it_is_batched(write) -> None:
    source, own = write(lambda n: np.random.default_rng(n).gamma(1, 1, n)), config()
    fitted, model = of_direct(source, own)
    table = table_of("val", source, own, fitted)
    probabilities = predict(model, table, 64, "cpu")
    expected = log_loss(
        table.tensors["target"].numpy(),
        probabilities,
        sample_weight=table.tensors["event_weight"].numpy(),
    )
    for batch in (50, 1000):
        assert mean_loss(model, table, batch, True)["loss"] == pytest.approx(expected, rel=1e-4)


def trained(
    source: EventSource, own: ClassifierMember, tmp_path: Path, fitted: Any = None
) -> tuple[Any, ...]:
    fitted = fitted or build(own.tokeniser).fit(source.read("train"))
    checkpoints = Checkpoints(tmp_path)
    model, history, record = training_node.train(
        fitted, own, "cpu", checkpoints, "member", TYPES, source
    )
    return fitted, model, history, record


def test_an_epoch_is_chosen_by_the_weighted_auroc_and_scores_keep_the_weights(
    write, tmp_path: Path
) -> None:
    source, own = write(lambda n: np.random.default_rng(n).gamma(0.3, 1, n)), config()
    fitted, model, history, record = trained(source, own, tmp_path)
    best = record["best_epoch"]
    table = table_of("val", source, own, fitted)
    probabilities = predict(model, table, 64, "cpu")
    expected = roc_auc_score(
        table.tensors["target"].numpy() == 0,
        probabilities[:, 0],
        sample_weight=table.tensors["event_weight"].numpy(),
    )
    assert history["val_auroc"][best - 1] == pytest.approx(expected, abs=1e-6)
    metrics, scores, _, _ = evaluate(
        fitted, model, history, record, EvaluationConfig(rejections=(2.0,)), {}, own, "cpu",
        Checkpoints(tmp_path), "member", TYPES, source,
    )  # fmt: skip
    np.testing.assert_array_equal(scores.weights, source.read("test").weights[scores.index])
    assert metrics["val"]["auroc"] == pytest.approx(expected, abs=1e-6)


def test_weights_of_events_change_a_training_and_equal_ones_do_not(write, tmp_path: Path) -> None:
    losses = {}
    for name, weights, weight in (
        ("none", None, None),
        ("equal", lambda n: np.full(n, 0.25), "w"),
        ("other", whole, "w"),
    ):
        folder = tmp_path / name
        _, _, history, _ = trained(write(weights), config(weight), folder)
        losses[name] = history["train_loss"].to_numpy()
    np.testing.assert_allclose(losses["equal"], losses["none"], rtol=1e-4)
    assert not np.allclose(losses["other"], losses["none"], rtol=1e-3)


def test_a_finished_token_file_trains_and_evaluates_as_its_events_do(write, tmp_path: Path) -> None:
    source = write(lambda n: np.random.default_rng(n).gamma(1, 1, n))
    own = config("w", {"tokeniser": "binned"})
    fitted = build(own.tokeniser).fit(source.read("train"))
    path = tmp_path / "tokens.h5"
    TokensDataset(str(path)).save(write_tokens(source, fitted))
    finished = config("w", {"tokens": {"path": str(path)}})
    assert finished.tokeniser.weight == "w"
    tokens = TokensDataset(str(path), weight="event_weight").load()
    given = {"events": (fitted, own, source), "file": (tokens, finished, None)}
    found = {}
    for name, (shown, settings, events) in given.items():
        checkpoints = Checkpoints(tmp_path / name)
        model, history, record = training_node.train(
            shown, settings, "cpu", checkpoints, "member", TYPES, events
        )
        metrics, scores, _, _ = evaluate(
            shown, model, history, record, EvaluationConfig(rejections=(2.0,)), {}, settings, "cpu",
            checkpoints, "member", TYPES, events,
        )  # fmt: skip
        found[name] = history["train_loss"].to_list(), metrics, scores
    (losses, metrics, scores), (of_file, metrics_of_file, scores_of_file) = found.values()
    assert losses == of_file
    assert metrics == metrics_of_file
    assert scores.digest == scores_of_file.digest, "they can be paired"
    np.testing.assert_array_equal(scores.probabilities, scores_of_file.probabilities)
    np.testing.assert_array_equal(scores.weights, scores_of_file.weights)


def test_a_token_file_whose_weights_of_a_class_sum_to_nothing_is_refused(
    write, tmp_path: Path
) -> None:
    n_test = 242
    source = write(lambda n: np.where((np.arange(n) % 2 == 0) & (n == n_test), -1.0, 1.0))
    fitted = build(config("w", {"tokeniser": "binned"}).tokeniser).fit(source.read("train"))
    path = tmp_path / "tokens.h5"
    TokensDataset(str(path)).save(write_tokens(source, fitted))
    finished = config("w", {"tokens": {"path": str(path)}})
    tokens = TokensDataset(str(path), weight="event_weight").load()
    assert len(read_tokens("val", finished, tokens, None).targets) == n_test - 1
    with pytest.raises(DataError, match="the 121 test events of class signal sum to -121"):
        read_tokens("test", finished, tokens, None)


def test_negative_weights_in_a_training_are_what_was_asked(write) -> None:
    source = write(lambda n: np.where(np.arange(n) % 10 == 3, -1.0, 1.0))
    fitted = build(config().tokeniser).fit(source.read("train"))
    with pytest.raises(DataError, match=r"row 3 of the training split .*-1; 24 of 240"):
        table_of("train", source, config(), fitted)
    assert len(table_of("train", source, config(negative_weights="drop"), fitted)) == 216
    absolute = table_of("train", source, config(negative_weights="absolute"), fitted)
    torch.testing.assert_close(absolute.tensors["weight"], torch.ones(240))
    ignored = table_of("train", source, config(event_weights="none"), fitted)
    assert "weight" not in ignored.tensors
    assert (table_of("val", source, config(), fitted).tensors["event_weight"] < 0).any()


def test_turned_events_keep_their_weights_and_dropped_ones_stay_away(write) -> None:
    source = write(lambda n: np.where(np.arange(n) % 10 == 3, -1.0, np.arange(n) / 7 + 1))
    own = config(negative_weights="drop", augmentation="symmetries")
    fitted = build(own.tokeniser).fit(source.read("train"))
    plain = table_of("train", source, own, fitted)
    turned = turned_table(plain, own, fitted, source, TYPES)(1)
    assert plain.tensors.keys() == turned.tensors.keys()
    for name in ("weight", "target", "mask"):
        assert torch.equal(plain.tensors[name], turned.tensors[name])
    assert not torch.equal(plain.tensors["values"], turned.tensors["values"])


class Heedless(Classifier):
    def loss(self, batch: Any) -> Any:
        return super().loss({name: v for name, v in batch.items() if name != "weight"})


def test_a_network_that_ignores_weights_is_refused(
    write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def heedless(_module: str, _name: str) -> type[Network]:
        return Heedless

    monkeypatch.setattr(training_node, "named", heedless)
    with pytest.raises(ConfigurationError, match=r'normformer does not use batch\["weight"\]'):
        trained(write(whole), config(), tmp_path)


def test_baselines_are_trained_and_scored_with_weights(write) -> None:
    arguments = {"tttt": 1, "rest": "rest"}, TYPES
    plain = score_baselines(write(None), *arguments, Weighting(**WEIGHTING))
    equal = score_baselines(write(lambda n: np.full(n, 2.0)), *arguments, Weighting(**WEIGHTING))
    skewed = score_baselines(
        write(lambda n: np.where(np.arange(n) % 2 == 0, 9.0, 1.0)),
        *arguments,
        Weighting(**WEIGHTING),
    )
    for kind, scores in plain.items():
        np.testing.assert_allclose(equal[kind].probabilities, scores.probabilities, atol=0.02)
        assert scores.weights is None
        assert (equal[kind].weights == 2).all()
        assert skewed[kind].signal.mean() > scores.signal.mean() + 0.08, (
            "the signal has nine tenths of the weight"
        )
