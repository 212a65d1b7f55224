"""Configurations that were never trained: what their models would have done is made up, and
measured as evaluation does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lexon.experiments import Member, Result, Status
from lexon.pipelines.modelling.vae.anchors import measure_anchors
from lexon.pipelines.modelling.vae.evaluate import arrays_of, describe
from lexon.pipelines.modelling.vae.measures import by_split, model_metrics
from lexon.pipelines.modelling.vae.passes import Pass
from lexon.tags import TagSplits, TagTable, split_rows

SPLITS = ("train", "val", "test")
MODEL = {"latent_dim": 8, "hidden_dim": 16, "batch_norm": False, "beta": 1.0, "dropout": 0.0}


@pytest.fixture(scope="session")
def tag_rows() -> TagSplits:
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, 500)
    rows = (
        rng.random((500, 12)) < np.array([0.1, 0.4, 0.7])[(np.arange(12) + kinds[:, None]) % 3]
    ).astype(np.uint8)
    rows[:, 0] = 1
    table = TagTable(
        rows,
        tuple(f"tag {i}" for i in range(12)),
        np.arange(500),
        kinds,
        ("x", "y", "z"),
        "kind",
        ("made up",),
    )
    return split_rows(table, {"train": 0.6, "val": 0.2, "test": 0.2}, 1)


@pytest.fixture(scope="session")
def make(tag_rows) -> Callable[..., Result]:
    """A member that decodes a share `wrong` of the cells wrongly, with `kl` nats per row, or
    collapsed and otherwise perfect.
    """

    def member(
        name: str,
        seed: int = 42,
        *,
        wrong: float = 0.1,
        kl: float = 4.0,
        collapsed: bool = False,
        status: Status = "done",
        **model: Any,
    ) -> Result:
        config = {
            "kind": "vae",
            "seed": seed,
            "vae": {**MODEL, **model},
            "training": {"epochs": 2, "lr": 1e-3},
            "data": {"source": "file"},
        }
        folder = f"configuration_{name}__seed_{seed}"
        planned = Member(folder, {"configuration": name}, seed, config, folder)
        if status != "done":
            return Result(planned, status, "a reason", {}, {}, None)
        passes = {split: _pass(tag_rows, split, seed, wrong, kl, collapsed) for split in SPLITS}
        metrics = by_split(
            {
                split: model_metrics(tag_rows, split, passes[split], config["vae"]["beta"])
                for split in SPLITS
            }
        )
        record = {
            "status": "done",
            "parameters": config,
            "data": describe(tag_rows),
            "seed": seed,
            "best_epoch": 2,
            "seconds": 1.0,
        }
        epochs = pd.DataFrame(
            {
                "epoch": [1, 2],
                **{
                    f"{split}_{key}": [2.0, 1.0]
                    for split in ("train", "val")
                    for key in ("loss", "kld")
                },
            }
        )
        return Result(
            planned, "done", "", record, metrics, epochs, arrays=arrays_of(tag_rows, passes["test"])
        )

    return member


@pytest.fixture(scope="session")
def anchors(tag_rows) -> dict[str, Any]:
    return measure_anchors(tag_rows, [{"config": {"vae": MODEL}}])["anchors"]


def _pass(
    tag_rows: TagSplits, split: str, seed: int, wrong: float, kl: float, collapsed: bool
) -> Pass:
    rng = np.random.default_rng([seed, SPLITS.index(split), int(1000 * wrong)])
    rows = tag_rows.rows[split]
    n = len(rows)
    if collapsed:  # as good as can be in all that is no latent code
        nothing = np.zeros((n, 8), np.float32)
        return Pass(
            nothing, nothing, np.zeros(n, np.float32), np.zeros(n, np.float32), rows, rows, rows
        )
    mean = rng.normal(0, 1, (n, 8)).astype(np.float32)
    decoded = np.where(rng.random(rows.shape) < wrong, 1 - rows, rows).astype(np.uint8)
    bce = rng.normal(1 + 40 * wrong, 0.2, n).astype(np.float32)
    return Pass(
        mean,
        np.full_like(mean, -1),
        bce,
        np.full(n, kl, np.float32),
        decoded,
        decoded,
        decoded[rng.permutation(n)],
    )
