"""One rule for every name that becomes a folder, and for every path that a user types."""

from __future__ import annotations

from pathlib import Path

import pytest

from lexon.config.fields import fields_beside, is_path, is_text
from lexon.config.names import LONGEST, twins, why_no_folder, why_no_output, why_not_a_name


@pytest.mark.parametrize(
    "name", ["main", "6.10", "007", "net_a", "2026-11-29", "Größe", "x" * LONGEST]
)
def test_a_name_is_one_folder_below_its_parent(name):
    assert why_not_a_name(name) == ""
    assert (Path("parent") / name).parent == Path("parent")


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        "../x",
        "a/b",
        "/proc",
        "/etc/x",
        ".hidden",
        "-x",
        "a b",
        "a\nb",
        "a\x00",
        "end.",
        "con",
        "NUL.txt",
        "x" * 101,
    ],
)
def test_what_is_no_name_is_refused_with_a_reason(name):
    assert why_not_a_name(name)


@pytest.mark.parametrize("value", [6.1, 7, True, None, ["a"]])
def test_what_yaml_does_not_read_as_text_is_to_be_quoted(value):
    assert "quote it" in why_not_a_name(value)


@pytest.mark.parametrize(
    "path", ["../t.h5", "/proc/self/t.h5", "/dev/sda", "a/.t.h5", "a/..", "a/b\n.h5"]
)
def test_an_output_lies_where_its_path_says(path):
    assert why_no_output(Path(path))
    assert why_no_output(Path("/data/me/tokens.h5")) == ""


@pytest.mark.parametrize("folder", [None, "", " ", 3, "/proc", "/sys/x", "a\nb"])
def test_a_data_root_is_a_folder(folder):
    assert why_no_folder(folder)


def test_names_that_differ_in_case_only_are_found():
    assert twins(["a", "net_a", "b", "Net_A"]) == ("net_a", "Net_A")
    assert twins(["a", "b"]) is None


def test_text_is_what_the_types_say():
    assert all(
        is_text(key)
        for key in (
            "run",
            "tokens.output",
            "events.path",
            "regression.target",
            "target",
            "tags.column",
        )
    )
    assert not any(
        is_text(key) for key in ("seed", "training.lr", "classes.signal", "pool.x", "nope")
    )
    assert is_path("report.source")
    assert not is_path("run")


def test_the_fields_beside_a_wrong_one_are_those_of_its_group():
    assert "dropout" in fields_beside(("configurations", "own", "dropout_p"))
    assert "pool" not in fields_beside(("configurations", "own", "dropout_p"))
    assert "early_stopping" in fields_beside(("vqvae", "training", "x"))
    assert "pool" in fields_beside(("x",))
