"""Every experiment of conf/experiments runs at the size of the mini-world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
from kedro.framework.session import KedroSession

from lexon.framework.config_loader import LayeredConfigLoader


def last_cell(session: KedroSession, name: str) -> dict[str, Any]:
    """Parameters that pin each axis of an experiment to its last value: one cell of the grid."""
    session.load_context()
    assert LayeredConfigLoader.current is not None
    experiment = LayeredConfigLoader.current.experiments[name]
    pinned: dict[str, Any] = {"n_seeds": 1}
    for axis, value in (experiment.planned[-1].cell if experiment.planned else {}).items():
        *groups, leaf = axis.split(".")
        place = pinned
        for group in groups:
            place = place.setdefault(group, {})
        place[leaf] = value
    return pinned


def test_every_experiment_runs_at_test_size(kedro_session, project):
    """One cell of each, to its report; and no other cell asks for more training events than there are."""
    names = sorted(path.parent.name for path in Path("conf/experiments").glob("*/parameters.yml"))
    with kedro_session() as session:
        session.run(pipeline_names=["data_engineering"])
    with h5py.File("data/test/02_intermediate/default/main/events.h5") as file:
        n_train = len(file["X_train"])
    reference = next(Path("data/test/03_primary").rglob("tokens_*.h5")).resolve()
    for name in names:
        with kedro_session() as session:
            pinned = last_cell(session, name)
            planned = LayeredConfigLoader.current.experiments[name].planned
        assert all((member.config.get("n_train") or 0) <= n_train for member in planned), name
        own = {"ambre": {"path": str(reference)}} if name == "compare_tokens" else {}
        with kedro_session("test", **pinned, **own) as session:
            session.run(pipeline_names=[name])
        assert Path(f"data/test/08_reporting/{name}/main/report.html").exists(), name
