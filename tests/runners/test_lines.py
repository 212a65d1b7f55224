"""In a terminal each worker has one line, which goes when it ends; elsewhere nothing is drawn."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import rich
from rich.console import Console

from lexon.runners.lines import MemberLines


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    console = Console(force_terminal=True, file=io.StringIO(), width=120)
    monkeypatch.setattr(rich, "get_console", lambda: console)
    return console


def picture(console: Console) -> str:
    """What was drawn since the last look."""
    file = console.file
    assert isinstance(file, io.StringIO)
    drawn = file.getvalue()
    file.seek(0)
    file.truncate()
    return drawn


def test_each_worker_has_one_line_until_it_ends(terminal):
    with MemberLines() as lines:
        lines.began(1, "pool_max", "train")
        lines.began(2, "pool_cls", "train")
        lines.trains(1, 30, 120, "epoch 1/4  loss 0.6")
        picture(terminal)
        lines.refresh()
        drawn = picture(terminal)
        assert drawn.count("pool_max") == drawn.count("pool_cls") == 1
        assert "30/120" in drawn
        assert "epoch 1/4" in drawn
        lines.began(1, "pool_max", "evaluate")
        lines.ended(2)
        picture(terminal)
        lines.refresh()
        drawn = picture(terminal)
        assert "evaluate" in drawn
        assert "epoch 1/4" not in drawn
        assert "pool_cls" not in drawn


def test_nothing_is_drawn_in_a_file_or_on_a_terminal_that_is_gone(terminal, monkeypatch):
    with MemberLines() as lines:
        lines.hide()
        picture(terminal)
        lines.began(1, "pool_max", "train")
        lines.trains(1, 30, 120, "")
        lines.refresh()
    assert picture(terminal) == ""
    monkeypatch.setattr(rich, "get_console", lambda: Console(file=terminal.file))
    with MemberLines() as lines:
        lines.began(1, "pool_max", "train")
        lines.refresh()
    assert picture(terminal) == ""
