"""Augmentation by symmetries: on training events alone, for every tokeniser that can encode, and
refused for finished tokens.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from fabricate import base_parameters
from omegaconf import OmegaConf

from lexon.config import ClassifierMember
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.errors import ConfigurationError
from lexon.events import SPLITS
from lexon.experiments import Experiment, expand
from lexon.pipelines.modelling.classifiers.inputs import network_table, read_tokens, turned_table
from lexon.tokenisers import build
from lexon.tokenisers.base import Tokeniser

OBJECT_TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}


def study(**changes: object) -> Experiment:
    asked = OmegaConf.to_container(
        OmegaConf.merge(base_parameters(), {"training": {"augmentation": "symmetries"}}, changes)
    )
    return expand("study", asked, asked, lambda key: "a file")


@pytest.fixture
def source(tmp_path: Path, make_events) -> EventSource:
    dataset = EventsDataset(str(tmp_path / "events.h5"))
    splits = [(split, make_events(200, seed)) for seed, split in enumerate(SPLITS)]
    dataset.save(EventSample(splits, {"label_names": {1: "tttt", 2: "ttH"}}))
    return dataset.load()


def fitted(config: ClassifierMember, source: EventSource) -> Tokeniser:
    return build(config.tokeniser).fit(source.read("train"))


@pytest.mark.parametrize("tokeniser", ["direct", "binned"])
def test_each_epoch_shows_the_same_events_turned(tokeniser: str, source: EventSource) -> None:
    config = ClassifierMember(
        **study(tokeniser=tokeniser, n_train=50, model={"event_features": True}).planned[0].config
    )
    shown = fitted(config, source)
    table = network_table(read_tokens("train", config, shown, source), config, shown, OBJECT_TYPES)
    of_epoch, plain = turned_table(table, config, shown, source, OBJECT_TYPES), table.tensors
    first, again, second = of_epoch(1).tensors, of_epoch(1).tensors, of_epoch(2).tensors
    for name in ("target", "mask"):
        assert torch.equal(first[name], plain[name])
    for name in plain:
        torch.testing.assert_close(first[name], again[name], rtol=0, atol=0, equal_nan=True)
    assert not torch.equal(first["values"], plain["values"])
    assert not torch.equal(first["values"], second["values"])
    if tokeniser == "direct":
        assert torch.equal(first["values"][..., 0], plain["values"][..., 0]), "pT stays"
        assert first["event"] is plain["event"], (
            "quantities that are invariant are not computed again"
        )
    else:
        assert not torch.equal(first["event"].nan_to_num(), plain["event"].nan_to_num()), (
            "those of bins' centres are"
        )


def test_what_is_evaluated_is_never_turned(source: EventSource) -> None:
    turned, plain = (
        ClassifierMember(**study(training={"augmentation": value}).planned[0].config)
        for value in ("symmetries", "none")
    )
    shown = fitted(plain, source)
    for split in SPLITS:
        pair = [read_tokens(split, config, shown, source) for config in (turned, plain)]
        np.testing.assert_array_equal(pair[0].tokens.values, pair[1].tokens.values)
        assert pair[0].digest == pair[1].digest


def test_it_identifies_a_member_only_where_it_is_on() -> None:
    assert study().planned[0].config["training"]["augmentation"] == "symmetries"
    assert (
        "augmentation" not in study(training={"augmentation": "none"}).planned[0].config["training"]
    )
    both = study(
        training={"augmentation": ["none", "symmetries"]}, grid={"axes": ["training.augmentation"]}
    )
    assert [member.cell for member in both.planned] == [
        {"training.augmentation": value} for value in ("none", "symmetries")
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"kind": "regression"},
            r"training\.augmentation=symmetries: only events that a classifier is trained on",
        ),
        ({"kind": "vae"}, r"training\.augmentation=symmetries: only events"),
        (
            {"tokeniser": "vqvae", "vqvae": {"training": {"augmentation": "symmetries"}}},
            r"vqvae\.training\.augmentation=symmetries: only",
        ),
    ],
)
def test_what_it_cannot_act_on_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        study(**changes)
