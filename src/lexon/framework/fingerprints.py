"""What makes an output current: one JSON beside each output, one function that compares.

An output is made from a recipe (its node, its parameters, the code it rests on) and from inputs. Each time one is
written it gets a new stamp; a fingerprint records the recipe and the inputs' stamps, so that a changed parameter, a
changed file, a repaired line of code or an input that was made again all show, downstream included. The commit is in
the run record, never here: most commits change nothing that an old result rests on.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from pydantic import BaseModel

from lexon.datasets.files import file_digest, matching_files, write_text
from lexon.provenance import code_digest

# Where a thing runs is no part of what it is: a cluster continues a laptop's results and the other way round.
PLACE_PARAMETERS = ("device",)


def path_of(dataset: Any) -> Path | None:
    """The file of a dataset, or None for what has no file or is read for more than its content (`fingerprint = False`)."""
    path = getattr(dataset, "_filepath", None)
    return Path(path) if path is not None and getattr(dataset, "fingerprint", True) else None


def sidecar(path: Path) -> Path:
    """Where the fingerprint of an output lies."""
    return path.with_name(f".{path.name}.fingerprint.json")


def recipe(node: Node, catalog: CatalogProtocol) -> str:
    """Digest of a node's function, its parameters and the code that it rests on."""
    asked = {name: name.removeprefix("params:").rpartition(".")[2] for name in node.inputs if _is_parameter(name)}
    parameters = {name: _plain(catalog.load(name)) for name, key in asked.items() if key not in PLACE_PARAMETERS}
    content = [node.func.__qualname__, sorted(node.outputs), parameters, code_digest(node.func.__module__)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def input_stamps(node: Node, catalog: CatalogProtocol) -> dict[str, str | None]:
    """The stamp of each file that a node reads; None where it is missing."""
    paths = {name: path_of(catalog.get(name)) for name in node.inputs if not _is_parameter(name)}
    return {name: _stamp(path) for name, path in paths.items() if path is not None}


def write(path: Path, output: str, node_recipe: str, inputs: Mapping[str, str | None]) -> None:
    """Record what an output, by its short name, was just made from, under a new stamp."""
    content = {"stamp": uuid.uuid4().hex, "output": output, "recipe": node_recipe, "inputs": dict(inputs), "size": path.stat().st_size}
    write_text(sidecar(path), json.dumps(content | {"made": datetime.now(UTC).isoformat()}, indent=1))


def reason_to_run(node: Node, catalog: CatalogProtocol) -> str | None:
    """Why a node's outputs are not current, or None when they are."""
    paths = [path for name in node.outputs if (path := path_of(catalog.get(name))) is not None]
    if not paths or not all(path.exists() for path in paths):
        return "not there yet"
    made_from = [_read(path) for path in paths]
    if not all(made_from):
        return "made or changed by somebody else"
    wanted, stamps = recipe(node, catalog), input_stamps(node, catalog)
    if any(fingerprint["recipe"] != wanted for fingerprint in made_from):
        return "parameters or code changed"
    if any(fingerprint["inputs"] != stamps for fingerprint in made_from):
        return "an input changed"
    return None


def plan(pipeline: Pipeline, catalog: CatalogProtocol) -> dict[str, str]:
    """The nodes that must run, in order, each with its reason; what depends on one of them must run too."""
    reasons: dict[str, str] = {}
    parents = pipeline.node_dependencies
    for node in pipeline.nodes:
        upstream = any(parent.name in reasons for parent in parents[node])
        reason = "an input will change" if upstream else reason_to_run(node, catalog)
        if reason:
            reasons[node.name] = reason
    return reasons


def written_as(path: Path) -> str | None:
    """Short name of the output that a file is, by a valid fingerprint of its own; empty where that does not say; else None."""
    fingerprint = _read(path)
    return str(fingerprint.get("output", "")) if fingerprint else None


def _stamp(path: Path) -> str | None:
    """A made file's stamp, or the content of one that came from outside; of all files, where the path is a pattern."""
    files = [file for file in matching_files(path) if file.is_file()]
    stamps = [str(_read(file).get("stamp") or file_digest(file)) for file in files]
    return " ".join(stamps) or None


def _read(path: Path) -> dict[str, Any]:
    """The fingerprint of a file, or nothing where there is none that is its own: a truncated or replaced file has another size."""
    try:
        fingerprint = json.loads(sidecar(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return fingerprint if fingerprint.get("size") == path.stat().st_size else {}


def _is_parameter(name: str) -> bool:
    return name == "parameters" or name.startswith("params:")


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
