"""What simulated events cost: CPU seconds and selected events per CPU second of each process, and
memory.

python benchmarks/simulation.py [EVENTS]      (default 20000, of the default mix)
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import yaml

from lexon.config import SimulationConfig
from lexon.simulation import Simulation

PARAMETERS = Path(__file__).parents[1] / "conf" / "base" / "parameters_data_engineering.yml"


def main(n_events: int) -> None:
    settings = yaml.safe_load(PARAMETERS.read_text(encoding="utf-8"))["simulation"]
    print("| process | events | CPU s | events per CPU s |\n|---|---|---|---|")
    for process, share in settings["mix"].items():
        n = round(n_events * share)
        print_row(process, n, SimulationConfig(**settings | {"mix": {process: 1.0}}))
    print_row("the mix", n_events, SimulationConfig(**settings))
    print(
        "\nPeak memory of this process:"
        f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB; chunks are not kept."
    )


def print_row(name: str, n: int, config: SimulationConfig) -> None:
    start = time.process_time()
    made = sum(len(events) for _, events in Simulation(config, n).chunks())
    seconds = time.process_time() - start
    print(f"| {name} | {made:,} | {seconds:.2f} | {made / seconds:,.0f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
