"""The grid of 36 cells on a batch system and on this machine: the same tables, and what jobs cost.

    python benchmarks/grid_on_a_cluster.py SITE

SITE is a folder of conf/ whose runner.yml names a batch system, such as slurm_local, and waits for
it. Both runs are `kedro run --pipelines binning_vs_direct` with the configuration of the tests;
what is done already is not done again. Every table of the report is compared, but for the columns
that say when, where and how fast. Times are wall time, by the records of members and jobs.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

CHECKOUT = Path(__file__).resolve().parents[1]
GRID = "binning_vs_direct"
OWN = {"run", "notes", "seconds", "device", "events_per_second"}


def kedro(*words: str) -> str:
    command = [sys.executable, "-m", "kedro", *words]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def run(env: str, name: str) -> None:
    kedro("run", "--pipelines", GRID, "--env", env, "--params", f"run={name}")


def same_tables(here: Path, there: Path) -> list[str]:
    """A line a table of the reports."""
    lines = []
    for path in sorted(here.glob("*.csv")):
        pair = [pd.read_csv(folder / path.name) for folder in (here, there)]
        a, b = (table.drop(columns=OWN & set(table)) for table in pair)
        lines.append(f"{'same' if a.equals(b) else 'DIFFERENT':10}{len(a):6,} rows  {path.name}")
    return lines


def times(data: Path, jobs: dict[str, Any], run_name: str) -> list[str]:
    """From the submission to the first training, and what a member's job takes beside its own
    work.
    """
    ticket = json.loads(
        (data / "09_jobs" / GRID / run_name / "ticket.json").read_text(encoding="utf-8")
    )
    folder = Path(ticket["folder"])
    kinds = json.loads((folder / "submission.json").read_text(encoding="utf-8"))["jobs"]
    of_members = [jobs[name]["seconds"] for name in jobs if kinds[name]["kind"] == "member"]
    records = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (data / "06_models" / GRID / run_name).glob("*/run.json")
    ]
    begin = datetime.fromisoformat(ticket["submitted"]).astimezone()
    first = min(datetime.fromisoformat(record["started"]) for record in records)
    log = (folder / "logs" / "data.log").read_text(encoding="utf-8")
    started = datetime.fromisoformat(log.split(", ")[1]).astimezone()
    work = [record["seconds"] + record["evaluation_seconds"] for record in records]
    end = max(path.stat().st_mtime for path in folder.glob("logs/report.log"))
    return [
        f"to the first job      {(started - begin).total_seconds():8.0f} s",
        f"to the first training {(first - begin).total_seconds():8.0f} s",
        f"to the report         {end - begin.timestamp():8.0f} s",
        f"a member's job        {statistics.median(of_members):8.0f} s (median)",
        f"of it, its own work   {statistics.median(work):8.0f} s",
    ]


def main(site: str) -> None:
    data = CHECKOUT / "data" / "test"
    print(f"load {os.getloadavg()[0]:.0f} on {len(os.sched_getaffinity(0))} cores")
    run("test", "local")
    run(f"test+{site}", site)
    reports = data / "08_reporting" / GRID
    print(*same_tables(reports / "local", reports / site), sep="\n")
    options = ("--pipelines", GRID, "--env", f"test+{site}", "--params", f"run={site}", "--json")
    jobs = json.loads(kedro("cluster", "status", *options))["jobs"]
    print(*times(data, jobs, site), sep="\n")
    print(f"load {os.getloadavg()[0]:.0f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
