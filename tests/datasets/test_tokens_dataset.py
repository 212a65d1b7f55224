import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kedro.io import DataCatalog, DatasetError

from lexon.datasets.events import EventSample, EventsDataset
from lexon.datasets.tokens import TokenChunk, TokenSample, TokensDataset, TokenSource
from lexon.errors import ConfigurationError, DataError, first_cause
from lexon.events import SPLITS, Events
from lexon.tokenisers.binning import BinnedTokeniser

KEYS = {"train": "Y_train", "val": "y_val", "test": "y_test"}
CLASSES = {"signal": 1, "background": "rest"}


@pytest.fixture
def tokeniser(splits) -> BinnedTokeniser:
    return BinnedTokeniser(5, "correct", pid=True).fit(splits["train"])


@pytest.fixture
def arrays(splits, tokeniser) -> dict[str, Any]:
    """What a token file holds, by key."""
    encoded = {split: tokeniser.encode(events) for split, events in splits.items()}
    rows = {
        f"X_{split}": np.concatenate([tokens.values, tokens.met], axis=1)
        for split, tokens in encoded.items()
    }
    return rows | {key: splits[split].labels for split, key in KEYS.items()}


@pytest.fixture
def write_tokens(tmp_path: Path, arrays) -> Callable[..., Path]:
    """`write_tokens(change, **attributes)`: a file as others write it, after `change` had its way
    with the arrays.
    """

    def write(change: Callable[[dict[str, Any]], Any] | None = None, **attributes: Any) -> Path:
        content = {key: values.copy() for key, values in arrays.items()}
        if change is not None:
            change(content)
        path = tmp_path / "tokens.h5"
        with h5py.File(path, "w") as file:
            for key, values in content.items():
                file[key] = values
            file.attrs.update(attributes)
        return path

    return write


def _sample(
    arrays: dict[str, Any], tokeniser: BinnedTokeniser, n: int = 100, **attributes: Any
) -> TokenSample:
    def chunks() -> Iterator[TokenChunk]:
        for split, key in KEYS.items():
            for start in range(0, len(arrays[key]), n):
                yield split, arrays[f"X_{split}"][start : start + n], arrays[key][start : start + n]

    return TokenSample(
        chunks(), {"vocab_size": tokeniser.vocab_size, "tokeniser": tokeniser.state(), **attributes}
    )


def _read_all(path: Path) -> list[np.ndarray]:
    source = TokenSource(path)
    return [source.read(split) for split in SPLITS]


# --- ours: written, and read again


def test_what_is_saved_loads_again(tmp_path, arrays, tokeniser):
    path = tmp_path / "new" / "tokens.h5"
    dataset = TokensDataset(str(path))
    assert not dataset.exists()
    codebook = np.arange(12.0).reshape(4, 3)
    dataset.save(
        replace(
            _sample(arrays, tokeniser, label_names={1: "tttt", 2: "ttH"}, notes=["a"]),
            arrays={"codebook": codebook},
        )
    )
    source = dataset.load()
    for split, key in KEYS.items():
        np.testing.assert_array_equal(source.read(split), arrays[f"X_{split}"])
        np.testing.assert_array_equal(source.labels(split), arrays[key])
        assert source.n(split) == len(arrays[key])
    assert source.vocab_size == 886
    assert source.n_features is None
    assert source.label_names == {1: "tttt", 2: "ttH"}
    assert source.notes == ("a",)
    np.testing.assert_array_equal(source.array("codebook"), codebook)
    assert [file.name for file in path.parent.iterdir()] == ["tokens.h5"]
    with h5py.File(path) as file:
        assert file["X_train"].dtype == np.uint16
        assert file["X_train"].compression == "gzip"


@pytest.mark.parametrize(("n_bins", "dtype"), [(2, np.uint8), (5, np.uint16), (22, np.uint32)])
def test_tokens_take_no_more_room_than_they_need(tmp_path, splits, n_bins, dtype):
    tokeniser = BinnedTokeniser(n_bins, "correct", pid=True).fit(splits["train"])
    rows = np.full((3, 20), tokeniser.vocab_size - 1)
    dataset = TokensDataset(str(tmp_path / "tokens.h5"))
    chunks = [(split, rows, np.array([1, 2, 1])) for split in SPLITS]
    dataset.save(TokenSample(chunks, {"vocab_size": tokeniser.vocab_size}))
    with h5py.File(tmp_path / "tokens.h5") as file:
        assert file["X_val"].dtype == dtype
    np.testing.assert_array_equal(dataset.load().read("val"), rows)


def test_chunks_are_the_whole_in_order(write_tokens, arrays):
    rows, labels = zip(*TokenSource(write_tokens()).chunks("train", 128), strict=True)
    assert [len(part) for part in rows] == [128, 128, 44]
    np.testing.assert_array_equal(np.concatenate(rows), arrays["X_train"])
    np.testing.assert_array_equal(np.concatenate(labels), arrays["Y_train"])


def test_a_file_decodes_by_itself(tmp_path, arrays, tokeniser, splits):
    dataset = TokensDataset(str(tmp_path / "tokens.h5"))
    dataset.save(_sample(arrays, tokeniser))
    source = dataset.load()
    sample = source.classified("val", CLASSES)
    decoded = source.tokeniser().decode(sample.tokens)
    np.testing.assert_array_equal(decoded.ids, splits["val"].ids)
    np.testing.assert_array_equal(decoded.p4, tokeniser.decode(tokeniser.encode(splits["val"])).p4)


def test_tokens_as_a_model_sees_them(write_tokens, splits, tokeniser):
    tokens = TokenSource(write_tokens()).classified("test", CLASSES).tokens
    expected = tokeniser.encode(splits["test"])
    np.testing.assert_array_equal(tokens.values, expected.values)
    np.testing.assert_array_equal(tokens.met, expected.met)
    np.testing.assert_array_equal(tokens.mask, expected.mask)
    np.testing.assert_array_equal(tokens.types, expected.mask)
    assert tokens.values.dtype == tokens.types.dtype == tokens.met.dtype == np.int64


def test_events_in_no_class_are_left_out(write_tokens):
    def third(arrays):
        for key in KEYS.values():
            arrays[key][::3] = 3

    source = TokenSource(write_tokens(third))
    labels = source.labels("train")
    sample = source.classified("train", {"signal": 2, "background": 3})
    np.testing.assert_array_equal(sample.index, np.flatnonzero(labels != 1))
    np.testing.assert_array_equal(sample.labels, labels[sample.index])
    np.testing.assert_array_equal(sample.targets, sample.labels == 3)
    with pytest.raises(ConfigurationError, match="signal=tttt"):
        source.classified("train", {"signal": "tttt", "background": 3})


def test_equal_digests_are_the_same_events_whatever_the_tokeniser(
    tmp_path, splits, arrays, tokeniser
):
    def classified(events: dict[str, Events], name: str, n: int):
        dataset = EventsDataset(str(tmp_path / name))
        dataset.save(
            EventSample(
                (
                    (s, part[i : i + n])
                    for s, part in events.items()
                    for i in range(0, len(part), n)
                ),
                {},
            )
        )
        return dataset.load()

    events = classified(splits, "events.h5", 100)
    tokens = TokensDataset(str(tmp_path / "tokens.h5"))
    tokens.save(_sample(arrays, tokeniser, split_digests=events.attributes["split_digests"]))
    direct, binned = events.classified("test", CLASSES), tokens.load().classified("test", CLASSES)
    assert direct.digest == binned.digest
    in_other_chunks = classified(splits, "again.h5", 37).classified("test", CLASSES)
    assert in_other_chunks.digest == direct.digest
    reordered = classified(splits | {"test": splits["test"][::-1]}, "reordered.h5", 100).classified(
        "test", CLASSES
    )
    fewer = (
        events.classified("test", {"signal": 1, "background": 2}),
        events.classified("val", CLASSES),
    )
    assert len({direct.digest, reordered.digest, fewer[1].digest}) == 3
    assert fewer[0].digest == direct.digest


def test_the_catalog_builds_it_and_shows_it(tmp_path, arrays, tokeniser):
    entry = {
        "type": "lexon.datasets.tokens.TokensDataset",
        "filepath": str(tmp_path / "tokens.h5"),
        "label_names": {1: "tttt"},
    }
    catalog = DataCatalog.from_config(
        {"tokens": {**entry, "metadata": {"kedro-viz": {"layer": "primary"}}}}
    )
    catalog.save("tokens", _sample(arrays, tokeniser))
    assert catalog.load("tokens").label_names == {1: "tttt", 2: "2"}
    assert ["X_train", "(300, 20)", "uint16", 886] in catalog.get("tokens").preview()["data"]


def test_an_interrupted_save_leaves_the_old_file_and_nothing_else(tmp_path, arrays, tokeniser):
    path = tmp_path / "tokens.h5"
    path.write_text("old")

    def interrupted() -> Iterator[TokenChunk]:
        yield "train", arrays["X_train"], arrays["Y_train"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TokensDataset(str(path)).save(TokenSample(interrupted(), {"vocab_size": 886}))
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["tokens.h5"]


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([("train", np.full((2, 20), 886), np.ones(2))], "token beyond the vocabulary of 886"),
        ([("train", np.ones((2, 20), int), np.array([1, 2]))], "the val split would be empty"),
    ],
)
def test_wrong_tokens_and_empty_splits_are_not_written(tmp_path, chunks, message):
    with pytest.raises(DatasetError) as raised:
        TokensDataset(str(tmp_path / "tokens.h5")).save(TokenSample(chunks, {"vocab_size": 886}))
    assert message in str(first_cause(raised.value))
    assert not list(tmp_path.iterdir())


# --- a file from somewhere else


def test_a_file_without_attributes_is_enough_to_train_from(write_tokens, arrays):
    source = TokenSource(write_tokens(), configured_names={1: "tttt"})
    assert source.vocab_size == 1 + max(arrays[f"X_{split}"].max() for split in SPLITS)
    assert source.label_names == {1: "tttt", 2: "2"}
    assert source.notes == (
        (
            f"tokens.h5 has no attribute vocab_size: {source.vocab_size}, one more than its largest"
            " token, is taken."
        ),
    )
    assert len(source.classified("train", CLASSES).index) == 300
    with pytest.raises(DataError, match="no attribute tokeniser, so its tokens cannot be decoded"):
        source.tokeniser()
    with pytest.raises(DataError, match="no array codebook; it has X_test"):
        source.array("codebook")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.uint16, np.int64])
def test_whole_numbers_of_any_type_are_tokens(write_tokens, arrays, dtype):
    path = write_tokens(
        lambda a: a.update({key: values.astype(dtype) for key, values in a.items()})
    )
    for split, rows in zip(SPLITS, _read_all(path), strict=True):
        np.testing.assert_array_equal(rows, arrays[f"X_{split}"])


def _put(row: int, column: int, value: float) -> Callable[[dict[str, Any]], Any]:
    def change(arrays: dict[str, Any]) -> None:
        arrays["X_val"] = arrays["X_val"].astype(np.float64)
        arrays["X_val"][row, column] = value

    return change


def _gap(arrays: dict[str, Any]) -> None:
    row = int(np.flatnonzero((arrays["X_val"][:, :18] > 0).sum(1) > 5)[0])
    arrays["X_val"][row, 2] = 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda a: a.update(X_val=a["X_val"][:, :18]),
            "splits have rows of different widths.*write all with MET and METphi, or none",
        ),
        (
            lambda a: a.update(X_val=np.zeros((60, 92))),
            r"X_val has shape \(60, 92\); a row has 20 columns",
        ),
        (_put(7, 0, -3), r"X_val: row 7, object 0: negative token \(-3"),
        (_put(7, 19, 886), r"X_val: row 7, object 19: token beyond the vocabulary of 886 \(886"),
        (_put(7, 0, 2.5), r"X_val: row 7, object 0: token that is not whole \(2\.5"),
        (_put(7, 0, np.nan), r"X_val: row 7, object 0: token that is not whole \(nan"),
        (_put(7, 18, 0), r"X_val: row 7, object 0: event without MET or METphi token"),
        (_gap, r"X_val: row \d+, object 2: padding before a real object"),
        (lambda a: a.pop("y_val"), "Y_val is missing .any case will do.; the file has X_test"),
        (
            lambda a: a.update(y_val=a["y_val"] + 0.5),
            "Y_val|y_val: row 0: label that is not a whole number",
        ),
        (lambda a: a.update(y_val=a["y_val"][:9]), r"y_val has shape \(9,\), X_val \(60, 20\)"),
        (lambda a: a["y_val"].fill(1), "the val split has no event with label 2"),
    ],
)
def test_what_is_wrong_with_a_file_is_reported(write_tokens, change, message):
    path = write_tokens(change, vocab_size=886)
    with pytest.raises(DataError, match=message) as raised:
        _read_all(path)
    assert str(raised.value).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"94;ttbar;0.0016;112288;1.7\n", "DarkMachines text, not HDF5; give it as events.path"),
        (b"PK\x03\x04zip", "this zip file is cut off or damaged"),
        (b"\x89HDF\r\n\x1a\n" + b"\x00" * 100, "truncated or damaged"),
    ],
)
def test_what_is_no_token_file_is_recognised_by_its_content(tmp_path, content, message):
    path = tmp_path / "tokens.h5"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        TokenSource(path).read("train")
    with pytest.raises(DataError, match="no such file; check tokens.path"):
        TokenSource(tmp_path / "none.h5").read("train")


@pytest.mark.parametrize("value", ["many", 1, 3.5, 10**12, 7_000_202, -5])
def test_a_vocabulary_that_makes_no_sense_is_refused(write_tokens, value):
    with pytest.raises(
        DataError, match="attribute vocab_size=.* number of tokens including padding"
    ):
        TokenSource(write_tokens(vocab_size=value)).read("train")


def test_an_unknown_tokeniser_is_refused(write_tokens):
    with pytest.raises(DataError, match="a tokeniser's state"):
        TokenSource(write_tokens(tokeniser=json.dumps({"kind": "other"}))).tokeniser()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lengths=st.lists(st.integers(0, 18), min_size=2, max_size=9),
    chunk=st.integers(1, 10),
    seed=st.integers(0, 99),
)
def test_any_valid_tokens_survive_the_file(tmp_path, lengths, chunk, seed):
    mask = np.arange(20) < np.array(lengths)[:, None]
    mask[:, 18:] = True
    rows = np.where(mask, np.random.default_rng(seed).integers(1, 300, mask.shape), 0)
    labels = np.arange(len(rows)) % 2
    dataset = TokensDataset(str(tmp_path / "tokens.h5"))
    starts = range(0, len(rows), chunk)
    parts = [
        (split, rows[i : i + chunk], labels[i : i + chunk]) for split in SPLITS for i in starts
    ]
    dataset.save(TokenSample(parts, {"vocab_size": 300}))
    again = dataset.load()
    np.testing.assert_array_equal(again.read("test"), rows)
    np.testing.assert_array_equal(again.labels("test"), labels)
    np.testing.assert_array_equal(
        again.classified("test", {"a": 0, "b": 1}).tokens.mask, mask[:, :18]
    )


def test_a_file_without_met_is_read_with_zeros_in_its_place(write_tokens):
    path = write_tokens()
    whole = TokenSource(path)
    assert whole.has_met
    rows = whole.read("test")
    with h5py.File(path, "a") as file:
        for key in ("X_train", "X_val", "X_test"):
            narrow = file[key][:, :18]
            del file[key]
            file[key] = narrow
    narrow = TokenSource(path)
    assert not narrow.has_met
    np.testing.assert_array_equal(narrow.read("test"), np.where(np.arange(20) < 18, rows, 0))
