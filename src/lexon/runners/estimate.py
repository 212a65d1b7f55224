"""Estimated time of a grid, from the events per second of finished members."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Sequence
from functools import cache
from heapq import heapreplace
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline.node import Node

from lexon.errors import LexonError, first_cause
from lexon.experiments import flatten, is_member
from lexon.runners.progress import duration
from lexon.runs.records import member_config, read_record

logger = logging.getLogger(__name__)

Values = frozenset[tuple[str, str]]

DEVICES = 3  # kinds of devices, those of the latest members, for which a time is shown


def grid_plan(
    nodes: Sequence[Node], to_run: Collection[str], catalog: CatalogProtocol, workers: int = 1
) -> str:
    """Cells, members, what is done and what will run, and the training time of the latter in words;
    empty without members.

    Args:
        nodes: of the pipeline.
        to_run: names of those that will run.
        workers: that train at the same time.
    """
    members = _members(nodes)
    if not members:
        return ""
    running = [node for node in nodes if node.name in to_run]
    trainings = [node for node in running if "train" in node.tags]
    done = len(members - _members(running))
    own = [node for node in trainings if node.namespace in members]
    sentence = (
        f"{_n_cells(members)} different cells, {len(members)} members: {done} done, {len(own)} to"
        " train"
    )
    if min(len(own), workers) > 1:
        sentence += f", {workers} at a time"
    if len(trainings) > len(own):
        sentence += f", {len(trainings) - len(own)} VQ-VAE first"
    return sentence + _cost(own, catalog, workers)


def _n_cells(members: Collection[str]) -> int:
    return len({name.partition("__seed_")[0] for name in members})


def _members(nodes: Sequence[Node]) -> set[str]:
    """Namespaces of the members that nodes belong to."""
    namespaces = {node.namespace or "" for node in nodes}
    return set(filter(is_member, namespaces))


def _cost(trainings: Sequence[Node], catalog: CatalogProtocol, workers: int) -> str:
    """Time on each device that finished members were trained on: which one jobs will get is not
    known where they are submitted.
    """
    if not trainings:
        return ""
    by_device: dict[str, list[dict[str, Any]]] = {}
    for record in _finished(catalog, trainings[0]):
        by_device.setdefault(device_kind(str(record["device"])), []).append(record)
    if not by_device:
        return "; no member is finished yet, so the time is unknown"
    configs = [member_config(node, catalog) for node in trainings]
    shown = list(by_device.items())[:DEVICES]
    costs = [
        f"{duration(shared(_seconds(configs, records), workers))} on {device}"
        for device, records in shown
    ]
    how = "" if workers > 1 else " one after the other,"
    return f", about {' or '.join(costs)},{how} as the most similar finished ones went"


def shared(seconds: Sequence[float], workers: int) -> float:
    """How long trainings take if so many workers share them.

    Each worker takes the next training as it becomes free.

    >>> shared([4, 1, 1, 1, 1], workers=2), shared([4, 1, 1, 1, 1], workers=1)
    (4.0, 8.0)
    """
    free_at = [0.0] * workers
    for each in seconds:
        heapreplace(free_at, free_at[0] + each)
    return max(free_at)


def device_kind(recorded: str) -> str:
    """The device of a run record without its number.

    >>> device_kind("cuda:1 (NVIDIA L40S)"), device_kind("cpu (x86_64, 2 threads)")
    ('NVIDIA L40S', 'cpu (x86_64, 2 threads)')
    """
    name = re.fullmatch(r"cuda(?::\d+)? \((.+)\)", recorded)
    return name[1] if name else recorded


def _seconds(configs: Sequence[dict[str, Any]], records: Sequence[dict[str, Any]]) -> list[float]:
    """Training times of members, each at the speed of the finished one that differs least
    from it.
    """
    finished: dict[Values, dict[str, Any]] = {}
    for record in records:  # the latest first, which counts where several are the same
        finished.setdefault(_values(record["parameters"]), record)

    @cache
    def nearest(wanted: Values) -> dict[str, Any]:
        return finished[min(finished, key=lambda values: len({key for key, _ in values ^ wanted}))]

    return [_at_the_speed_of(nearest(_values(config)), config) for config in configs]


def _at_the_speed_of(record: dict[str, Any], config: dict[str, Any]) -> float:
    asked = config.get("n_train") or _training_events(config) or record["data"]["n_train"]
    return config["training"]["epochs"] * asked / record["events_per_second"]


def _values(config: dict[str, Any]) -> Values:
    """A configuration as pairs that compare quickly; its seeds, which cost no time, are
    left out.
    """
    return frozenset(
        (key, repr(value))
        for key, value in flatten(config).items()
        if key.rpartition(".")[2] != "seed"
    )


def _training_events(config: dict[str, Any]) -> float | None:
    """Size of the training split, where the parameters alone tell it."""
    data = config.get("data", {})
    return (
        data["n"] * data["simulation"]["split"]["train"]
        if data.get("source") == "simulation"
        else None
    )


def _finished(catalog: CatalogProtocol, node: Node) -> list[dict[str, Any]]:
    """Run records of finished members of any experiment that lies in the same data root, latest
    first.

    The plan can do without any of them: those that cannot be read are left out with a warning.
    """
    record: Any = catalog.get(f"{node.namespace}.run_record")
    found: list[tuple[float, dict[str, Any]]] = []
    unreadable: list[str] = []
    for path in Path(record._filepath).parents[3].glob("*/*/*/run.json"):
        try:
            found.append((path.stat().st_mtime, read_record(path)))
        except (OSError, LexonError) as error:
            unreadable.append(str(first_cause(error)))
    if unreadable:
        more = f" ({len(unreadable) - 1} more like it)" if len(unreadable) > 1 else ""
        logger.warning("Left out of the estimate: %s%s", unreadable[0], more)
    return [one for _, one in sorted(found, key=lambda pair: -pair[0]) if _tells_speed(one)]


def _tells_speed(record: dict[str, Any]) -> bool:
    """Whether a record holds what an estimate needs; those of unfinished members do not."""
    match record:
        case {
            "parameters": dict(),
            "device": str(),
            "events_per_second": int() | float() as speed,
            "data": {"n_train": int() | float()},
        }:
            return speed > 0
    return False
