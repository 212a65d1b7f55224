"""What a user types, on a table of a few hundred rows: trained, compared, reported again from
elsewhere, and from Python.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lexon.errors import ConfigurationError, DataError
from lexon.pipelines.reporting.vae_api import VAEExperimentRunner

MEMBERS = Path("data/test/06_models/vae_comparison/main")
REPORT = Path("data/test/08_reporting/vae_comparison/main")
TAGS = {"path": "tags.csv", "column": "tags", "label_column": "kind"}


@pytest.fixture
def table(project) -> Path:
    """300 rows of three kinds, each with its own tags and two of noise, and one row without any."""
    rng = np.random.default_rng(0)
    kinds, noise = rng.integers(0, 3, 300), rng.integers(0, 12, (300, 2))
    own = [[f"tag {3 * kind + i}" for i in range(3) if rng.random() < 0.9] for kind in kinds]
    cells = [
        "; ".join([*tags, *(f"noise {i}" for i in extra)])
        for tags, extra in zip(own, noise, strict=True)
    ]
    pd.DataFrame({"tags": [*cells, ""], "kind": [*(f"kind {kind}" for kind in kinds), ""]}).to_csv(
        "tags.csv", index=False
    )
    return project


@pytest.mark.usefixtures("unpainted")
def test_from_a_table_to_its_page_again_from_elsewhere_and_from_python(
    table, kedro_session, caplog
):
    runner = VAEExperimentRunner(project_root=table, env="test", tags=TAGS, n_seeds=1)
    runner.run_configuration(
        config_name="own",
        model_variant="small",
        trainer_variant="default",
        epochs=3,
        batch_size=64,
        lr=1e-3,
        beta=0.5,
    )
    assert not [record for record in caplog.records if record.levelno <= logging.INFO], (
        "a notebook asked for a table"
    )
    member = MEMBERS / "configuration_own__seed_42"
    record, summary = (
        json.loads((member / name).read_text()) for name in ("run.json", "summary.json")
    )
    assert (record["status"], record["epochs"]) == ("done", 3)
    assert (
        record["parameters"]["training"]["batch_size"],
        record["parameters"]["training"]["lr"],
    ) == (64, 1e-3)
    chosen = yaml.safe_load((REPORT / "parameters_selected.yml").read_text())
    assert chosen is None or chosen["configurations"][chosen["configuration"]]["beta"] == 0.5
    assert summary["metrics"] == json.loads((member / "metrics.json").read_text())
    assert (summary["config"]["vae"]["latent_dim"], summary["config"]["vae"]["beta"]) == (32, 0.5)
    assert {path.name for path in (MEMBERS / "metrics").iterdir()} == {
        "own_metrics.json",
        "own_summary.json",
    }
    comparison = pd.read_csv(REPORT / "comparison.csv").set_index("configuration")
    # Up to its last digit, which not every pandas reads right.
    kld = summary["metrics"]["test"]["test_kld"]
    assert comparison.loc["own", "test_kld"] == pytest.approx(kld, rel=1e-14)
    assert comparison.loc["vae_large", "status"] == "pending"
    cells = pd.read_csv(REPORT / "summary.csv").set_index("cell")
    shown = cells.set_index("label").test_kld
    pd.testing.assert_series_equal(shown, comparison.test_kld, check_names=False)
    assert cells.loc[member.name.removesuffix("__seed_42"), "configuration"] == "own"
    assert "1 of 301 rows have no tag" in (REPORT / "report.html").read_text()

    made = {
        path: path.stat().st_mtime_ns
        for path in MEMBERS.rglob("*")
        if path.name in ("model.pt", "metrics.json")
    }
    with kedro_session(
        run="elsewhere", report={"source": str(MEMBERS.resolve())}, tags=TAGS
    ) as session:
        session.run(pipeline_names=["vae_comparison"], tags=["report"])
    elsewhere = pd.read_csv(REPORT.parent / "elsewhere" / "comparison.csv").set_index(
        "configuration"
    )
    assert elsewhere.loc["own", "status"] == "done", "found in the folder, though no preset has it"
    assert elsewhere.loc["own", "test_kld"] == pytest.approx(comparison.loc["own", "test_kld"])
    assert "independent_marginals" in elsewhere.index
    assert {path: path.stat().st_mtime_ns for path in made} == made, "a report trains nothing"

    results = runner.collect_results()
    frame = runner.compare_configurations(results)
    assert list(frame.configuration[:2]) == ["own", "all_zero"]
    runner.save_comparison(frame, Path("saved"))
    assert Path("saved/comparison_report.txt").read_text() == runner.generate_summary_report(frame)
    assert pd.read_csv("saved/comparison.csv").beta[0] == 0.5

    files = runner.compare_configurations(runner.collect_results(metrics_dir=MEMBERS / "metrics"))
    assert list(files.configuration) == ["own"]
    assert files.test_bce[0] == pytest.approx(frame.test_bce[0])
    assert "read from NAME_metrics.json" in runner.generate_summary_report(files)


def test_names_of_the_guide_are_checked(project):
    runner = VAEExperimentRunner(project_root=project, env="test")
    with pytest.raises(
        ConfigurationError, match="model_variant=tiny: no such configuration; there are vae_small, "
    ):
        runner.run_configuration("own", model_variant="tiny")
    with pytest.raises(ConfigurationError, match="trainer_variant=fast: there is one recipe"):
        runner.run_configuration("own", model_variant="small", trainer_variant="fast")
    with pytest.raises(DataError, match="make it with compare_configurations"):
        runner.generate_summary_report(pd.DataFrame())
