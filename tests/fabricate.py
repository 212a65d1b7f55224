"""Made-up scores, members and members' folders with known answers."""

from __future__ import annotations

import io
import itertools
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from lexon.datasets.arrays import ArraysDataset
from lexon.datasets.scores import ScoresDataset
from lexon.experiments import Experiment, Member, Result, Status, cell_name, expand
from lexon.metrics.classification import classification_metrics
from lexon.metrics.regression import regression_metrics
from lexon.metrics.scores import Scores

BASE = Path(__file__).parents[1] / "conf" / "base"
SPLITS = ("train", "val", "test")
N_ROWS = 120
LABEL_NAMES = {1: "tttt", 2: "ttH", 3: "ttW"}
REJECTIONS = (10.0, 50.0, 1000.0)


def binary_scores(
    signal_probability: NDArray[Any], is_signal: NDArray[np.bool_], digest: str = "same"
) -> Scores:
    """Scores of signal tttt against ttH and ttW, which alternate."""
    n = len(is_signal)
    return Scores(
        probabilities=np.stack([signal_probability, 1 - signal_probability], axis=1).astype(
            np.float32
        ),
        target=np.where(is_signal, 0, 1).astype(np.int64),
        labels=np.where(is_signal, 1, 2 + np.arange(n) % 2).astype(np.int64),
        index=np.arange(n),
        class_names=("signal", "background"),
        label_names=LABEL_NAMES,
        digest=digest,
    )


def binormal_scores(
    separation: float,
    n: int = 2000,
    events: int = 0,
    own: int = 0,
    noise: float = 1.0,
    digest: str = "same",
) -> Scores:
    """Calibrated-looking scores of two normal distributions `separation` apart.

    `events` seeds what all classifiers of the same events share, `own` the share (`noise`) that is
    each one's own.
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
    """A grid of tokeniser, pool, met and vector whose true separations are known; binned tokens are
    one model for either vector.
    """
    found = []
    for tokeniser, pool, met, vector in itertools.product(
        tokenisers, ("cls", "mean", "max"), (False, True), (4, 5)
    ):
        cell = {"tokeniser": tokeniser, "pool": pool, "met": met, "vector": vector}
        for seed in seeds:
            folder = (
                f"{cell_name(cell | {'vector': 4} if tokeniser == 'binned' else cell)}__seed_{seed}"
            )
            own = zlib.crc32(folder.encode())
            found.append(
                result(cell, seed, separation(cell), status(cell), folder=folder, own=own, n=n)
            )
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
    config = {
        "kind": "classifier",
        "tokeniser": {"kind": cell.get("tokeniser", "direct"), "seed": 42},
    }
    member = Member(name, cell, seed, config, folder or name)
    if status == "pending":
        return Result(member, status, notes, {}, {}, None, None)
    if status == "failed":
        return Result(member, status, notes, {"status": "failed", "error": notes}, {}, None, None)
    scores = binormal_scores(
        separation, n, own=seed if own is None else own, noise=0.3, digest=digest
    )
    metrics = classification_metrics(scores, REJECTIONS)
    finite = {key: value for key, value in metrics.items() if np.isfinite(value)}
    record = {
        "status": "done",
        "seed": seed,
        "parameters": {"training": {"epochs": 3, "lr": 1e-4}},
        "data": {
            "digest": "d1",
            "path": "events.h5",
            "notes": ["12 events without objects kept"],
            "generator": "toy",
            "n_train": 500,
        },
        "device": "cpu",
        "n_parameters": 1234,
        "best_epoch": 3,
        "seconds": 1.5,
        "events_per_second": 1000.0,
    }
    return Result(
        member,
        status,
        notes,
        record,
        {"train": finite, "val": finite, "test": finite},
        history(),
        scores,
    )


def history(n: int = 3) -> pd.DataFrame:
    """A training that improves every epoch."""
    epochs = np.arange(1, n + 1)
    return pd.DataFrame(
        {
            "epoch": epochs,
            "train_loss": 0.7 / epochs,
            "val_loss": 0.75 / epochs,
            "val_auroc": 1 - 0.4 / epochs,
        }
    )


def to_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def planned(overrides: dict[str, Any] | None = None, **changes: Any) -> Experiment:
    """An experiment with the defaults of conf/base; `changes` are those of a file, `overrides`
    those of the command line.
    """
    return expand(
        "example",
        asked_parameters(**changes),
        asked_parameters(overrides, **changes),
        lambda _key: "a file",
    )


def asked_parameters(overrides: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The raw parameters of `planned`, as the catalog hands them to the members' dataset."""
    parameters: Any = OmegaConf.to_container(
        OmegaConf.merge(base_parameters(), changes, overrides or {})
    )
    return parameters | {
        "classes": (overrides or {}).get("classes", parameters["classes"])
    }  # replaced as a whole, never merged


@cache
def base_parameters() -> DictConfig:
    """What conf/base says, parsed once."""
    files = [OmegaConf.load(path) for path in sorted(BASE.glob("parameters*.yml"))]
    base: Any = OmegaConf.merge(*files)
    OmegaConf.set_readonly(base, True)
    return base


def finished(member: Member, place: int = 0) -> Result:
    """What the folder of a finished member of any kind would hold; which member it is decides how
    good it is.
    """
    make = {
        "classifier": _classified,
        "autoencoder": _autoencoded,
        "regression": _regressed,
        "vae": _generated,
    }
    metrics, rows, kept = make[member.config["kind"]](member)
    record = {
        **{
            "status": "done",
            "member": member.folder,
            "cell": member.cell,
            "place": place,
            "parameters": member.config,
            "seed": member.seed,
        },
        **{
            "device": "cpu",
            "n_parameters": 10,
            "best_epoch": 2,
            "epochs": 3,
            "seconds": 1.0,
            "events_per_second": 100.0,
            "given_up": "",
        },
        "data": {
            "digest": "rows",
            "test_digest": "same",
            "n_train": 900,
            "n_val": N_ROWS,
            "n_test": N_ROWS,
            "notes": [],
            "groups": "kind",
        },
    }
    history = pd.DataFrame({"epoch": [1, 2, 3], **{name: [3.0, 2.0, 1.0] for name in rows}})
    scores = kept if isinstance(kept, Scores) else None
    return Result(
        member, "done", "", record, metrics, history, scores, None if scores is not None else kept
    )


def write_member(root: Path, result: Result) -> Path:
    """The folder of a member, as training and evaluation leave it."""
    folder = root / result.member.folder
    (folder / "facts").mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(result.record))
    (folder / "metrics.json").write_text(json.dumps(result.metrics))
    assert result.history is not None
    result.history.to_csv(folder / "facts" / "history.csv", index=False)
    if result.scores is not None:
        ScoresDataset(filepath=str(folder / "scores.h5")).save(result.scores)
    else:
        assert result.arrays is not None
        ArraysDataset(filepath=str(folder / "scores.h5")).save(result.arrays)
    return folder


def write_study(root: Path, study: Experiment) -> None:
    """The folders of all members of an experiment, finished."""
    for place, member in enumerate(study.planned):
        if member.name == member.folder:
            write_member(root, finished(member, place))


Made = tuple[dict[str, dict[str, float]], Sequence[str], Any]


def _own(member: Member) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(member.folder.encode()))


def _classified(member: Member) -> Made:
    names = tuple(member.config["classes"])
    scores = replace(
        binormal_scores(_own(member).uniform(0.5, 1.5), N_ROWS, own=_own(member).integers(1 << 30)),
        class_names=names,
    )
    metrics = {
        name: value
        for name, value in classification_metrics(scores, REJECTIONS).items()
        if np.isfinite(value)
    }
    return dict.fromkeys(SPLITS, metrics), ["train_loss", "val_loss", "val_auroc"], scores


def _autoencoded(member: Member) -> Made:
    own, arrays = _own(member), {}
    for split in SPLITS:
        shared = np.random.default_rng(SPLITS.index(split))
        losses = {
            name: own.uniform(0.5, 2) * shared.gamma(4, 0.25, N_ROWS)
            for name in ("rec_tokens", "rec_globals")
        }
        met = shared.normal(size=(N_ROWS, 3))
        losses["total"] = (
            losses["rec_tokens"]
            + member.config["autoencoder"]["globals_beta"] * losses["rec_globals"]
        )
        parts = {
            **losses,
            "met": met,
            "probe_met": 0.9 * met + 0.2 * own.normal(size=met.shape),
            "target": np.arange(N_ROWS) % 2,
        }
        arrays |= {f"{split}_{name}": values for name, values in parts.items()}
    names = ("rec_tokens", "rec_globals", "total")
    constant = {"rec_globals_constant": 2.0, "rec_tokens_constant": 3.0}
    metrics = {
        split: {name: float(arrays[f"{split}_{name}"].mean()) for name in names} | constant
        for split in SPLITS
    }
    return metrics, [f"{split}_{name}" for split in ("train", "val") for name in names], arrays


def _regressed(member: Member) -> Made:
    target = np.random.default_rng(0).normal(size=N_ROWS)
    prediction = 0.7 * target + _own(member).normal(size=N_ROWS) / 2
    metrics = {
        name: value
        for name, value in regression_metrics(target, prediction).items()
        if np.isfinite(value)
    }
    arrays = {
        f"{split}_{name}": values
        for split in SPLITS
        for name, values in (("prediction", prediction), ("target", target))
    }
    rows = [
        "train_loss",
        "val_loss",
        "train_base_loss",
        "val_base_loss",
        "train_variance_loss",
        "val_r2",
        "val_variance_ratio",
    ]
    return dict.fromkeys(SPLITS, metrics), rows, arrays


def _generated(member: Member) -> Made:
    shared, own = np.random.default_rng(0), _own(member)
    rows = (shared.random((N_ROWS, 6)) < 0.4).astype(np.uint8)
    flipped = np.where(own.random(rows.shape) < 0.1, 1 - rows, rows).astype(np.uint8)
    latent, bce, kld = (
        own.normal(size=(N_ROWS, 4)),
        own.uniform(1, 4) + shared.random(N_ROWS),
        np.full(N_ROWS, 3.0),
    )
    arrays = {
        "rows": rows,
        "index": np.arange(N_ROWS),
        "group": np.arange(N_ROWS) % 2,
        "group_names": np.array([b"x", b"y"]),
    }
    arrays |= {
        "tag_names": np.array([f"tag {i}".encode() for i in range(6)]),
        "reconstructed": flipped,
        "prior": flipped[::-1],
    }
    arrays |= {"latent_mean": latent, "kl_per_unit": np.full(4, 0.75), "bce": bce, "kld": kld}
    measured = {
        "loss": bce.mean() + 3,
        "bce": bce.mean(),
        "kld": 3.0,
        "bce_plus_kld": bce.mean() + 3,
        "latent_pct_active_units": 100.0,
    }
    measured |= {"jaccard_index": 0.8, "hamming_loss": 0.1}
    metrics = {
        split: {f"{split}_{name}": float(value) for name, value in measured.items()}
        for split in SPLITS
    }
    return (
        metrics,
        [f"{split}_{name}" for split in ("train", "val") for name in ("loss", "kld")],
        arrays,
    )
