"""Muon has the matrices of the blocks, AdamW the rest, each parameter one optimiser; without Muon
in torch, an error says what to do.
"""

from __future__ import annotations

from collections.abc import Callable

import needs
import pytest
import torch

from lexon.config import TrainingConfig
from lexon.errors import ConfigurationError
from lexon.models.classifier import Classifier
from lexon.training import Training
from lexon.training.muon import MuonAndAdamW


@needs.MUON
@pytest.mark.parametrize("options", [{}, {"event_features": 3, "pairwise": "mia"}])
def test_each_parameter_has_one_optimiser(
    options: dict[str, object],
    make_model: Callable[..., Classifier],
    make_config: Callable[..., TrainingConfig],
) -> None:
    model = make_model(**options)
    muon, adamw = MuonAndAdamW(model, make_config()).optimisers
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    of_muon, of_adamw = (
        [names[id(p)] for group in one.param_groups for p in group["params"]]
        for one in (muon, adamw)
    )
    assert sorted([*of_muon, *of_adamw]) == sorted(names.values())
    assert of_muon
    assert all(
        name.startswith("encoder.blocks") and name.endswith("weight") and "norm" not in name
        for name in of_muon
    )
    assert {
        "embedding.object_projection.weight",
        "embedding.types.weight",
        "head.weight",
        "cls",
    } <= set(of_adamw)


@needs.MUON
def test_rate_and_decay_are_shared(
    make_model: Callable[..., Classifier], make_config: Callable[..., TrainingConfig]
) -> None:
    groups = MuonAndAdamW(make_model(), make_config(lr=0.1, weight_decay=0.3)).param_groups
    assert [group["lr"] for group in groups] == [0.1, 0.1, 0.1]
    assert [group["weight_decay"] for group in groups] == [0.3, 0.3, 0.0]


@needs.MUON
def test_it_learns_what_is_there(
    make_model: Callable, make_table: Callable, make_config: Callable
) -> None:
    config = make_config(optimiser="muon", epochs=6, lr=1e-2)
    result = Training(
        make_model(),
        make_table(256),
        make_table(96, 1),
        config,
        seed=0,
        device="cpu",
        select_by=(("val_loss", "min"),),
    ).run()
    assert result.history[-1]["val_accuracy"] > 0.75


def test_a_torch_without_it_is_an_error_that_says_so(
    monkeypatch: pytest.MonkeyPatch,
    make_model: Callable[..., Classifier],
    make_config: Callable[..., TrainingConfig],
) -> None:
    monkeypatch.delattr(torch.optim, "Muon", raising=False)
    with pytest.raises(
        ConfigurationError,
        match=(
            r"training\.optimiser=muon: it is in torch from 2\.9 on, and \d.* is installed; update"
        ),
    ):
        MuonAndAdamW(make_model(), make_config())
