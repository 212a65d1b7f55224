"""A grid that costs nothing: two members, each trained and evaluated, from a file of one number;
every output one digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline

from lexon.datasets.atomic import JSONDataset
from lexon.datasets.members import MemberJSON
from lexon.framework.hooks import FingerprintHooks, RunRecordHooks
from lexon.runners.capacity import LocalSettings
from lexon.runners.local import LocalRunner

MEMBERS = ("a", "b")


def recipe(value: int, pool: str = "max") -> dict[str, Any]:
    """As much of a member's configuration as its nodes and its plan ask for."""
    return {"value": value, "pool": pool, "n_train": 1000, "training": {"epochs": 4}}


def clean(raw: dict[str, int]) -> dict[str, int]:
    return raw


def train(events: dict[str, int], config: dict[str, Any]) -> dict[str, int]:
    return {"weight": events["value"] * config["value"]}


def evaluate(
    model: dict[str, int], config: dict[str, Any]
) -> tuple[dict[str, int], dict[str, Any]]:
    return model, {"status": "done", "parameters": config}


def summarise(*inputs: dict[str, Any] | None) -> dict[str, Any]:
    """Of each member the metrics; the records, which come after them, are waited for only."""
    return {"found": inputs[: len(inputs) // 2]}


def pipeline(names: Sequence[str] = MEMBERS) -> Pipeline:
    members = [
        Pipeline(
            [
                Node(
                    train,
                    {"events": "events", "config": "params:config"},
                    "model",
                    name="train",
                    tags="train",
                ),
                Node(
                    evaluate,
                    {"model": "model", "config": "params:config"},
                    ["metrics", "run_record"],
                    name="evaluate",
                    tags="evaluate",
                ),
            ],
            namespace=f"study.grid.{name}",
            inputs={"events"},
        )
        for name in names
    ]
    left = [f"study.grid.{name}.{file}" for file in ("metrics", "run_record") for name in names]
    report = Node(summarise, left, "summary", name="summarise", tags="report")
    return Pipeline([Node(clean, "raw", "events", name="clean", tags="data"), *members, report])


def catalog(root: Path, value: int) -> DataCatalog:
    """The world below `root`; `value` is the parameter that a user changes."""
    folder = root / "06_models" / "study" / "main"
    files: dict[str, Any] = {
        name: JSONDataset(filepath=str(root / f"{name}.json"))
        for name in ("raw", "events", "summary")
    }
    for name in MEMBERS:
        files[f"study.grid.{name}.model"] = JSONDataset(filepath=str(folder / name / "model.json"))
        for file, entry in (("metrics", "metrics"), ("run", "run_record")):
            files[f"study.grid.{name}.{entry}"] = MemberJSON(
                filepath=str(folder / name / f"{file}.json")
            )
    made = DataCatalog(files)
    for name in MEMBERS:
        made[f"params:study.grid.{name}.config"] = recipe(value + MEMBERS.index(name))
        made[f"params:study.grid.{name}.recorded"] = {
            "member": name,
            "cell": {},
            "place": MEMBERS.index(name),
        }
    return made


def create(root: Path) -> None:
    JSONDataset(filepath=str(root / "raw.json")).save({"value": 1})


def run(root: Path, value: int, names: Sequence[str] = MEMBERS, workers: int = 1) -> dict[str, Any]:
    """Run what is not current, with all hooks; returns the summary."""
    world = catalog(root, value)
    manager = _create_hook_manager()
    for hook in (FingerprintHooks(), RunRecordHooks()):
        manager.register(hook)
    settings = LocalSettings(workers=workers, workers_per_gpu=1, worker_memory=1)
    LocalRunner(settings=settings).run(pipeline(names), world, manager)
    return world.load("summary")
