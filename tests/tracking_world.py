"""A run of three members, as its folders hold it: one finished, one that trains, one that waits."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from matplotlib.image import imsave

from lexon.config import KINDS
from lexon.datasets.member_files import SPLITS
from lexon.tracking.content import Place

CELLS = ("pool_cls", "pool_max", "pool_mean")
DONE, TRAINS, WAITS = (f"{cell}__seed_42" for cell in CELLS)


def epochs(n: int, loss: float = 0.7) -> list[dict[str, float]]:
    """A history of n epochs."""
    return [
        {
            "epoch": number,
            "train_loss": loss / number,
            "val_loss": loss / number + 0.01,
            "seconds": 1.0 + number / 8,
            "evaluation_seconds": 0.5,
        }
        for number in range(1, n + 1)
    ]


def write_member(folder: Path, status: str, **parameters: Any) -> None:
    """cfg and record of a member that starts now."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "status": status,
        "member": folder.name,
        "cell": {"pool": folder.name.split("_")[1]},
        "parameters": {"kind": "classifier", "seed": 42, "training": {"lr": 1e-3}, **parameters},
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": "cpu",
        "code_version": {"commit": "0123abc", "dirty": False},
    }
    (folder / "run.json").write_text(json.dumps(record))


def write_history(folder: Path, history: list[dict[str, float]]) -> None:
    lines = [",".join(history[0]), *(",".join(map(repr, row.values())) for row in history)]
    (folder / "facts").mkdir(exist_ok=True)
    (folder / "facts" / "history.csv").write_text("\n".join(lines) + "\n")


def write_checkpoint(folder: Path, history: list[dict[str, float]]) -> None:
    torch.save({"code": "", "state": {"history": history}}, folder / "checkpoint.pt")


def finish_member(folder: Path, history: list[dict[str, float]], auroc: float = 0.9) -> None:
    """What training and evaluation leave."""
    record = json.loads((folder / "run.json").read_text())
    (folder / "checkpoint.pt").unlink(missing_ok=True)
    (folder / "run.json").write_text(
        json.dumps(record | {"status": "done", "n_parameters": 1234, "epochs": len(history)})
    )
    write_history(folder, history)
    metrics = {
        split: {name.replace("*", split): auroc for name in KINDS["classifier"].files.metrics}
        | {"auroc": auroc}
        for split in SPLITS
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "figures").mkdir(exist_ok=True)
    imsave(folder / "figures" / "loss.png", [[0.0, 1.0], [1.0, 0.0]])


def write_report(place: Place) -> None:
    place.report.mkdir(parents=True, exist_ok=True)
    (place.report / "report.html").write_text("<title>report</title>")
    (place.report / "summary.csv").write_text(
        "run,cell,kind,auroc,auroc_low,auroc_high,n_seeds\n"
        "main,pool_cls,cell,0.9,0.88,0.92,1\n"
        "main,gbt,baseline,0.85,0.83,0.87,\n"
    )
