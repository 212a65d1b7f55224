"""A run that has nothing to do says where the results are, by paths that can be pasted."""

from __future__ import annotations

from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

from lexon.datasets.atomic import PageDataset, TextDataset
from lexon.datasets.files import shown_path
from lexon.runners.local import LocalRunner
from lexon.runners.results import where_results_are


def write(text: str) -> str:
    return text


def test_a_path_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert shown_path(Path("data/report.html")) == "data/report.html"
    assert shown_path(tmp_path / "here/data/report.html") == "data/report.html"
    assert shown_path(tmp_path / "elsewhere/report.html") == str(tmp_path / "elsewhere/report.html")
    assert shown_path(Path("../elsewhere/report.html")) == str(tmp_path / "elsewhere/report.html")


@pytest.mark.parametrize(
    ("kind", "start"), [(PageDataset, "Report: "), (TextDataset, "Up to date: ")]
)
def test_what_is_up_to_date_is_named(
    kind: type[TextDataset],
    start: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    final = tmp_path / "08_reporting" / "report.html"
    pipeline = Pipeline([Node(write, "text", "page", name="write_page", tags="report")])
    catalog = DataCatalog({"text": MemoryDataset("words"), "page": kind(filepath=str(final))})
    assert where_results_are(pipeline, catalog) == [], "there is nothing yet"
    final.parent.mkdir()
    final.write_text("words")
    assert where_results_are(pipeline, catalog)[0] == f"{start}08_reporting/report.html"
    monkeypatch.setattr("lexon.runs.fingerprints.plan", lambda *_: {})
    with caplog.at_level("INFO"):
        LocalRunner().run(pipeline, catalog)
    assert f"{start}08_reporting/report.html" in caplog.text
