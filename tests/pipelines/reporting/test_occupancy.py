"""What a token file holds is counted bin by bin, as its tokeniser would bin the events again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lexon.datasets.tokens import TokenSample, TokensDataset, TokenSource
from lexon.events import SPLITS, Events
from lexon.pipelines.reporting.tokens import bin_counts, draw_occupancy
from lexon.tokenisers.binning import BinnedTokeniser

CLASSES = {"signal": "tttt", "background": "rest"}


@pytest.fixture(params=["correct", "flawed_2026"])
def tokeniser(
    request: pytest.FixtureRequest, make_events: Callable[..., Events]
) -> BinnedTokeniser:
    return BinnedTokeniser(5, request.param, True).fit(make_events(300))


@pytest.fixture
def source(
    tokeniser: BinnedTokeniser, make_events: Callable[..., Events], tmp_path: Path
) -> TokenSource:
    tokens = tokeniser.encode(make_events(300))
    rows = np.concatenate([tokens.values, tokens.met], axis=1)
    attributes = {
        "label_names": {"1": "tttt", "2": "ttH"},
        "tokeniser": tokeniser.state(),
        "vocab_size": tokeniser.vocab_size,
    }
    dataset = TokensDataset(str(tmp_path / "tokens.h5"))
    dataset.save(
        TokenSample([(split, rows, make_events(300).labels) for split in SPLITS], attributes)
    )
    return dataset.load()


def test_bins_are_counted_by_class(
    source: TokenSource, tokeniser: BinnedTokeniser, make_events: Callable[..., Events]
) -> None:
    counts, limits, n_tokens = bin_counts(source, CLASSES)
    events = make_events(300)
    signal = events[events.labels == 1]
    assert tokeniser.axes is not None
    expected = np.bincount(tokeniser.axes["pt"].bin(signal.pt[signal.mask]), minlength=6)[1:]
    np.testing.assert_array_equal(counts["pt"]["signal"], expected)
    np.testing.assert_array_equal(limits["pt"], tokeniser.axes["pt"].limits[1:-1])
    for quantity in ("pt", "eta", "phi", "token"):
        assert sum(entries.sum() for entries in counts[quantity].values()) == events.mask.sum()
    for quantity in ("met", "met_phi"):
        assert {name: entries.sum() for name, entries in counts[quantity].items()} == {
            "signal": 150,
            "background": 150,
        }
    assert n_tokens == 875


def test_correct_bins_are_evenly_filled_and_flawed_ones_not(
    source: TokenSource, tokeniser: BinnedTokeniser
) -> None:
    counts, _, _ = bin_counts(source, CLASSES)
    filled = sum(counts["eta"].values())
    assert (filled.max() < 1.05 * filled.min()) == (tokeniser.variant == "correct")
    assert (filled[-1] == 0) == (tokeniser.variant == "flawed_2026")


def test_the_figure_shows_five_quantities_and_the_tokens(source: TokenSource) -> None:
    figure = draw_occupancy(source, CLASSES)
    assert len(figure.axes) == 6
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["signal", "background"]
