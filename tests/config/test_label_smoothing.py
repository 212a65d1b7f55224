"""Label smoothing is of classifiers: any other training would ignore it, and refuses it by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from lexon.errors import ConfigurationError
from lexon.experiments import Experiment, expand

BASE = Path(__file__).parents[2] / "conf" / "base"
SMOOTHED = {"label_smoothing": 0.1}


def study(changes: dict[str, Any]) -> Experiment:
    files = [OmegaConf.load(path) for path in sorted(BASE.glob("parameters*.yml"))]
    asked = OmegaConf.to_container(OmegaConf.merge({}, *files, changes))
    return expand("study", asked, asked, lambda key: "a file")


@pytest.mark.parametrize("kind", ["autoencoder", "regression", "vae"])
def test_a_training_without_classes_refuses_it(kind: str) -> None:
    with pytest.raises(ConfigurationError, match=r"(?m)^  training\.label_smoothing=0\.1: .*leave it at 0"):
        study({"kind": kind, "training": SMOOTHED})


def test_a_vqvae_refuses_it_and_its_classifier_does_not() -> None:
    with pytest.raises(ConfigurationError, match=r"(?m)^  vqvae\.training\.label_smoothing=0\.1: "):
        study({"tokeniser": "vqvae", "vqvae": {"training": SMOOTHED}})
    config = study({"tokeniser": "vqvae", "training": SMOOTHED}).planned[0].config
    assert (config["training"]["label_smoothing"], config["tokeniser"]["training"]["label_smoothing"]) == (0.1, 0.0)
