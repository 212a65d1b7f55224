"""The penalty does what its formula says, and where it has none, nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from lexon.metrics.collapse import penalty_optimum
from lexon.models.regressor import Penalty, Regressor, regression_losses, variance_penalty

TABLE = {"kind": "table", "n_features": 3, "hidden": [16], "dropout": 0.0}
EVENTS = {
    "kind": "events",
    "n_features": 2,
    "pool": "mean",
    "dim": 16,
    "depth": 1,
    "heads": 2,
    "mlp_dim": 16,
    "dropout": 0.0,
}


def rows(n: int = 64, seed: int = 0) -> dict[str, Tensor]:
    """Features of different scales, the second one constant, and a target far from 0."""
    x = (
        torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))
        * torch.tensor([1.0, 0.0, 100.0])
        + 5
    )
    return {"features": x, "target": 150 + 70 * (x[:, 0] - 5) + 0.1 * x[:, 2]}


def regressor(variance_lambda: float = 2.0, penalty: Penalty = "batch") -> Regressor:
    torch.manual_seed(0)
    model = Regressor(network=TABLE, variance_lambda=variance_lambda, penalty=penalty)
    model.standardise(rows())
    return model.eval()


@pytest.mark.parametrize("penalty", ["batch", "global"])
def test_the_loss_is_huber_plus_lambda_times_the_penalty(penalty: Penalty) -> None:
    model, batch = regressor(2.0, penalty), rows(20, seed=1)
    y, p = batch["target"].numpy(), model.score(batch).detach().numpy()
    sigma = rows()["target"].numpy().std()
    of_target = np.var(y, ddof=1) if penalty == "batch" else sigma**2
    expected = (1 - np.var(p, ddof=1) / of_target) ** 2
    loss, facts = model.loss(batch)
    assert float(facts["variance_loss"]) == pytest.approx(expected, rel=1e-4)
    assert float(facts["base_loss"]) == pytest.approx(
        float(huber_loss(torch.tensor(p / sigma), torch.tensor(y / sigma))), rel=1e-4
    )
    assert loss.item() == pytest.approx(float(facts["base_loss"] + 2 * facts["variance_loss"]))


def test_at_lambda_zero_the_penalty_is_logged_and_pulls_at_nothing() -> None:
    loss, facts = regressor(0.0).loss(rows())
    assert loss.item() == float(facts["base_loss"])
    assert float(facts["variance_loss"]) > 0


@pytest.mark.parametrize(("prediction", "target"), [([1.0], [2.0]), ([1.0, 3.0], [2.0, 2.0])])
def test_without_a_ratio_there_is_no_penalty_and_no_gradient(
    prediction: list[float], target: list[float]
) -> None:
    p, y = torch.tensor(prediction, requires_grad=True), torch.tensor(target)
    base, penalty = regression_losses(p, y, "batch")
    assert penalty.item() == 0
    (with_penalty,) = torch.autograd.grad(base + 10 * penalty, p, retain_graph=True)
    (without,) = torch.autograd.grad(base, p)
    assert torch.equal(with_penalty, without)


def test_a_constant_prediction_is_penalised_and_cannot_move() -> None:
    p = torch.full((8,), 0.5, requires_grad=True)
    penalty = variance_penalty(p, torch.tensor(1.0))
    penalty.backward()
    assert penalty.item() == 1
    assert p.grad is not None
    assert float(p.grad.abs().max()) == 0


@pytest.mark.parametrize(("n", "published"), [(8, 0.33), (20, 0.71), (256, 0.98)])
def test_the_batch_penalty_has_its_own_biased_optimum(n: int, published: float) -> None:
    """Without signal, the mean penalty over many batches is smallest where the formula says."""
    generator = torch.Generator().manual_seed(1)
    p, y = torch.randn(2, 20_000, n, generator=generator, dtype=torch.float64)
    r = p.var(1) / y.var(1)
    assert penalty_optimum(n) == pytest.approx(published, abs=0.005)
    assert float(r.mean() / r.square().mean()) == pytest.approx(penalty_optimum(n), abs=0.03)


def test_scores_have_the_targets_units_and_a_constant_column_does_no_harm() -> None:
    model = regressor()
    score = model.score(rows())
    assert torch.isfinite(score).all()
    assert abs(score.mean().item() - 150) < 70
    shifted = rows() | {"features": rows()["features"] + torch.tensor([0.0, 0.5, 0.0])}
    assert torch.isfinite(model.score(shifted)).all()


def test_padding_changes_no_prediction() -> None:
    torch.manual_seed(0)
    model = Regressor(network=EVENTS, variance_lambda=1.0, penalty="batch").eval()
    mask = torch.tensor([[True, True, False, False], [True, False, False, False]])
    values, types = torch.randn(2, 4, 2), torch.randint(1, 8, (2, 4)) * mask
    batch = {"values": values, "types": types, "mask": mask}
    other = batch | {"values": torch.where(mask[..., None], values, 99.0)}
    assert torch.allclose(model.score(batch), model.score(other), atol=1e-6)
    short = {name: tensor[:, :2] for name, tensor in batch.items()}
    assert torch.allclose(model.score(batch), model.score(short), atol=1e-6)


@pytest.mark.parametrize("network", [TABLE, EVENTS])
def test_recipe_and_weights_rebuild_it(network: dict[str, object]) -> None:
    model = Regressor(network=network, variance_lambda=0.5, penalty="global")
    again = Regressor(**model.recipe)
    again.load_state_dict(model.state_dict())
    assert sum(p.numel() for p in again.parameters()) == sum(p.numel() for p in model.parameters())


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(ValueError, match="not 'cnn'"):
        Regressor(network={"kind": "cnn"}, variance_lambda=0.0, penalty="batch")
