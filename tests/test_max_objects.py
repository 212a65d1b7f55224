"""`events.max_objects`: more places for objects change nothing of what is shown of an event,
whatever shows it; fewer leave its hardest objects.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import small_networks
import torch
from event_text import TEXT
from hypothesis import given, settings
from hypothesis import strategies as st

import lexon
from lexon.baselines import BASELINES, fit_baseline, score_baseline
from lexon.config import Weighting
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.datasets.identity import row_hashes
from lexon.datasets.tokens import TokensDataset, TokenSource
from lexon.errors import DataError
from lexon.events import MAX_OBJECTS, SPLITS, Events
from lexon.exchange import FEATURES, exchanged
from lexon.export.inputs import EventTensors
from lexon.export.network import WholeClassifier
from lexon.export.onnx_file import arrays, session, session_scores, to_onnx
from lexon.export.quantities import EventQuantities
from lexon.features import event_features
from lexon.pipelines.data_engineering.tokenise import write_tokens

UNWEIGHTED = Weighting(event_weights="none", class_weights="none", negative_weights="error")
PLACES = st.integers(MAX_OBJECTS, 40)


def crowded(events: Events, n: int, seed: int = 3) -> Events:
    """The same events with `n` objects each, at as many places."""
    rng, shape = np.random.default_rng(seed), (len(events), n)
    pt, eta = rng.exponential(60, shape) + 20, rng.normal(0, 1.2, shape)
    p4 = np.stack([pt * np.cosh(eta) * 1.01, pt, eta, rng.uniform(-3, 3, shape)], axis=-1)
    ids = rng.integers(1, 8, shape).astype(np.int8)
    return replace(events, ids=ids, p4=p4.astype(np.float32))


@settings(deadline=None, max_examples=8)
@given(n=st.integers(1, 30), places=st.integers(1, 40), seed=st.integers(0, 99))
def test_the_hardest_objects_stay_in_their_order(make_events, n, places, seed):
    events = crowded(make_events(12, seed=seed), n, seed)
    shown = events.with_places(places).validate("here")
    assert shown.max_objects == places
    for whole, few in zip(events.pt, shown.pt, strict=True):
        kept = np.sort(np.argsort(-whole, kind="stable")[:places])
        np.testing.assert_array_equal(few[: len(kept)], whole[kept])
        assert not few[len(kept) :].any()
    again = shown.with_places(max(n, places)).with_places(places)
    np.testing.assert_array_equal(again.p4, shown.p4)


@pytest.fixture(scope="module")
def tokenisers(make_events):
    return small_networks.fitted(make_events(600, seed=1))


@pytest.mark.parametrize("name", small_networks.NAMES)
@settings(deadline=None, max_examples=4)
@given(places=PLACES, seed=st.integers(0, 99))
def test_tokens_are_the_same_in_more_places(tokenisers, make_events, name, places, seed):
    events, tokeniser = make_events(20, seed=seed), tokenisers[name]
    few, many = tokeniser.encode(events), tokeniser.encode(events.with_places(places))
    for field in ("values", "types", "mask"):
        narrow, wide = getattr(few, field), getattr(many, field)
        np.testing.assert_array_equal(wide[:, :MAX_OBJECTS], narrow)
        assert not wide[:, MAX_OBJECTS:].any()
    np.testing.assert_array_equal(many.met, few.met)
    assert tokeniser.decode(many).max_objects == places


@settings(deadline=None, max_examples=5)
@given(places=PLACES, seed=st.integers(0, 99))
def test_features_hashes_and_exchanges_are_the_same_in_more_places(make_events, places, seed):
    events = make_events(30, seed=seed)
    wide = events.with_places(places)
    few, many = (event_features(one, small_networks.TYPES) for one in (events, wide))
    np.testing.assert_allclose(many, few, rtol=1e-5)
    np.testing.assert_array_equal(row_hashes(wide), row_hashes(events))
    for feature in FEATURES:
        narrow, padded = (exchanged(one, feature, 1) for one in (events, wide))
        np.testing.assert_array_equal(padded.p4[:, :MAX_OBJECTS], narrow.p4)
        np.testing.assert_array_equal(padded.ids[:, :MAX_OBJECTS], narrow.ids)


@pytest.mark.parametrize("name", ["direct", "binned", "vq"])
@pytest.mark.parametrize("options", [{}, {"event": True, "pairwise": "mia"}], ids=["plain", "more"])
@pytest.mark.parametrize("pool", ["cls", "max"])
def test_scores_are_the_same_in_more_places(tokenisers, make_events, name, options, pool):
    events, train = make_events(60, seed=7), make_events(300, seed=1)
    wide = events.with_places(24)
    few = small_networks.study(tokenisers[name], train, pool=pool, **options)
    many = small_networks.study(
        tokenisers[name], train.with_places(24), pool=pool, max_objects=24, **options
    )
    many.model.load_state_dict(few.model.state_dict())
    np.testing.assert_allclose(many.scores(wide), few.scores(events), atol=1e-5)
    assert not np.allclose(many.scores(crowded(events, 24)), few.scores(events), atol=1e-3)


@pytest.mark.parametrize(
    "options", [{}, {"event": True, "pairwise": "bias"}], ids=["plain", "more"]
)
def test_an_export_scores_as_many_objects_as_its_network(tokenisers, make_events, options):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    train, events = make_events(300, seed=1).with_places(24), crowded(make_events(40, seed=2), 24)
    study = small_networks.study(tokenisers["direct"], train, max_objects=24, **options)
    whole = WholeClassifier(
        study.tokeniser, study.model, study.asked, small_networks.TYPES, study.met, 24
    ).eval()
    run = session(to_onnx(whole))
    np.testing.assert_allclose(session_scores(run, events), study.scores(events), atol=1e-5)
    few = make_events(40, seed=2)
    np.testing.assert_allclose(
        session_scores(run, few), study.scores(few.with_places(24)), atol=1e-5
    )
    assert run.run(None, arrays(few, 24))[0].shape == (40, 3)


@pytest.mark.parametrize("places", [1, 4, 24])
def test_few_places_are_enough_for_features_baselines_and_exports(make_events, places):
    train, test = (make_events(n, seed=n).with_places(places) for n in (200, 60))
    network = EventQuantities(small_networks.TYPES, True, places)
    inputs = EventTensors(*map(torch.from_numpy, arrays(test, places).values()))
    table = event_features(test, small_networks.TYPES)
    np.testing.assert_allclose(network(inputs).numpy(), table, rtol=1e-3, atol=1e-4)
    for kind in BASELINES:
        made = fit_baseline(
            kind,
            train,
            train.labels - 1,
            test,
            test.labels - 1,
            small_networks.TYPES,
            1,
            UNWEIGHTED,
        )
        names = ("a", "b"), {1: "a", 2: "b"}, "digest"
        scores = score_baseline(made, test, test.labels - 1, np.arange(60), *names)
        assert len(scores) == 60


def saved(path, events: Events, places: int) -> EventSource:
    dataset = EventsDataset(str(path))
    wide = events.with_places(places)
    chunks = ((split, wide) for split in SPLITS)
    dataset.save(EventSample(chunks, {"label_names": {1: "a", 2: "b"}}, max_objects=places))
    return dataset.load()


@pytest.mark.parametrize("places", [1, MAX_OBJECTS, 24])
def test_a_file_of_events_has_the_places_that_it_was_written_with(tmp_path, make_events, places):
    events = crowded(make_events(60), places)
    source = saved(tmp_path / "events.h5", events, places)
    assert source.max_objects == places
    np.testing.assert_array_equal(source.read("test").p4[..., 1:3], events.p4[..., 1:3])


def test_a_file_of_other_places_is_cut_or_padded_and_says_so(tmp_path, make_events):
    events = crowded(make_events(60), 24)
    saved(tmp_path / "events.h5", events, 24)
    for asked, words in (
        (30, "Rows of events.h5 have places for 24 objects; those up to 30 are empty"),
        (20, "180 events have more than 20 objects: the leading 20 by pT are kept"),
    ):
        source = EventsDataset(str(tmp_path / "events.h5"), max_objects=asked).load()
        assert any(words in note for note in source.notes)
        np.testing.assert_array_equal(source.read("val").ids, events.with_places(asked).ids)


# Of a file without attributes: what is asked for, and the error.
REFUSED = {
    2: (24, "a row has 26 columns: 24 object tokens"),
    MAX_OBJECTS: (24, r"places for 18 objects.*set events\.max_objects=18"),
    24: (None, "a row has 20 columns: 18 object tokens"),
}


@pytest.mark.parametrize("places", list(REFUSED))
def test_a_token_file_knows_its_places(tmp_path, make_events, tokenisers, places):
    source = saved(tmp_path / "events.h5", crowded(make_events(90), places), places)
    dataset = TokensDataset(str(tmp_path / "tokens.h5"))
    dataset.save(write_tokens(source, tokenisers["binned"]))
    tokens = dataset.load()
    assert tokens.max_objects == places
    assert tokens.has_met
    assert dataset.is_own()
    encoded = tokenisers["binned"].encode(source.read("test"))
    np.testing.assert_array_equal(tokens.read("test")[:, :-2], encoded.values)
    with pytest.raises(DataError, match=rf"places for {places} objects.*set events\.max_objects="):
        TokenSource(tokens.path, asked_objects=places + 1).n("train")
    bare = saved_bare(tmp_path / "bare.h5", tokens)
    assert TokenSource(bare, asked_objects=places).max_objects == places
    asked, words = REFUSED[places]
    with pytest.raises(DataError, match=words):
        TokenSource(bare, asked_objects=asked).n("train")


def saved_bare(path, tokens: TokenSource):
    """The same rows without attributes, as another program writes them."""
    import h5py

    with h5py.File(path, "w") as file:
        for split in SPLITS:
            file[f"X_{split}"], file[f"Y_{split}"] = tokens.read(split), tokens.labels(split)
    return path


def test_from_arrays_has_as_many_places_as_are_asked_for(make_events):
    events = crowded(make_events(5), 24)
    given = {"ids": events.ids, "p4": events.p4, "met": events.met, "met_phi": events.met_phi}
    with pytest.raises(DataError, match=r"24 objects an event: at most 18.*max_objects=24"):
        lexon.Events.from_arrays(**given)
    assert lexon.Events.from_arrays(**given, max_objects=24).max_objects == 24


def test_text_keeps_as_many_objects_as_are_asked_for(tmp_path, make_events):
    events = crowded(make_events(90), 30)
    lines = []
    for number, (pt, label) in enumerate(zip(events.pt, events.labels, strict=True)):
        kept = pt if number % 3 else pt[:10]
        objects = "; ".join(
            f"j,{x * 3000:.6g},{x * 1000:.6g},1.5,{0.1 * i:.1f}" for i, x in enumerate(kept)
        )
        lines.append(f"{number}; {'ab'[label - 1]}; 1; {50000 + number}; 0.1; {objects}")
    path = tmp_path / "events.csv"
    path.write_text("\n".join(lines))
    few, many = (EventsDataset(str(path), text=TEXT, max_objects=n).load() for n in (None, 24))
    assert (few.max_objects, many.max_objects) == (MAX_OBJECTS, 24)
    assert any("60 events have more than 24 objects: the leading 24" in note for note in many.notes)
    assert {int(n) for _, part in many.parts(1000) for n in part.mask.sum(1)} == {10, 24}
