"""What it costs to start a command, to plan a grid, and to begin a job: processor seconds, wall
time and peak memory.

    python benchmarks/commands.py [--against CHECKOUT] [--rounds 2] [--members 30 90 300 1000]

Each command is a process of its own, at test size, in a copy of the checkout with results of its
own. Planning ends as the first node starts, a job as its training does. With `--against` another
checkout takes turns with this one, command by command, so that both meet the same machine.
Processor seconds are those of the process and of all that it waited for. The lowest of the rounds
is shown: other work on a machine only adds to them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
KEDRO = (sys.executable, "-m", "kedro")
EXPERIMENT = ("--pipelines", "binning_vs_direct")
POOL = ("--env", "test+htcondor_local")
# Of a grid of this many different cells; lists of seeds and of learning rates multiply them.
CELLS = 30
RATES = 5


@dataclass(frozen=True)
class Command:
    """A command and, where it is not waited for, the text in its output with which it ends."""

    name: str
    arguments: tuple[str, ...]
    ends_with: str = ""


@dataclass(frozen=True)
class Cost:
    cpu: float
    wall: float
    mib: float


class Project:
    """A copy of a checkout, so that nothing of a user's is touched, with one study that is up to
    date and one submitted grid.
    """

    def __init__(self, checkout: Path, root: Path) -> None:
        self.root = root
        for name in ("src", "conf"):
            shutil.copytree(
                checkout / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "local")
            )
        shutil.copy(checkout / "pyproject.toml", root)
        (root / "conf" / "local").mkdir()
        self.run(Command("", (*KEDRO, "run", "--env", "test")))
        self.run(Command("", (*KEDRO, "cluster", "preview", *EXPERIMENT, *POOL)))
        self.submitted = next(root.glob("data/test/09_jobs/*/*/*/submission.json")).parent
        self.run(self.job("data", ""))

    def job(self, name: str, ends_with: str) -> Command:
        arguments = (sys.executable, "-m", "lexon.framework.job", str(self.submitted), name)
        return Command("a cluster's job, until it trains", arguments, ends_with)

    def commands(self, members: list[int]) -> list[Command]:
        """All that are measured, the job last: it leaves its member unfinished, and the next round
        finds it so.
        """
        grids = [_grid(number) for number in members]
        return [
            Command("`kedro run`, up to date", (*KEDRO, "run", "--env", "test")),
            Command("`kedro registry list`", (*KEDRO, "registry", "list")),
            Command("`kedro run --params nonsense=1`", (*KEDRO, "run", "--params", "nonsense=1")),
            Command(
                "`kedro cluster status`, nothing submitted",
                (*KEDRO, "cluster", "status", "--env", "test"),
            ),
            *(
                Command(
                    f"plan of {number:,} members",
                    (*KEDRO, "run", *EXPERIMENT, "--env", "test", "--params", typed),
                    "[1/",
                )
                for number, typed in grids
            ),
            self.job("tokeniser_direct__pool_cls__met_false__vector_4__seed_42", ": on "),
        ]

    def run(self, command: Command) -> Cost:
        """One run, and what it cost.

        Raises:
            SystemExit: it ended before what it should show.
        """
        own = {"PYTHONPATH": str(self.root / "src"), "OMP_NUM_THREADS": "1", "DO_NOT_TRACK": "1"}
        begun = time.perf_counter()
        process = subprocess.Popen(
            command.arguments,
            cwd=self.root,
            env=os.environ | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if command.ends_with and command.ends_with in line:
                process.kill()
                break
        else:
            if command.ends_with:
                sys.exit(
                    f"{command.name}: never came to {command.ends_with!r}:\n{''.join(lines[-20:])}"
                )
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
        return Cost(
            used.ru_utime + used.ru_stime, time.perf_counter() - begun, used.ru_maxrss / 1024
        )


def _grid(members: int) -> tuple[int, str]:
    """A grid of about so many members: how many they are, and its parameters: seeds, and a list of
    learning rates where there are many.
    """
    rates = min(RATES, max(1, members // (2 * CELLS)))
    seeds = max(1, round(members / CELLS / rates))
    listed = (
        [f"training.lr={'|'.join(f'{number}e-4' for number in range(1, rates + 1))}"]
        if rates > 1
        else []
    )
    return CELLS * rates * seeds, ",".join([*listed, f"n_seeds={seeds}"])


def main(against: Path | None, rounds: int, members: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        checkouts = {"this": CHECKOUT} | ({str(against): against} if against else {})
        projects = {
            name: Project(checkout, _new(Path(folder), number))
            for number, (name, checkout) in enumerate(checkouts.items())
        }
        print("| command | checkout | CPU s | wall s | peak memory, MiB |\n|---|---|---|---|---|")
        listed = {name: project.commands(members) for name, project in projects.items()}
        for number in range(len(next(iter(listed.values())))):
            costs: dict[str, list[Cost]] = {name: [] for name in projects}
            for _ in range(rounds):
                for name, project in projects.items():
                    costs[name].append(project.run(listed[name][number]))
            for name, found in costs.items():
                best = min(found, key=lambda cost: cost.cpu)
                print(
                    f"| {listed[name][number].name} | {name} | {best.cpu:.1f} | {best.wall:.1f} |"
                    f" {best.mib:.0f} |",
                    flush=True,
                )


def _new(folder: Path, number: int) -> Path:
    path = folder / str(number)
    path.mkdir()
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, help="another checkout, measured in the same run")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--members", type=int, nargs="*", default=[30, 90, 300, 1000])
    asked = parser.parse_args()
    main(asked.against, asked.rounds, asked.members)
