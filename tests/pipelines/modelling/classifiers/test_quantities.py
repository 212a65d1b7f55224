"""What a network is given beside its tokens says what the tokens say, and nothing of MET where MET
is hidden.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lexon.config import BinnedConfig, DirectConfig
from lexon.config.classifiers import classifier_config
from lexon.datasets.tokens import TokenSample, TokensDataset
from lexon.errors import ConfigurationError
from lexon.events import SPLITS, Events
from lexon.features import OF_MET, event_features
from lexon.pipelines.modelling.classifiers.quantities import decoded, quantities
from lexon.tokenisers import build
from lexon.tokenisers.base import Tokeniser

OBJECT_TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}
NETWORK = {"dim": 8, "depth": 1, "heads": 2, "mlp_dim": 16, "dropout": 0.1, "pool": "mean"}
DIRECT = DirectConfig(vector=5, pid=True)
BINNED = BinnedConfig(pid=True, n_bins=5, fit_on="all", variant="correct")


def member(met: bool = True, **options: Any) -> Any:
    """As much of a member's configuration as is asked for."""
    return SimpleNamespace(classifier=classifier_config(NETWORK | {"met": met} | options))


def shown_events(events: Events, tokeniser: Tokeniser, **options: Any) -> np.ndarray:
    found = quantities(
        tokeniser.encode(events), tokeniser, member(event_features=True, **options), OBJECT_TYPES
    )
    return found["event"].numpy()


def test_a_network_that_asks_for_nothing_gets_nothing(make_events: Callable[..., Events]) -> None:
    tokeniser = build(DIRECT).fit(make_events())
    assert quantities(tokeniser.encode(make_events()), tokeniser, member(), None) == {}


def test_direct_tokens_say_what_the_trees_see(make_events: Callable[..., Events]) -> None:
    events = make_events()
    found = shown_events(events, build(DIRECT).fit(events))
    expected = event_features(events, OBJECT_TYPES).to_numpy()
    assert (np.isnan(found) == np.isnan(expected)).all()
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=0.3)


def test_bins_hold_no_more_than_their_centres(make_events: Callable[..., Events]) -> None:
    """Two events with equal tokens have equal quantities, whatever their four-vectors are."""
    events = make_events()
    tokeniser = build(BINNED).fit(events)
    centres = decoded(tokeniser.encode(events), tokeniser)
    np.testing.assert_array_equal(shown_events(centres, tokeniser), shown_events(events, tokeniser))
    assert not np.allclose(
        np.nan_to_num(shown_events(events, tokeniser)),
        event_features(events, OBJECT_TYPES).fillna(0),
        atol=1,
    )


def test_an_object_whose_energy_is_hidden_is_massless(make_events: Callable[..., Events]) -> None:
    events = make_events()
    tokeniser = build(BINNED).fit(events)
    found = decoded(tokeniser.encode(events), tokeniser)
    np.testing.assert_allclose(
        found.energy, np.where(found.mask, found.pt * np.cosh(found.eta), 0), rtol=1e-5
    )


def test_pairs_are_given_the_four_vectors_that_the_tokens_say(
    make_events: Callable[..., Events],
) -> None:
    events = make_events()
    direct, binned = (build(config).fit(events) for config in (DIRECT, BINNED))
    found = [
        quantities(shown.encode(events), shown, member(pairwise="bias"), None)
        for shown in (direct, binned)
    ]
    assert [list(tensors) for tensors in found] == [["p4"], ["p4"]]
    np.testing.assert_allclose(found[0]["p4"].numpy(), events.p4, rtol=1e-4, atol=1e-4)
    assert len(np.unique(found[1]["p4"][..., 3])) <= 6, "centres of five bins, and padding"


def test_hidden_met_is_in_no_quantity(make_events: Callable[..., Events]) -> None:
    events = make_events()
    tokeniser = build(DIRECT).fit(events)
    other = replace(events, met=events.met * 2 + 1, met_phi=-events.met_phi)
    hidden = shown_events(events, tokeniser, met=False)
    np.testing.assert_array_equal(shown_events(other, tokeniser, met=False), hidden)
    assert hidden.shape[1] == shown_events(events, tokeniser).shape[1] - len(OF_MET)
    assert not np.array_equal(
        np.nan_to_num(shown_events(other, tokeniser)),
        np.nan_to_num(shown_events(events, tokeniser)),
    )


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({}, "holds no tokeniser that says what its tokens are"),
        ({"tokeniser": True, "has_met": False}, "holds no tokens of MET"),
    ],
)
def test_a_finished_file_that_cannot_be_decoded_is_refused(
    attributes: dict[str, Any], message: str, tmp_path: Path, make_events: Callable[..., Events]
) -> None:
    events = make_events()
    tokeniser = build(BINNED).fit(events)
    tokens = tokeniser.encode(events)
    rows = np.concatenate([tokens.values, tokens.met], axis=1)
    own = attributes | ({"tokeniser": tokeniser.state()} if "tokeniser" in attributes else {})
    dataset = TokensDataset(str(tmp_path / "tokens.h5"))
    dataset.save(
        TokenSample(
            [(split, rows, events.labels) for split in SPLITS],
            {"vocab_size": tokeniser.vocab_size} | own,
        )
    )
    with pytest.raises(
        ConfigurationError, match=rf"^model\.event_features=true: .*tokens\.h5 {message}"
    ):
        quantities(tokens, dataset.load(), member(event_features=True), OBJECT_TYPES)
