"""The chosen configuration, as parameters that are complete."""

from __future__ import annotations

import yaml

from lexon.config.vae import VAEConfig, complete
from lexon.pipelines.reporting.vae_cells import collect_configurations
from lexon.pipelines.reporting.vae_words import selected_parameters

SEEDS = (42, 123)


def test_the_lowest_bound_on_validation_is_written_complete(make):
    results = [
        make(name, seed, wrong=wrong)
        for name, wrong in (("worse", 0.2), ("good, beta 0.5", 0.05))
        for seed in SEEDS
    ]
    results += [make("planted", seed, wrong=0.0, collapsed=True) for seed in SEEDS]
    text = selected_parameters(collect_configurations(results), {})
    chosen = yaml.safe_load(text)
    assert chosen["configuration"] == "good_beta_0_5", "a name that can be typed and has no dots"
    configurations = {
        name: VAEConfig(**values) for name, values in chosen["configurations"].items()
    }
    model, training = complete(configurations, chosen["configuration"])
    assert model.model_dump() == results[0].member.config["vae"]
    assert training == {"epochs": 2, "lr": 1e-3}
    assert text.startswith("# The lowest BCE + KL on validation")


def test_where_all_collapsed_nothing_is_chosen(make):
    text = selected_parameters(
        collect_configurations([make("planted", seed, collapsed=True) for seed in SEEDS]), {}
    )
    assert yaml.safe_load(text) is None
    assert "no finished configuration learnt a latent code" in text
