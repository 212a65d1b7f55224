"""What a run may write over: nothing but what lexon wrote itself as that same output.

Checked for every output of a run before any node does, so that no training is lost to a path that
cannot be written.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from lexon.datasets.files import matching_files
from lexon.errors import ConfigurationError, explained
from lexon.experiments import is_member
from lexon.runs import fingerprints

# Device and inode: the same for every name, link and hard link of a file.
FileId = tuple[int, int]
NEW_FILE = "name a new file"


class OutputHooks:
    """Refuses a run that would destroy a file, before its plan is made."""

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        check_outputs(pipeline, catalog)


def check_outputs(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """See that every output of a pipeline is a new file, or one that the pipeline itself wrote
    before.

    Raises:
        ConfigurationError: it is an input of the run, a link, another output, no ordinary file, in
            no folder, or (where a parameter names it) anything that lexon did not write as that
            output.
    """
    inputs = {
        identity: (name, file)
        for name, file in _input_files(pipeline, catalog)
        if (identity := _identity(file))
    }
    written: dict[str, str] = {}
    for name in sorted(pipeline.all_outputs()):
        dataset = catalog.get(name)
        path = _path(dataset)
        if path is None:
            continue
        parameter = getattr(dataset, "parameter", None)
        if not is_member(
            name.rpartition(".")[0]
        ):  # what lies in the way of one member is that member's failure alone
            _refuse_path(path, parameter)
        _refuse_input(path, parameter, _short(name), inputs)
        if (twin := written.setdefault(os.path.realpath(path), name)) != name:
            raise ConfigurationError(
                f"{_named(path, parameter)}: {_short(twin)} and {_short(name)} would be the same"
                f" file; {_remedy(parameter)}"
            )
        if parameter is not None:
            _refuse_foreign(path, parameter, _short(name), dataset)


def _input_files(pipeline: Pipeline, catalog: CatalogProtocol) -> Iterator[tuple[str, Path]]:
    """(dataset, file) of everything that is read but not made by the pipeline; several files where
    a path is a pattern.
    """
    for name in sorted(pipeline.inputs()):
        path = (
            None if name.startswith("params:") or name == "parameters" else _path(catalog.get(name))
        )
        if path is not None:
            yield from ((_short(name), file) for file in matching_files(path))


def _refuse_path(path: Path, parameter: str | None) -> None:
    """A path at which no file can be, or where a write would replace something else than a file."""
    where = _named(path, parameter)
    if path.is_symlink():
        raise ConfigurationError(
            f"{where}: is a link to {path.readlink()}, which would be replaced by a file;"
            f" {_remedy(parameter)}"
        )
    if path.is_dir():
        raise ConfigurationError(f"{where}: is a folder; {_remedy(parameter)}")
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise ConfigurationError(
            f"{where}: is a device, a pipe or a socket, no ordinary file; {_remedy(parameter)}"
        )
    folder = next(parent for parent in path.parents if parent.exists())
    if not folder.is_dir():
        raise ConfigurationError(f"{where}: {folder} is a file, not a folder; {_remedy(parameter)}")
    if parameter is not None:
        _refuse_unwritable(where, folder)


def _refuse_unwritable(where: str, folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if error.errno == errno.ENOENT:  # as folders that are no real ones answer
            raise ConfigurationError(
                f"{where}: no file can be made in {folder}; {NEW_FILE}"
            ) from error
        error.filename = str(folder)  # the temporary file's own name says nothing to a user
        raise explained(error) from error


def _refuse_input(
    path: Path, parameter: str | None, name: str, inputs: Mapping[FileId, tuple[str, Path]]
) -> None:
    """An output that is read in the same run, under whatever name."""
    identity = _identity(path)
    if identity is None or identity not in inputs:
        return
    read_as, file = inputs[identity]
    same = "" if file == path else f" ({file if parameter else path} is the same file)"
    if parameter is not None:
        raise ConfigurationError(
            f"{parameter}={path}: this run reads that file as {read_as}{same} and would write over"
            " it; name a new file"
        )
    raise ConfigurationError(
        f"{file}: is given as {read_as}, but is what lexon itself wrote as {name}{same}, which this"
        " run would write again; give the original file, or keep the new results apart with"
        " run=NAME"
    )


def _refuse_foreign(path: Path, parameter: str, name: str, dataset: Any) -> None:
    """A file at a path that the user typed, unless it has the fingerprint of this output, or the
    marks of one that lost it.
    """
    if not path.exists():
        return
    written_as = fingerprints.written_as(path)
    if written_as and written_as != name:
        raise ConfigurationError(
            f"{parameter}={path}: is what lexon wrote as {written_as}, which other results rest on;"
            f" {_remedy(parameter)}"
        )
    if written_as is None and fingerprints.sidecar(path).exists():
        raise ConfigurationError(
            f"{parameter}={path}: was changed or replaced after lexon wrote it;"
            f" {_remedy(parameter)}, or move that one away"
        )
    if not dataset.is_own():
        found = (
            f"this file of {path.stat().st_size:,} bytes was not written by lexon as a token file"
            " and would be lost"
        )
        raise ConfigurationError(
            f"{parameter}={path}: {found}; {_remedy(parameter)}, or move that one away"
        )


def _path(dataset: Any) -> Path | None:
    path = getattr(dataset, "_filepath", None)
    return Path(path) if path is not None else None


def _identity(path: Path) -> FileId | None:
    return ((status := path.stat()).st_dev, status.st_ino) if path.exists() else None


def _short(name: str) -> str:
    """A dataset's name without its experiment and member."""
    return name.rpartition(".")[2]


def _named(path: Path, parameter: str | None) -> str:
    return f"{parameter}={path}" if parameter else str(path)


def _remedy(parameter: str | None) -> str:
    return NEW_FILE if parameter else "move it away, or set another data_root"
