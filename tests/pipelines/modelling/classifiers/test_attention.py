"""Attention is drawn of a few events, with the names of their objects, for every kind of token."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from fabricate import planned, to_png

from lexon.config import ClassifierMember
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.errors import ConfigurationError
from lexon.events import SPLITS
from lexon.models.classifier import Classifier
from lexon.pipelines.modelling.classifiers.attention import (
    draw_attention,
    first_of_each_class,
    object_names,
)
from lexon.tokenisers import build

OBJECT_TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}


@pytest.fixture
def source(tmp_path: Path, make_events) -> EventSource:
    dataset = EventsDataset(str(tmp_path / "events.h5"))
    splits = [(split, make_events(40, seed)) for seed, split in enumerate(SPLITS)]
    dataset.save(EventSample(splits, {"label_names": {1: "tttt", 2: "ttH"}}))
    return dataset.load()


def drawn(source: EventSource, network: type[torch.nn.Module] | None = None, **settings: object):
    config = ClassifierMember(**planned(**settings).planned[0].config)
    tokeniser = build(config.tokeniser).fit(source.read("train"))
    sizes = {"dim": 16, "depth": 2, "heads": 2, "mlp_dim": 32}
    model = Classifier(
        n_classes=2,
        vocab_size=tokeniser.vocab_size,
        n_features=tokeniser.n_features,
        **config.classifier.arguments() | sizes,
    )
    record = {"parameters": config.model_dump(mode="json")}
    shown = network() if network else model
    return draw_attention(tokeniser, source, shown, record, 2, config, "one", OBJECT_TYPES)


@pytest.mark.parametrize(("tokeniser", "met"), [("direct", 1), ("binned", 2)])
def test_a_row_of_panels_an_event_with_names_of_tokens(
    source: EventSource, tokeniser: str, met: int
) -> None:
    figure = drawn(source, tokeniser=tokeniser)
    panels = [axes for axes in figure.axes if axes.images and axes.get_title()]
    assert len(panels) == 2 * 2
    names = [tick.get_text() for tick in panels[0].get_xticklabels()]
    assert names[: 1 + met] == ["CLS", "MET", "MET phi"][: 1 + met]
    ids = source.classified("test", {"signal": 1, "background": 2}).events.ids[0]
    assert names[1 + met :] == object_names(ids, OBJECT_TYPES)
    assert to_png(figure)


def test_objects_are_numbered_by_kind() -> None:
    ids = np.array([1, 2, 1, 2, 4, 0, 0], np.int8)
    assert object_names(ids, OBJECT_TYPES) == ["jet 1", "b-jet 1", "jet 2", "b-jet 2", "e- 1"]


def test_classes_take_turns() -> None:
    targets = np.array([1, 1, 1, 0, 0, 1])
    assert first_of_each_class(targets, 4).tolist() == [3, 0, 4, 1]
    assert len(first_of_each_class(targets, 20)) == 6


def test_a_network_without_attention_is_refused(source: EventSource) -> None:
    with pytest.raises(ConfigurationError, match="has no attention to draw"):
        drawn(source, network=torch.nn.Identity)
