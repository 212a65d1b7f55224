"""A folder of NAME_metrics.json and NAME_summary.json: what a comparison leaves for others, and
what the guide's scripts wrote.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from lexon.errors import DataError
from lexon.experiments import Member, Result

_SUFFIX = "_metrics.json"
# Of validation: without them nothing tells whether a latent code was learnt.
_NEEDED = ("val_kld", "val_latent_pct_active_units", "val_jaccard_index")
MEANS = (
    "Configurations were read from NAME_metrics.json: means over their seeds, whose spread is"
    " unknown here."
)
_UNKNOWN_MODEL = {"latent_dim": math.nan, "hidden_dim": math.nan, "beta": math.nan}


def read_metrics_folder(folder: Path) -> list[Result]:
    """One result a configuration, by name; means over seeds where the files hold such.

    Raises:
        DataError: a file is no JSON of that layout.
    """
    return [_result(path) for path in sorted(folder.glob(f"*{_SUFFIX}"))]


def _result(path: Path) -> Result:
    name = path.name.removesuffix(_SUFFIX)
    metrics = _content(path)
    missing = [split for split in ("val", "test") if not isinstance(metrics.get(split), dict)]
    if missing:
        raise DataError(
            f"{path}: no {' and no '.join(missing)}; expected metrics by split: train, val, test"
        )
    lacking = [key for key in _NEEDED if not isinstance(metrics["val"].get(key), int | float)]
    if lacking:
        raise DataError(
            f"{path}: val has no number for {', '.join(lacking)}, which show whether it collapsed;"
            " evaluate it again"
        )
    summary = path.with_name(f"{name}_summary.json")
    config = _content(summary).get("config", {}) if summary.exists() else {}
    model = config.get("vae", config.get("model", {}))
    member = Member(
        name, {"configuration": name}, 0, {**config, "vae": {**_UNKNOWN_MODEL, **model}}, name
    )
    return Result(member, "done", "", {}, metrics, None)


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not JSON ({error}); collect the folder without it") from error
    if not isinstance(content, dict):
        raise DataError(
            f"{path}: a {type(content).__name__}; expected metrics by split: train, val, test"
        )
    return content
