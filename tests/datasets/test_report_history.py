"""A report with fewer finished members never takes the place of a better one without a copy."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lexon.datasets.report_history import MembersTableDataset


def table(done: int, pending: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        {"member": range(done + pending), "status": ["done"] * done + ["pending"] * pending}
    )


def save(folder: Path, members: pd.DataFrame) -> None:
    MembersTableDataset(filepath=str(folder / "members.csv"), save_args={"index": False}).save(
        members
    )


@pytest.fixture
def report(tmp_path: Path) -> Path:
    save(tmp_path, table(3))
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "roc.png").write_bytes(b"figure")
    (tmp_path / "report.html").write_text("three")
    (tmp_path / ".report.html.fingerprint.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize("now", [table(2, 5), table(0, 6), pd.DataFrame()])
def test_a_report_with_more_finished_members_is_kept_whole(report, now, caplog):
    save(report, now)
    (kept,) = (report / "history").iterdir()
    assert {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()} == {
        "members.csv",
        "report.html",
        "figures/roc.png",
    }
    assert (kept / "report.html").read_text() == "three"
    assert (pd.read_csv(kept / "members.csv")["status"] == "done").sum() == 3
    assert "3 in the one before it, which is kept in" in caplog.text


@pytest.mark.parametrize("now", [table(3), table(4), table(3, 9)])
def test_a_report_that_is_as_good_takes_its_place(report, now):
    save(report, now)
    assert not (report / "history").exists()


def test_copies_hold_no_copies(report):
    save(report, table(2))
    save(report, table(1))
    assert len(list((report / "history").iterdir())) == 2
    assert not list((report / "history").rglob("history"))


@pytest.mark.parametrize("content", ["", "x\n1\n", "\x00\xff"])
def test_a_table_that_cannot_be_read_is_no_better_report(tmp_path, content):
    (tmp_path / "members.csv").write_text(content)
    save(tmp_path, table(0, 1))
    assert not (tmp_path / "history").exists()
