"""The context of a session: parameters as datasets, as many as nodes ask for."""

from __future__ import annotations

from typing import Any

from kedro.framework.context import KedroContext
from kedro.io import MemoryDataset

from lexon.experiments import is_member


class LexonContext(KedroContext):
    """`CONTEXT_CLASS`: Kedro's, without a dataset for each of the dozens of values in the
    configuration of each member.
    """

    def _get_parameters(self) -> dict[str, Any]:
        """Every parameter by its dotted name, down to what a member's nodes ask for whole.

        The way to copy one is given, because Kedro would import pandas to find it out.
        """
        params = self.params
        found: dict[str, Any] = {"parameters": MemoryDataset(params, copy_mode="assign")}
        waiting = list(params.items())
        while waiting:
            name, value = waiting.pop()
            group = isinstance(value, dict) and not is_member(name.rpartition(".")[0])
            found[f"params:{name}"] = MemoryDataset(
                value, copy_mode="assign" if group and _holds_members(name, value) else "deepcopy"
            )
            if group:
                waiting += [(f"{name}.{key}", item) for key, item in value.items()]
        return found


def _holds_members(name: str, value: dict[str, Any]) -> bool:
    """Whether it is an experiment, its grid or a member, which no node asks for whole."""
    return "grid" in value or name.endswith(".grid") or is_member(name)
