from __future__ import annotations

import pytest

from lexon.config import VAEConfig
from lexon.config.vae import complete
from lexon.errors import ConfigurationError
from lexon.framework.config_loader import LayeredConfigLoader

BASE = {"latent_dim": 8, "hidden_dim": 16, "batch_norm": False, "beta": 1.0, "dropout": 0.1}
KNOWN = {
    "base": VAEConfig(**BASE, epochs=5),
    "heavy": VAEConfig(like="base", beta=4.0),
    "longer": VAEConfig(like="heavy", epochs=50, lr=0.01),
    "open": VAEConfig(beta=1.0),
    "round": VAEConfig(like="trip"),
    "trip": VAEConfig(like="round"),
}


def test_what_a_configuration_says_itself_comes_first():
    model, training = complete(KNOWN, "longer")
    assert model.model_dump() == {**BASE, "beta": 4.0}
    assert training == {"epochs": 50, "lr": 0.01}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("open", "latent_dim, hidden_dim, batch_norm, dropout missing"),
        ("round", "circle"),
        ("nothing", "there are base, heavy"),
    ],
)
def test_what_is_no_configuration_says_why(name, message):
    with pytest.raises(ValueError, match=message):
        complete(KNOWN, name)


def expanded(project, **params):
    return LayeredConfigLoader("conf", "test", params, base_env="base").experiment("vae_comparison")


def cells(experiment) -> set[str]:
    return {
        member.cell_name.removeprefix("configuration_")
        for member in experiment.planned
        if member.name in experiment.selected
    }


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {"vae_small", "vae_medium", "vae_large"}),
        ({"preset": "beta"}, {"beta_vae_default", "beta_vae_balanced", "beta_vae_high"}),
        ({"configuration": "vae_large"}, {"vae_large"}),
        (
            {"configurations": {"own": {"like": "vae_small", "beta": 2}}, "configuration": "own"},
            {"own"},
        ),
        (
            {"configurations": {"own": {**BASE, "lr": 0.1}}, "configuration": "own|vae_small"},
            {"own", "vae_small"},
        ),
        (
            {"presets": {"two": "vae_small|beta_vae_low"}, "preset": "two"},
            {"vae_small", "beta_vae_low"},
        ),
        (
            {"configuration": "vae_small", "beta": "0.5|2"},
            {"vae_small__beta_0_5", "vae_small__beta_2_0"},
        ),
    ],
)
def test_what_a_user_types_is_what_is_trained(project, params, expected):
    assert cells(expanded(project, **params)) == expected


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"preset": "nope"},
            "configuration=.*there is no presets.nope; presets has standard, beta",
        ),
        ({"configuration": "nope"}, "configuration=nope: no such configuration"),
        (
            {"configurations": {"own": {"beta": 2}}, "configuration": "own"},
            "configurations.own: latent_dim",
        ),
        ({"tags": {"column": "tags"}}, "tags.column=tags needs tags.path"),
    ],
)
def test_a_mistake_is_named_before_anything_runs(project, params, message):
    with pytest.raises(ConfigurationError, match=message):
        expanded(project, **params)


def test_a_member_is_its_settings_not_its_name(project):
    experiment = expanded(project, preset="all")
    configs = {member.name: member.config for member in experiment.planned}
    assert configs["configuration_beta_vae_high__seed_42"]["vae"] == {
        "latent_dim": 128,
        "hidden_dim": 512,
        "batch_norm": True,
        "beta": 10.0,
        "dropout": 0.3,
    }
    assert "preset" not in str(configs)
    assert configs["configuration_vae_small__seed_42"]["data"]["events"]["source"] == "simulation"
