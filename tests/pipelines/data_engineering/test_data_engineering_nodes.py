"""From a file to clean events to tokens: nodes and datasets together, as a run joins them."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Node, Pipeline

from lexon.config import EventChecks
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.datasets.tokens import TokensDataset, TokenSource
from lexon.errors import ConfigurationError, DataError, first_cause
from lexon.events import SPLITS, Events
from lexon.pipelines.data_engineering import tokenise
from lexon.pipelines.data_engineering.clean import clean_events
from lexon.pipelines.data_engineering.progress import with_progress
from lexon.pipelines.data_engineering.tokenise import fit_tokeniser, write_tokens
from lexon.runners.results import where_results_are
from lexon.tokenisers.binning import BinnedTokeniser
from lexon.tokenisers.direct import DirectTokeniser

CLASSES = {"signal": "tttt", "background": "rest"}
CHECKS = EventChecks(max_bad_events=0.01, beam_energy=7000, duplicates="keep")
BINNED = {"kind": "binned", "pid": True, "n_bins": 5, "fit_on": "auto", "variant": "correct"}
TEXT = {
    "split": {"train": 0.6, "val": 0.2, "test": 0.2},
    "split_seed": 1,
    "max_bad_lines": 0.01,
    "object_types": {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"},
}


def clean(
    raw: Path, target: Path, classes: dict[str, str] = CLASSES, checks: EventChecks = CHECKS
) -> EventSource:
    """The file of clean events that the node leaves."""
    dataset = EventsDataset(str(target))
    dataset.save(
        clean_events(
            EventsDataset(str(raw), label_names={1: "tttt"}, text=TEXT).load(),
            classes,
            None,
            checks,
        )
    )
    return dataset.load()


@pytest.fixture
def raw(tmp_path: Path, make_events) -> Path:
    """300 events as DarkMachines text, one line broken, one repeated, of processes tttt, ttH and
    ttW.
    """
    events, codes = make_events(300, n_labels=3), ["", "j", "b", "e+", "e-", "m+", "m-", "g"]
    lines = ["broken"]
    for i in range(300):
        objects = zip(
            events.ids[i].tolist(), (events.p4[i] * [1000, 1000, 1, 1]).tolist(), strict=True
        )
        text = "".join(f"{codes[k]},{e},{pt},{eta},{phi};" for k, (e, pt, eta, phi) in objects if k)
        lines.append(
            f"{i};{['tttt', 'ttH', 'ttW'][i % 3]};1;"
            f"{1000 * events.met[i]};{events.met_phi[i]};{text}"
        )
    path = tmp_path / "raw.csv"
    path.write_text("\n".join([*lines[1:], lines[0], lines[7]]))
    return path


@pytest.fixture
def events(raw: Path, tmp_path: Path) -> EventSource:
    return clean(raw, tmp_path / "events.h5")


def test_clean_events_are_in_gev_named_and_say_where_they_come_from(events, raw):
    assert events.energy_unit.unit == "GeV"
    assert events.label_names == {1: "ttH", 2: "ttW", 3: "tttt"}
    assert [events.n(split) for split in SPLITS] == [180, 60, 60]
    notes = " ".join(events.attributes["notes"])
    assert "1 of 302 lines are left out: fewer than 5 fields (raw.csv, line 301)" in notes
    assert "1 events that repeat another" in notes
    assert events.attributes["raw_digest"] == EventsDataset(str(raw), text=TEXT).load().digest
    assert events.attributes["raw_energy_unit"] == "MeV"


def test_cleaning_again_gives_the_same_bytes(raw, tmp_path, events):
    assert clean(raw, tmp_path / "again.h5").digest == events.digest


def test_what_was_written_is_cleaned_like_any_file(events, tmp_path):
    again = clean(events.path, tmp_path / "again.h5")
    assert again.attributes["split_digests"] == events.attributes["split_digests"]


def test_events_in_no_class_are_reported_and_a_class_of_nothing_stops_it(raw, tmp_path):
    source = clean(raw, tmp_path / "events.h5", {"signal": "tttt", "background": "ttH"})
    assert "Events in no class are left out: 100 ttW." in source.attributes["notes"]
    with pytest.raises(ConfigurationError, match="signal=ttZ"):
        clean(raw, tmp_path / "events.h5", {"signal": "ttZ", "background": "rest"})


def test_bins_are_fitted_on_training_events_of_the_background_in_any_chunks(
    events, monkeypatch, caplog
):
    with caplog.at_level(logging.INFO):
        fitted = fit_tokeniser(events, BINNED, CLASSES)
    assert isinstance(fitted, BinnedTokeniser)
    assert fitted.fit_on == {"key": "background", "words": "fitted on the background"}
    assert "fitted on the background" in caplog.text
    train = events.read("train")
    alone = BinnedTokeniser(5, "correct", pid=True).fit(train[train.labels != 3])
    for name, axis in alone.axes.items():
        np.testing.assert_array_equal(fitted.axes[name].limits, axis.limits)
    monkeypatch.setattr(tokenise, "CHUNK", 7)
    assert fit_tokeniser(events, BINNED, CLASSES).state() == fitted.state()


def test_fitting_on_all_classes_gives_other_edges_and_says_so(events):
    on_all = fit_tokeniser(events, BINNED | {"fit_on": "all"}, CLASSES)
    assert on_all.fit_on["key"] == "all"
    assert on_all.state()["axes"] != fit_tokeniser(events, BINNED, CLASSES).state()["axes"]
    flawed = fit_tokeniser(events, BINNED | {"variant": "flawed_2026"}, CLASSES)
    assert flawed.fit_on["key"] == "all"


def test_continuous_features_are_standardised_the_same_in_any_chunks(events, monkeypatch):
    settings = {"kind": "direct", "vector": 5, "pid": True}
    whole = fit_tokeniser(events, settings, CLASSES)
    alone = DirectTokeniser(5, pid=True).fit(events.read("train"))
    assert whole.state() == alone.state()
    monkeypatch.setattr(tokenise, "CHUNK", 7)
    for name, standard in fit_tokeniser(events, settings, CLASSES).fitted.items():
        np.testing.assert_allclose(
            [standard.mean, standard.scale],
            [whole.fitted[name].mean, whole.fitted[name].scale],
            rtol=1e-12,
        )


@pytest.fixture
def tokens(events, tmp_path) -> TokenSource:
    dataset = TokensDataset(str(tmp_path / "tokens.h5"))
    dataset.save(write_tokens(events, fit_tokeniser(events, BINNED, CLASSES)))
    return dataset.load()


def test_a_token_file_holds_every_event_in_order(events, tokens):
    tokeniser = fit_tokeniser(events, BINNED, CLASSES)
    for split in SPLITS:
        encoded = tokeniser.encode(events.read(split))
        np.testing.assert_array_equal(
            tokens.read(split), np.concatenate([encoded.values, encoded.met], axis=1)
        )
        np.testing.assert_array_equal(tokens.labels(split), events.read(split).labels)


def test_a_token_file_explains_itself(events, tokens):
    attributes = tokens.attributes
    assert attributes["vocab_size"] == tokens.vocab_size == 886
    assert attributes["tokeniser"]["fit_on"] == {
        "key": "background",
        "words": "fitted on the background",
    }
    assert attributes["tokeniser"]["n_bins"] == 5
    assert attributes["units"]["pt"] == "GeV"
    assert {"format_version", "lexon_version", "generator"} <= attributes.keys()
    for name in ("raw_digest", "raw_path", "raw_energy_unit", "split_digests", "notes"):
        assert attributes[name] == events.attributes[name]
    assert tokens.label_names == events.label_names


def test_what_is_decoded_lies_in_the_bin_of_what_was_encoded(events, tokens):
    tokeniser = tokens.tokeniser()
    sample, original = tokens.classified("test", CLASSES), events.classified("test", CLASSES)
    decoded = tokeniser.decode(sample.tokens)
    np.testing.assert_array_equal(decoded.ids, original.events.ids)
    widths = tokeniser.bin_widths
    real = original.events.mask
    for name in ("pt", "eta", "phi"):
        axis, values = tokeniser.axes[name], getattr(original.events, name)[real]
        bins = axis.bin(values)
        np.testing.assert_array_equal(axis.bin(getattr(decoded, name)[real]), bins)
        inner = (bins > 1) & (bins < 5)
        assert (
            np.abs(getattr(decoded, name)[real] - values)[inner]
            <= widths[name][bins[inner] - 1] / 2 + 1e-4
        ).all()


def test_members_on_events_and_on_tokens_are_provably_paired(events, tokens):
    for split in SPLITS:
        assert tokens.classified(split, CLASSES).digest == events.classified(split, CLASSES).digest
    assert tokens.classified("val", CLASSES).digest != tokens.classified("test", CLASSES).digest


def test_continuous_values_make_no_token_file(events):
    with pytest.raises(
        ConfigurationError,
        match="tokeniser=direct: continuous values make no token file; choose binned",
    ):
        write_tokens(
            events, fit_tokeniser(events, {"kind": "direct", "vector": 4, "pid": True}, CLASSES)
        )


def test_a_failure_in_mid_file_leaves_nothing(events, tmp_path, monkeypatch):
    monkeypatch.setattr(tokenise, "CHUNK", 50)
    tokeniser = fit_tokeniser(events, BINNED, CLASSES)
    encode, calls = BinnedTokeniser.encode, []

    def failing(self: BinnedTokeniser, chunk: Events):
        calls.append(len(chunk))
        if len(calls) == 3:
            raise DataError("events.h5: row 100: bad")
        return encode(self, chunk)

    monkeypatch.setattr(BinnedTokeniser, "encode", failing)
    target = tmp_path / "new" / "tokens.h5"
    with pytest.raises(DatasetError) as raised:
        TokensDataset(str(target)).save(write_tokens(events, tokeniser))
    assert "row 100" in str(first_cause(raised.value))
    assert list(target.parent.iterdir()) == []


def test_a_bar_changes_nothing_and_is_not_drawn_into_a_log(make_events, capsys):
    parts = [("train", make_events(5)), ("val", make_events(3))]
    assert list(with_progress(parts, 8, "cleaning")) == parts
    assert capsys.readouterr() == ("", "")


def test_tokens_of_one_process_need_no_classes(make_events, tmp_path):
    """Binned on all of it; on its background, of which there is none, they cannot be."""
    one = make_events(90, n_labels=1)
    raw, cleaned = (
        EventsDataset(str(tmp_path / "raw.h5")),
        EventsDataset(str(tmp_path / "events.h5")),
    )
    raw.save(EventSample([(split, one) for split in SPLITS], {"label_names": {1: "tttt"}}))
    cleaned.save(clean_events(raw.load(), CLASSES, None, CHECKS))
    tokeniser = fit_tokeniser(cleaned.load(), BINNED | {"fit_on": "all"}, CLASSES)
    assert tokeniser.fit_on == {
        "key": "all",
        "words": "fitted on all events, which are of one process: tttt",
    }
    dataset = TokensDataset(str(tmp_path / "tokens.h5"))
    dataset.save(write_tokens(cleaned.load(), tokeniser))
    np.testing.assert_array_equal(dataset.load().read("test")[:, :18] > 0, one.mask)
    with pytest.raises(
        DataError,
        match=r"of one process, tttt, so .* give a file with another .*binning\.fit_on=all",
    ):
        fit_tokeniser(cleaned.load(), BINNED, CLASSES)


def test_writing_tokens_ends_with_where_they_are_and_how_bins_are_filled(events, tmp_path, caplog):
    caplog.set_level("INFO")
    TokensDataset(str(tmp_path / "tokens.h5")).save(
        write_tokens(events, fit_tokeniser(events, BINNED | {"fit_on": "all"}, CLASSES))
    )
    sizes = ", ".join(f"{events.n(split):,} {split}" for split in SPLITS)
    assert f"tokens.h5: {sizes} events, a vocabulary of 886" in caplog.messages[-1]
    assert any(
        message.startswith(f"{events.n('train'):,} training events use ")
        for message in caplog.messages
    )
    assert any(message.startswith("Bins of pT: ") for message in caplog.messages)


def test_text_of_one_process_makes_tokens_fitted_on_all(raw, tmp_path):
    lines = [line for line in raw.read_text().splitlines() if ";ttH;" in line]
    raw.write_text("\n".join(lines))
    events = clean(raw, tmp_path / "events.h5")
    tokeniser = fit_tokeniser(events, BINNED | {"fit_on": "all"}, CLASSES)
    assert tokeniser.fit_on["words"] == "fitted on all events, which are of one process: ttH"
    dataset = TokensDataset(str(tmp_path / "tokens.h5"))
    dataset.save(write_tokens(events, tokeniser))
    assert sum(dataset.load().n(split) for split in SPLITS) == len(lines)
    with pytest.raises(DataError, match=r"of one process, ttH, so there is nothing to classify"):
        fit_tokeniser(events, BINNED, CLASSES)


def test_a_token_file_repeats_the_remarks_of_its_writing(events, tmp_path, caplog):
    caplog.set_level("INFO")
    dataset = TokensDataset(str(tmp_path / "tokens.h5"))
    dataset.save(write_tokens(events, fit_tokeniser(events, BINNED | {"fit_on": "all"}, CLASSES)))
    assert len(dataset.in_words()) > 2
    assert caplog.messages[-len(dataset.in_words()) :] == dataset.in_words()
    assert (
        where_results_are(
            Pipeline([Node(write_tokens, ["e", "t"], "tokens")]), DataCatalog({"tokens": dataset})
        )[1:]
        == dataset.in_words()
    )
