from typing import Literal

import pytest

from lexon.config import BinnedConfig, DirectConfig, FittedConfig, tokeniser_config
from lexon.config.tokenisers import known_tokeniser, tokeniser_classes
from lexon.errors import DataError
from lexon.tokenisers import build, restore
from lexon.tokenisers.binning import BinnedTokeniser
from lexon.tokenisers.direct import DirectTokeniser


def binned(**changes) -> BinnedConfig:
    return BinnedConfig(
        **{"pid": True, "n_bins": 5, "fit_on": "auto", "variant": "correct", **changes}
    )


def test_parameters_name_the_tokeniser():
    assert build(DirectConfig(vector=5, pid=False)) == DirectTokeniser(5, pid=False)
    assert build(binned(n_bins=8, variant="flawed_2026")) == BinnedTokeniser(
        8, "flawed_2026", pid=True
    )


@pytest.mark.parametrize("fit_on", ["auto", "background", "all"])
def test_only_correct_bins_ask_what_to_fit_on(fit_on):
    assert binned(fit_on=fit_on).population == fit_on
    assert binned(fit_on=fit_on, variant="flawed_2026").population == "all"
    assert DirectConfig(vector=4, pid=True).population == "all"


def test_a_tokeniser_must_say_which_events_it_is_fitted_on():
    class Unsaid(FittedConfig):
        kind: Literal["unsaid"] = "unsaid"

        @classmethod
        def of(cls, parameters, seed):
            return cls()

    with pytest.raises(TypeError, match="population"):
        Unsaid()
    assert "unsaid" not in tokeniser_classes()


def test_the_events_of_a_fit_are_noted_where_a_tokeniser_keeps_them():
    assert build(binned()).fitted_on("background", "on these").fit_on == {
        "key": "background",
        "words": "on these",
    }
    assert build(DirectConfig(vector=4, pid=True)).fitted_on("all", "on those") == DirectTokeniser(
        4, pid=True
    )


def test_a_kind_that_is_no_tokeniser_is_refused():
    with pytest.raises(ValueError, match="no such tokeniser; choose one of direct, binned, vqvae"):
        tokeniser_config({"kind": "bined"})
    with pytest.raises(
        ValueError, match="no such tokeniser; choose one of direct, binned, vqvae, ambre"
    ):
        known_tokeniser("file")


@pytest.mark.parametrize("state", [{}, {"kind": "vqvae", "codes": 512}])
def test_an_unknown_state_is_refused(state):
    with pytest.raises(
        DataError, match="kind in a tokeniser's state is direct, binned or vq_codes"
    ):
        restore(state)
