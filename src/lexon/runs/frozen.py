"""A frozen copy of the configuration: a job that starts tomorrow must run what was
submitted today.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path


def freeze(conf_source: Path, layers: Iterable[str], target: Path) -> None:
    """Copy these layers, `local` included, and the logging; credentials stay where they are."""
    target.mkdir(parents=True)
    for layer in layers:
        if (conf_source / layer).is_dir():
            shutil.copytree(
                conf_source / layer,
                target / layer,
                ignore=shutil.ignore_patterns("credentials*", ".*"),
            )
    if (conf_source / "logging.yml").exists():
        shutil.copy(conf_source / "logging.yml", target)
