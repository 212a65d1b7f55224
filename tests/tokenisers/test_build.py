import pytest

from lexon.config import BinnedConfig, DirectConfig
from lexon.errors import DataError
from lexon.tokenisers import BinnedTokeniser, DirectTokeniser, build, population, restore


def binned(**changes) -> BinnedConfig:
    return BinnedConfig(**{"pid": True, "n_bins": 5, "fit_on": "auto", "variant": "correct", **changes})


def test_parameters_name_the_tokeniser():
    assert build(DirectConfig(vector=5, pid=False)) == DirectTokeniser(5, pid=False)
    assert build(binned(n_bins=8, variant="flawed_2026")) == BinnedTokeniser(8, "flawed_2026", pid=True)


@pytest.mark.parametrize("fit_on", ["auto", "background", "all"])
def test_only_correct_bins_ask_what_to_fit_on(fit_on):
    assert population(binned(fit_on=fit_on)) == fit_on
    assert population(binned(fit_on=fit_on, variant="flawed_2026")) == "all"
    assert population(DirectConfig(vector=4, pid=True)) == "all"


@pytest.mark.parametrize("state", [{}, {"kind": "vqvae", "codes": 512}])
def test_an_unknown_state_is_refused(state):
    with pytest.raises(DataError, match="kind: direct, binned or vq_codes"):
        restore(state)
