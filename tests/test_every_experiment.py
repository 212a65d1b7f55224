"""Every experiment of conf/experiments runs at the size of the mini-world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import needs
import pytest

from lexon.experiments import Experiment

EXPERIMENTS = sorted(
    path.parent.name
    for path in (Path(__file__).parents[1] / "conf" / "experiments").glob("*/parameters.yml")
)
N_TRAIN = 280  # of the 400 events of conf/test


def last_cell(experiment: Experiment) -> dict[str, Any]:
    """Parameters that pin each axis of an experiment to its last value: one cell of the grid."""
    pinned: dict[str, Any] = {"n_seeds": 1}
    for axis, value in (experiment.planned[-1].cell if experiment.planned else {}).items():
        *groups, leaf = axis.split(".")
        place = pinned
        for group in groups:
            place = place.setdefault(group, {})
        place[leaf] = value
    return pinned


@pytest.mark.usefixtures("unpainted")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=needs.MUON if name == "additions" else ()) for name in EXPERIMENTS],
)
def test_every_experiment_runs_at_test_size(kedro_session, project, name):
    """One cell of each, to its report; and no other cell asks for more training events than there
    are.
    """
    experiment = kedro_session().loader().experiment(name)
    if name == "compare_tokens":
        with kedro_session(run="other") as session:
            session.run(pipeline_names=["data_engineering"])
        (tokens,) = Path("data/test/03_primary").rglob("tokens_*.h5")
        own = {"ambre": {"path": str(tokens.resolve())}}
        with h5py.File(tokens) as file:
            assert len(file["X_train"]) == N_TRAIN
    else:
        own = {}
    assert all((member.config.get("n_train") or 0) <= N_TRAIN for member in experiment.planned)
    with kedro_session("test", **last_cell(experiment), **own) as session:
        session.run(pipeline_names=[name])
    made = {path.name for path in Path(f"data/test/08_reporting/{name}/main").iterdir()}
    assert "report.html" in made or (
        experiment.parameters.kind == "simulation" and "figures" in made
    )
