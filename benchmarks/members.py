"""Members of a grid per hour: one after another with all cores, and in workers; on a quiet machine
and beside a busy process on each core.

    python benchmarks/members.py [--members 12] [--epochs 4] [--size 100k] [--events 20000]
    [--rounds 1] [--without-spinning] [--beside nothing busy]

Each time is that of a whole `kedro run --tags train,evaluate`, its start included. The ways take
turns within a round, and medians over the rounds are compared. Threads that spin are how OpenMP
waits if nothing is set, and how lexon trained before it had workers; beside other work they can
take twenty times as long, so they can be left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lexon.runners.capacity import cores

ROOT = Path(__file__).parents[1]
UNSET = {
    "OMP_WAIT_POLICY": "passive",
    "GOMP_SPINCOUNT": "300000",
}  # what libgomp does where no policy is set
LOADS = {"nothing": 0, "busy": cores()}  # processes that want a core each
WAYS: dict[str, tuple[str, dict[str, str]]] = {
    "one process, threads that spin": ("1", UNSET),
    "one process, threads that wait": ("1", {}),
    "workers: auto": ("auto", {}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--size", default="100k")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--without-spinning", action="store_true")
    parser.add_argument("--beside", nargs="+", choices=list(LOADS), default=list(LOADS))
    asked = parser.parse_args()
    ways = list(WAYS)[asked.without_spinning :]
    params = f"n_seeds={asked.members},model.size={asked.size},training.epochs={asked.epochs}"
    params += f",events.n={asked.events}"
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        for name in ("conf", "pyproject.toml", ".telemetry"):
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(
                ROOT / name, project / name
            )
        (project / "src").mkdir()
        run(project, "1", {}, params, "data")
        print(
            f"{asked.members} members of {asked.size}, {asked.epochs} epochs, {asked.events}"
            f" events, {cores()} cores\n",
            flush=True,
        )
        table(measure(project, params, asked.rounds, ways, asked.beside), ways[0])


def run(project: Path, workers: str, environment: dict[str, str], params: str, tags: str) -> float:
    """Seconds that a command takes."""
    (project / "conf" / "local" / "runner.yml").write_text(
        f"workers: {workers}\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "kedro", "run", "--params", params, "--tags", tags]
    start = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=project,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - start


@contextmanager
def busy(number: int) -> Iterator[None]:
    """Beside so many processes that want a core each."""
    processes = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measure(
    project: Path, params: str, rounds: int, ways: list[str], loads: list[str]
) -> dict[tuple[str, str], list[float]]:
    """Seconds of each round, by what else runs and way; each is printed as it is known."""
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for load in loads:
            with busy(LOADS[load]):
                for way in ways:
                    workers, environment = WAYS[way]
                    seconds = run(project, workers, environment, params, "train,evaluate")
                    print(f"beside {load}, {way}: {seconds:.0f} s", flush=True)
                    times.setdefault((load, way), []).append(seconds)
    return times


def table(times: dict[tuple[str, str], list[float]], first: str) -> None:
    print("\n| beside | way | seconds (median) | range | ratio |\n|---|---|---|---|---|")
    for (load, way), seconds in times.items():
        median, base = statistics.median(seconds), statistics.median(times[load, first])
        print(
            f"| {load} | {way} | {median:,.0f} | {min(seconds):,.0f}-{max(seconds):,.0f} |"
            f" {base / median:.2f} |"
        )


if __name__ == "__main__":
    main()
