"""The run of tests/tracking_world.py, and an address where nothing listens."""

from __future__ import annotations

import socket
from pathlib import Path
from uuid import uuid4

import pytest
from tracking_world import (
    DONE,
    TRAINS,
    WAITS,
    epochs,
    finish_member,
    write_checkpoint,
    write_member,
    write_report,
)

from lexon.tracking.content import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Where the three members and a report lie; the name is new to a server that is asked."""
    place = Place(tmp_path / "data", f"pooling_{uuid4().hex[:8]}", "main")
    write_member(place.members / DONE, "running")
    finish_member(place.members / DONE, epochs(3))
    write_member(place.members / TRAINS, "running")
    write_checkpoint(place.members / TRAINS, epochs(2))
    write_member(place.members / WAITS, "running")
    write_report(place)
    return place


@pytest.fixture
def deaf_address() -> str:
    """An address of this machine where nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    return f"http://127.0.0.1:{port}"
