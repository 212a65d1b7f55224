"""The session of a run: the place chooses the runner, and a user's mistake ends with its own exit code."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from kedro.framework.session import KedroSession
from kedro.io import DatasetError
from kedro.runner import AbstractRunner
from rich.logging import RichHandler

from lexon.errors import ConfigurationError, LexonError, first_cause
from lexon.framework.config_loader import DATA_ENGINEERING
from lexon.runners.local import LocalRunner, RunFailed

# What a node's tag says it does.
KINDS = ("data", "baseline", "train", "evaluate", "report")


class CommandFailed(click.ClickException):
    """An error that needs no traceback: the message, and an exit code that a batch system can act on."""

    def __init__(self, error: LexonError | RunFailed) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code  # type: ignore[misc]  # click declares it for the class


class LexonSession(KedroSession):
    """`SESSION_CLASS`: Kedro's session with the place's runner and readable errors."""

    def run(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run a pipeline as Kedro does, with its arguments.

        The runner is used where somebody chose one; else `conf/<place>/runner.yml` decides. Naming `tags` means
        running those nodes, current or not.
        """
        _log_plainly_without_terminal()
        with _readable_errors(), _ending_cleanly():
            place: Any = self._get_config_loader()
            _check_names(kwargs.get("pipeline_names") or [], kwargs.get("tags") or [], place.experiment_names)
            if not _runner_was_chosen(kwargs.get("runner")):
                kwargs["runner"] = _runner(place["runner"], rerun=bool(kwargs.get("tags")))
            return super().run(*args, **kwargs)


def _check_names(pipeline_names: Iterable[str], tags: Iterable[str], experiment_names: list[str]) -> None:
    known = ["__default__", DATA_ENGINEERING, *experiment_names]
    for name in pipeline_names:
        if name not in known:
            raise ConfigurationError(f"--pipelines {name}: no such pipeline; there are {', '.join(known)}")
    for tag in tags:
        if tag not in KINDS:
            raise ConfigurationError(f"--tags {tag}: no such kind of node; there are {', '.join(KINDS)}")


def _runner(settings: dict[str, Any], rerun: bool) -> AbstractRunner:
    """The runner that a place asks for in its runner.yml."""
    match settings.get("engine"):
        case "local":
            return LocalRunner(rerun=rerun)
        case other:
            raise ConfigurationError(f"runner.yml: engine={other!r}: choose local")


def _log_plainly_without_terminal() -> None:
    """In a file or a batch job a record is one line; rich would fold it at 80 columns."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, RichHandler) and not h.console.is_terminal]:
        plain = logging.StreamHandler(sys.stdout)
        plain.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
        root.removeHandler(handler)
        root.addHandler(plain)


def _runner_was_chosen(runner: AbstractRunner | None) -> bool:
    """`kedro run` makes a SequentialRunner before it asks; only the command line tells whether somebody wanted it."""
    context = click.get_current_context(silent=True)
    return runner is not None and (context is None or context.params.get("runner") is not None)


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """SIGTERM ends the process like an exit, so that half-written files are removed; a training handles it better still."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _readable_errors() -> Iterator[None]:
    """On the command line, a mistake of the user is a message and an exit code; a bug keeps its traceback."""
    try:
        yield
    except (LexonError, DatasetError, RunFailed) as error:
        cause = first_cause(error)
        if click.get_current_context(silent=True) is None or not isinstance(cause, LexonError | RunFailed):
            raise
        raise CommandFailed(cause) from error
