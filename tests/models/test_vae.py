from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lexon.metrics.latent import kl_per_unit
from lexon.models.vae import VAE, kl_per_row
from lexon.training import TensorTable, seeded

RECIPE = {
    "n_tags": 12,
    "latent_dim": 4,
    "hidden_dim": 32,
    "batch_norm": False,
    "beta": 1.0,
    "dropout": 0.0,
}


def rows(n: int = 64, seed: int = 0) -> torch.Tensor:
    return (torch.rand(n, 12, generator=torch.Generator().manual_seed(seed)) < 0.3).float()


def make(**changes) -> VAE:
    with seeded(1):
        return VAE(**{**RECIPE, **changes})


@pytest.mark.parametrize("beta", [0.0, 0.5, 4.0])
def test_the_loss_is_bce_plus_beta_times_kl(beta):
    with seeded(2):
        loss, parts = make(beta=beta).loss({"rows": rows()})
    assert loss.item() == pytest.approx((parts["bce"] + beta * parts["kld"]).item())


def test_losses_are_nats_per_row_whatever_the_batch():
    """A decoder that knows nothing pays ln 2 a tag."""
    model = make()
    torch.nn.init.zeros_(model.decoder[-1].weight)
    torch.nn.init.zeros_(model.decoder[-1].bias)
    for n in (8, 64):
        assert model.loss({"rows": rows(n)})[1]["bce"].item() == pytest.approx(
            12 * math.log(2), rel=1e-5
        )


def test_kl_agrees_with_the_metric():
    mean, log_variance = torch.randn(50, 4), torch.randn(50, 4)
    expected = kl_per_unit(mean.numpy(), log_variance.numpy()).sum()
    assert kl_per_row(mean, log_variance).mean().item() == pytest.approx(expected, rel=1e-5)


def test_a_row_does_not_feel_its_neighbours_in_eval_mode():
    model = make(batch_norm=True, dropout=0.5).eval()
    batch = rows()
    with torch.no_grad():
        torch.testing.assert_close(
            model.score({"rows": batch[:5]}), model.score({"rows": batch})[:5]
        )


def test_recipe_and_weights_rebuild_the_model():
    model = make(batch_norm=True).eval()
    other = VAE(**model.recipe).eval()
    other.load_state_dict(model.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(other.score({"rows": rows()}), model.score({"rows": rows()}))


def test_a_few_rows_can_be_learnt_by_heart():
    model, batch = make(latent_dim=8, hidden_dim=64, beta=0.0), {"rows": rows(8)}
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    with seeded(3):
        for _ in range(300):
            optimiser.zero_grad()
            model.loss(batch)[0].backward()
            optimiser.step()
    decoded = (model.eval().score(batch) > 0.5).float()
    assert torch.equal(decoded, batch["rows"])


def test_a_heavy_kl_collapses_the_posterior_and_a_light_one_does_not():
    from lexon.config import TrainingConfig
    from lexon.training import Training

    recipe = {
        "epochs": 15,
        "batch_size": 32,
        "lr": 0.003,
        "weight_decay": 0.0,
        "warmup_steps": 0,
        "warmup_start": 0.1,
    }
    recipe |= {
        "schedule": "constant",
        "grad_clip": 1.0,
        "label_smoothing": 0.0,
        "early_stopping": None,
    }
    recipe |= {"length_aware": True, "precision": "fp32"}
    kinds = np.random.default_rng(0).integers(0, 3, 400)
    table = TensorTable(
        {"rows": torch.from_numpy(np.repeat(np.eye(3, dtype=np.float32), 4, axis=1)[kinds])}
    )
    kld = {}
    for beta in (0.1, 30.0):
        config = TrainingConfig(**recipe)
        result = Training(
            make(beta=beta),
            table,
            table,
            config,
            seed=5,
            device="cpu",
            select_by=(("val_loss", "min"),),
        ).run()
        kld[beta] = result.history[-1]["val_kld"]
    assert kld[30.0] < 0.1
    assert kld[0.1] > 0.5
