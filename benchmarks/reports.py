"""The report of a large grid: wall time, processor seconds and peak memory.

    python benchmarks/reports.py [--seeds 5] [--events 30000]

Members' folders of `binning_vs_direct` (36 cells) are made up, with so many test events each; then
`kedro run --tags report` reads them from there (`report.source`). What the fabrication takes is not
measured. The folders lie below `TMPDIR`.
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
from omegaconf import OmegaConf  # noqa: E402

COMMAND = ("--pipelines", "binning_vs_direct", "--tags", "report")
STUDY = "conf/experiments/binning_vs_direct/parameters.yml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--events", type=int, default=30_000)
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


if __name__ == "__main__":
    main()
