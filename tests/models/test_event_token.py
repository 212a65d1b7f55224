"""The token of event-level quantities: standardised, whole where a quantity is missing, and without
an effect where it is not asked for.
"""

from __future__ import annotations

import pytest
import torch

from lexon.models.event_token import EventToken


@pytest.fixture
def quantities() -> torch.Tensor:
    """500 events: an energy with a long tail, one that half of them lack, a constant, and one that
    none has.
    """
    rng = torch.Generator().manual_seed(0)
    values = torch.rand(500, 4, generator=rng).pow(-0.7) * torch.tensor([100.0, 5.0, 1.0, 1.0])
    values[::2, 1], values[:, 2], values[:, 3] = torch.nan, 7.0, torch.nan
    return values


def token(quantities: torch.Tensor) -> EventToken:
    torch.manual_seed(0)
    made = EventToken(4, 8)
    made.standardise(quantities)
    return made


def test_the_training_split_is_standard_where_a_quantity_is_there(quantities: torch.Tensor) -> None:
    made = token(quantities)
    standard = (quantities.log1p() - made.location) / made.scale
    for column, chosen in ((0, slice(None)), (1, slice(1, None, 2))):
        torch.testing.assert_close(
            standard[chosen, column].mean(), torch.tensor(0.0), atol=1e-4, rtol=0
        )
        torch.testing.assert_close(
            standard[chosen, column].std(correction=0), torch.tensor(1.0), atol=1e-4, rtol=0
        )
    assert made.scale[2:].tolist() == [
        1,
        1,
    ], "a constant quantity, and one that no event has, do not divide by 0"


def test_missing_quantities_give_finite_tokens_and_gradients(quantities: torch.Tensor) -> None:
    made = token(quantities)
    tokens = made(torch.cat([quantities, torch.full((1, 4), torch.nan), torch.zeros(1, 4)]))
    assert tokens.shape == (502, 1, 8)
    tokens.square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in made.parameters())


def test_missing_is_not_the_mean(quantities: torch.Tensor) -> None:
    made = token(quantities)
    at_mean = made.location.expm1()[None]
    assert not torch.allclose(made(at_mean), made(torch.full((1, 4), torch.nan)))


def test_the_statistics_are_part_of_the_weights(quantities: torch.Tensor) -> None:
    made, twin = token(quantities), EventToken(4, 8)
    twin.load_state_dict(made.state_dict())
    assert torch.equal(twin(quantities[:5]), made(quantities[:5]))
