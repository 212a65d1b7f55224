"""A run writes over nothing but what lexon wrote as that same output, and says so before it
begins.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Node, Pipeline

from lexon.datasets.atomic import JSONDataset
from lexon.datasets.events import EventSample, EventsDataset
from lexon.datasets.tokens import TokenSample, TokensDataset
from lexon.errors import ConfigurationError, DataError, LexonError, first_cause
from lexon.framework.outputs import check_outputs
from lexon.runs import fingerprints

PIPELINE = Pipeline(
    [
        Node(lambda raw: raw, "raw_events", "events", name="clean"),
        Node(lambda events: events, "events", "tokens_output", name="write"),
    ]
)
WRITTEN = (
    "was not written by lexon as a token file and would be lost; name a new file, or move that one"
    " away"
)


@pytest.fixture
def raw(tmp_path, make_events, monkeypatch) -> Path:
    """A file of events that belongs to the user."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "user" / "raw.h5"
    events = make_events(60)
    sample = EventSample([(split, events) for split in ("train", "val", "test")], {})
    EventsDataset(str(path)).save(sample)
    return path


def catalog(raw: Path | str, output: Path | str | None, root: str = "data") -> DataCatalog:
    """What a run reads and writes."""
    datasets = {"raw_events": EventsDataset(str(raw)), "events": EventsDataset(f"{root}/events.h5")}
    output_path = str(output) if output else f"{root}/tokens.h5"
    return DataCatalog(
        datasets
        | {
            "tokens_output": TokensDataset(
                output_path, parameter="tokens.output" if output else None
            )
        }
    )


def refused(raw: Path | str, output: Path | str | None, match: str, root: str = "data") -> None:
    """The run is refused, and every file of the user is as it was."""
    before = list(contents())
    with pytest.raises((ConfigurationError, DataError), match=match):
        check_outputs(PIPELINE, catalog(raw, output, root))
    assert list(contents()) == before


def contents() -> Iterator[tuple[Path, int, bytes]]:
    return (
        (file, file.lstat().st_ino, file.read_bytes())
        for file in sorted(Path().rglob("*"))
        if file.is_file()
    )


def save_tokens(path: Path | str) -> None:
    rows, labels = np.ones((5, 20), np.int64), np.arange(5) % 2
    TokensDataset(str(path)).save(
        TokenSample(
            [(split, rows, labels) for split in ("train", "val", "test")], {"vocab_size": 10}
        )
    )


def test_an_input_of_the_run_survives_under_every_name_of_it(raw):
    hard, soft = raw.with_name("hard.h5"), raw.with_name("soft.h5")
    os.link(raw, hard)
    soft.symlink_to(raw)
    refused(
        raw,
        raw,
        rf"tokens.output={raw}: this run reads that file as raw_events and would write over it;"
        r" name a new file",
    )
    refused(raw, f"user/../user/{raw.name}", "this run reads that file as raw_events")
    refused(raw, hard, "this run reads that file as raw_events .*raw.h5 is the same file")
    refused(soft, raw, "this run reads that file as raw_events .*soft.h5 is the same file")
    refused("user/ra*.h5", raw, "this run reads that file as raw_events")
    refused(
        raw,
        soft,
        "soft.h5: is a link to .*raw.h5, which would be replaced by a file; name a new file",
    )


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (
            lambda path: path.write_text("years of work"),
            rf"tokens.output=user/it: this file of 13 bytes {WRITTEN}",
        ),
        (lambda path: path.touch(), WRITTEN),
        (
            lambda path: h5py.File(path, "w").create_dataset("X_train", data=np.ones((5, 20))),
            WRITTEN,
        ),
        (lambda path: shutil.copy("user/raw.h5", path), WRITTEN),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.symlink_to("nowhere.h5"), "is a link to nowhere.h5"),
        (lambda path: path.symlink_to("it"), "is a link to it"),
        (os.mkfifo, "is a device, a pipe or a socket"),
    ],
    ids=[
        "text",
        "empty",
        "tokens of somebody",
        "events",
        "folder",
        "dangling link",
        "loop",
        "pipe",
    ],
)
def test_what_lexon_did_not_write_survives(raw, make: Callable[[Path], object], match):
    make(Path("user/it"))
    refused(raw, "user/it", match)


def test_where_no_file_can_be_is_no_output(raw):
    Path("user/notes.txt").write_text("user")
    refused(raw, "user/notes.txt/tokens.h5", "notes.txt is a file, not a folder; name a new file")
    refused(raw, "/dev/null", "is a device, a pipe or a socket")
    refused(raw, "/proc/tokens.h5", "no file can be made in /proc; name a new file|/proc: ")
    refused(
        raw,
        None,
        "user/notes.txt is a file, not a folder; move it away, or set another data_root",
        root="user/notes.txt",
    )


def test_two_outputs_are_not_the_same_file(raw):
    refused(
        raw, "data/events.h5", "events and tokens_output would be the same file; name a new file"
    )


@pytest.mark.parametrize("output", ["events", "tokens_binned_5_auto_correct"])
def test_what_lexon_wrote_as_something_else_survives(raw, output):
    save_tokens("data/other.h5")
    fingerprints.write(Path("data/other.h5"), output, "recipe", "code", {})
    refused(
        raw,
        "data/other.h5",
        f"is what lexon wrote as {output}, which other results rest on; name a new file",
    )


def test_its_own_token_file_is_written_again_and_only_that(raw):
    output = Path("user/tokens.h5")
    save_tokens(output)
    check_outputs(
        PIPELINE, catalog(raw, output)
    )  # by its attributes, as a kill before the fingerprint leaves it
    fingerprints.write(output, "tokens_output", "recipe", "code", {})
    check_outputs(PIPELINE, catalog(raw, output))
    check_outputs(PIPELINE, catalog(raw, "user/new/folder/tokens.h5"))
    shutil.copy(raw, output)
    refused(
        raw,
        output,
        "was changed or replaced after lexon wrote it; name a new file, or move that one away",
    )


def test_lexons_own_events_are_not_read_where_that_would_write_them_again(raw):
    Path("data").mkdir()
    own = shutil.copy(raw, "data/events.h5")
    refused(
        own,
        None,
        "is given as raw_events, but is what lexon itself wrote as events.*give the original"
        " file.*run=NAME",
    )
    Path("user/link.h5").symlink_to(Path(own).resolve())
    refused(
        "user/link.h5",
        None,
        r"link.h5: is given as raw_events, .* wrote as events \(.*events.h5 is the same file",
    )
    check_outputs(PIPELINE, catalog(own, None, root="data/apart"))


def test_a_link_below_the_data_root_is_not_replaced(raw):
    Path("data").mkdir()
    Path("data/events.h5").symlink_to(Path("user/precious.h5").resolve())
    shutil.copy(raw, "user/precious.h5")
    refused(
        raw,
        None,
        "is a link to .*precious.h5, which would be replaced by a file; move it away, or set"
        " another data_root",
    )


def test_the_command_is_refused_before_its_plan(kedro_session, raw, project):
    """What the user types: raw data are safe, and nothing was made."""
    before = raw.read_bytes()
    with (
        kedro_session(
            "test", events={"path": str(raw)}, tokens={"output": str(raw)}, classes={"signal": 1}
        ) as session,
        pytest.raises(ConfigurationError, match="this run reads that file as raw_events"),
    ):
        session.run(pipeline_names=["data_engineering"])
    assert raw.read_bytes() == before
    assert not Path("data").exists()


@pytest.mark.parametrize(
    "lie", [Path.mkdir, lambda path: path.symlink_to("elsewhere")], ids=["folder", "link"]
)
def test_what_lies_in_the_way_of_one_member_does_not_end_the_run(raw, lie):
    Path("data").mkdir()
    lie(Path("data/model.json"))
    datasets = {
        "raw_events": EventsDataset(str(raw)),
        "x.grid.a.model": JSONDataset(filepath="data/model.json"),
    }
    check_outputs(
        Pipeline([Node(lambda raw: raw, "raw_events", "x.grid.a.model", name="train")]),
        DataCatalog(datasets),
    )
    with pytest.raises(DatasetError) as failure:
        datasets["x.grid.a.model"].save({})
    assert "model.json: " in str(cause := first_cause(failure.value))
    assert isinstance(cause, LexonError)
