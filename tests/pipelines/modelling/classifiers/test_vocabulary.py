"""A finished token file is taken apart by what it says of itself, else by its numbers; what cannot
be is refused with the remedy.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lexon.datasets.tokens import TokenSource
from lexon.errors import ConfigurationError, DataError
from lexon.pipelines.modelling.classifiers.evaluate import token_use
from lexon.pipelines.modelling.classifiers.inputs import vocabulary_of
from lexon.tokenisers.binning import Axis, BinnedTokeniser
from lexon.tokenisers.direct import DirectTokeniser
from lexon.tokenisers.vqvae import Codes, CodeTable, MetBins

KEYS = {"train": "Y_train", "val": "y_val", "test": "y_test"}
BINNED = {
    "objects": [(7, "none"), (5, "line"), (5, "line"), (5, "circle")],
    "event": [(5, "line"), (5, "circle")],
    "codebook_dim": None,
}


@pytest.fixture
def write(tmp_path: Path, make_events) -> Callable[..., TokenSource]:
    """A token file of 5 bins, with MET columns or without, and with these attributes and arrays."""

    def make(
        variant: str = "correct",
        width: int = 20,
        arrays: dict[str, Any] | None = None,
        **attributes: Any,
    ) -> TokenSource:
        events = make_events(300)
        tokens = BinnedTokeniser(5, variant, True).fit(events).encode(events)
        rows = np.concatenate([tokens.values, tokens.met], axis=1)[:, :width]
        with h5py.File(tmp_path / "tokens.h5", "w") as file:
            for split, key in KEYS.items():
                file[f"X_{split}"], file[key] = rows, events.labels
            for name, values in (arrays or {}).items():
                file[name] = values
            for name, value in attributes.items():
                file.attrs[name] = value
        return TokenSource(tmp_path / "tokens.h5")

    return make


@pytest.mark.parametrize("variant", ["correct", "flawed_2026"])
@pytest.mark.parametrize(
    ("width", "known"), [(20, {}), (20, {"n_bins": 5}), (18, {"n_bins": 5}), (18, {})]
)
def test_tokens_of_another_program_are_taken_apart_by_their_numbers(write, variant, width, known):
    assert vocabulary_of(write(variant, width, **known), "factorised") == BINNED


def test_a_file_of_something_else_is_refused(write):
    source = write(arrays={})
    with h5py.File(source.path, "a") as file:
        for split in KEYS:
            file[f"X_{split}"][:, 18:] += 3
    with pytest.raises(DataError, match="no number of bins n gives"):
        vocabulary_of(TokenSource(source.path), "factorised")


def test_bins_have_no_codebook(write):
    with pytest.raises(
        ConfigurationError,
        match=r"model.embedding=codebook: the tokens of .*tokens.h5 have no codebook; choose table",
    ):
        vocabulary_of(write(), "codebook")


def test_learnt_codes_have_a_codebook_and_no_parts(write, monkeypatch):
    met = Axis(np.arange(6, dtype=np.float32))
    table = CodeTable(np.zeros((875, 5), np.float32), MetBins(met, met, 876), Codes(875).parts)
    monkeypatch.setattr(TokenSource, "tokeniser", lambda _source: table)
    source = write(arrays={"codebook": np.zeros((875, 3), np.float32)})
    monkeypatch.setitem(source.attributes, "tokeniser", table.state())
    found = vocabulary_of(source, "codebook")
    assert found["objects"] == [(875, "none")]
    assert found["codebook_dim"] == 3
    with pytest.raises(
        ConfigurationError,
        match=r"model.embedding=factorised: .* no parts .*choose table, codebook, frozen_codebook",
    ):
        vocabulary_of(source, "factorised")


def test_the_use_of_tokens_is_recorded(write):
    tokens = write()
    use, objects = token_use(tokens), tokens.read("train")[:, :18]
    assert use["object_tokens"] == tokens.read("train").max()  # a file that says nothing of itself
    assert use["object_tokens_used"] == len(np.unique(objects[objects > 0]))
    assert 0 < use["object_token_entropy"] < np.log2(use["object_tokens_used"])


def test_continuous_values_have_no_use_of_tokens():
    assert token_use(DirectTokeniser(vector=4, pid=True)) == {}
