"""Events whose MET follows from the objects, and events whose MET does not: train, evaluate,
report, and see that it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lexon.config import AutoencoderMember, ReportConfig
from lexon.datasets.checkpoint import Checkpoints
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.events import Events
from lexon.experiments import Member, Result, cell_name
from lexon.pipelines.pretraining.autoencoders.evaluate import evaluate
from lexon.pipelines.pretraining.autoencoders.inputs import learnt_from
from lexon.pipelines.pretraining.autoencoders.train import train
from lexon.pipelines.reporting.autoencoder import compare_results
from lexon.tokenisers.direct import DirectTokeniser

OBJECT_TYPES = dict(enumerate(("jet", "b-jet", "e+", "e-", "mu+", "mu-", "photon"), start=1))
SIZES = {"train": 1000, "val": 200, "test": 400}
REPORT = ReportConfig(n_bootstrap=100, min_effect={"loss": 0.05, "score": 0.005}, source=None)
TRAINING = {
    "epochs": 4,
    "batch_size": 64,
    "lr": 3e-3,
    "weight_decay": 0.0,
    "warmup_steps": 0,
    "warmup_start": 0.1,
    "schedule": "constant",
    "grad_clip": None,
    "label_smoothing": 0.0,
    "early_stopping": None,
    "length_aware": True,
    "precision": "fp32",
}
AUTOENCODER = {
    "bottleneck": "none",
    "globals_beta": 0.0,
    "encoder": "mlp",
    "encoder_globals": False,
    "latent_dim": 8,
    "hidden_dim": 32,
    "id_embed_dim": 2,
    "codebook_size": 32,
    "commitment": 0.25,
    "decay": 0.9,
    "reconstruct_types": False,
    "train_on": "all",
}


def held_by_objects(events: Events) -> Events:
    """MET of the size of the objects' mean log pT, in the direction of their mean azimuth."""
    n = np.maximum(events.mask.sum(1), 1)
    log_pt = np.log(np.where(events.mask, events.pt, 1)).sum(1) / n
    sine, cosine = (
        (np.where(events.mask, side(events.phi), 0)).sum(1) for side in (np.sin, np.cos)
    )
    return replace(
        events,
        met=np.expm1(log_pt).astype(np.float32),
        met_phi=np.arctan2(sine, cosine).astype(np.float32),
    )


def independent(events: Events) -> Events:
    """MET as `make_events` draws it: of no object."""
    return events


@pytest.fixture
def source(make_events: Callable[..., Events], tmp_path: Path) -> Callable[..., EventSource]:
    """A file of events with a planted MET."""

    def write(plant: Callable[[Events], Events]) -> EventSource:
        def chunks() -> Iterator[tuple[str, Events]]:
            for seed, (split, n) in enumerate(SIZES.items()):
                yield split, plant(make_events(n, seed=seed))

        dataset = EventsDataset(str(tmp_path / f"{plant.__name__}.h5"))
        dataset.save(EventSample(chunks(), {"label_names": {1: "signal", 2: "background"}}))
        return dataset.load()

    return write


def member_config(seed: int = 42, **changes: Any) -> AutoencoderMember:
    return AutoencoderMember(
        seed=seed,
        training=TRAINING,
        data={
            "source": "simulation",
            "n": sum(SIZES.values()),
            "simulation": {"seed": 0, "mix": {}, "split": {}},
        },
        classes={"signal": 1, "background": 2},
        tokeniser={"vector": 4, "pid": True},
        autoencoder=AUTOENCODER | changes,
    )


def finished(
    events: EventSource, config: AutoencoderMember, folder: Path
) -> tuple[Result, tuple[Any, ...]]:
    """A member trained and evaluated, as its folder would hold it."""
    settings = config.autoencoder
    cell = {
        "autoencoder.globals_beta": settings.globals_beta,
        "autoencoder.bottleneck": settings.bottleneck,
    }
    name = f"{cell_name(cell)}__seed_{config.seed}"
    tokeniser = DirectTokeniser(4, True).fit(events.read("train"))
    given = (config, "cpu", Checkpoints(folder), name)
    model, history, record = train(tokeniser, events, *given)
    outputs = evaluate(tokeniser, events, model.eval(), history, record, OBJECT_TYPES, *given)
    metrics, arrays, _, run_record, *_ = outputs
    member = Member(name, cell, config.seed, config.model_dump(mode="json"), name)
    return Result(member, "done", "", run_record, metrics, history, arrays=arrays), outputs


@pytest.mark.parametrize(("plant", "expected"), [(held_by_objects, "yes"), (independent, "no")])
def test_the_report_says_whether_the_objects_tell_met(
    source: Callable[..., EventSource],
    tmp_path: Path,
    plant: Callable[[Events], Events],
    expected: str,
) -> None:
    events = source(plant)
    results = [
        finished(events, member_config(seed, globals_beta=beta), tmp_path)[0]
        for beta in (0.0, 1.0)
        for seed in (42, 123, 314)
    ]
    words = compare_results(results, REPORT, "main", "planted")["findings"]
    answers = {row["name"]: row["answer"] for row in words["claims"]}
    first, second = (row for row in words["claims"] if row["name"].startswith("hypothesis 1"))
    assert (first["answer"], second["answer"]) == (expected, expected), (
        first["numbers"],
        second["numbers"],
    )
    assert "was not shown MET" in first["numbers"]
    assert any("hold nothing of MET" in step for step in words["next_steps"]) is (expected == "no")
    if expected == "no":
        assert not answers["scenario 2"].startswith("holds")
        assert not answers["hypothesis 5"].startswith("yes")


def test_an_encoder_that_is_shown_met_passes_it_on(
    source: Callable[..., EventSource], tmp_path: Path
) -> None:
    result, _ = finished(
        source(independent), member_config(encoder_globals=True, globals_beta=1.0), tmp_path
    )
    assert result.metrics["test"]["probe_met_r2"] > 0.8
    assert (
        result.metrics["test"]["rec_globals"] < 0.5 * result.metrics["test"]["rec_globals_constant"]
    )


def test_a_member_leaves_numbers_of_whole_splits(
    source: Callable[..., EventSource], tmp_path: Path
) -> None:
    result, (metrics, arrays, losses, record, recon, reconstruction, spectrum) = finished(
        source(independent),
        member_config(bottleneck="vq", globals_beta=1.0, reconstruct_types=True),
        tmp_path,
    )
    for split in ("train", "val", "test"):
        own = metrics[split]
        assert own["total"] == pytest.approx(
            own["rec_tokens"] + own["weighted_globals"] + own["vq_loss"], rel=1e-5
        )
        assert 1 <= own["perplexity"] <= 32
        assert 0 < own["rec_tokens"] < own["rec_tokens_constant"] + own["rec_types"]
    for split in ("val", "test"):
        for name in ("rec_tokens", "rec_globals"):
            assert arrays[f"{split}_{name}"].shape == (SIZES[split],)
            assert arrays[f"{split}_{name}"].mean() == pytest.approx(metrics[split][name], rel=1e-4)
    assert metrics["val"]["total"] == pytest.approx(result.history["val_total"].min(), rel=1e-4), (
        "the kept epoch is the best one"
    )
    assert {"all", "jet"} <= set(reconstruction["object"])
    assert {"n", "type_accuracy", "pt_mae", "phi_rmse"} <= set(reconstruction)
    assert spectrum["explained_variance"].sum() == pytest.approx(1)
    assert record["data"]["n_test"] == SIZES["test"]
    assert (len(losses.axes), len(recon.axes)) == (3, 5)


def test_an_anomaly_is_what_training_did_not_see(
    source: Callable[..., EventSource], tmp_path: Path
) -> None:
    """Signal objects of `make_events` are harder: trained on background alone, their error stands
    out more.
    """
    events = source(independent)
    background = member_config(train_on="background")
    assert len(learnt_from("train", events, background).targets) == SIZES["train"] / 2
    assert (learnt_from("val", events, background).targets == 1).all()
    result, _ = finished(events, background, tmp_path)
    signal = result.arrays["test_target"] == 0
    errors = result.arrays["test_rec_tokens"]
    assert errors[signal].mean() > errors[~signal].mean()
    assert (result.arrays["test_smear_pt"] - errors).mean() > 0
    assert "test_rotate_object" not in result.arrays
    words = compare_results([result], REPORT, "main", "anomaly")["findings"]
    text = " ".join(words["sentences"])
    assert "trained on the background alone" in text
    assert "invisible by construction: the order of the objects" in text
    assert "a rotated object" in text
