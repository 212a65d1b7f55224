"""What a user types, on a table of a few hundred rows: trained, compared, reported again from elsewhere, and from Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lexon.pipelines.reporting.vae.api import VAEComparison

MEMBERS = Path("data/test/06_models/vae_comparison/main")
REPORT = Path("data/test/08_reporting/vae_comparison/main")
TAGS = {"path": "tags.csv", "column": "tags", "label_column": "kind"}


@pytest.fixture
def table(project) -> Path:
    """300 rows of three kinds, each with its own tags and two of noise, and one row without any."""
    rng = np.random.default_rng(0)
    kinds, noise = rng.integers(0, 3, 300), rng.integers(0, 12, (300, 2))
    own = [[f"tag {3 * kind + i}" for i in range(3) if rng.random() < 0.9] for kind in kinds]
    cells = ["; ".join([*tags, *(f"noise {i}" for i in extra)]) for tags, extra in zip(own, noise, strict=True)]
    pd.DataFrame({"tags": [*cells, ""], "kind": [*(f"kind {kind}" for kind in kinds), ""]}).to_csv("tags.csv", index=False)
    return project


def test_from_a_table_to_its_page_again_from_elsewhere_and_from_python(table, kedro_session):
    runner = VAEComparison(table, env="test", tags=TAGS, n_seeds=1)
    runner.run_configuration("mine", like="vae_small", beta=0.5, epochs=3)
    member = MEMBERS / "configuration_mine__seed_42"
    record, summary = (json.loads((member / name).read_text()) for name in ("run.json", "summary.json"))
    assert (record["status"], record["epochs"]) == ("done", 3)
    assert summary["metrics"] == json.loads((member / "metrics.json").read_text())
    assert (summary["config"]["vae"]["latent_dim"], summary["config"]["vae"]["beta"]) == (32, 0.5)
    assert {path.name for path in (MEMBERS / "metrics").iterdir()} == {"mine_metrics.json", "mine_summary.json"}
    comparison = pd.read_csv(REPORT / "comparison.csv").set_index("configuration")
    assert comparison.loc["mine", "test_kld"] == summary["metrics"]["test"]["test_kld"]
    assert comparison.loc["vae_large", "status"] == "pending"
    assert "1 of 301 rows have no tag" in (REPORT / "report.html").read_text()

    made = {path: path.stat().st_mtime_ns for path in MEMBERS.rglob("*") if path.name in ("model.pt", "metrics.json")}
    with kedro_session(run="elsewhere", report={"source": str(MEMBERS.resolve())}, tags=TAGS) as session:
        session.run(pipeline_names=["vae_comparison"], tags=["report"])
    elsewhere = pd.read_csv(REPORT.parent / "elsewhere" / "comparison.csv").set_index("configuration")
    assert elsewhere.loc["mine", "status"] == "done", "found in the folder, though no preset has it"
    assert elsewhere.loc["mine", "test_kld"] == pytest.approx(comparison.loc["mine", "test_kld"])
    assert "independent_marginals" in elsewhere.index
    assert {path: path.stat().st_mtime_ns for path in made} == made, "a report trains nothing"

    results = runner.collect_results()
    frame = runner.compare_configurations(results)
    assert list(frame.configuration[:2]) == ["mine", "all_zero"]
    runner.save_comparison(results, Path("saved"))
    assert Path("saved/comparison_report.txt").read_text() == runner.generate_summary_report(results)
    assert pd.read_csv("saved/comparison.csv").beta[0] == 0.5
