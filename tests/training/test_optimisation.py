"""The learning rate step by step, and what weight decay leaves alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lexon.config import TrainingConfig
from lexon.models.classifier import Classifier
from lexon.training.optimisation import adamw, learning_rates


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_the_rate_rises_over_the_warm_up_and_never_after(
    schedule: str, make_config: Callable[..., TrainingConfig]
) -> None:
    rates = learning_rates(
        make_config(lr=0.1, warmup_steps=20, warmup_start=0.25, schedule=schedule), 100
    )
    assert rates[0] == pytest.approx(0.025)
    assert rates[20] == rates.max() == pytest.approx(0.1)
    assert (np.diff(rates[:21]) > 0).all()
    assert (np.diff(rates[20:]) <= 0).all()


@pytest.mark.parametrize(
    ("schedule", "middle", "last"),
    [("cosine", 0.05, 0), ("linear", 0.05, 0), ("constant", 0.1, 0.1)],
)
def test_decay_reaches_half_in_the_middle_and_zero_at_the_end(
    schedule: str, middle: float, last: float, make_config: Callable[..., TrainingConfig]
) -> None:
    rates = learning_rates(make_config(lr=0.1, warmup_steps=0, schedule=schedule), 1000)
    assert rates[500] == pytest.approx(middle)
    assert rates[-1] == pytest.approx(last, abs=2e-4)


def test_only_matrices_decay(
    make_model: Callable[..., Classifier], make_config: Callable[..., TrainingConfig]
) -> None:
    model = make_model()
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decayed, spared = (
        {names[id(parameter)] for parameter in group["params"]}
        for group in adamw(model, make_config()).param_groups
    )
    assert decayed | spared == set(names.values())
    assert decayed == {
        name for name in names.values() if name.endswith("weight") and "norm" not in name
    } - {
        "embedding.types.weight",
        "encoder.blocks.0.feed_forward.0.weight",
        "encoder.blocks.0.feed_forward.3.weight",
    }
    assert not decayed & spared


def test_the_decayed_group_has_the_decay(
    make_model: Callable[..., Classifier], make_config: Callable[..., TrainingConfig]
) -> None:
    assert [
        group["weight_decay"]
        for group in adamw(make_model(), make_config(weight_decay=0.3)).param_groups
    ] == [0.3, 0.0]
