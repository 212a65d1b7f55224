from __future__ import annotations

import numpy as np
import pytest

from lexon.metrics.codebook import CodeUse


def test_even_use_has_the_perplexity_of_its_size_and_one_code_that_of_one():
    assert CodeUse.of(np.tile(np.arange(8), (5, 2)), 8).perplexity == pytest.approx(8)
    assert CodeUse.of(np.tile(np.arange(8), (5, 2)), 16).perplexity == pytest.approx(8)
    assert CodeUse.of(np.full((4, 3), 5), 16).perplexity == pytest.approx(1)


def test_usage_is_the_share_of_codes_that_occur_and_padding_is_none_of_them():
    use = CodeUse.of(np.array([[0, 3, -1], [3, -1, -1]]), 8)
    assert use.usage == 2 / 8
    assert use.counts.tolist() == [1, 0, 0, 2, 0, 0, 0, 0]
    assert use.perplexity == pytest.approx(3 / 2 ** (2 / 3))


def test_a_split_shows_more_than_the_mean_over_its_batches():
    codes = np.arange(64).reshape(8, 8)
    assert CodeUse.of(codes, 64).perplexity > np.mean(
        [CodeUse.of(batch, 64).perplexity for batch in codes]
    )


def test_no_objects_use_nothing():
    use = CodeUse.of(np.full((3, 2), -1), 4)
    assert use.usage == 0
    assert np.isnan(use.perplexity)
