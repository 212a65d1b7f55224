"""Some settings of a training are of classifiers: any other training would ignore them, and refuses
them by name.
"""

from __future__ import annotations

from typing import Any

import pytest
from fabricate import base_parameters
from omegaconf import OmegaConf

from lexon.errors import ConfigurationError
from lexon.experiments import Experiment, expand

SMOOTHED = {"label_smoothing": 0.1}
OF_CLASSIFIERS = [SMOOTHED, {"augmentation": "symmetries"}, {"ema": 0.9}, {"optimiser": "muon"}]


def study(changes: dict[str, Any]) -> Experiment:
    asked = OmegaConf.to_container(OmegaConf.merge(base_parameters(), changes))
    return expand("study", asked, asked, lambda key: "a file")


@pytest.mark.parametrize("setting", OF_CLASSIFIERS)
@pytest.mark.parametrize("kind", ["autoencoder", "regression", "vae"])
def test_a_training_without_classes_refuses_it(kind: str, setting: dict[str, Any]) -> None:
    ((name, value),) = setting.items()
    with pytest.raises(
        ConfigurationError, match=rf"(?m)^  training\.{name}={value}: .*leave it at "
    ):
        study({"kind": kind, "training": setting})


@pytest.mark.parametrize("setting", OF_CLASSIFIERS[1:])
def test_a_classifier_s_identity_names_them_only_where_they_are_set(
    setting: dict[str, Any],
) -> None:
    plain, chosen = (
        study({"training": changes}).planned[0].config["training"] for changes in ({}, setting)
    )
    assert chosen == plain | setting
    assert not setting.keys() & plain.keys()


def test_a_vqvae_refuses_it_and_its_classifier_does_not() -> None:
    with pytest.raises(ConfigurationError, match=r"(?m)^  vqvae\.training\.label_smoothing=0\.1: "):
        study({"tokeniser": "vqvae", "vqvae": {"training": SMOOTHED}})
    config = study({"tokeniser": "vqvae", "training": SMOOTHED}).planned[0].config
    assert (
        config["training"]["label_smoothing"],
        config["tokeniser"]["training"]["label_smoothing"],
    ) == (0.1, 0.0)
