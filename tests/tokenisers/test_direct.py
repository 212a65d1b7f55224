import json
from dataclasses import replace

import numpy as np
import pytest

from lexon.errors import DataError
from lexon.tokenisers import restore
from lexon.tokenisers.direct import DirectTokeniser


@pytest.fixture(params=[4, 5])
def vector(request):
    return request.param


def test_real_objects_are_standardised_and_padding_is_zero(events, vector):
    tokeniser = DirectTokeniser(vector, pid=True).fit(events)
    tokens = tokeniser.encode(events)
    assert tokens.values.shape == (3000, 18, vector)
    assert tokens.values.dtype == np.float32
    assert tokeniser.n_features == vector
    assert tokeniser.vocab_size is None
    standardised = tokens.values[tokens.mask][:, [0, 1, 4][: vector - 2]]
    np.testing.assert_allclose(standardised.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(standardised.std(0), 1, atol=1e-5)
    np.testing.assert_allclose(tokens.values[tokens.mask][:, 2:4], _sin_cos(events), atol=1e-6)
    assert (tokens.values[~tokens.mask] == 0).all()
    np.testing.assert_allclose([tokens.met[:, 0].mean(), tokens.met[:, 0].std()], [0, 1], atol=1e-5)


def _sin_cos(events):
    phi = events.phi[events.mask]
    return np.stack([np.sin(phi), np.cos(phi)], axis=-1)


def test_decoding_gives_the_events_back(events, vector):
    tokeniser = DirectTokeniser(vector, pid=True).fit(events[:500])
    again = tokeniser.decode(tokeniser.encode(events))
    np.testing.assert_array_equal(again.ids, events.ids)
    np.testing.assert_allclose(again.p4[..., 1:], events.p4[..., 1:], rtol=2e-6, atol=5e-7)
    np.testing.assert_allclose(
        again.energy, events.energy if vector == 5 else 0 * events.energy, rtol=2e-6
    )
    np.testing.assert_allclose(again.met, events.met, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(again.met_phi, events.met_phi, atol=5e-7)


def test_empty_events_and_padding_change_no_statistic_of_objects(events, with_padding, vector):
    fitted, padded = (
        DirectTokeniser(vector, pid=True).fit(sample).state()["fitted"]
        for sample in (events, with_padding(events))
    )
    assert fitted.keys() == padded.keys()
    for name in fitted:
        np.testing.assert_allclose(padded[name], fitted[name], rtol=1e-9)


def test_a_full_turn_changes_nothing(events, vector):
    tokeniser = DirectTokeniser(vector, pid=True).fit(events)
    p4 = events.p4.copy()
    p4[events.mask, 3] += 2 * np.pi
    turned = tokeniser.encode(
        replace(events, p4=p4, met_phi=events.met_phi - np.float32(2 * np.pi))
    )
    plain = tokeniser.encode(events)
    np.testing.assert_allclose(turned.values, plain.values, atol=2e-6)
    np.testing.assert_allclose(turned.met, plain.met, atol=2e-6)


def test_hidden_types_are_one_everywhere(events):
    shown, hidden = (DirectTokeniser(4, pid).fit(events).encode(events) for pid in (True, False))
    np.testing.assert_array_equal(shown.types, events.ids)
    np.testing.assert_array_equal(hidden.types, events.mask)
    np.testing.assert_array_equal(hidden.values, shown.values)
    assert hidden.types.dtype == shown.types.dtype == np.int64


def test_constant_columns_and_met_of_zero_stay_finite(events):
    p4 = events.p4.copy()
    p4[events.mask, 2] = 0.7
    flat = replace(events, p4=p4, met=np.zeros_like(events.met))
    tokeniser = DirectTokeniser(5, pid=True).fit(flat)
    tokens = tokeniser.encode(flat)
    np.testing.assert_allclose(tokens.values[tokens.mask][:, 1], 0, atol=1e-5)
    np.testing.assert_array_equal(tokens.met[:, 0], 0)
    np.testing.assert_array_equal(tokeniser.decode(tokens).met, 0)


def test_the_state_is_json_and_rebuilds_the_tokeniser(events, vector):
    tokeniser = DirectTokeniser(vector, pid=False).fit(events)
    again = restore(json.loads(json.dumps(tokeniser.state())))
    assert again == tokeniser
    np.testing.assert_array_equal(again.encode(events).values, tokeniser.encode(events).values)


def test_encoding_before_fitting_and_fitting_on_nothing_are_refused(events):
    with pytest.raises(RuntimeError, match="not fitted"):
        DirectTokeniser(4, pid=True).encode(events)
    with pytest.raises(DataError, match="holds an object"):
        DirectTokeniser(4, pid=True).fit(events[~events.mask.any(1)])


def test_no_events_give_no_tokens(events):
    tokens = DirectTokeniser(5, pid=True).fit(events).encode(events[:0])
    assert tokens.values.shape == (0, 18, 5)
    assert tokens.met.shape == (0, 3)
