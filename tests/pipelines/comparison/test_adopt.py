"""Another's tokens beside ours: paired where they can be, apart where not, and never with a guess
for a label.
"""

from __future__ import annotations

from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from lexon.config import Division
from lexon.datasets.foreign_tokens import read_foreign
from lexon.datasets.identity import is_part
from lexon.datasets.tokens import TokensDataset
from lexon.errors import DataError
from lexon.events import SPLITS
from lexon.pipelines.comparison.adopt import adopt_ambre
from lexon.pipelines.modelling.classifiers.inputs import read_tokens
from lexon.tokenisers.binning import BinnedTokeniser

CLASSES = {"signal": "tttt", "background": "rest"}
DIVISION = Division(split={"train": 0.8, "val": 0.1, "test": 0.1}, split_seed=42)


@pytest.fixture
def adopt(tmp_path):
    """The file that the node would leave, for a source of ours and arrays of the reference."""

    def go(shown, **arrays):
        with h5py.File(tmp_path / "reference.h5", "w") as file:
            for key, array in arrays.items():
                file[key] = array
        dataset = TokensDataset(str(tmp_path / "adopted.h5"))
        dataset.save(adopt_ambre(shown, read_foreign(tmp_path / "reference.h5"), DIVISION))
        return dataset.load()

    return go


@pytest.fixture
def flawed(every) -> np.ndarray:
    tokens = BinnedTokeniser(5, "flawed_2026", True).fit(every).encode(every)
    return np.concatenate([tokens.values, tokens.met], axis=1)


@pytest.fixture
def others(every, make_events):
    """Tokens and labels of events that are not ours."""
    events = make_events(600, seed=99)
    tokens = BinnedTokeniser(5, "correct", True).fit(every).encode(events)
    return np.concatenate([tokens.values, tokens.met], axis=1), events.labels


@pytest.mark.parametrize("source", ["events", "ours"])
def test_rows_that_are_ours_are_divided_as_ours_and_paired(request, adopt, every, flawed, source):
    """Whatever their order and bins, and without labels of the reference."""
    shown = request.getfixturevalue(source)
    order = np.random.default_rng(4).permutation(len(flawed))
    adopted = adopt(shown, X_train_and_test=flawed[order])
    borders = np.cumsum([shown.n(split) for split in SPLITS])[:-1]
    for split, rows, labels in zip(
        SPLITS, np.split(flawed, borders), np.split(every.labels, borders), strict=True
    ):
        np.testing.assert_array_equal(adopted.read(split), rows)
        np.testing.assert_array_equal(adopted.labels(split), labels)
        assert adopted.classified(split, CLASSES).digest == shown.classified(split, CLASSES).digest
    assert adopted.vocab_size == 886
    assert [part.size for part in adopted.layout.objects] == [7, 5, 5, 5]
    assert adopted.label_names == {1: "tttt", 2: "ttH"}
    assert any("divided as ours, in our order" in note for note in adopted.notes)


def test_her_labels_check_the_links(adopt, events, every, flawed):
    notes = adopt(events, X=flawed, Y=every.labels).notes
    assert any("equal ours in 100.0% of the linked rows" in note for note in notes)


def test_a_missing_row_leaves_the_rest_paired(adopt, events, flawed):
    """The first test event and two training events are not in the reference file: the others keep
    their identity.
    """
    first = events.n("train") + events.n("val")
    adopted = adopt(events, X=np.delete(flawed, [3, 7, first], axis=0))
    reference, ours = adopted.classified("test", CLASSES), events.classified("test", CLASSES)
    np.testing.assert_array_equal(reference.index, np.arange(1, events.n("test")))
    np.testing.assert_array_equal(reference.targets, ours.targets[1:])
    assert is_part(reference.digest, ours.digest)
    assert adopted.classified("val", CLASSES).digest == events.classified("val", CLASSES).digest
    n = events.n("test")
    assert any(
        f"1 of our {n:,} test events. Results are compared on the {n - 1:,} test events that both"
        " have" in note
        for note in adopted.notes
    )
    assert any("2 of our" in note for note in adopted.notes)


@pytest.mark.parametrize("permuted", [False, True])
def test_train_and_test_without_val_is_paired_and_validated_on_training_rows(
    adopt, events, flawed, permuted
):
    train, _, test = np.split(flawed, np.cumsum([events.n("train"), events.n("val")]))
    rows = np.concatenate([train, test])
    adopted = adopt(
        events, X_train_AND_test=np.random.default_rng(3).permutation(rows) if permuted else rows
    )
    assert adopted.classified("test", CLASSES).digest == events.classified("test", CLASSES).digest
    np.testing.assert_array_equal(adopted.read("test"), test)
    assert adopted.n("train") + adopted.n("val") == len(train)
    assert adopted.n("val") == pytest.approx(len(train) / 9, abs=1), "events.split says one in nine"
    assert adopted.classified("val", CLASSES).digest != events.classified("val", CLASSES).digest
    assert any(
        "none of our validation events is in the reference file" in note for note in adopted.notes
    )
    assert not any("not paired" in note for note in adopted.notes)
    together = np.concatenate([adopted.read("train"), adopted.read("val")])
    np.testing.assert_array_equal(np.sort(together, axis=0), np.sort(train, axis=0))


def test_too_few_of_our_test_events_are_a_block_of_their_own(adopt, events, every, flawed):
    n = events.n("train") + events.n("val") + events.n("test") // 2
    adopted = adopt(events, X=flawed[:n], Y=every.labels[:n])
    assert any("not paired" in note for note in adopted.notes)


def test_other_events_keep_their_own_splits_and_labels(adopt, events, others):
    rows, labels = others
    cuts = {"train": slice(0, 400), "val": slice(400, 500), "test": slice(500, 600)}
    arrays = {f"X_{split}": rows[cut] for split, cut in cuts.items()} | {
        f"Y_{split}": labels[cut] for split, cut in cuts.items()
    }
    adopted = adopt(events, **arrays)
    for split, cut in cuts.items():
        np.testing.assert_array_equal(adopted.read(split), rows[cut])
        np.testing.assert_array_equal(adopted.labels(split), labels[cut])
        assert adopted.classified(split, CLASSES).digest != events.classified(split, CLASSES).digest
    assert any(
        "the reference's splits" in note or "the reference's test and val split" in note
        for note in adopted.notes
    )


@pytest.mark.parametrize(
    ("cuts", "sizes"),
    [
        ({"train_and_test": (0, 600)}, (480, 60, 60)),
        ({"train": (0, 450), "test": (450, 600)}, (400, 50, 150)),
    ],
)
def test_rows_that_she_did_not_divide_are_drawn_by_label(adopt, events, others, cuts, sizes):
    rows, labels = others
    arrays = {f"X_{name}": rows[slice(*cut)] for name, cut in cuts.items()} | {
        f"y_{name}": labels[slice(*cut)] for name, cut in cuts.items()
    }
    first, again = adopt(events, **arrays).read("train"), adopt(events, **arrays)
    assert tuple(again.n(split) for split in SPLITS) == pytest.approx(sizes, abs=2)
    for split in SPLITS:
        assert again.label_counts(split)[1] / again.n(split) == pytest.approx(0.5, abs=0.03)
    np.testing.assert_array_equal(first, again.read("train"))
    together = np.concatenate([again.read(split) for split in SPLITS])
    np.testing.assert_array_equal(np.unique(together, axis=0), np.unique(rows, axis=0))


def test_other_events_without_labels_are_refused(adopt, events, others):
    with pytest.raises(DataError, match="no labels, and its rows cannot be shown to be our events"):
        adopt(events, X=others[0])


def test_rows_without_met_serve_classifiers_without_met(adopt, events, every, flawed):
    adopted = adopt(events, X=flawed[:, :18])
    assert not adopted.has_met
    n = events.n("train")
    np.testing.assert_array_equal(
        adopted.read("train"), np.column_stack([flawed[:n, :18], np.zeros((n, 2), int)])
    )
    assert adopted.classified("test", CLASSES).digest == events.classified("test", CLASSES).digest
    config = SimpleNamespace(classes=CLASSES, n_train=None, classifier=SimpleNamespace(met=False))
    assert len(read_tokens("train", config, adopted, None)) == n
    config.classifier.met = True
    with pytest.raises(
        DataError,
        match=(
            "has no tokens of MET and METphi, so only classifiers without MET can read it; set"
            " met=false"
        ),
    ):
        read_tokens("train", config, adopted, None)


def test_a_rare_label_cannot_be_divided(adopt, events, others):
    rows, labels = others
    with pytest.raises(DataError, match="label 7 has 3 rows, too few for every split"):
        adopt(events, X=rows, Y=np.where(np.arange(600) < 3, 7, labels))


def test_a_file_without_training_rows_is_refused(adopt, events, others):
    with pytest.raises(DataError, match="no rows to train on"):
        adopt(events, X_test=others[0], y_test=others[1])
