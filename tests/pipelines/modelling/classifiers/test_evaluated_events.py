"""The quantities of the test events are those that the boosted trees see, of the events that are
scored.
"""

from __future__ import annotations

import numpy as np
import pytest

from lexon.config import SimulatedEvents, SimulationConfig
from lexon.datasets.events import EventsDataset
from lexon.features import event_features
from lexon.pipelines.data_engineering.simulate import simulate_events
from lexon.pipelines.modelling.classifiers.evaluated_events import describe_evaluated_events

OBJECT_TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}
CLASSES = {"signal": "tttt", "background": ["ttH", "ttW"]}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("events") / "events.h5"
    simulation = SimulationConfig(
        seed=1,
        mix={"tttt": 0.5, "ttH": 0.2, "ttW": 0.2, "ttZ": 0.1},
        split={"train": 0.4, "val": 0.2, "test": 0.4},
    )
    dataset = EventsDataset(filepath=str(path))
    dataset.save(simulate_events(SimulatedEvents(n=200, simulation=simulation)))
    return dataset.load()


def test_quantities_are_those_of_the_features_for_the_events_in_a_class(source):
    found = describe_evaluated_events(source, CLASSES, OBJECT_TYPES)
    test = source.classified("test", CLASSES)
    assert found.digest == test.digest
    assert len(found.index) == len(test.targets) < source.n("test")
    features = event_features(test.events, OBJECT_TYPES)
    for name in ("n_jets", "n_leptons", "ht", "met"):
        np.testing.assert_array_equal(found.quantities[name], features[name])
    np.testing.assert_array_equal(found.quantities["n_b_jets"], features["n_b-jet"])
    assert found.efficiencies == {}, "a file does not say how often events were selected"


def test_simulated_events_say_how_often_they_were_selected(source):
    found = describe_evaluated_events(source, CLASSES, OBJECT_TYPES, source)
    assert set(found.efficiencies) == {"tttt", "ttH", "ttW", "ttZ"}
    assert 0.01 < found.efficiencies["tttt"] < 0.1
    assert found.efficiencies["ttW"] < found.efficiencies["tttt"] / 10
