"""A file of the size of the collaboration's (302,072 events) through `kedro run`: wall time of each
node and peak memory.

    python benchmarks/full_size.py [--events 302072] [--epochs 1] [--tokeniser direct]

The events are those of benchmarks/tokens.py, made up, in the HDF5 layout of users' files. Trainings
take as many times longer as they have epochs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
from tokens import SHARES, make_events

CHECKOUT = Path(__file__).resolve().parents[1]
NODE = re.compile(r"\[\d+/\d+\] (\S+)")


def write(path: Path, n: int) -> None:
    """X_<split> [N, 92] in GeV and Y_<split> of n events."""
    with h5py.File(path, "w") as file:
        for seed, (split, share) in enumerate(SHARES.items()):
            events = make_events(round(share * n), seed)
            rows = [events.ids, events.met[:, None], events.met_phi[:, None]]
            rows.append(events.p4.reshape(len(events), -1))
            file[f"X_{split}"] = np.concatenate(rows, axis=1).astype(np.float32)
            file[f"Y_{split}"] = events.labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=302_072)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--tokeniser", default="direct")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        for name in ("conf", "src"):
            shutil.copytree(CHECKOUT / name, project / name)
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(CHECKOUT / name, project)
        write(project / "events.h5", asked.events)
        params = "events.path=events.h5,classes.signal=1"
        params += f",training.epochs={asked.epochs},tokeniser={asked.tokeniser}"
        process = subprocess.Popen(
            [sys.executable, "-m", "kedro", "run", "--params", params],
            cwd=project,
            env=os.environ | {"PYTHONPATH": str(project / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        begun = [("until the first node", time.perf_counter())]
        lines = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if found := NODE.search(line):
                begun.append((found[1], time.perf_counter()))
        begun.append(("", time.perf_counter()))
        _, status, used = os.wait4(process.pid, 0)
        if status:
            sys.exit("".join(lines[-20:]))
        print(f"{asked.events:,} events, peak memory {used.ru_maxrss / 1024**2:.2f} GiB")
        print("| node | wall s |\n|---|---|")
        for (name, start), (_, end) in pairwise(begun):
            print(f"| {name} | {end - start:.1f} |")


if __name__ == "__main__":
    main()
