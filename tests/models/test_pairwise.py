"""Features of pairs are those of the formulas, and what attention takes of them is symmetric and
nothing for what is no pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from lexon import physics
from lexon.events import Events
from lexon.models.layers import Pairs
from lexon.models.pairwise import CLOSEST, LIGHTEST, PairEmbedding, pair_features, real_pairs
from lexon.training.augmentation import symmetries


def tensors(events: Events) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(events.p4), torch.from_numpy(events.mask)


def embedding(events: Events, interactions: int = 3) -> PairEmbedding:
    torch.manual_seed(0)
    made = PairEmbedding(2, interactions)
    made.standardise(*tensors(events))
    return made


def with_front(mask: torch.Tensor, front: int) -> torch.Tensor:
    return torch.cat([torch.ones(len(mask), front, dtype=torch.bool), mask], dim=1)


def test_features_are_those_of_the_formulas(make_events: Callable[..., Events]) -> None:
    events = make_events(100)
    p4, mask = tensors(events)
    found = pair_features(p4)[real_pairs(mask)].numpy()
    first, second = np.triu_indices(18, 1)
    one, two = (
        events.p4[:, index].astype(np.float64)[events.mask[:, second]] for index in (first, second)
    )
    distance = np.maximum(physics.delta_r(one[:, 2], one[:, 3], two[:, 2], two[:, 3]), CLOSEST)
    softer = np.minimum(one[:, 1], two[:, 1])
    mass = physics.invariant_mass(physics.cartesian(one) + physics.cartesian(two))
    expected = np.stack(
        [softer * distance, softer / (one[:, 1] + two[:, 1]), distance, mass**2], axis=1
    )
    np.testing.assert_allclose(np.exp(found), expected, rtol=2e-3)


def test_objects_in_one_direction_have_finite_features() -> None:
    """As bins have them: massless, in the same bins of eta and phi; and two objects half a turn
    apart.
    """
    p4 = torch.tensor([[[50.0, 50, 0, 1], [20.0, 20, 0, 1], [30.0, 30, 0, 1 - torch.pi]]])
    kt, z, distance, mass2 = pair_features(p4)[0].T.exp()
    torch.testing.assert_close(distance, torch.tensor([CLOSEST, torch.pi, torch.pi]))
    torch.testing.assert_close(mass2, torch.tensor([LIGHTEST, 4 * 50 * 30, 4 * 20 * 30]))
    torch.testing.assert_close(kt, torch.tensor([20 * CLOSEST, 30 * torch.pi, 20 * torch.pi]))
    torch.testing.assert_close(z, torch.tensor([2 / 7, 3 / 8, 2 / 5]))


def test_massless_objects_have_no_mass_from_rounding() -> None:
    """Energies in single precision that are |p| to the last digit, as those that are not shown."""
    eta, pt = torch.linspace(-4, 4, 18), torch.linspace(20, 900, 18)
    energy = (pt.double() * eta.double().cosh()).float()
    p4 = torch.stack([energy, pt, eta, torch.zeros(18)], dim=-1)[None]
    first, second = torch.triu_indices(18, 18, 1)
    half = (eta[first] - eta[second]).double() / 2
    mass2 = 4 * pt[first].double() * pt[second] * half.sinh().square()
    found = pair_features(p4)[0, :, 3].exp()
    torch.testing.assert_close(found, mass2.float(), rtol=1e-5, atol=0)


def test_features_are_invariant_under_the_symmetries(make_events: Callable[..., Events]) -> None:
    events = make_events(100)
    real = real_pairs(tensors(events)[1])
    turned = pair_features(tensors(symmetries(events, 0, 1))[0])[real]
    torch.testing.assert_close(turned, pair_features(tensors(events)[0])[real], rtol=0, atol=2e-3)


def test_what_attention_takes_is_symmetric_and_masked(make_events: Callable[..., Events]) -> None:
    events = make_events(30)
    p4, mask = tensors(events)
    whole = with_front(mask, 2)
    bias, weights = embedding(events)(p4, whole)
    assert bias.shape == (30, 2, 20, 20)
    assert weights.shape == (30, 3, 20, 20)
    assert (bias == -torch.inf).eq(~whole[:, None, None, :]).all()
    finite = bias.masked_fill(~(whole[:, None, :, None] & whole[:, None, None, :]), 0)
    torch.testing.assert_close(finite, finite.mT)
    assert (finite[:, :, :2] == 0).all(), "MET, CLS and quantities are no pairs"
    assert (finite.diagonal(dim1=2, dim2=3) == 0).all()
    assert finite[:, :, 2:, 2:].abs().sum() > 0
    torch.testing.assert_close(weights.sum(-1), torch.ones(30, 3, 20))
    assert (weights.masked_select(~whole[:, None, None, :]) == 0).all()


def test_statistics_come_from_real_pairs_and_are_kept_with_the_weights(
    make_events: Callable[..., Events],
) -> None:
    events = make_events(200)
    p4, mask = tensors(events)
    made = embedding(events)
    standard = (pair_features(p4)[real_pairs(mask)] - made.location) / made.scale
    torch.testing.assert_close(standard.mean(0), torch.zeros(4), atol=1e-3, rtol=0)
    torch.testing.assert_close(standard.std(0, correction=0), torch.ones(4), atol=1e-3, rtol=0)
    twin = PairEmbedding(2, 3)
    twin.load_state_dict(made.state_dict())
    assert torch.equal(twin(p4, with_front(mask, 1)).bias, made(p4, with_front(mask, 1)).bias)


@pytest.mark.parametrize("interactions", [0, 3])
def test_padding_and_its_width_have_no_say(
    make_events: Callable[..., Events], interactions: int
) -> None:
    events = make_events(30)
    events = replace(events, ids=np.where(np.arange(18) < 9, events.ids, 0).astype(np.int8))
    p4, mask = tensors(replace(events, p4=np.where(events.mask[..., None], events.p4, 0)))
    made = embedding(events, interactions)
    narrow = made(p4[:, :9], with_front(mask[:, :9], 1))
    wide = made(torch.where(mask[..., None], p4, torch.nan), with_front(mask, 1))
    for cut, whole in zip(narrow, wide, strict=True):
        torch.testing.assert_close(whole[:, :, :10, :10], cut)


def test_events_without_pairs_leave_the_statistics_alone() -> None:
    made = PairEmbedding(2, 0)
    made.standardise(torch.zeros(5, 18, 4), torch.zeros(5, 18, dtype=torch.bool))
    assert made.scale.tolist() == [1, 1, 1, 1]
    assert isinstance(made(torch.zeros(5, 0, 4), torch.ones(5, 1, dtype=torch.bool)), Pairs)
