"""What a report selected, as parameters that another experiment can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from lexon.experiments.nested import unflatten


def parameter_file(values: Mapping[str, Any], *remarks: str) -> str:
    """YAML that any experiment's folder, or conf/local, can hold.

    Args:
        values: by dotted key; ``a.b`` is the key ``b`` of the group ``a``.
        remarks: comment lines above them.
    """
    nested = unflatten(values)
    head = "".join(f"# {remark}\n" for remark in remarks)
    return head + (yaml.safe_dump(nested) if nested else "")
