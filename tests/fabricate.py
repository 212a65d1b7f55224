"""Made-up scores and members with known answers."""

from __future__ import annotations

import io
import itertools
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lexon.experiments import Member, Result, Status, cell_name
from lexon.metrics.classification import classification_metrics
from lexon.metrics.scores import Scores

LABEL_NAMES = {1: "tttt", 2: "ttH", 3: "ttW"}
REJECTIONS = (10.0, 50.0, 1000.0)


def binary_scores(signal_probability: NDArray[Any], is_signal: NDArray[np.bool_], digest: str = "same") -> Scores:
    """Scores of signal tttt against ttH and ttW, which alternate."""
    n = len(is_signal)
    return Scores(
        probabilities=np.stack([signal_probability, 1 - signal_probability], axis=1).astype(np.float32),
        target=np.where(is_signal, 0, 1).astype(np.int64),
        labels=np.where(is_signal, 1, 2 + np.arange(n) % 2).astype(np.int64),
        index=np.arange(n),
        class_names=("signal", "background"),
        label_names=LABEL_NAMES,
        digest=digest,
    )


def binormal_scores(separation: float, n: int = 2000, events: int = 0, own: int = 0, noise: float = 1.0, digest: str = "same") -> Scores:
    """Calibrated-looking scores of two normal distributions `separation` apart.

    `events` seeds what all classifiers of the same events share, `own` the share (`noise`) that is each one's own.
    """
    rng = np.random.default_rng(events)
    is_signal = rng.random(n) < 0.5
    shared = rng.normal(size=n)
    other = np.random.default_rng([own, 1]).normal(size=n)
    x = separation * is_signal + np.sqrt(1 - noise**2) * shared + noise * other
    return binary_scores(1 / (1 + np.exp(-separation * (x - separation / 2))), is_signal, digest)


def grid_results(
    separation: Callable[[dict[str, Any]], float],
    status: Callable[[dict[str, Any]], Status] = lambda cell: "done",
    seeds: Sequence[int] = (42,),
    tokenisers: Sequence[str] = ("direct", "binned", "vqvae"),
    n: int = 2000,
) -> list[Result]:
    """A grid of tokeniser, pool, met and vector whose true separations are known; binned tokens are one model for either vector."""
    found = []
    for tokeniser, pool, met, vector in itertools.product(tokenisers, ("cls", "mean", "max"), (False, True), (4, 5)):
        cell = {"tokeniser": tokeniser, "pool": pool, "met": met, "vector": vector}
        for seed in seeds:
            folder = f"{cell_name(cell | {'vector': 4} if tokeniser == 'binned' else cell)}__seed_{seed}"
            own = zlib.crc32(folder.encode())
            found.append(result(cell, seed, separation(cell), status(cell), folder=folder, own=own, n=n))
    return found


def result(
    cell: dict[str, Any],
    seed: int = 42,
    separation: float = 1.0,
    status: Status = "done",
    notes: str = "",
    folder: str = "",
    digest: str = "same",
    own: int | None = None,
    n: int = 2000,
) -> Result:
    """What the folder of a member holds, or would hold."""
    name = f"{cell_name(cell)}__seed_{seed}"
    config = {"kind": "classifier", "tokeniser": {"kind": cell.get("tokeniser", "direct"), "seed": 42}}
    member = Member(name, cell, seed, config, folder or name)
    if status == "pending":
        return Result(member, status, notes, {}, {}, None, None)
    if status == "failed":
        return Result(member, status, notes, {"status": "failed", "error": notes}, {}, None, None)
    scores = binormal_scores(separation, n, own=seed if own is None else own, noise=0.3, digest=digest)
    metrics = classification_metrics(scores, REJECTIONS)
    finite = {key: value for key, value in metrics.items() if np.isfinite(value)}
    record = {
        "status": "done",
        "seed": seed,
        "parameters": {"training": {"epochs": 3, "lr": 1e-4}},
        "data": {"digest": "d1", "path": "events.h5", "notes": ["12 events without objects kept"], "generator": "toy", "n_train": 500},
        "device": "cpu",
        "n_parameters": 1234,
        "best_epoch": 3,
        "seconds": 1.5,
        "events_per_second": 1000.0,
    }
    return Result(member, status, notes, record, {"train": finite, "val": finite, "test": finite}, history(), scores)


def history(n: int = 3) -> pd.DataFrame:
    """A training that improves every epoch."""
    epochs = np.arange(1, n + 1)
    return pd.DataFrame({"epoch": epochs, "train_loss": 0.7 / epochs, "val_loss": 0.75 / epochs, "val_auroc": 1 - 0.4 / epochs})


def to_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
