"""A sample has the counts, the order and the physics that were asked for."""

import numpy as np
import pytest

from lexon.errors import ConfigurationError
from lexon.events import Events
from lexon.simulation import PROCESSES, Simulation
from lexon.simulation.sample import CHUNK


def arrays(events):
    return [events.ids, events.p4, events.met, events.met_phi, events.labels]


def of_split(chunks, split):
    return Events.concatenate([events for name, events in chunks if name == split])


def test_counts_of_splits_and_processes_are_exact(sample):
    events = {split: of_split(sample.chunks, split) for split in ("train", "val", "test")}
    assert [len(part) for part in events.values()] == [4200, 900, 900]
    assert np.bincount(sample.events.labels)[1:].tolist() == [3000, 750, 750, 750, 750]
    for split, part in events.items():
        assert {
            PROCESSES[i]: n for i, n in enumerate(np.bincount(part.labels)) if i
        } == sample.simulation.counts[split]


def test_progress_sums_to_the_number_of_events(sample):
    assert sum(sample.progress) == 6000


def test_chunks_are_bounded_and_come_in_the_order_of_the_splits(sample):
    names = [name for name, _ in sample.chunks]
    assert max(len(events) for _, events in sample.chunks) <= CHUNK
    assert names == sorted(names, key=["train", "val", "test"].index)


def test_classes_are_shuffled_within_a_chunk(sample):
    labels = sample.chunks[0][1].labels
    runs = 1 + np.count_nonzero(np.diff(labels))
    assert runs > 0.6 * len(labels)


@pytest.mark.parametrize("label", PROCESSES)
def test_no_event_occurs_twice_and_no_hard_event_is_shared(sample, label):
    met = sample.events.met[sample.events.labels == label]
    assert len(np.unique(met)) > 0.99 * len(met)
    train, val, test = (pool[PROCESSES[label]] for pool in sample.simulation.pools().values())
    assert not np.isin(train, [*val, *test]).any()
    assert not np.isin(val, test).any()


def test_energies_are_possible_and_angles_in_range(sample):
    events = sample.events
    assert (
        events.energy.astype(float) >= events.pt.astype(float) * np.cosh(events.eta.astype(float))
    ).all()
    assert np.abs(events.phi).max() <= np.float32(np.pi)
    assert np.abs(events.eta).max() < 2.5


def test_all_object_types_occur_photons_rarely(sample):
    events = sample.events
    assert set(np.unique(events.ids)) == set(range(8))
    assert 0.006 < (events.ids == 7).any(1).mean() < 0.025


def test_events_are_symmetric_in_z_and_azimuth(sample):
    for angle in (
        sample.events.eta[:, 0],
        np.sin(sample.events.phi[:, 0]),
        np.cos(sample.events.met_phi),
    ):
        assert angle.mean() == pytest.approx(0, abs=4 * angle.std() / np.sqrt(len(angle)))


def test_every_event_passes_the_selection(sample):
    events = sample.events
    jets, leptons = np.isin(events.ids, [1, 2]), np.isin(events.ids, [3, 4, 5, 6])
    charge = np.where(np.isin(events.ids, [3, 5]), 1, np.where(leptons, -1, 0)).sum(1)
    assert jets.sum(1).min() >= 6
    assert (events.ids == 2).sum(1).min() >= 2
    assert np.where(jets | leptons, events.pt, 0).sum(1).min() > 500
    assert ((leptons.sum(1) >= 3) | (np.abs(charge) == 2)).all()


def test_the_same_seed_gives_the_same_events_whoever_consumes_them(make_config):
    whole, again = Simulation(make_config(), 120), Simulation(make_config(), 120)
    iterator = again.chunks(lambda _: None)
    first = next(iterator)
    np.random.default_rng().random(5)
    for a, b in zip(whole.chunks(), [first, *iterator], strict=True):
        assert a[0] == b[0]
        for x, y in zip(arrays(a[1]), arrays(b[1]), strict=True):
            np.testing.assert_array_equal(x, y)
    np.testing.assert_array_equal(first[1].met, next(again.chunks())[1].met)


def test_another_seed_gives_other_events(make_config):
    first, second = (next(Simulation(make_config(seed=seed), 120).chunks())[1] for seed in (1, 2))
    assert not np.isin(first.met, second.met).any()


def test_any_mix_is_possible(make_config):
    mix = {"tttt": 0.3, "ttZ": 0.7, "ttH": 0.0}
    simulation = Simulation(make_config(mix=mix), 100)
    labels = np.concatenate([events.labels for _, events in simulation.chunks()])
    assert np.bincount(labels).tolist() == [0, 30, 0, 0, 0, 70]
    assert simulation.attributes()["label_names"] == {1: "tttt", 5: "ttZ"}


@pytest.mark.parametrize(
    ("changes", "n", "message"),
    [
        (
            {"mix": {"tttt": 0.5, "ttbar": 0.5}},
            100,
            r"simulation\.mix\.ttbar: unknown; choose among tttt, ttH",
        ),
        ({"mix": {"tttt": 0.5}}, 100, r"simulation\.mix: shares sum to 0\.5, need 1"),
        ({"mix": {"tttt": 0.0}}, 100, r"simulation\.mix: shares sum to 0, need 1"),
        (
            {"split": {"train": 0.7, "val": 0.7, "test": 0.1}},
            100,
            r"simulation\.split: shares sum to 1\.5, need 1",
        ),
        (
            {"split": {"train": 0.9, "val": 0.1}},
            100,
            r"simulation\.split: .* give train, val, test a share each",
        ),
        ({}, 0, r"events\.n=0: simulate between 1 and 5,000,000"),
        ({}, -5, r"events\.n=-5: simulate between"),
        ({}, 10**9, r"events\.n=1000000000: simulate between"),
        ({}, 10, r"events\.n=10: no .* event in split .*; simulate more"),
    ],
)
def test_bad_input_is_named_before_anything_is_simulated(make_config, changes, n, message):
    with pytest.raises(ConfigurationError, match=message):
        Simulation(make_config(**changes), n)


def test_attributes_record_the_making(sample):
    attributes = sample.simulation.attributes()
    assert attributes["seed"] == 7
    assert attributes["mix"]["tttt"] == 0.5
    assert len(attributes["hard_events_sha256"]) == 64
    for efficiency in attributes["efficiencies"].values():
        assert efficiency["total"] == pytest.approx(
            efficiency["channels"] * efficiency["selection"]
        )
        assert 0 < efficiency["total"] < 0.1


def test_attributes_wait_for_the_last_chunk(make_config):
    simulation = Simulation(make_config(), 100)
    next(simulation.chunks())
    with pytest.raises(RuntimeError, match="consume chunks"):
        simulation.attributes()
