"""Claims are data: every file is read, and a mistake in one is named."""

from __future__ import annotations

from importlib import resources

import pytest
from pydantic import ValidationError

from lexon.pipelines.reporting import questions
from lexon.pipelines.reporting.questions import Claim, claims_of

KINDS = [path.name.removesuffix(".yml") for path in resources.files(questions.__name__).iterdir() if path.name.endswith(".yml")]
CLAIM = {"claim": "a < b", "statistic": "loss", "pairs": "all", "direction": "higher", "lines": "weights"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_claim_is_stated_once(kind):
    claims = [claim.claim for claim in claims_of(kind)]
    assert len(set(claims)) == len(claims) > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [({"direction": "up"}, "direction"), ({"pair": "all"}, "pair"), ({"cells": [["vq", 0]]}, "either"), ({"lines": None}, "either")],
)
def test_a_mistake_in_a_claim_is_named(change, message):
    assert Claim.model_validate(CLAIM)
    with pytest.raises(ValidationError, match=message):
        Claim.model_validate(CLAIM | change)
