"""An experiment with autoencoders, as a user runs it: narrowed, rebuilt without training, and read
from another folder.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from lexon.plots.page import typeset

MEMBERS = Path("data/test/06_models/compare_latent_spaces/main")
REPORT = Path("data/test/08_reporting/compare_latent_spaces/main")


def run(kedro_session, tags=None, **params) -> None:
    with kedro_session(
        "test", n_seeds=1, events={"n": 200}, training={"epochs": 1}, **params
    ) as session:
        session.run(pipeline_names=["compare_latent_spaces"], tags=tags)


@pytest.mark.usefixtures("unpainted")
def test_a_narrowed_experiment_and_its_report_again(kedro_session, project):
    run(kedro_session, autoencoder={"bottleneck": "linear"})
    (folder,) = (path.parent for path in MEMBERS.glob("*/run.json"))
    for file in (
        "cfg.yaml",
        "model.pt",
        "run.log",
        "metrics.json",
        "scores.h5",
        "figures/losses.png",
        "figures/recon.png",
    ):
        assert (folder / file).exists(), file
    assert {path.name for path in (folder / "facts").glob("*.csv")} == {
        "history.csv",
        "reconstruction.csv",
        "spectrum.csv",
    }
    assert {
        "train_rec_tokens",
        "val_rec_globals",
        "val_weighted_globals",
        "val_vq_loss",
        "val_total",
    } <= set(pd.read_csv(folder / "facts" / "history.csv"))
    pivot = pd.read_csv(REPORT / "pivot.csv")
    assert pivot["status"].tolist() == ["pending", "done", "pending"]
    assert yaml.safe_load((REPORT / "parameters_selected.yml").read_text()) == {
        "autoencoder": {"bottleneck": "linear", "globals_beta": 1.0}
    }

    trained, page = (folder / "model.pt").stat().st_mtime_ns, (REPORT / "report.html").read_text()
    moved = project / "elsewhere"
    MEMBERS.rename(moved)
    MEMBERS.mkdir()
    shutil.rmtree(REPORT)
    run(kedro_session, tags=["report"], report={"source": str(moved)})
    assert (moved / folder.name / "model.pt").stat().st_mtime_ns == trained
    words = json.loads((REPORT / "summary.json").read_text())
    assert words["caveats"][0].startswith("Read from")
    assert typeset(words["headline"]) in page
