"""Cells with different vocabularies can be given the same number of parameters."""

import pytest

from lexon.errors import ConfigurationError
from lexon.models import equalised_width
from lexon.models.classifier import Classifier

RECIPE = {
    "n_classes": 2,
    "pool": "mean",
    "met": True,
    "dim": 72,
    "depth": 8,
    "heads": 8,
    "mlp_dim": 144,
    "dropout": 0.1,
}
PARTS = {
    "objects": [(7, "none"), (5, "line"), (5, "circle")],
    "event": [(5, "line"), (5, "circle")],
    "codebook_dim": 16,
}
CODES = {"vocab_size": 4096 + 11, "n_features": None}
SHOWN = (
    {"vocab_size": None, "n_features": 4},
    {"vocab_size": 886, "n_features": None},
    CODES,
    CODES | {"embedding": "factorised_ordinal", "vocabulary": PARTS},
    CODES | {"embedding": "frozen_codebook", "vocabulary": PARTS},
)


@pytest.mark.parametrize("shown", SHOWN)
def test_the_count_is_as_near_as_a_whole_width_allows(shown):
    width = equalised_width(Classifier, "mlp_dim", RECIPE | shown, 600_000)
    counts = [
        sum(p.numel() for p in Classifier(**(RECIPE | shown | {"mlp_dim": w})).parameters())
        for w in (width - 1, width, width + 1)
    ]
    assert abs(counts[1] - 600_000) <= min(abs(counts[0] - 600_000), abs(counts[2] - 600_000))


def test_too_few_parameters_are_refused_with_the_least_possible():
    with pytest.raises(ConfigurationError, match="at mlp_dim=1"):
        equalised_width(Classifier, "mlp_dim", RECIPE | SHOWN[2], 100_000)
