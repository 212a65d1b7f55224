"""What a batch system costs by itself: a workflow whose members do nothing.

    python benchmarks/empty_jobs.py SITE [--members 300]

SITE is a folder of conf/ whose runner.yml names a batch system, such as slurm_local. One job comes
before the members and the report after them, as in every workflow. Times are wall time: until all
is submitted, from then to the first line of the first job, from the first member to the last one,
and of one look at all of them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lexon.framework.config_loader import LayeredConfigLoader
from lexon.runners.cluster.engine import new_ticket
from lexon.runners.cluster.script import SCRIPT, Site
from lexon.runners.cluster.workflow import Job, Workflow
from lexon.runners.engines import engine_named

CHECKOUT = Path(__file__).resolve().parents[1]


def main(site_name: str, n_members: int, folder: Path) -> None:
    runner = LayeredConfigLoader(CHECKOUT / "conf", site_name, base_env="base")["runner"]
    engine = engine_named(runner["engine"], runner)
    members = [Job(f"m{number}", "member", (), ("data",)) for number in range(n_members)]
    workflow = Workflow((Job("data", "data", ()), *members), Job("report", "report", ()))
    python, times = folder / "python", folder / "times"
    python.write_text(f'#!/bin/bash\ndate +%s.%N > "{times}/$4"\n', encoding="utf-8")
    python.chmod(0o755)
    site = Site(folder / "jobs", folder, str(python), {})
    for needed in (times, site.folder / "logs"):
        needed.mkdir(parents=True)
    for name, text in engine.render(workflow, site).items():
        (site.folder / name).write_text(text, encoding="utf-8")
    (site.folder / SCRIPT).chmod(0o755)

    begin = time.time()
    ticket = engine.submit(new_ticket(site.folder, "now", engine.name), "empty jobs")
    submitted = time.time()
    names, looks = [job.name for job in workflow.all], []
    while True:
        before = time.time()
        progress = engine.poll(ticket, names)
        looks.append(time.time() - before)
        if progress.over:
            break
        if progress.named("unsubmitted"):
            ticket = engine.submit(ticket, "empty jobs")
        time.sleep(runner[runner["engine"]]["poll_seconds"])
    began = {path.name: float(path.read_text(encoding="utf-8")) for path in times.iterdir()}
    of_members = sorted(began[job.name] for job in members)
    print(f"{len(progress.named('done'))} of {len(names)} jobs done on {engine.name}")
    print(f"submitted in          {submitted - begin:8.2f} s")
    print(f"to the first job      {began['data'] - submitted:8.2f} s")
    print(f"a member after another{(of_members[-1] - of_members[0]) / (n_members - 1):8.2f} s")
    print(f"one look at all       {statistics.median(looks):8.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("site")
    parser.add_argument("--members", type=int, default=300)
    asked = parser.parse_args()
    if asked.members < 2:
        sys.exit(f"--members {asked.members}: at least 2")
    with tempfile.TemporaryDirectory(prefix="empty_jobs.") as temporary:
        main(asked.site, asked.members, Path(temporary))
