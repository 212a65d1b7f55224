"""Fingerprints: one JSON beside each output says what it was made from, one function compares.

An output is made by a node, with its parameters and the code that it depends on, from inputs. Each
time one is written it gets a new stamp; a fingerprint records the node's digest and the inputs'
stamps, so that a changed parameter, a changed file, a repaired line of code or an input that was
made again all show, downstream included. The commit is in the run record, never here: most commits
change nothing that an old result rests on.

An output is what its fingerprint says only while its content has the recorded digest. A file is
read again where its time stamps, inode or size are others than when it was read last. Before an
output is replaced its fingerprint is removed, so a process that is killed at any moment leaves
nothing that looks current and is not.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from pydantic import BaseModel

from lexon.datasets.files import (
    Content,
    content,
    matching_files,
    remember,
    require_file,
    sidecar,
    write_text,
)
from lexon.datasets.hdf5 import content_digest, linked_files
from lexon.errors import LexonError, explained
from lexon.provenance import code_digest, modules_of, whole_digest

logger = logging.getLogger(__name__)

# Where a thing runs is no part of what it is: a cluster continues a laptop's results and the other
# way round.
PLACE_PARAMETERS = ("device",)
_DIGEST = "recipe"  # key of the node's digest in the file
_FIELDS = {"stamp", _DIGEST, "inputs"}


def path_of(dataset: Any) -> Path | None:
    """The file of a dataset, or None for what has no file or is read for more than its content
    (`fingerprint = False`).
    """
    path = getattr(dataset, "_filepath", None)
    return Path(path) if path is not None and getattr(dataset, "fingerprint", True) else None


def node_digest(node: Node, catalog: CatalogProtocol, code: str) -> str:
    """Digest of a node's function, its parameters and the code that it rests on (`code_digest`)."""
    asked = {
        name: name.removeprefix("params:").rpartition(".")[2]
        for name in node.inputs
        if _is_parameter(name)
    }
    parameters = {
        name: _plain(catalog.load(name))
        for name, key in asked.items()
        if key not in PLACE_PARAMETERS
    }
    content = [
        node.func.__qualname__,
        sorted(node.outputs),
        parameters,
        code,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def input_stamps(node: Node, catalog: CatalogProtocol) -> dict[str, str | None]:
    """The stamp of each file that a node reads; None where it is missing, or may not be read though
    the node can do without it.
    """
    stamps: dict[str, str | None] = {}
    for name, path in _input_paths(node, catalog).items():
        dataset = catalog.get(name)
        with _unreadable_left_out(dataset):
            stamps[name] = None
            stamps[name] = _stamp(path, dataset)
    return stamps


def outside_inputs(node: Node, catalog: CatalogProtocol) -> dict[str, Content]:
    """The content of each file that a node reads and that no node made, by path."""
    found: dict[str, Content] = {}
    for name, path in _input_paths(node, catalog).items():
        dataset = catalog.get(name)
        linked_data = getattr(dataset, "linked_data", None)
        with _unreadable_left_out(dataset):
            for file in (file for file in _files(path) if not _read(file)):
                found |= {
                    str(one.absolute()): content(one)
                    for one in (file, *linked_files(file, linked_data))
                }
    return found


@contextmanager
def _unreadable_left_out(dataset: Any) -> Iterator[None]:
    """A report does without the files of a member that is another user's: they count as missing,
    and the member as failed.
    """
    try:
        yield
    except (OSError, LexonError):
        if not getattr(dataset, "optional", False):
            raise


def invalidate(path: Path) -> None:
    """Remove the fingerprint of an output that is to be replaced: until it has a new one, it is not
    current.
    """
    sidecar(path).unlink(missing_ok=True)


def write(
    path: Path,
    output: str,
    digest: str,
    code: str,
    inputs: Mapping[str, str | None],
    outside: Mapping[str, Content] = MappingProxyType({}),
) -> None:
    """Record what an output was just made from, under a new stamp.

    Args:
        path: of the output.
        output: its short name.
        digest: see `node_digest`.
        code: digest of the code alone, which tells a changed parameter from changed code.
        inputs: see `input_stamps`.
        outside: see `outside_inputs`; kept so that a large file is read once, not by every plan.
    """
    _write(
        path,
        {
            "stamp": uuid.uuid4().hex,
            "output": output,
            _DIGEST: digest,
            "code": code,
            "whole": whole_digest(),
            "inputs": dict(inputs),
            "size": path.stat().st_size,
            "content": asdict(content(path)),
            "outside": {name: asdict(found) for name, found in outside.items()},
            "made": datetime.now(UTC).isoformat(),
        },
    )


def reason_to_run(node: Node, catalog: CatalogProtocol) -> str | None:
    """Why a node's outputs are not current, or None when they are."""
    try:
        return _reason_to_run(node, catalog)
    # Another user's folder, a stale handle: the node will fail and say so, its siblings go on.
    except OSError as error:
        logger.warning("%s: cannot tell whether it is current: %s", node.name, explained(error))
        return "a file cannot be read"


def _reason_to_run(node: Node, catalog: CatalogProtocol) -> str | None:
    paths = _output_paths(node, catalog)
    if not paths or not all(map(Path.exists, paths)):
        return "not there yet"
    made_from = list(map(_read, paths))
    if not all(made_from):
        return "no valid fingerprint: written or modified outside lexon, or a run was killed"
    wanted = node_digest(node, catalog, _code_of(node, made_from))
    stamps = input_stamps(node, catalog)
    different = [fingerprint for fingerprint in made_from if fingerprint[_DIGEST] != wanted]
    if different:
        return _what_changed(different, code_digest(*modules_of(node.func)))
    return (
        None
        if all(fingerprint["inputs"] == stamps for fingerprint in made_from)
        else "an input changed"
    )


def _code_of(node: Node, made_from: list[dict[str, Any]]) -> str:
    """Digest of the code that a node rests on: the recorded one where nothing of lexon is different
    since, so that an up-to-date run parses no source.
    """
    recorded = {(one.get("code"), one.get("whole")) for one in made_from}
    code, whole = recorded.pop()
    if code and whole == whole_digest() and not recorded:
        return str(code)
    return code_digest(*modules_of(node.func))


def _what_changed(made_from: list[dict[str, Any]], code: str) -> str:
    """Which part of a node's digest changed; fingerprints of earlier versions do not show it."""
    then = {fingerprint.get("code") for fingerprint in made_from}
    if then == {code}:
        return "parameters changed"
    return "parameters or code changed" if None in then else "code changed"


def plan(pipeline: Pipeline, catalog: CatalogProtocol) -> dict[str, str]:
    """The nodes that must run, in order, each with its reason; what depends on one of them must run
    too.
    """
    reasons: dict[str, str] = {}
    parents = pipeline.node_dependencies
    for node in pipeline.nodes:
        upstream = any(parent.name in reasons for parent in parents[node])
        reason = "an input will change" if upstream else reason_to_run(node, catalog)
        if reason:
            reasons[node.name] = reason
    return reasons


def written_as(path: Path) -> str | None:
    """Short name of the output that a file is, by a valid fingerprint of its own; empty where that
    does not say; else None.
    """
    fingerprint = _read(path)
    return str(fingerprint.get("output", "")) if fingerprint else None


def _output_paths(node: Node, catalog: CatalogProtocol) -> list[Path]:
    paths = [path_of(catalog.get(name)) for name in node.outputs]
    return [path for path in paths if path is not None]


def _input_paths(node: Node, catalog: CatalogProtocol) -> dict[str, Path]:
    paths = {name: path_of(catalog.get(name)) for name in node.inputs if not _is_parameter(name)}
    return {name: path for name, path in paths.items() if path is not None}


def _files(path: Path) -> list[Path]:
    return [file for file in matching_files(path) if file.is_file()]


def _stamp(path: Path, dataset: Any = None) -> str | None:
    """A made file's stamp, or the content of one that came from outside and of the files to which
    it refers; of all files, where the path is a pattern. What the name of a file says of its
    content belongs to it."""
    linked_data = getattr(dataset, "linked_data", None)
    said_by_name = getattr(dataset, "said_by_name", lambda _: "")
    stamps = [
        f"{_read(file).get('stamp') or content_digest(file, linked_data)}{said_by_name(file)}"
        for file in _files(path)
    ]
    return " ".join(stamps) or None


def _read(path: Path) -> dict[str, Any]:
    """The fingerprint of a file, or nothing where there is none or the file's content is not what
    it was made with.
    """
    fingerprint = _stored(path)
    if fingerprint.get("size") != path.stat().st_size or not fingerprint.keys() >= _FIELDS:
        return {}
    try:
        known = Content(**fingerprint["content"]) if "content" in fingerprint else None
        outside = {
            Path(name): Content(**found) for name, found in fingerprint.get("outside", {}).items()
        }
        return _verified(path, fingerprint, known, outside)
    except (TypeError, AttributeError):  # a field of another type than ours
        return {}


def _stored(path: Path) -> dict[str, Any]:
    """The content of the fingerprint file beside an output; empty where it is none."""
    try:
        require_file(sidecar(path))
        found = json.loads(sidecar(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):  # a LexonError is a ValueError
        return {}
    return found if isinstance(found, dict) else {}


def _verified(
    path: Path, fingerprint: dict[str, Any], known: Content | None, outside: Mapping[Path, Content]
) -> dict[str, Any]:
    """The fingerprint if the file still has its content; refreshed where the file was copied,
    touched, or made by an earlier version.

    Versions before content was recorded knew the size only. Their results stay, unless the file is
    younger than its fingerprint: that is one that was replaced afterwards.
    """
    if known is None and sidecar(path).stat().st_mtime_ns < path.stat().st_mtime_ns:
        return {}
    for name, found in outside.items():
        remember(name, found)
    if known is not None:
        remember(path, known)
    now_there = content(path)
    if known is not None and known.digest != now_there.digest:
        return {}
    if known is None or not known.same_file(now_there):
        fingerprint = fingerprint | {"content": asdict(now_there)}
        with suppress(LexonError):  # another user's results can be used without being written to
            _write(path, fingerprint)
    return fingerprint


def _write(path: Path, fingerprint: Mapping[str, Any]) -> None:
    write_text(sidecar(path), json.dumps(fingerprint, indent=1))


def _is_parameter(name: str) -> bool:
    return name == "parameters" or name.startswith("params:")


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
