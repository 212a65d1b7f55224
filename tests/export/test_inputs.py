"""Tensors say of events what the tokenisers' arrays say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_networks import NAMES, TYPES, table

from lexon.errors import ConfigurationError
from lexon.export.inputs import EventTensors, inputs_of, wrap_phi
from lexon.export.network import WholeClassifier
from lexon.export.onnx_file import arrays
from lexon.features import OF_MET, event_features
from lexon.physics import wrap_phi as wrap_array
from lexon.pipelines.modelling.classifiers.quantities import decoded

BOTH = frozenset({"event", "p4"})


def tensors(events) -> EventTensors:
    return EventTensors(*map(torch.from_numpy, arrays(events, 18).values()))


@pytest.mark.parametrize("name", NAMES)
def test_tokens_are_those_of_the_tokeniser(tokenisers, sample, name):
    tokens, (batch, _) = (
        tokenisers[name].encode(sample),
        inputs_of(tokenisers[name])(tensors(sample)),
    )
    for part in ("values", "types", "mask", "met"):
        ours, theirs = batch[part].numpy(), getattr(tokens, part)
        assert ours.dtype == theirs.dtype
        tolerance = 1e-6 if ours.dtype == np.float32 else 0
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance, err_msg=part)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_network_asks_for_beside_tokens_is_decoded_from_them(tokenisers, sample, name):
    tokeniser = tokenisers[name]
    whole = WholeClassifier(tokeniser, torch.nn.Identity(), BOTH, TYPES)
    found = whole._quantities(inputs_of(tokeniser)(tensors(sample)).seen)
    wanted = table(tokeniser, sample, BOTH).tensors
    np.testing.assert_allclose(found["p4"], wanted["p4"], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found["event"], wanted["event"], rtol=1e-5, atol=1e-4)


def test_quantities_have_the_order_of_those_that_a_network_was_trained_on(tokenisers, sample):
    seen = decoded(tokenisers["direct"].encode(sample), tokenisers["direct"])
    names = list(event_features(seen, TYPES).columns)
    for met in (True, False):
        whole = WholeClassifier(tokenisers["direct"], torch.nn.Identity(), BOTH, TYPES, met)
        assert list(whole.event.columns(tensors(seen))) == names
        shown = whole.event(tensors(seen))
        assert shown.shape[1] == len(names) - (0 if met else len(OF_MET))


def test_massless_objects_have_no_mass_from_rounding(tokenisers, sample):
    """Energies that are not shown are pT cosh eta: two objects in one bin weigh nothing."""
    pair = sample[sample.mask.sum(1) >= 2][:50]
    twins = replace(
        pair,
        ids=np.where(np.arange(18) < 2, np.ones_like(pair.ids), 0),
        p4=np.where((np.arange(18) < 2)[:, None], pair.p4[:, :1] * np.float32(1), 0),
    )
    seen = decoded(tokenisers["binned"].encode(twins), tokenisers["binned"])
    whole = WholeClassifier(tokenisers["binned"], torch.nn.Identity(), BOTH, TYPES)
    ours = whole._quantities(inputs_of(tokenisers["binned"])(tensors(twins)).seen)
    np.testing.assert_array_equal(ours["p4"], seen.p4)


@pytest.mark.parametrize("turns", [-2, -1, 1, 2])
def test_azimuths_are_wrapped_as_everywhere(turns):
    phi = np.linspace(-np.pi, np.pi, 101, dtype=np.float32)
    phi = np.concatenate([phi, phi + np.float32(2 * np.pi * turns), [np.float32(np.pi)]])
    found = wrap_phi(torch.from_numpy(phi)).numpy()
    assert (found >= -np.float32(np.pi)).all()
    assert (found < np.pi).all()
    np.testing.assert_allclose(np.exp(1j * found), np.exp(1j * wrap_array(phi)), atol=2e-6)


def test_another_tokeniser_is_an_error_that_says_where_it_is_added():
    with pytest.raises(ConfigurationError, match=r"lexon\.export\.inputs"):
        inputs_of(object())
