"""The validation of simulated events, through its pipeline."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from lexon.simulation.validation import REFERENCE

DESCRIBED = ["mean", "std", "min", "25%", "50%", "75%", "max"]
REPORT = Path("data/test/08_reporting/validate_simulation/main")


def test_the_simulation_is_held_against_both_references(kedro_session, project):
    published = {
        "MET": [65550.98, 62648.09, 157.4, 24664.5, 46913.9, 85356.0, 1016650],
        "METphi": [-0.002, 1.815, -3.14, -1.58, 0.0, 1.57, 3.14],
    }
    quantities = ("E1", "pt1", "eta1", "E2", "pt2", "eta2")
    rows = dict.fromkeys(quantities, [1.0] * 7)
    content = {
        "n_events": 10,
        "classes": {"ttbar": 8, "4top": 2},
        "max_objects": 18,
        "describe_rows": DESCRIBED,
        **rows,
        **published,
    }
    Path("published.json").write_text(json.dumps(content))
    with kedro_session(
        "test", events={"n": 300}, validation={"published": str(project / "published.json")}
    ) as session:
        session.run(pipeline_names=["validate_simulation"])
    means = pd.read_csv(REPORT / "means.csv")
    assert set(REFERENCE.index) <= set(means.process)
    assert means.deviation.notna().all()
    assert pd.read_csv(REPORT / "published.csv").applies.any()
    assert {path.name for path in (REPORT / "figures").glob("[!.]*")} == {
        "classes.png",
        "means.png",
    }
