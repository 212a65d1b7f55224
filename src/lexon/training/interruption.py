"""Interruption and exact continuation of a training: signals, random states, and the check of a
checkpoint.
"""

from __future__ import annotations

import hashlib
import logging
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

import torch
from torch import Tensor

log = logging.getLogger("lexon.training")


class Resume(Protocol):
    """Storage of the state of an unfinished training. It is plain data and tensors: `weights_only`
    can load it.
    """

    def load(self) -> dict[str, Any] | None:
        """The state that was saved last, or None."""

    def save(self, state: dict[str, Any]) -> None:
        """Keep a state, all of it or nothing; its tensors change as soon as this returns."""

    def clear(self) -> None:
        """Forget the state: the training is complete."""


class TrainingStopped(SystemExit):
    """A signal ended the training after its checkpoint was saved; the exit code is 128 + the
    signal's number.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(128 + signum)


class StopRequest:
    """Which signal asked for the end, if one did."""

    signum: int | None = None


@contextmanager
def stop_signals() -> Iterator[StopRequest]:
    """Turn the first SIGTERM or SIGINT into a request; a second one does what it did before.

    Python delivers signals to the main thread only: in any other, nothing is caught.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    def note(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        request.signum = signum
        restore()

    for number in previous:
        signal.signal(number, note)
    try:
        yield request
    finally:
        restore()


@contextmanager
def seeded(seed: int, device: str = "cpu") -> Iterator[None]:
    """Seed torch inside the block only; the generators outside are left as they were."""
    cuda = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(seed)
        yield


def random_state(device: str) -> dict[str, Tensor]:
    """The generators that dropout and sampling draw from."""
    state = {"cpu": torch.get_rng_state()}
    if torch.device(device).type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def set_random_state(state: dict[str, Tensor], device: str) -> None:
    """Continue the generators of `random_state`."""
    torch.set_rng_state(state["cpu"].cpu())
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)


def digest(tensors: Mapping[str, Tensor]) -> str:
    """A short hash of named tensors: names, shapes, types and every byte."""
    content = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(tensors.items()):
        array = tensor.detach().cpu().contiguous()
        content.update(f"{name}{tuple(array.shape)}{array.dtype}".encode())
        content.update(array.flatten().view(torch.uint8).numpy().data)
    return content.hexdigest()


def accepted(state: dict[str, Any] | None, fingerprint: dict[str, str]) -> dict[str, Any] | None:
    """The saved state if it belongs to this very training, else None and a warning that names what
    differs.
    """
    if state is None:
        return None
    saved = state.get("fingerprint", {})
    different = sorted(
        name
        for name in saved.keys() | fingerprint.keys()
        if saved.get(name) != fingerprint.get(name)
    )
    if different:
        log.warning(
            "the checkpoint belongs to another training (different: %s): starting from the"
            " beginning",
            ", ".join(different),
        )
        return None
    return state
