"""Networks of classifiers: chosen by name, and the present one leaves the identity of its members
as it was.
"""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from lexon.config import ClassifierConfig
from lexon.config.classifiers import NormFormerConfig, classifier_config, known_classifier

ARGUMENTS = {
    "dim": 8,
    "depth": 1,
    "heads": 2,
    "mlp_dim": 16,
    "dropout": 0.1,
    "pool": "mean",
    "met": True,
}


def test_the_default_network_is_not_named_in_what_identifies_a_member():
    config = classifier_config(ARGUMENTS)
    assert isinstance(config, NormFormerConfig)
    assert config.model_dump(mode="json") == config.arguments() == ARGUMENTS
    assert classifier_config(config.model_dump()) == config
    assert classifier_config({**ARGUMENTS, "name": "normformer"}) == config


@pytest.mark.parametrize(
    "choice", [{"positions": "none"}, {"event_features": True}, {"pairwise": "mia"}]
)
def test_a_choice_other_than_the_first_one_identifies_a_member(choice: dict[str, object]):
    config = classifier_config(ARGUMENTS | choice)
    assert config.arguments() == ARGUMENTS | choice
    assert classifier_config(config.model_dump()) == config


def test_an_unknown_network_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="no such network; choose one of normformer"):
        known_classifier("normfromer")


def test_an_argument_of_another_network_is_refused():
    with pytest.raises(ValidationError, match="hidden"):
        classifier_config({**ARGUMENTS, "hidden": 3})


def test_no_network_can_be_made_of_what_all_have_in_common():
    with pytest.raises(TypeError, match="abstract"):
        ClassifierConfig(name="x", met=True)
