"""A VQ-VAE of another run: taken over where it is the one that this run would train, refused with
what differs elsewhere.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fabricate import planned

from lexon.config import VQVAEConfig
from lexon.config.fields import fields_beside, is_text
from lexon.datasets.events import EventSample, EventsDataset, EventSource
from lexon.datasets.trained_vqvae import why_not_there
from lexon.errors import ConfigurationError, DataError
from lexon.events import SPLITS
from lexon.pipelines.pretraining.pipeline import create_pipeline
from lexon.pipelines.pretraining.reuse import reuse_vqvae
from lexon.pipelines.pretraining.vqvae import shown_to
from lexon.tokenisers.vqvae import Codes, VQVAETokeniser

CLASSES = {"signal": "tttt", "background": "rest"}


def study(**changes: Any):
    return planned(tokeniser="vqvae", **changes)


def settings(**changes: Any) -> dict[str, Any]:
    (config,) = study().tokenisers.values()
    return config.model_dump(mode="json") | changes


@pytest.fixture
def source(tmp_path, make_events) -> EventSource:
    dataset = EventsDataset(str(tmp_path / "events.h5"))
    splits = {split: make_events(20, seed=n) for n, split in enumerate(SPLITS)}
    dataset.save(EventSample(iter(splits.items()), {"label_names": {1: "tttt", 2: "ttH"}}))
    return dataset.load()


def reuse(source: EventSource, there: dict[str, Any]) -> dict[str, Any]:
    tokeniser = VQVAETokeniser.unfitted(4, True, 5, Codes(64))
    trained, history, diagnostics = reuse_vqvae(
        tokeniser, pd.DataFrame(), there, source, settings(), CLASSES, "first"
    )
    assert trained is tokeniser
    assert history.empty
    return diagnostics


def diagnostics_of(source: EventSource) -> dict[str, Any]:
    shown = shown_to(source, CLASSES, VQVAEConfig(**settings()))
    return {"settings": settings(), "fitted_on": "fitted on the background", **shown, "splits": {}}


def test_the_same_vqvae_is_taken_over_and_says_where_it_is_from(source):
    there = diagnostics_of(source)
    assert reuse(source, there) == there | {"from_run": "first"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"events": dict.fromkeys(SPLITS, "other")},
            r"trained on other events than this run has \(the splits train, val, test differ\)",
        ),
        ({"events": None}, "did not record its events; run it again"),
        (
            {"processes": ["tttt"]},
            r"was fitted on tttt; here it would be fitted on ttH \(classes\)",
        ),
        ({"settings": settings(latent_dim=3)}, "of other parameters than its file's name says"),
    ],
)
def test_another_one_is_refused_with_what_differs(source, change, reason):
    with pytest.raises(DataError, match=f"vqvae.from=first: .*{reason}"):
        reuse(source, diagnostics_of(source) | change)


def test_one_split_that_differs_is_named_alone(source):
    there = diagnostics_of(source)
    there["events"] = there["events"] | {"val": "other"}
    with pytest.raises(DataError, match="the splits val differ"):
        reuse(source, there)


def test_the_training_is_left_out_of_the_pipeline():
    names = {
        node.name.partition("_")[0]
        for node in create_pipeline(study(vqvae={"from": "first"})).nodes
    }
    assert names == {"reuse", "draw"}
    assert {node.name.partition("_")[0] for node in create_pipeline(study()).nodes} == {
        "train",
        "draw",
    }


def test_who_trained_it_is_no_part_of_a_member_but_of_its_record():
    here, there = study(), study(vqvae={"from": "first"})
    assert [one.config for one in here.planned] == [one.config for one in there.planned]
    recorded = [
        one["recorded"].get("vqvae_from")
        for study in (here, there)
        for one in study.kedro_parameters()["grid"].values()
    ]
    assert recorded == [None, "first"]


@pytest.mark.parametrize("name", ["../x", "/etc", "a/b", "", ".hidden", "main"])
def test_the_name_follows_the_rule_for_runs(name):
    with pytest.raises(ConfigurationError, match="vqvae.from="):
        study(vqvae={"from": name})


def test_a_list_of_runs_is_no_axis():
    with pytest.raises(ConfigurationError, match=r"vqvae\.from is shared by all members"):
        planned({"vqvae": {"from": ["first", "second"]}}, tokeniser="vqvae")


def test_it_is_typed_as_text_below_its_own_name():
    assert is_text("vqvae.from")
    assert "from" in fields_beside(["vqvae", "x"])
    assert "from_run" not in fields_beside(["vqvae", "x"])


def write(folder: Path, name: str, made_with: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.pt").write_bytes(b"")
    (folder / f"{name}_history.csv").write_text("epoch\n")
    (folder / f"{name}_diagnostics.json").write_text(json.dumps({"settings": made_with}))


def test_a_run_without_one_is_refused_with_the_runs_that_have_one(tmp_path):
    assert "no run of study has one yet" in why_not_there(
        tmp_path / "study" / "first", "vqvae_4_a", settings()
    )
    write(tmp_path / "study" / "second", "vqvae_4_a", settings())
    assert "runs of study that have one: second" in why_not_there(
        tmp_path / "study" / "first", "vqvae_4_a", settings()
    )
    assert why_not_there(tmp_path / "study" / "second", "vqvae_4_a", settings()) == ""


def test_what_differs_is_reported_under_the_names_that_a_user_types(tmp_path):
    write(tmp_path, "vqvae_4_far", settings(codebook_size=64, latent_dim=2, n_bins=9))
    write(
        tmp_path, "vqvae_4_near", settings(n_bins=7, training=settings()["training"] | {"lr": 0.5})
    )
    (tmp_path / "vqvae_4_bad_diagnostics.json").write_text("[")
    reason = why_not_there(tmp_path, "vqvae_4_a", settings())
    assert "binning.n_bins is 7 there and 5 here" in reason
    assert f"vqvae.training.lr is 0.5 there and {settings()['training']['lr']} here" in reason
    assert "latent_dim" not in reason


def test_one_that_is_not_whole_is_refused(tmp_path):
    write(tmp_path, "vqvae_4_a", settings())
    (tmp_path / "vqvae_4_a_history.csv").unlink()
    assert "lacks vqvae_4_a_history.csv" in why_not_there(tmp_path, "vqvae_4_a", settings())
