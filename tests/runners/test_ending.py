"""A command that is asked to end does, even where what was asked for got lost on the way."""

from __future__ import annotations

import os
import signal

import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

from lexon.runners.ending import end_if_asked, ending_cleanly
from lexon.runners.local import LocalRunner


class LosesWhatIsRaised:
    """As Python's destructors do."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_node_starts_after_an_exit_that_was_lost():
    started = []

    def first(x: int) -> int:
        LosesWhatIsRaised()
        started.append("first")
        return x

    def second(x: int) -> int:
        started.append("second")
        return x

    pipeline = Pipeline(
        [Node(first, "x", "y", name="first"), Node(second, "y", "z", name="second")]
    )
    catalog = DataCatalog({"x": MemoryDataset(1)})
    with ending_cleanly(), pytest.raises(SystemExit) as ended:
        LocalRunner().run(pipeline, catalog, hook_manager=_create_hook_manager())
    assert ended.value.code == 128 + signal.SIGTERM
    assert started == ["first"]


def test_the_next_command_of_a_process_is_not_asked():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit), ending_cleanly():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
    end_if_asked()
