"""The report of a large grid: wall time, processor seconds and peak memory.

    python benchmarks/reports.py [--seeds 5] [--events 30000] [--without-quantities]

Members' folders of `binning_vs_direct` (36 cells) are made up, with so many test events each; then
`kedro run --tags report` reads them from there (`report.source`). Without the quantities of the
test events there are neither slices nor significances. What the fabrication takes is not measured.
The folders lie below `TMPDIR`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

import fabricate  # noqa: E402
import numpy as np  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402

from lexon.datasets.evaluated_events import (  # noqa: E402
    EvaluatedEvents,
    EvaluatedEventsDataset,
)

COMMAND = ("--pipelines", "binning_vs_direct", "--tags", "report")
STUDY = "conf/experiments/binning_vs_direct/parameters.yml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--without-quantities", action="store_true")
    asked = parser.parse_args()
    fabricate.N_ROWS = asked.events
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        shutil.copytree(CHECKOUT / "conf", project / "conf")
        shutil.copytree(CHECKOUT / "src", project / "src")
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(CHECKOUT / name, project)
        changes = OmegaConf.to_container(OmegaConf.load(CHECKOUT / STUDY))
        assert isinstance(changes, dict)
        study = fabricate.planned({"n_seeds": asked.seeds}, **changes)
        fabricate.write_study(Path(folder) / "members", study)
        if not asked.without_quantities:
            write_quantities(Path(folder) / "members", asked.events)
        params = f"n_seeds={asked.seeds},report.source={folder}/members"
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "kedro", "run", *COMMAND, "--params", params],
            cwd=project,
            env=os.environ | {"PYTHONPATH": str(project / "src")},
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        if status:
            sys.exit("the report failed")
        print(f"{len(study.planned)} members, {asked.events:,} test events each:", end=" ")
        print(f"{wall:.0f} s, {used.ru_utime + used.ru_stime:.0f} processor s", end=", ")
        print(f"{used.ru_maxrss / 1024**2:.2f} GiB")


def write_quantities(members: Path, n: int) -> None:
    """Numbers of objects, HT and MET, and selected shares, of nobody's events."""
    rng = np.random.default_rng(0)
    quantities = {
        "n_jets": 6 + rng.poisson(1.2, n),
        "n_b_jets": 2 + rng.poisson(0.5, n),
        "n_leptons": 2 + (rng.random(n) < 0.3),
        "ht": rng.gamma(6, 120, n),
        "met": rng.exponential(100, n),
    }
    events = EvaluatedEvents(
        {name: values.astype(np.float32) for name, values in quantities.items()},
        np.arange(n),
        "same",
        {"tttt": 0.034, "ttH": 0.0016, "ttW": 0.0009},
    )
    EvaluatedEventsDataset(filepath=str(members / "evaluated_events.h5")).save(events)


if __name__ == "__main__":
    main()
