"""Models on disk: a finished one is recipe + weights, an unfinished one is the whole state of its
training.
"""

from __future__ import annotations

import io
import logging
import pickle
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError

from lexon.datasets.files import atomic_path, require_file
from lexon.errors import DataError, MissingFile, explained
from lexon.provenance import code_digest

if TYPE_CHECKING:
    from torch import nn

logger = logging.getLogger(__name__)


class CheckpointDataset(AbstractDataset["nn.Module", "nn.Module"]):
    """model.pt: `{"module", "model", "recipe", "weights"}`; loads by `Model(**recipe)`, with
    torch's weights-only reader.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    def load(self) -> nn.Module:
        """The model on the CPU, in evaluation mode.

        Raises:
            DataError: the file is damaged, holds another kind of model, or its weights do not fit
                its recipe.
        """
        content = read_checkpoint(Path(self._filepath))
        try:
            model = _build(content)
            model.load_state_dict(content["weights"])
        except DataError as error:
            raise DataError(f"{self._filepath}: {error}") from error
        except (KeyError, TypeError, AttributeError, RuntimeError) as error:
            raise DataError(
                f"{self._filepath}: recipe and weights do not make a model ({error}); train it"
                " again"
            ) from error
        return model.eval()

    def save(self, data: nn.Module) -> None:
        content = {
            "module": type(data).__module__,
            "model": type(data).__name__,
            "recipe": data.recipe,
            "weights": data.state_dict(),
        }
        write_checkpoint(Path(self._filepath), content)

    def _exists(self) -> bool:
        return Path(self._filepath).exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class ResumeFile:
    """checkpoint.pt: where a training that was interrupted goes on (the `Resume` of
    `lexon.training.Training`).

    A training that another version of the code began is not continued: its second half would be
    another model's.

    Args:
        path: of the file.
        model: module of the model.
    """

    def __init__(self, path: Path, model: str) -> None:
        self.path = path
        self.code = "lexon.training", model

    def load(self) -> dict[str, Any] | None:
        """The state that was saved last; None where there is none that can be continued.

        Raises:
            LexonError: what lies there is no file, or may not be read, so that nothing could be
                saved either.
        """
        try:
            content = read_checkpoint(self.path)
        except MissingFile:
            return None
        except DamagedCheckpoint as error:
            logger.warning("%s; this training starts again", error)
            return None
        state = content.get("state")
        if not isinstance(state, dict) or not isinstance(state.get("fingerprint", {}), dict):
            logger.warning("%s: holds no state of a training, so this one starts again", self.path)
            return None
        if content.get("code") != code_digest(*self.code):
            logger.warning("%s: begun with other code, so this training starts again", self.path)
            return None
        return state

    def save(self, state: dict[str, Any]) -> None:
        write_checkpoint(self.path, {"code": code_digest(*self.code), "state": state})

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


class Checkpoints:
    """The folder of each member's unfinished training, by name."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def of(self, member: str, model: type) -> ResumeFile:
        """The checkpoint.pt of a member that trains such a model, there or not."""
        return ResumeFile(self.root / member / "checkpoint.pt", model.__module__)


class CheckpointsDataset(AbstractDataset[None, Checkpoints]):
    """Loads as the handle of all checkpoint files of a run; trainings write them, no node does."""

    fingerprint = False

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    def load(self) -> Checkpoints:
        return Checkpoints(Path(self._filepath))

    def save(self, data: None) -> None:  # noqa: ARG002
        raise DatasetError("a training writes its own checkpoints")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class DamagedCheckpoint(DataError):
    """A file that is not what lexon writes as a checkpoint."""


# What torch's reader raises for bytes that are no checkpoint, whichever part of it meets them
# first.
_UNREADABLE = (
    RuntimeError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    struct.error,
)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Plain data and tensors, on the CPU.

    Raises:
        DamagedCheckpoint: the file holds anything else.
        LexonError: there is no such file, or it may not be read.
    """
    import torch

    remedy = "delete it and run again"
    try:
        require_file(path)
    except OSError as error:
        raise explained(error, path) from error
    try:
        with path.open("rb") as file:
            content = torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        raise explained(error, path) from error
    except (
        pickle.UnpicklingError
    ) as error:  # torch's own message advises to switch its protection off
        raise DamagedCheckpoint(
            f"{path}: not a checkpoint: it holds more than weights and plain data, or is damaged;"
            f" {remedy}"
        ) from error
    except _UNREADABLE as error:
        raise DamagedCheckpoint(f"{path}: not a checkpoint, or a damaged one; {remedy}") from error
    if not isinstance(content, dict):
        raise DamagedCheckpoint(
            f"{path}: not a checkpoint: it holds a {type(content).__name__}; {remedy}"
        )
    return content


def write_checkpoint(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain data and tensors; equal content makes equal bytes.

    torch packs into memory, because into a file it puts the file's name, and a full disk becomes an
    error that says nothing of it.
    """
    import torch

    packed = io.BytesIO()
    torch.save(dict(content), packed)
    with atomic_path(path) as temporary:
        temporary.write_bytes(packed.getbuffer())


def _build(content: Mapping[str, Any]) -> nn.Module:
    """The network that a checkpoint names by module and class; files of earlier versions name the
    class alone.
    """
    from lexon import models

    name, modules = (
        content["model"],
        [content["module"]] if "module" in content else models.modules(),
    )
    for module in modules:
        with suppress(LookupError):
            return models.named(module, name)(**content["recipe"])
    raise DataError(
        f"a checkpoint of an unknown model, {name!r}; it was written by another version of lexon"
    )
