"""Codes and vectors are two names of the same thing, and no code stays unused for long."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lexon.metrics.codebook import CodeUse
from lexon.models.quantiser import AnyQuantiser, Quantiser, make_quantiser

DIM, SIZE = 3, 32


def gaussian(n: int, seed: int = 0) -> Tensor:
    return torch.randn(n, DIM, generator=torch.Generator().manual_seed(seed))


def trained(steps: int = 30, decay: float = 0.9, size: int = SIZE, seed: int = 0) -> Quantiser:
    torch.manual_seed(seed)
    quantiser = Quantiser(DIM, size, decay)
    for step in range(steps):
        quantiser(gaussian(200, seed=step))
    return quantiser


def use(quantiser: Quantiser, vectors: Tensor) -> CodeUse:
    return CodeUse.of(quantiser.eval()(vectors).codes.numpy(), quantiser.n_codes)


def test_codes_name_the_vectors_that_come_out() -> None:
    quantiser = trained().eval()
    quantised = quantiser(gaussian(500))
    assert torch.equal(quantiser.lookup(quantised.codes), quantised.vectors)
    assert torch.equal(quantiser(quantiser.codebook).codes, torch.arange(SIZE))


def test_the_code_is_the_nearest_one() -> None:
    quantiser, vectors = trained().eval(), gaussian(500)
    distances = torch.cdist(vectors.double(), quantiser.codebook.double())
    quantised = quantiser(vectors)
    chosen = distances.gather(1, quantised.codes[:, None])[:, 0]
    torch.testing.assert_close(chosen, distances.amin(1), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(quantised.commitment.double(), chosen**2 / DIM, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("size", [SIZE, 128])
def test_gaussian_vectors_use_most_codes(size: int) -> None:
    codes = use(trained(size=size), gaussian(4000, seed=99))
    assert codes.usage > 0.9
    assert codes.perplexity > 0.7 * size


def test_dead_codes_move_to_where_the_vectors_are() -> None:
    quantiser = trained()
    quantiser.quantise.codebook[: SIZE // 2].fill_(1e3)
    quantiser.quantise._codebook.embed_avg[0, : SIZE // 2].fill_(1e3)
    assert use(quantiser, gaussian(4000)).usage <= 0.5
    quantiser.train()
    for step in range(60):
        quantiser(gaussian(200, seed=step))
    assert use(quantiser, gaussian(4000)).usage > 0.9


def test_only_training_moves_the_codebook() -> None:
    quantiser = trained()
    before = quantiser.codebook.clone()
    quantiser.eval()(gaussian(300) + 5)
    assert torch.equal(quantiser.codebook, before)
    quantiser.train()(gaussian(300) + 5)
    assert not torch.equal(quantiser.codebook, before)


def test_gradients_pass_straight_through_and_commitment_is_there_in_eval_mode_too() -> None:
    quantiser = trained()
    for training in (True, False):
        vectors = gaussian(50).requires_grad_()
        quantised = quantiser.train(training)(vectors)
        (2 * quantised.vectors).sum().backward()
        torch.testing.assert_close(vectors.grad, torch.full_like(vectors, 2))
        assert quantised.commitment.min() > 0
        assert quantised.commitment.requires_grad


def test_same_seed_same_codes_and_weights_carry_everything() -> None:
    one, two = trained(), trained()
    assert torch.equal(one.codebook, two.codebook)
    assert not torch.equal(one.codebook, trained(seed=1).codebook)
    again = Quantiser(DIM, SIZE, 0.9)
    again.load_state_dict(one.state_dict())
    assert torch.equal(again.eval()(gaussian(100)).codes, one.eval()(gaussian(100)).codes)


def test_no_vectors_change_nothing() -> None:
    quantiser = trained()
    before = {name: value.clone() for name, value in quantiser.state_dict().items()}
    quantised = quantiser(gaussian(0))
    assert quantised.vectors.shape == (0, DIM)
    assert quantised.codes.shape == quantised.commitment.shape == (0,)
    assert all(torch.equal(value, before[name]) for name, value in quantiser.state_dict().items())


def test_half_precision_gives_the_codes_of_single_precision() -> None:
    quantiser, vectors = trained().eval(), gaussian(500).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(quantiser(vectors).codes, quantiser(vectors.float()).codes)


def test_without_training_there_is_nothing_to_quantise_with() -> None:
    with pytest.raises(RuntimeError, match="no codebook yet"):
        Quantiser(DIM, SIZE, 0.9).eval()(gaussian(10))


SETTINGS = {
    "vq": {"codebook_size": SIZE, "stages": 1, "levels": ()},
    "residual": {"codebook_size": 8, "stages": 3, "levels": ()},
    "fsq": {"codebook_size": 0, "stages": 1, "levels": (3, 8, 5)},
}
N_CODES = {"vq": SIZE, "residual": 8**3, "fsq": 3 * 8 * 5}
NAMES = list(SETTINGS)


def any_trained(name: str, steps: int = 30, **changes: object) -> AnyQuantiser:
    torch.manual_seed(0)
    quantiser = make_quantiser(name, dim=DIM, decay=0.9, **SETTINGS[name] | changes)
    for step in range(steps):
        quantiser(gaussian(200, seed=step))
    return quantiser


@pytest.mark.parametrize("name", NAMES)
def test_the_vectors_of_the_parts_of_a_code_add_up_to_what_comes_out(name: str) -> None:
    quantiser = any_trained(name).eval()
    quantised = quantiser(gaussian(500))
    torch.testing.assert_close(quantiser.lookup(quantised.codes), quantised.vectors)
    assert quantiser.n_codes == N_CODES[name]
    assert 0 <= quantised.codes.min() <= quantised.codes.max() < quantiser.n_codes
    assert quantiser.codebook.shape == (sum(quantiser.sizes), DIM)


@pytest.mark.parametrize("name", NAMES)
def test_a_code_is_its_parts_and_back(name: str) -> None:
    quantiser, codes = any_trained(name, steps=0), torch.arange(N_CODES[name])
    assert torch.equal(quantiser.joined(torch.stack(quantiser.digits(codes), dim=1)), codes)


@pytest.mark.parametrize("name", NAMES)
def test_no_objects_are_no_codes(name: str) -> None:
    quantised = any_trained(name).eval()(gaussian(0))
    assert len(quantised.codes) == len(quantised.vectors) == len(quantised.commitment) == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_weights_rebuild_it(name: str) -> None:
    quantiser, twin = any_trained(name).eval(), any_trained(name, steps=0).eval()
    twin.load_state_dict(quantiser.state_dict())
    assert torch.equal(twin(gaussian(100)).codes, quantiser(gaussian(100)).codes)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_codes(name: str) -> None:
    assert torch.equal(any_trained(name).codebook, any_trained(name).codebook)


def test_each_stage_brings_a_vector_nearer() -> None:
    errors = []
    for stages in (2, 3, 4):
        quantised = any_trained("residual", stages=stages).eval()(gaussian(500, seed=99))
        errors.append(quantised.commitment.mean().item())
    assert errors[0] > 1.5 * errors[1] > 2 * errors[2] > 0


def test_dead_codes_of_any_stage_move_to_where_the_vectors_are() -> None:
    quantiser = any_trained("residual")
    for step in range(100, 160):
        quantiser.train()(gaussian(200, seed=step))
    parts = quantiser.digits(quantiser.eval()(gaussian(4000, seed=99)).codes)
    assert all(CodeUse.of(part.numpy(), 8).usage == 1 for part in parts)


def test_levels_of_a_component_rise_with_it_and_have_fixed_values() -> None:
    quantiser = any_trained("fsq", steps=0)
    along = torch.zeros(200, DIM)
    along[:, 1] = torch.linspace(-5, 5, 200)
    quantised = quantiser(along)
    level = quantiser.digits(quantised.codes)[1]
    assert (level.diff() >= 0).all()
    assert set(level.tolist()) == set(range(8))
    torch.testing.assert_close(quantiser.codebook[3:11, 1], (torch.arange(8) - 4) / 4)


def test_gradients_pass_through_levels() -> None:
    vectors = gaussian(50).requires_grad_()
    any_trained("fsq", steps=0)(vectors).vectors.sum().backward()
    assert (vectors.grad > 0).all()


def test_another_number_of_components_than_levels_is_refused() -> None:
    with pytest.raises(ValueError, match="latent_dim=3: fsq needs .* levels, 2"):
        make_quantiser("fsq", dim=3, codebook_size=0, decay=0, stages=1, levels=(3, 3))
