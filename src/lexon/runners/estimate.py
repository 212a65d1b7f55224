"""What a plan will cost, from the events per second that finished members measured."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline.node import Node

from lexon.experiments import differences, is_member
from lexon.runners.progress import duration


def estimated_cost(nodes: Iterable[Node], catalog: CatalogProtocol) -> str:
    """Members to train and their training time in words, or that nothing has been measured yet."""
    trainings = [node for node in nodes if node.namespace and is_member(node.namespace) and "train" in node.tags]
    if not trainings:
        return ""
    records = _finished(catalog, trainings[0])
    if not records:
        return f"{len(trainings)} members to train; no finished one tells yet how long one takes"
    seconds = sum(_seconds(_config(node, catalog), records) for node in trainings)
    device = records[0]["device"]
    return f"{len(trainings)} members to train, about {duration(seconds)} as the most similar finished ones went ({device})"


def _seconds(config: dict[str, Any], records: list[dict[str, Any]]) -> float:
    """Training time of a member at the speed of the one that differs least from it."""
    nearest = min(records, key=lambda record: len(differences(record["parameters"], config)))
    asked = config.get("n_train") or _training_events(config) or nearest["data"]["n_train"]
    return config["training"]["epochs"] * asked / nearest["events_per_second"]


def _training_events(config: dict[str, Any]) -> float | None:
    """Size of the training split, where the parameters alone tell it."""
    data = config.get("data", {})
    return data["n"] * data["simulation"]["split"]["train"] if data.get("source") == "simulation" else None


def _finished(catalog: CatalogProtocol, node: Node) -> list[dict[str, Any]]:
    """Run records of finished members of any experiment that lies in the same data root, latest first."""
    record: Any = catalog.get(f"{node.namespace}.run_record")
    models = Path(record._filepath).parents[3]
    paths = sorted(models.glob("*/*/*/run.json"), key=lambda path: -path.stat().st_mtime)
    found = [json.loads(path.read_text()) for path in paths]
    return [one for one in found if one.get("events_per_second") and one.get("data", {}).get("n_train") and one.get("device")]


def _config(node: Node, catalog: CatalogProtocol) -> dict[str, Any]:
    config: Any = catalog.load(f"params:{node.namespace}.config")
    return config.model_dump(mode="json")
