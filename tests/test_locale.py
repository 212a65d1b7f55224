"""Text is UTF-8 on every machine, whatever its locale."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for room in ("src", "benchmarks") for path in (ROOT / room).rglob("*.py"))


def texts_without_encoding(source: str) -> Iterator[str]:
    """Every call that reads or writes text in the encoding of the locale."""
    for call in ast.walk(ast.parse(source)):
        if (
            isinstance(call, ast.Call)
            and not any(keyword.arg == "encoding" for keyword in call.keywords)
            and _is_text(call)
        ):
            yield f"line {call.lineno}: {ast.unparse(call)}"


def _is_text(call: ast.Call) -> bool:
    method = isinstance(call.func, ast.Attribute)
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    match name:
        case "read_text" | "write_text":
            return method
        case "FileHandler" | "RotatingFileHandler" | "TimedRotatingFileHandler" | "TextIOWrapper":
            return True
        case "run" | "Popen" | "check_output" | "getoutput":
            return "text" in given or "universal_newlines" in given or name == "getoutput"
        case "open" | "fdopen" | "NamedTemporaryFile" | "TemporaryFile" | "SpooledTemporaryFile":
            places = call.args[:1] if name.endswith("File") else call.args[:2]
            modes = [
                value.value
                for value in [*places, given.get("mode")]
                if isinstance(value, ast.Constant)
            ]
            modes = [
                mode
                for mode in modes
                if isinstance(mode, str) and mode and set(mode) <= set("rwxabt+")
            ]
            if name.endswith("File"):
                return bool(modes) and "b" not in modes[0]
            archive = (
                method and bool(call.args) and not modes
            )  # ZipFile.open(name) and the like give bytes
            return not archive and "b" not in (modes[0] if modes else "r")
    return False


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_depends_on_the_locale(path):
    assert not list(texts_without_encoding(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "line",
    [
        "path.read_text()",
        "path.write_text('é')",
        "open(path)",
        "open(path, 'w')",
        "path.open()",
        "path.open(mode='a')",
        "gzip.open(path, 'rt')",
        "os.fdopen(number, 'w')",
        "NamedTemporaryFile('w')",
        "logging.FileHandler(path)",
        "subprocess.run(command, text=True)",
    ],
)
def test_the_check_finds_what_it_looks_for(line):
    assert list(texts_without_encoding(line))
    assert not list(
        texts_without_encoding(line[:-1] + (", " if line[-2] != "(" else "") + "encoding='utf-8')")
    )


@pytest.mark.parametrize(
    "line",
    [
        "path.open('rb')",
        "open(path, 'wb')",
        "archive.open(name)",
        "TemporaryFile()",
        "subprocess.run(command)",
    ],
)
def test_bytes_need_no_encoding(line):
    assert not list(texts_without_encoding(line))


WRITE = """
import json, locale, sys
from pathlib import Path
import pandas as pd
from lexon.datasets.atomic import CSVDataset, JSONDataset, TextDataset

assert locale.getpreferredencoding(False) != "UTF-8"
text = chr(0x3b7) + chr(0x2265)
table = pd.DataFrame({text: [text]})
for dataset, data in ((TextDataset, text), (JSONDataset, {text: text}), (CSVDataset, table)):
    made = dataset(filepath=sys.argv[1] + "/" + dataset.__name__)
    made.save(data)
    again = made.load()
    assert again.equals(data) if dataset is CSVDataset else again == data
"""


def test_datasets_write_utf_8_in_a_locale_without_it(tmp_path):
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", WRITE, str(tmp_path)],
        env=plain,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert not done.returncode, done.stderr
    assert (tmp_path / "TextDataset").read_text(encoding="utf-8") == "η≥"
