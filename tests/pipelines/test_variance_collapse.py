"""The sweep as a user runs it: on a table, in pieces, and again."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

REPORT = Path("data/test/08_reporting/variance_collapse/main")
MEMBERS = Path("data/test/06_models/variance_collapse/main")
FILES = {
    "table2.csv",
    "table2.txt",
    "summary.json",
    "distributions.png",
    "training_curves.png",
    "report.html",
    "parameters_selected.yml",
}


@pytest.mark.usefixtures("unpainted")
def test_a_sweep_on_a_table_with_groups_can_be_run_in_pieces(project: Path, kedro_session) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 2)), columns=["a", "b"])
    frame = frame.assign(km=frame["a"] + 0.3 * rng.normal(size=120), site=np.arange(120) // 4)
    frame.to_csv(project / "clouds.csv", index=False)
    regression = {"path": str(project / "clouds.csv"), "target": "km", "group": "site"}

    with kedro_session("test", regression=regression, variance_lambda=2.0, n_seeds=1) as session:
        session.run(pipeline_names=["variance_collapse"])
    table = pd.read_csv(REPORT / "table2.csv").set_index("variance_lambda")
    assert table["r2"].drop(2.0).eq("[pending]").all()
    assert math.isfinite(float(table.loc[2.0, "r2"]))
    assert "undecided (1 seed)" in table.loc[2.0, "stability"]
    assert {path.name for path in REPORT.iterdir()} >= FILES
    assert yaml.safe_load((REPORT / "parameters_selected.yml").read_text()) in (
        None,
        {"variance_lambda": 2.0},
    )
    record = json.loads(next(MEMBERS.glob("variance_lambda_2_0__*/run.json")).read_text())
    assert (record["data"]["n_groups"], record["data"]["n_train"]) == (30, 84)
    before = (MEMBERS / "variance_lambda_2_0__seed_42" / "model.pt").stat().st_mtime_ns

    with kedro_session("test", regression=regression, variance_lambda=0.0, n_seeds=1) as session:
        session.run(pipeline_names=["variance_collapse"])
    table = pd.read_csv(REPORT / "table2.csv").set_index("variance_lambda")
    assert table["status"].loc[[0.0, 2.0]].tolist() == [
        "done",
        "done",
    ], "of the one seed that was asked for"
    assert json.loads((REPORT / "summary.json").read_text())["sweeps"][0]["gate"] == "re_evaluate"
    assert (MEMBERS / "variance_lambda_2_0__seed_42" / "model.pt").stat().st_mtime_ns == before

    assert record["cell"] == {"variance_lambda": 2.0}
    with kedro_session("test") as session:
        session.run(pipeline_names=["variance_collapse"], tags=["report"])
    members = pd.read_csv(REPORT / "members.csv")
    assert members["status"].tolist() == [
        "done",
        "done",
    ], "a bare report shows what the folder records"
    assert sorted(members["variance_lambda"]) == [0.0, 2.0]
