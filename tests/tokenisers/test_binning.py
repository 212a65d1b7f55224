import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lexon.errors import ConfigurationError, DataError
from lexon.events import Events
from lexon.tokenisers import restore
from lexon.tokenisers.binning import Axis, BinnedTokeniser

N_BINS = [2, 3, 5, 12]


def _bins(tokens, n: int) -> np.ndarray:
    """(obj, b_pT, b_eta, b_phi) of each real object, from the formula alone."""
    token = tokens.values[tokens.mask] - 1
    return np.stack([token // n**3, token // n**2 % n, token // n % n, token % n], axis=1) + 1


def _met_bins(tokens, n: int) -> np.ndarray:
    return tokens.met - 7 * n**3 - np.array([0, n])


def _shares(bins: np.ndarray, n: int) -> np.ndarray:
    return np.bincount(bins, minlength=n + 1)[1:] / len(bins)


@pytest.fixture
def fitted(events):
    return BinnedTokeniser(5, "correct", pid=True).fit(events)


def test_the_layout_of_the_vocabulary(fitted, events):
    tokens = fitted.encode(events)
    assert fitted.vocab_size == 886
    assert fitted.n_features is None
    assert tokens.values.dtype == tokens.met.dtype == np.int64
    assert (tokens.values[~tokens.mask] == 0).all()
    assert tokens.values[tokens.mask].min() >= 1
    assert tokens.values.max() <= 875
    assert set(np.unique(tokens.met[:, 0])) == set(range(876, 881))
    assert set(np.unique(tokens.met[:, 1])) == set(range(881, 886))
    np.testing.assert_array_equal(tokens.types, events.ids)
    np.testing.assert_array_equal(_bins(tokens, 5)[:, 0], events.ids[events.mask])


def test_a_token_worked_out_by_hand():
    tokeniser = BinnedTokeniser(5, "correct", pid=True)
    limits = np.arange(6, dtype=np.float32)
    axes = {name: Axis(limits) for name in ("pt", "eta", "met")} | {
        "phi": Axis.full_circle(5, flawed=False)
    }
    ids, p4 = np.zeros((1, 18), np.int8), np.zeros((1, 18, 4), np.float32)
    ids[0, 0], p4[0, 0] = 3, (9, 2.5, 1.0, 0.0)
    event = Events(
        ids, p4, np.array([4.2], np.float32), np.array([np.pi], np.float32), np.array([1])
    )
    tokens = replace(tokeniser, axes=axes).encode(event)
    assert tokens.values[0, 0] == 125 * (3 - 1) + 25 * (3 - 1) + 5 * (2 - 1) + 3
    assert tokens.met.tolist() == [[875 + 5, 880 + 1]]


@pytest.mark.parametrize("n", N_BINS)
def test_bins_are_equally_filled_on_the_fitted_sample(events, n):
    tokeniser = BinnedTokeniser(n, "correct", pid=True).fit(events)
    tokens = tokeniser.encode(events)
    assert tokeniser.vocab_size == 7 * n**3 + 2 * n + 1
    n_real, bins = int(events.mask.sum()), _bins(tokens, n)
    for axis in (1, 2):
        np.testing.assert_allclose(_shares(bins[:, axis], n), 1 / n, atol=3 / n_real)
    np.testing.assert_allclose(_shares(_met_bins(tokens, n)[:, 0], n), 1 / n, atol=3 / len(events))


@pytest.mark.parametrize("n", N_BINS)
def test_uniform_azimuths_fill_the_circle_uniformly(events, n):
    tokens = BinnedTokeniser(n, "correct", pid=True).fit(events).encode(events)
    for bins in (_bins(tokens, n)[:, 3], _met_bins(tokens, n)[:, 1]):
        np.testing.assert_allclose(_shares(bins, n), 1 / n, atol=5 * np.sqrt(1 / n / len(bins)))


@pytest.mark.parametrize("n", N_BINS)
@pytest.mark.parametrize("variant", ["correct", "flawed_2026"])
def test_decoding_stays_in_the_bin(events, n, variant):
    tokeniser = BinnedTokeniser(n, variant, pid=True).fit(events)
    tokens = tokeniser.encode(events)
    centres = tokeniser.decode(tokens)
    np.testing.assert_array_equal(centres.ids, events.ids)
    again = tokeniser.encode(centres)
    np.testing.assert_array_equal(again.values, tokens.values)
    np.testing.assert_array_equal(again.met, tokens.met)


def test_inner_values_decode_to_within_half_a_bin(fitted, events):
    centres, widths = fitted.decode(fitted.encode(events)), fitted.bin_widths
    bins = _bins(fitted.encode(events), 5)
    for axis, name in ((1, "pt"), (2, "eta"), (3, "phi")):
        distance = np.abs(centres.p4[..., axis] - events.p4[..., axis])[events.mask]
        index = bins[:, axis] - 1
        inside = (index > 0) & (index < 4) | (name == "phi")
        assert (distance[inside] <= widths[name][index[inside]] / 2 + 1e-4).all()
    np.testing.assert_allclose(widths["phi"], 2 * np.pi / 5, rtol=1e-6)
    assert all((width > 0).all() for width in widths.values())


def test_outer_bins_decode_to_the_median_in_them(fitted, events):
    first = _bins(fitted.encode(events), 5)[:, 1] == 1
    decoded = fitted.decode(fitted.encode(events)).pt[events.mask][first]
    np.testing.assert_allclose(decoded, np.median(events.pt[events.mask][first]), rtol=1e-3)


@given(st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=40))
def test_bins_are_monotone_and_within_range(values):
    axis = Axis(np.array([-80, -10, 0, 3, 50, 70], np.float32))
    bins = axis.bin(np.sort(np.array(values, np.float32)))
    assert (np.diff(bins) >= 0).all()
    assert bins.min() >= 1
    assert bins.max() <= 5


@pytest.mark.parametrize("n", N_BINS)
def test_a_value_on_an_edge_belongs_to_the_bin_above(events, n):
    tokeniser = BinnedTokeniser(n, "correct", pid=True).fit(events)
    for axis in tokeniser.axes.values():
        np.testing.assert_array_equal(axis.bin(axis.limits[1:-1]), np.arange(2, n + 1))
        np.testing.assert_array_equal(
            axis.bin(np.nextafter(axis.limits[1:-1], np.float32(-1e9))), np.arange(1, n)
        )


def test_azimuth_edges_for_five_bins():
    axis = Axis.full_circle(5, flawed=False)
    np.testing.assert_allclose(axis.limits[1:-1], np.pi * np.array([-3, -1, 1, 3]) / 5, rtol=1e-6)


def test_a_full_turn_changes_nothing_and_plus_pi_is_minus_pi(fitted, events):
    phi = fitted.axes["phi"]
    inside = (np.abs(events.phi[..., None] - phi.limits) > 1e-5).all(-1)
    shift = np.where(events.mask, np.float32(2 * np.pi), 0)
    turned = replace(
        events, p4=np.concatenate([events.p4[..., :3], (events.phi + shift)[..., None]], axis=-1)
    )
    keep = inside & events.mask
    assert keep.sum() > 0.99 * events.mask.sum()
    np.testing.assert_array_equal(
        fitted.encode(turned).values[keep], fitted.encode(events).values[keep]
    )
    ends = replace(events[:2], met_phi=np.array([np.pi, -np.pi], np.float32))
    np.testing.assert_array_equal(_met_bins(fitted.encode(ends), 5)[:, 1], [1, 1])


def test_padding_and_empty_events_change_no_edge(events, with_padding, fitted):
    padded = BinnedTokeniser(5, "correct", pid=True).fit(with_padding(events))
    for name in ("pt", "eta"):
        np.testing.assert_array_equal(padded.axes[name].limits, fitted.axes[name].limits)


def test_hidden_types_are_all_one_and_change_nothing_else(events, fitted):
    hidden = replace(fitted, pid=False)
    tokens = hidden.encode(events)
    assert hidden.vocab_size == 886
    np.testing.assert_array_equal(tokens.types, events.mask)
    np.testing.assert_array_equal(_bins(tokens, 5)[:, 1:], _bins(fitted.encode(events), 5)[:, 1:])
    assert set(_bins(tokens, 5)[:, 0]) == {1}
    np.testing.assert_array_equal(hidden.decode(tokens).ids, events.mask)


# --- the published bug, kept as it was


def test_the_flawed_variant_is_wrong_just_as_published(make_events):
    events = make_events(40_000)
    tokens = BinnedTokeniser(5, "flawed_2026", pid=True).fit(events).encode(events)
    bins, met = _bins(tokens, 5), _met_bins(tokens, 5)
    for biased in (bins[:, 1], bins[:, 2], met[:, 0]):
        np.testing.assert_allclose(_shares(biased, 5), [0.4, 0.2, 0.2, 0.2, 0], atol=1e-3)
    for half_circle in (bins[:, 3], met[:, 1]):
        np.testing.assert_allclose(_shares(half_circle, 5), [0.1, 0.1, 0.1, 0.1, 0.6], atol=0.01)
    assert len(np.unique(tokens.values[tokens.mask])) == 560


@pytest.mark.parametrize("n", N_BINS)
def test_the_flawed_variant_follows_its_formula(events, n):
    tokeniser = BinnedTokeniser(n, "flawed_2026", pid=True).fit(events)
    pt, phi = events.pt[events.mask], events.phi[events.mask]
    bins = _bins(tokeniser.encode(events), n)
    edges = np.quantile(pt.astype(float), np.arange(1, n) / n).astype(np.float32)
    np.testing.assert_array_equal(bins[:, 1], np.clip(np.digitize(pt, edges), 1, n))
    expected = (
        np.clip(np.floor(np.mod(phi.astype(float) + np.pi, 2 * np.pi) / (np.pi / n)), 0, n - 1) + 1
    )
    assert (bins[:, 3] == expected).mean() > 0.999  # edges differ by a rounding of single precision


def test_only_the_flawed_variant_leaves_out_met_of_zero(events):
    met = events.met.copy()
    met[:300] = 0
    events = replace(events, met=met)
    correct, flawed = (
        BinnedTokeniser(5, variant, pid=True).fit(events) for variant in ("correct", "flawed_2026")
    )
    np.testing.assert_allclose(
        correct.axes["met"].limits[1:-1], np.quantile(met, [0.2, 0.4, 0.6, 0.8]), rtol=1e-6
    )
    np.testing.assert_allclose(
        flawed.axes["met"].limits[1:-1], np.quantile(met[300:], [0.2, 0.4, 0.6, 0.8]), rtol=1e-6
    )


# --- what cannot be binned


def _with_pt(events, pt):
    p4 = events.p4.copy()
    p4[events.mask, 1] = pt
    return replace(events, p4=p4)


@pytest.mark.parametrize("distinct", [1, 2, 4])
def test_too_few_distinct_values_are_refused(events, distinct):
    pt = 20.0 + np.arange(events.mask.sum()) % distinct
    with pytest.raises(
        ConfigurationError,
        match="binning.n_bins=5: pt is 20 at the 0 % and the 20 % quantile .* use fewer bins",
    ):
        BinnedTokeniser(5, "correct", pid=True).fit(_with_pt(events, pt))


def test_ties_that_leave_a_bin_empty_are_refused_and_others_are_not(events):
    pt = events.pt[events.mask]
    tied = np.where(pt < np.quantile(pt, 0.3), np.quantile(pt, 0.3), pt)
    with pytest.raises(ConfigurationError, match="binning.n_bins=5: pt"):
        BinnedTokeniser(5, "correct", pid=True).fit(_with_pt(events, tied))
    rounded = _with_pt(events, np.round(pt))
    tokens = BinnedTokeniser(5, "correct", pid=True).fit(rounded).encode(rounded)
    np.testing.assert_allclose(_shares(_bins(tokens, 5)[:, 1], 5), 0.2, atol=0.02)


def test_nothing_to_fit_on_is_refused(events):
    with pytest.raises(DataError, match="no pt to fit bins on"):
        BinnedTokeniser(5, "correct", pid=True).fit(events[~events.mask.any(1)])
    with pytest.raises(RuntimeError, match="not fitted"):
        BinnedTokeniser(5, "correct", pid=True).encode(events)


@pytest.mark.parametrize("variant", ["correct", "flawed_2026"])
def test_the_state_is_json_and_rebuilds_the_tokeniser(events, variant):
    tokeniser = BinnedTokeniser(7, variant, pid=False).fit(events)
    again = restore(json.loads(json.dumps(tokeniser.state())))
    np.testing.assert_array_equal(again.encode(events).values, tokeniser.encode(events).values)
    assert again.state() == tokeniser.state()


def test_no_events_give_no_tokens(fitted, events):
    tokens = fitted.encode(events[:0])
    assert tokens.values.shape == (0, 18)
    assert tokens.met.shape == (0, 2)


# --- events that do not fit in memory


@pytest.mark.parametrize("variant", ["correct", "flawed_2026"])
@pytest.mark.parametrize("size", [60, 700, 5000])
def test_chunks_fit_as_the_whole_does(events, variant, size):
    chunks = [events[start : start + size] for start in range(0, len(events), size)]
    whole = BinnedTokeniser(5, variant, pid=True).fit(Events.concatenate(chunks))
    streamed = BinnedTokeniser(5, variant, pid=True).fit_chunks(chunks)
    assert streamed.state() == whole.state()


def test_edges_are_quantiles_of_the_fitted_events(events, fitted):
    inner = {name: axis.limits[1:-1] for name, axis in fitted.axes.items()}
    shares = [0.2, 0.4, 0.6, 0.8]
    for name, values in {
        "pt": events.pt[events.mask],
        "eta": events.eta[events.mask],
        "met": events.met,
    }.items():
        np.testing.assert_array_equal(
            inner[name], np.quantile(values.astype(np.float64), shares).astype(np.float32)
        )


@given(
    st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=40),
    st.sampled_from([False, True]),
)
def test_bins_are_those_of_a_binary_search(values, flawed):
    axis = Axis(np.array([-80, -10, 0, 3, 50, 70], np.float32), flawed)
    expected = np.searchsorted(axis.limits[1:-1], np.array(values, np.float32), side="right") + (
        0 if flawed else 1
    )
    np.testing.assert_array_equal(axis.bin(np.array(values, np.float32)), np.maximum(expected, 1))


@pytest.mark.parametrize("n", [2, 3, 40, 100])
def test_no_number_of_bins_overflows(events, n):
    tokeniser = BinnedTokeniser(n, "correct", pid=True).fit(events)
    tokens = tokeniser.encode(events)
    bins = {
        name: tokeniser.axes[name].bin(values[events.mask]).astype(int)
        for name, values in _columns(events).items()
    }
    expected = (
        n**3 * (events.ids[events.mask].astype(int) - 1)
        + n**2 * (bins["pt"] - 1)
        + n * (bins["eta"] - 1)
        + bins["phi"]
    )
    np.testing.assert_array_equal(tokens.values[tokens.mask], expected)
    assert tokens.met.max() < tokeniser.vocab_size
    assert (tokens.values[~tokens.mask] == 0).all()


def _columns(events):
    return {"pt": events.pt, "eta": events.eta, "phi": events.phi}


def test_who_was_fitted_on_is_part_of_the_state(fitted):
    known = replace(fitted, fit_on={"key": "background", "words": "fitted on the background: ttH"})
    assert restore(json.loads(json.dumps(known.state()))).fit_on == known.fit_on
    assert fitted.fit_on is None


@given(
    st.tuples(st.integers(2, 64), st.integers(2, 9), st.integers(2, 64)),
    st.sampled_from(["correct", "flawed_2026"]),
)
@settings(max_examples=15, deadline=None)
def test_axes_may_have_different_numbers_of_bins(make_events, numbers, variant):
    """Each object is in a bin of each axis, 1..n of its own n; what decodes is the centre of that
    bin, and its token again.
    """
    events = make_events(200)
    tokeniser = BinnedTokeniser("x".join(map(str, numbers)), variant, pid=True).fit(events)
    tokens, (pt, eta, phi) = tokeniser.encode(events), numbers
    n_objects = 7 * pt * eta * phi
    real = events.mask
    quantities = {"pt": events.pt[real], "eta": events.eta[real], "phi": events.phi[real]}
    b_pt, b_eta, b_phi = (
        tokeniser.axes[name].bin(values).astype(int) for name, values in quantities.items()
    )
    by_hand = (
        ((events.ids[real].astype(int) - 1) * pt + b_pt - 1) * eta * phi + (b_eta - 1) * phi + b_phi
    )
    np.testing.assert_array_equal(tokens.values[real], by_hand)
    assert tokeniser.vocab_size == 1 + n_objects + pt + phi
    assert (
        n_objects
        < tokens.met[:, 0].min()
        <= tokens.met[:, 0].max()
        <= n_objects + pt
        < tokens.met[:, 1].min()
        < tokeniser.vocab_size
    )
    np.testing.assert_array_equal(
        restore(json.loads(json.dumps(tokeniser.state()))).encode(tokeniser.decode(tokens)).values,
        tokens.values,
    )
