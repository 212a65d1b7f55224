"""Who shares the nodes of a run: forks of this process, or it alone with the reason."""

from __future__ import annotations

import sys
import time

import pytest
import torch

from lexon.runners import crew


@pytest.mark.parametrize(
    ("in_the_fork", "works"),
    [(lambda: None, True), (lambda: sys.exit(1), False), (lambda: time.sleep(60), False)],
    ids=["trains", "refused by torch", "waits for ever"],
)
def test_where_a_fork_cannot_train_this_process_does_it_alone(monkeypatch, in_the_fork, works):
    monkeypatch.setattr(crew, "_one_gradient", in_the_fork)
    monkeypatch.setattr(crew, "_TRIAL_SECONDS", 1)
    reason = crew.why_no_fork()
    assert (reason == "") == works
    assert works or torch.__version__ in reason


def test_a_fork_that_torch_refuses_ends_without_a_traceback(monkeypatch, capfd):
    def refused(*_: object, **__: object) -> None:
        raise RuntimeError("Unable to handle autograd's threading")

    monkeypatch.setattr(torch.Tensor, "backward", refused)
    assert not crew._gradients_in_a_fork()
    assert capfd.readouterr().err == ""
