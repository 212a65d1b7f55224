"""DarkMachines text as programs, editors and disks change it: the same events, or a reason."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from event_text import all_events, by_met, lines_of, source_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError

from lexon.datasets import darkmachines_lines, packed
from lexon.datasets.events import EventSource
from lexon.errors import DataError, first_cause

NBSP, THIN = "\u00a0", "\u2009"


@pytest.fixture(scope="module")
def lines(make_events) -> list[str]:
    return lines_of(make_events(60))


@pytest.fixture(scope="module")
def digest(lines, tmp_path_factory) -> str:
    """Of the events of `lines`, plainly written."""
    path = tmp_path_factory.mktemp("plain") / "events.csv"
    path.write_text("\n".join(lines) + "\n")
    return digest_of(path)


def refusal(path: Path) -> str:
    """The message that a user reads; Kedro wraps what a dataset raises."""
    with pytest.raises((DataError, DatasetError)) as failure:
        source_of(path).n("train")
    cause = first_cause(failure.value)
    assert isinstance(cause, DataError)
    return str(cause)


def digest_of(path: Path) -> str:
    return by_met(all_events(source_of(path))).digest()


REWRITTEN: dict[str, Callable[[str], str]] = {
    "doubled blanks": lambda text: text.replace(";", ";  "),
    "blanks on both sides": lambda text: text.replace(";", " ; ").replace(",", " , "),
    "tabs": lambda text: text.replace(";", ";\t"),
    "non-breaking blanks": lambda text: text.replace(";", f"{NBSP};{THIN}"),
    "separators to spare": lambda text: text.replace(";\n", ";;;;;;\n").replace("\n", ";;\n"),
    "indented": lambda text: "  \t" + text.replace("\n", "\n   "),
    "carriage returns": lambda text: text.replace("\n", "\r"),
    "carriage returns and line feeds": lambda text: text.replace("\n", "\r\n"),
    "mixed line ends": lambda text: text.replace("\n", "\r\n", 20).replace(";\n", ";\r", 5),
    "quoted lines": lambda text: "".join(f'"{line}"\n' for line in text.splitlines()),
    "quoted fields": lambda text: "".join(
        '"' + '";"'.join(line.rstrip(";").split(";")) + '"\n' for line in text.splitlines()
    ),
    "a quoted process": lambda text: text.replace("p1", '"p1"').replace("p2", "'p2'"),
    "quoted and padded": lambda text: "".join(f' " {line} " \n' for line in text.splitlines()),
    "byte order mark": lambda text: "\ufeff" + text,
    "byte order marks of joined files": lambda text: "\ufeff" + text.replace("\n", "\n\ufeff", 3),
    "empty lines and empty rows": lambda text: "\n \n" + text.replace("\n", "\n;;;;\n\t\n", 3),
    "no end of the last line": lambda text: text[:-1],
    "half of the processes with a blank": lambda text: text.replace(";p1;", ";p1 ;", 15),
    "half of the processes with a non-breaking blank": lambda text: text.replace(
        ";p1;", f";p1{NBSP};", 15
    ),
}


@pytest.mark.parametrize("rewrite", REWRITTEN.values(), ids=REWRITTEN)
def test_another_way_of_writing_gives_the_same_events(tmp_path, lines, digest, rewrite):
    path = tmp_path / "events.csv"
    path.write_bytes(rewrite("\n".join(lines) + "\n").encode())
    source = source_of(path)
    assert source.label_names == {1: "p1", 2: "p2"}
    assert digest_of(path) == digest


def test_a_blank_of_latin_1_is_a_blank_and_its_accents_stay_apart(tmp_path, lines):
    text = (
        "\n".join(lines)
        .replace(";p1;", f";p1{NBSP};", 10)
        .replace(";p2;", ";prozeß é;")
        .encode("latin-1")
    )
    (tmp_path / "events.csv").write_bytes(text + b"\n")
    assert source_of(tmp_path / "events.csv").label_names == {1: "p1", 2: "prozeß é"}


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_line_ends_at_the_border_of_a_block_are_one(tmp_path, lines, digest, monkeypatch, block):
    (tmp_path / "events.csv").write_bytes("\r\n".join(lines).encode())
    monkeypatch.setattr(darkmachines_lines, "BLOCK_BYTES", block)
    assert digest_of(tmp_path / "events.csv") == digest


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_wherever_a_file_is_cut_no_line_is_lost_in_silence(tmp_path, lines, data):
    """All whole lines are read; the last is read as it was, or counted with a reason."""
    text = "\n".join(lines).encode()
    start = len("\n".join(lines[:-1])) + 1
    cut = data.draw(st.integers(start + 1, len(text) - 1))
    (tmp_path / "events.csv").write_bytes(text[:cut])
    source = source_of(tmp_path / "events.csv", max_bad_lines=0.1)
    n = len(all_events(source))
    assert n == 60 if text[:cut].endswith(b";") and text[start:cut].count(b";") >= 5 else n == 59
    if n == 59:
        assert any(
            "1 of 60 lines are left out: the end of the file in the middle of a line "
            "(events.csv, line 60)."
            in note
            or "1 of 60 lines are left out: fewer than 5 fields" in note
            for note in source.notes
        )


def test_a_cut_line_is_recognised_across_blocks(tmp_path, lines, monkeypatch):
    monkeypatch.setattr(darkmachines_lines, "BLOCK_BYTES", 1)
    (tmp_path / "events.csv").write_text("\n".join(lines)[:-3])
    source = source_of(tmp_path / "events.csv", max_bad_lines=0.1)
    assert any(
        "the end of the file in the middle of a line (events.csv, line 60)" in note
        for note in source.notes
    )


def test_a_block_without_a_good_line_is_counted(tmp_path, lines, monkeypatch):
    monkeypatch.setattr(darkmachines_lines, "BLOCK_BYTES", 200)
    text = ["broken " * 40] * 3 + lines + ["broken " * 40] * 3
    (tmp_path / "events.csv").write_text("\n".join(text) + "\n")
    source = source_of(tmp_path / "events.csv", max_bad_lines=0.1)
    assert len(all_events(source)) == 60
    assert any(
        note.startswith(
            "6 of 66 lines are left out: fewer than 5 fields (events.csv, line 1, 2, 3, ...)"
        )
        for note in source.notes
    )


def test_a_text_of_bad_lines_alone_says_what_is_wrong_with_them(tmp_path):
    (tmp_path / "events.csv").write_text("1;p1;1;50000;0.1;tau,1,2,3,4\n1;p1;1;-50000;0.1\n")
    with pytest.raises(
        DataError,
        match=(
            r"no line is an event \(1 lines: an object code other than .*; 1 lines: an energy or pT"
            r" that is not"
        ),
    ):
        source_of(tmp_path / "events.csv", max_bad_lines=1).n("train")


def test_headers_and_comments_are_left_out_and_counted(tmp_path, lines, digest):
    header = (
        "event ID; process ID; event weight; MET; METphi; obj1, E1, pt1, eta1, phi1; obj2, E2, pt2,"
        " eta2, phi2; ..."
    )
    text = ["# made by me", header, *lines[:30], header, "% part two", "// end", *lines[30:]]
    (tmp_path / "events.csv").write_text("\n".join(text) + "\n")
    source = source_of(tmp_path / "events.csv")
    assert "Header or comment lines that are left out: 5." in source.notes
    assert digest_of(tmp_path / "events.csv") == digest


def test_a_header_with_another_order_is_refused(tmp_path, lines):
    (tmp_path / "events.csv").write_text(
        "\n".join(["process ID;event ID;weight;MET;METphi", *lines])
    )
    with pytest.raises(
        DataError,
        match=r"the header 'process ID;event ID;weight;MET;METphi' has another order of fields",
    ):
        source_of(tmp_path / "events.csv").n("train")


def test_processes_that_look_alike_are_reported(tmp_path, lines):
    text = "\n".join(lines).replace(";p1;", ";single top;", 10).replace(";p1;", ";Single_Top;")
    (tmp_path / "events.csv").write_text(text)
    source = source_of(tmp_path / "events.csv")
    assert (
        "Processes 'Single_Top', 'single top' differ only in case or blanks and are kept apart; one"
        " process?." in source.notes
    )


@pytest.mark.parametrize("number", ["12345678901234567890", "-9999999999999999999"])
def test_a_process_of_too_many_digits_is_a_sentence(tmp_path, lines, number):
    text = "\n".join(lines).replace(";p1;", ";1;").replace(";p2;", f";{number};")
    (tmp_path / "events.csv").write_text(text)
    with pytest.raises(
        DataError, match=f"the process ID {number} has more than 18 digits; give the process a name"
    ):
        source_of(tmp_path / "events.csv").n("train")


def test_numbers_written_in_two_ways_are_one_process(tmp_path, lines):
    text = (
        "\n".join(lines).replace(";p1;", ";01;", 10).replace(";p1;", ";1;").replace(";p2;", ";2;")
    )
    (tmp_path / "events.csv").write_text(text)
    source = source_of(tmp_path / "events.csv")
    assert source.label_names == {1: "1", 2: "2"}
    assert "Processes '01', '1' are the same number and one process." in source.notes


def test_signs_alone_are_a_name(tmp_path, lines):
    (tmp_path / "events.csv").write_text("\n".join(lines).replace(";p1;", ";--1;"))
    assert source_of(tmp_path / "events.csv").label_names == {1: "--1", 2: "p2"}


# --- compressed


def zipped(content: bytes, *more: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("events.csv", "__MACOSX/._events.csv", *more):
            archive.writestr(name, content if name == "events.csv" else b"")
    return file.getvalue()


PACKED = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zip": zipped}


@pytest.mark.parametrize("ending", PACKED)
def test_compressed_text_is_read_whatever_its_name(tmp_path, lines, digest, ending):
    content = PACKED[ending]("\n".join(lines).encode())
    for name in (f"events.csv.{ending}", "events.csv"):
        (tmp_path / name).write_bytes(content)
        assert digest_of(tmp_path / name) == digest


@pytest.mark.parametrize("ending", PACKED)
def test_a_compressed_file_that_is_cut_off_is_a_sentence(tmp_path, make_events, ending):
    content = PACKED[ending]("\n".join(lines_of(make_events(400))).encode())
    (tmp_path / "events.csv").write_bytes(content[: len(content) * 3 // 4])
    assert re.search(
        "file is cut off or damaged .* copy it again", refusal(tmp_path / "events.csv")
    )


@pytest.mark.parametrize("line", ["", "\n", "1;p1;1;50000;0.1\n"])
@pytest.mark.parametrize("ending", PACKED)
def test_a_bomb_is_not_unpacked(tmp_path, lines, monkeypatch, ending, line):
    monkeypatch.setattr(packed, "FREE_BYTES", 1 << 16)
    monkeypatch.setattr(darkmachines_lines, "LONGEST_LINE", 1 << 18)
    content = ("\n".join(lines) + "\n" + (line or "0") * (4_000_000 // len(line or "0"))).encode()
    (tmp_path / "events.csv").write_bytes(PACKED[ending](content))
    with pytest.raises(DataError, match="expands to more than 100 times its size|a line is longer"):
        source_of(tmp_path / "events.csv").n("train")


def test_one_endless_line_is_refused(tmp_path, lines, monkeypatch):
    monkeypatch.setattr(darkmachines_lines, "LONGEST_LINE", 1 << 18)
    (tmp_path / "events.csv").write_bytes("\n".join(lines).encode() + b";" * (1 << 22))
    with pytest.raises(DataError, match="a line is longer than 0 MB"):
        source_of(tmp_path / "events.csv").n("train")


# --- what is something else


def tarred(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("events.csv")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def saved(values: np.ndarray, *, archive: bool) -> bytes:
    file = io.BytesIO()
    np.savez(file, x=values) if archive else np.save(file, values)
    return file.getvalue()


EVENT = b"1;p1;1;50000;0.1;j,2000,1000,0.5,0.5;\n"
OLD = (
    b"===== seed 42 xsec 0.0096 pb =====\n0.07; 48798.8; 0.28; b,52833.3,0.05,-2.18;"
    b" j,44736.1,2.39,2.70; mu-,40425.3,0.61,0.24\n"
)
OTHERS = {
    "npy": (saved(np.eye(3), archive=False), "is a numpy file"),
    "npz": (saved(np.eye(3), archive=True), "is a numpy archive"),
    "pickle": (pickle.dumps({"X": [1.0]}), "is a Python pickle, which lexon never opens"),
    "old layout": (OLD, "is text in the older DarkMachines layout"),
    "old layout, packed": (
        gzip.compress(OLD, mtime=0),
        "is gzip-compressed, and what it holds is text in the older DarkMachines layout",
    ),
    "tar": (tarred(EVENT), "is a tar archive"),
    "tar.gz": (
        gzip.compress(tarred(EVENT), mtime=0),
        "is gzip-compressed, and what it holds is a tar archive",
    ),
    "zip of several": (zipped(EVENT, "more.csv"), "is a zip archive of 2 files"),
    "xlsx": (zipped(EVENT, "xl/workbook.xml"), "is an Excel file"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(20), "is zstd-compressed"),
    "json": (b'{"events": []}', "is JSON"),
    "html": (b"<!DOCTYPE html><html>", "is a web page"),
    "lhe": (b'<LesHouchesEvents version="3.0">', "is an LHE file"),
    "utf-16": ("1;p1;1;50000;0.1\n".encode("utf-16"), "is text in UTF-16"),
    "git lfs": (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
    "zeros": (bytes(1000), "holds only zero bytes"),
    "empty": (b"", "is empty"),
    "empty, packed": (
        gzip.compress(b"", mtime=0),
        "is gzip-compressed, and what it holds is empty",
    ),
    "other text": (b"a,b,c\n1,2,3\n", "is text that begins with 'a,b,c'"),
    "bytes": (b"\x01\x02\x00\x03", "begins with b"),
}


@pytest.mark.parametrize(("content", "words"), OTHERS.values(), ids=OTHERS)
def test_other_kinds_of_file_are_called_by_their_names(tmp_path, content, words):
    (tmp_path / "events.dat").write_bytes(content)
    with pytest.raises(DataError) as failure:
        source_of(tmp_path / "events.dat").n("train")
    assert words in str(failure.value)
    assert "events.path is a file in the split HDF5 layout, or DarkMachines text" in str(
        failure.value
    )


def test_packed_hdf5_is_recognised_and_a_user_block_is_read(tmp_path, write_file, splits):
    plain = write_file()
    (tmp_path / "events.h5.gz").write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    with pytest.raises(DataError, match="is gzip-compressed, and what it holds is an HDF5 file"):
        source_of(tmp_path / "events.h5.gz").n("train")
    with h5py.File(plain) as old, h5py.File(tmp_path / "block.h5", "w", userblock_size=1024) as new:
        for name in old:
            old.copy(name, new)
    with (tmp_path / "block.h5").open("r+b") as file:
        file.write(b"1;p1;1;50000;0.1\n")
    source = source_of(tmp_path / "block.h5")
    assert isinstance(source, EventSource)
    assert source.n("train") == len(splits["train"])


def test_a_pipe_is_refused_and_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "events.csv")
    with pytest.raises(DataError, match="is a pipe, socket or device"):
        EventSource(tmp_path / "events.csv").n("train")
