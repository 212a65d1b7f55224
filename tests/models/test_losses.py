from __future__ import annotations

import torch

from lexon.models.losses import mean_over_objects, squared_error

MASK = torch.tensor([[1, 1, 1], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)


def test_events_count_alike_whatever_their_number_of_objects() -> None:
    assert mean_over_objects(torch.tensor([1.0, 2.0, 6.0, 5.0]), MASK).tolist() == [3.0, 5.0, 0.0]


def test_each_component_is_averaged_by_itself_and_padding_is_nothing() -> None:
    objects = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    wide = torch.cat([MASK, torch.zeros_like(MASK)], dim=1)
    means = mean_over_objects(objects, wide)
    torch.testing.assert_close(
        means, torch.stack([objects[:3].mean(0), objects[3], torch.zeros(2)])
    )
    assert torch.equal(means[:, 0], mean_over_objects(objects[:, 0], MASK))


def test_squared_errors_are_sums_over_features() -> None:
    assert squared_error(
        torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    ).tolist() == [5.0, 25.0]
