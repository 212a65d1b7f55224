"""What lies beside the members of a comparison of variational autoencoders: anchors, and members that the present plan has not."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from lexon.errors import DataError
from lexon.experiments import Member

_FOLDER = re.compile(r"(?:configuration_)?(?P<name>.+)__seed_\d+")


def read_anchors(folder: Path) -> tuple[str | None, dict[str, Any]]:
    """The digest of the rows that the anchors were measured on, and their metrics by name; (None, {}) without a file.

    Raises:
        DataError: the file is damaged.
    """
    path = folder / "anchors.json"
    if not path.exists():
        return None, {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return content["data"]["digest"], content["anchors"]
    except (json.JSONDecodeError, KeyError) as error:
        raise DataError(f"{path}: not what measure_anchors writes ({error}); delete it and run again") from error


def finished_besides(folder: Path, known: Collection[str]) -> list[Member]:
    """Finished variational autoencoders in a folder that are not among the `known` members, by name; each as what it was made to be."""
    members = []
    for path in sorted(folder.glob("*/run.json")):
        record = _record(path)
        named = _FOLDER.fullmatch(path.parent.name)
        if path.parent.name not in known and named and record.get("status") == "done" and record["parameters"].get("kind") == "vae":
            config = record["parameters"]
            members.append(Member(path.parent.name, {"configuration": named["name"]}, config["seed"], config, path.parent.name))
    return members


def _record(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: not JSON ({error}); delete it and run the member again") from error
