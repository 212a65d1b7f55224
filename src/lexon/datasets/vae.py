"""Files beside the members of a comparison of variational autoencoders: anchors, and members that
are not in the grid.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from lexon.datasets.files import require_file
from lexon.datasets.member_files import read_record
from lexon.errors import DataError, LexonError, explained
from lexon.experiments import Member

logger = logging.getLogger(__name__)

ANCHORS = "anchors.json"
_FOLDER = re.compile(r"(?:configuration_)?(?P<name>.+)__seed_\d+")


def read_anchors(path: Path) -> tuple[str, dict[str, Any]]:
    """The digest of the rows that the anchors were measured on, and their metrics by name and
    split.

    Raises:
        LexonError: the file cannot be read, or holds something else.
    """
    require_file(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        digest, anchors = content["data"]["digest"], content["anchors"]
        numbers = [
            value
            for metrics in anchors.values()
            for split in metrics.values()
            for value in split.values()
        ]
    except OSError as error:
        raise explained(error, path) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{path}: not what measure_anchors writes ({error}); delete it and run again"
        ) from error
    if not isinstance(digest, str) or not all(isinstance(value, int | float) for value in numbers):
        raise DataError(
            f"{path}: not what measure_anchors writes (a digest and numbers); delete it and run"
            " again"
        )
    return digest, anchors


def finished_others(folder: Path, known: Collection[str]) -> list[Member]:
    """Finished variational autoencoders in a folder that are not among the `known` members, by
    name; each as what it was made to be.
    """
    members = []
    for path in sorted(folder.glob("*/run.json")):
        named = _FOLDER.fullmatch(path.parent.name)
        config = _finished(path.parent) if named and path.parent.name not in known else {}
        if named and config.get("kind") == "vae" and isinstance(config.get("seed"), int):
            members.append(
                Member(
                    path.parent.name,
                    {"configuration": named["name"]},
                    config["seed"],
                    config,
                    path.parent.name,
                )
            )
    return members


def _finished(folder: Path) -> dict[str, Any]:
    """The parameters of a finished member; nothing where it is not finished, or where its record
    cannot be read, which is logged.
    """
    try:
        record = read_record(folder)
    except LexonError as error:
        logger.warning("%s is not shown: %s", folder.name, error)
        return {}
    parameters: dict[str, Any] = record["parameters"] if record.get("status") == "done" else {}
    return parameters
