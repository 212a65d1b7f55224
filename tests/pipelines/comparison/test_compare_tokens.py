"""The answer to "is ours the same as the reference?", for every way in which it may be
another one.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from lexon.datasets.events import EventSample, EventsDataset
from lexon.datasets.tokens import TokenSource
from lexon.errors import ConfigurationError
from lexon.events import SPLITS
from lexon.pipelines.comparison.nodes import compare_tokens
from lexon.tokenisers.binning import BinnedTokeniser

CLASSES = {"signal": "tttt", "background": "rest"}
REPORT = Path("data/test/08_reporting/compare_tokens/main")


def rows_of(tokeniser: BinnedTokeniser, events) -> np.ndarray:
    tokens = tokeniser.encode(events)
    return np.concatenate([tokens.values, tokens.met], axis=1)


def refitted(events, n_bins=5, variant="correct") -> np.ndarray:
    """The tokens that somebody else would make of these events, with edges from all of them."""
    return rows_of(BinnedTokeniser(n_bins, variant, True).fit(events), events)


@pytest.fixture
def same(ours) -> np.ndarray:
    return np.concatenate([ours.read(split) for split in SPLITS])


@pytest.fixture
def order(every) -> np.ndarray:
    return np.random.default_rng(4).permutation(len(every))


def all_words(findings) -> str:
    return " ".join([findings["headline"], *findings["sentences"], *findings["caveats"]])


def test_our_own_tokens_permuted(ours, reference, events, same, order):
    out = compare_tokens(ours, reference(X_train_and_test=same[order]), CLASSES, events)
    findings = out["findings"]
    assert (
        findings["headline"]
        == f"Aligned: the reference's {len(same):,} rows are all of our events, in another order,"
        " and every token agrees: the same binning."
    )
    assert (out["agreement"]["agreement"] == 1).all()
    assert (out["edges"]["same"] == True).all()  # noqa: E712  # an object column, None where unknown
    assert not out["distances"]["differs"].any()
    assert out["examples"].empty
    assert "Reference: edges were fitted on the background" in all_words(findings)
    json.dumps(findings)


def test_a_subset(ours, reference, events, same, order):
    out = compare_tokens(ours, reference(tokens=same[order[:300]]), CLASSES, events)
    assert (
        f"the reference's 300 rows are {300 / len(same):.0%} of our events"
        in out["findings"]["headline"]
    )
    assert out["findings"]["numbers"]["share_linked"] == 1


def test_splits_put_together_in_another_order(ours, reference, events):
    together = np.concatenate([ours.read(split) for split in ("test", "train", "val")])
    out = compare_tokens(ours, reference(X=together), CLASSES, events)
    assert out["findings"]["headline"].endswith(
        "in runs of our order, and every token agrees: the same binning."
    )
    n = {split: ours.n(split) - 1 for split in SPLITS}
    runs = (
        f"our test 0..{n['test']:,}, then our train 0..{n['train']:,}, then our val 0..{n['val']:,}"
    )
    assert out["parts"]["runs"].tolist() == [runs]


def test_edges_from_all_classes(ours, reference, events, every, order):
    out = compare_tokens(ours, reference(X=refitted(every)[order]), CLASSES, events)
    findings = out["findings"]
    assert "but binned otherwise: the same bin in pT" in findings["headline"]
    assert "Ours: edges were fitted on the background" in all_words(findings)
    assert "Reference: edges were fitted on all classes" in all_words(findings)
    truth = BinnedTokeniser(5, "correct", True).fit(every).axes["met"].limits[1:-1]
    found = out["edges"].query("axis == 'met'")
    assert (found["low"] < truth).all()
    assert (truth <= found["high"]).all()
    assert found["contradictions"].sum() == 0
    assert len(out["examples"]["ours_row"].unique()) == 10
    assert out["examples"]["values"].str.contains("GeV").all()


@pytest.mark.parametrize("permuted", [False, True])
def test_the_published_mistake(ours, reference, events, every, order, permuted):
    rows = refitted(every, variant="flawed_2026")
    out = compare_tokens(ours, reference(X=rows[order] if permuted else rows), CLASSES, events)
    findings = out["findings"]
    assert findings["headline"].startswith("Aligned")
    assert findings["headline"].endswith(
        "The reference shows the known binning error (flawed_2026)."
    )
    assert findings["numbers"]["flawed_2026"] == {"ours": False, "reference": True}
    assert "Reference: 315 of 875 object tokens cannot be reached." in findings["sentences"]
    shares = out["occupancy"].query("file == 'reference' and axis == 'phi'")["share"]
    np.testing.assert_allclose(shares, [0.1, 0.1, 0.1, 0.1, 0.6], atol=0.02)


def test_another_number_of_bins(ours, reference, events, every, order):
    out = compare_tokens(ours, reference(X=refitted(every, n_bins=8)[order]), CLASSES, events)
    assert out["findings"]["headline"].endswith(
        "in another order, in 8 bins per axis where ours has 5."
    )
    assert "their tokens mean different things" in all_words(out["findings"])
    assert set(out["distances"]["axis"]) == {"type"}
    assert len(out["edges"].query("axis == 'pt'")) == 7


def test_other_events(ours, reference, make_events, every):
    tokens = rows_of(BinnedTokeniser(5, "correct", True).fit(every), make_events(800, seed=99))
    out = compare_tokens(ours, reference(X=tokens), CLASSES)
    assert out["findings"]["headline"].startswith(
        "Not aligned: no row of the reference can be shown to be one of our events."
    )
    assert set(out["distances"]["axis"]) == {"type", "pt", "eta", "phi", "met", "met_phi", "token"}
    assert (out["distances"]["tv_floor"] > 0).all()
    assert "objects in another order would not be recognised" in all_words(out["findings"])
    for name, table in out.items():
        assert name == "findings" or len(table.columns), name


def test_without_events_edges_are_our_bins_limits(ours, reference, same, order):
    out = compare_tokens(ours, reference(X=same[order]), CLASSES)
    assert set(out["edges"]["basis"]) == {"our bins"}
    assert "edges come from our bins alone" in all_words(out["findings"])


def test_events_that_are_not_behind_our_tokens_are_not_used(
    ours, reference, same, make_events, tmp_path
):
    dataset = EventsDataset(str(tmp_path / "other.h5"))
    n = {split: ours.n(split) for split in SPLITS}
    dataset.save(EventSample([(split, make_events(n[split], seed=50)) for split in SPLITS], {}))
    out = compare_tokens(ours, reference(X=same), CLASSES, dataset.load())
    assert "other.h5 holds different events from our tokens" in all_words(out["findings"])


def test_classes_that_the_file_does_not_name_cost_one_sentence_only(ours, reference, same):
    out = compare_tokens(ours, reference(X=same), {"signal": "WZ", "background": "rest"})
    assert "is not known: classes.signal=WZ" in all_words(out["findings"])


def test_a_file_of_ours_from_elsewhere_needs_no_tokeniser(reference, same, ours, tmp_path):
    with h5py.File(tmp_path / "bare.h5", "w") as file:
        for split, label in (("train", "Y_train"), ("val", "y_val"), ("test", "y_test")):
            file[f"X_{split}"], file[label] = ours.read(split), ours.labels(split)
    out = compare_tokens(TokenSource(tmp_path / "bare.h5"), reference(X=same), CLASSES)
    assert "does not hold its tokeniser" in all_words(out["findings"])
    assert out["findings"]["headline"].endswith("the same binning.")


def test_codes_that_are_no_bins_are_refused(reference, same, ours, tmp_path):
    path = tmp_path / "codes.h5"
    shutil.copy(ours.path, path)
    with h5py.File(path, "r+") as file:
        file.attrs["tokeniser"] = '{"kind": "vqvae"}'
    with pytest.raises(ConfigurationError, match="codes of tokeniser=vqvae, not bins"):
        compare_tokens(TokenSource(path), reference(X=same), CLASSES)


def test_the_pipeline_writes_a_whole_report(kedro_session, project, ours, same, order, tmp_path):
    path = tmp_path / "reference.h5"
    with h5py.File(path, "w") as file:
        file["X_train_and_test"] = same[order]
    with kedro_session(
        "test", tokens={"path": str(ours.path)}, ambre={"path": str(path)}
    ) as session:
        session.run(pipeline_names=["compare_tokens"])
    page = (REPORT / "report.html").read_text()
    assert page.index("every token agrees: the same binning") < page.index("Agreement")
    for text in (
        "whole object tokens",
        "the reference&#39;s rows to ours",
        "Linked rows: equal tokens by column",
        "from train",
        "pT",
    ):
        assert text in page
    assert {file.stem for file in (REPORT / "figures").glob("[!.]*")} == {
        "occupancy",
        "confusion",
        "edges",
        "frequencies",
    }
    assert (pd.read_csv(REPORT / "agreement.csv")["agreement"] == 1).all()
    assert json.loads((REPORT / "summary.json").read_text())["numbers"]["verdict"] == "aligned"


@pytest.mark.parametrize("n_columns", [18, 20])
def test_our_own_file_without_met(ours, reference, events, same, tmp_path, n_columns):
    """[N, 18] as tokens.path: objects are compared, MET is reported as missing."""
    with h5py.File(tmp_path / "ours18.h5", "w") as file:
        for split in SPLITS:
            file[f"X_{split}"] = ours.read(split)[:, :18]
            file[f"{'Y' if split == 'train' else 'y'}_{split}"] = ours.labels(split)
    out = compare_tokens(
        TokenSource(tmp_path / "ours18.h5"),
        reference(X_train_and_test=same[:, :n_columns]),
        CLASSES,
        events,
    )
    findings = out["findings"]
    assert findings["headline"].startswith(
        f"Aligned: the reference's {len(same):,} rows are all of our events"
    )
    assert "MET" in all_words(findings)
    json.dumps(findings)


def test_axes_with_numbers_of_their_own_are_not_compared(ours, reference, events, same):
    with h5py.File(ours.path, "a") as file:
        settings = json.loads(file.attrs["tokeniser"])
        file.attrs["tokeniser"] = json.dumps(settings | {"n_bins": "6x5x4"})
    with pytest.raises(
        ConfigurationError, match="has 6x5x4 bins of pT, eta and phi; files are compared only where"
    ):
        compare_tokens(TokenSource(ours.path), reference(X=same), CLASSES, events)
