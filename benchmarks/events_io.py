"""What it costs to read events from ROOT and Parquet: processor seconds and peak memory of lexon
(read, cut, find copies, split, hand out) beside `uproot.iterate` or `ParquetFile.iter_batches` over
the same branches, which do nothing with them.

python benchmarks/events_io.py [EVENTS]      (default 400,000; about 200 MB below TMPDIR)
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot

from lexon.config.branches import event_branches
from lexon.datasets.events import EventsDataset
from lexon.datasets.trees import TreeSource

OBJECT_TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}
SPLITTING = {"split": {"train": 0.8, "val": 0.1, "test": 0.1}, "split_seed": 42}
TEXT = SPLITTING | {"max_bad_lines": 0.01, "object_types": OBJECT_TYPES}
STEP, CLUSTER, ROUNDS = 1 << 16, 50_000, 3
FILES = {
    "ROOT, zlib (as Delphes writes)": "zlib.root",
    "ROOT, LZMA (as NanoAOD comes)": "lzma.root",
    "Parquet": "table.parquet",
}
# Mean number of objects an event, mass in GeV.
COLLECTIONS = {
    "Jet": (6.0, 8.0),
    "Electron": (0.6, 0.0005),
    "Muon": (0.6, 0.1057),
    "Photon": (0.1, 0.0),
}


def made_up(n: int, seed: int) -> dict[str, Any]:
    """Events as NanoAOD has them."""
    rng = np.random.default_rng(seed)
    branches: dict[str, Any] = {
        "MET_pt": rng.exponential(60, n).astype("f4"),
        "MET_phi": rng.uniform(-3.1, 3.1, n).astype("f4"),
    }
    for name, (mean, mass) in COLLECTIONS.items():
        counts = rng.poisson(mean, n)
        k = int(counts.sum())
        columns = {
            "pt": rng.exponential(45, k) + 12,
            "eta": rng.normal(0, 1.3, k),
            "phi": rng.uniform(-np.pi, np.pi, k),
            "mass": np.full(k, mass),
        }
        columns |= {"btagDeepFlavB": rng.random(k)} if name == "Jet" else {}
        arrays = {key: each.astype("f4") for key, each in columns.items()}
        if name in ("Electron", "Muon"):
            arrays["charge"] = rng.choice(np.array([-1, 1], "i4"), k)
        branches |= {f"{name}_{key}": ak.unflatten(each, counts) for key, each in arrays.items()}
    return branches


def write(folder: Path, n: int) -> None:
    """The same events in every format, in clusters of 50,000."""
    parts = [made_up(CLUSTER, seed) for seed in range(n // CLUSTER)]
    for name, compression in (("zlib.root", uproot.ZLIB(1)), ("lzma.root", uproot.LZMA(4))):
        with uproot.recreate(folder / name, compression=compression) as file:
            types = {branch: ak.Array(array).type.content for branch, array in parts[0].items()}
            tree = file.mktree("Events", types)
            for part in parts:
                tree.extend({branch: ak.Array(array) for branch, array in part.items()})
    tables = [
        pa.table(
            {
                name: ak.to_arrow(ak.Array(array), extensionarray=False)
                for name, array in part.items()
            }
        )
        for part in parts
    ]
    pq.write_table(pa.concat_tables(tables), folder / "table.parquet", row_group_size=CLUSTER)


def branches() -> list[str]:
    mapping = event_branches("nanoaod")
    assert mapping is not None
    return list(dict.fromkeys(names[0] for _, names in mapping.sought()))


def library(path: Path) -> None:
    if path.suffix == ".parquet":
        for _ in pq.ParquetFile(path).iter_batches(batch_size=STEP, columns=branches()):
            pass
        return
    with uproot.open(path) as file:
        tree = file["Events"]
        chosen = {name: tree[name].interpretation for name in branches()}
        for _ in tree.iterate(chosen, step_size=STEP, library="ak", how=dict):
            pass


def lexon(path: Path) -> None:
    source = EventsDataset(str(path), text=TEXT, branches="nanoaod").load()
    assert isinstance(source, TreeSource)
    for _ in source.parts(STEP):
        pass


WAYS: dict[str, Callable[[Path], None]] = {"library alone": library, "lexon": lexon}


def in_a_process(way: str, path: Path) -> tuple[float, float]:
    """Processor seconds, without Python's start, and peak memory in GiB."""
    done = subprocess.run(
        [sys.executable, __file__, way, str(path)],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    seconds, memory = json.loads(done.stdout.splitlines()[-1])
    return seconds, memory


def measure(way: str, path: Path) -> None:
    start = time.process_time()
    WAYS[way](path)
    seconds = time.process_time() - start
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    peak = next(line for line in status if line.startswith("VmHWM"))
    print(json.dumps([seconds, int(peak.split()[1]) / 2**20]))


def main(n: int) -> None:
    print(
        "| file | events | way | seconds | events/s | peak memory, GiB | ratio |\n"
        + "|---" * 7
        + "|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for size in (n // 4, n):
            write(Path(folder), size)
            for title, name in FILES.items():
                path = Path(folder) / name
                rounds = [{way: in_a_process(way, path) for way in WAYS} for _ in range(ROUNDS)]
                alone = min(one["library alone"][0] for one in rounds)
                for way in WAYS:
                    seconds = min(one[way][0] for one in rounds)
                    memory = max(one[way][1] for one in rounds)
                    print(
                        f"| {title} | {size:,} | {way} | {seconds:.2f} | {size / seconds:,.0f} |"
                        f" {memory:.2f} | {alone / seconds:.2f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measure(sys.argv[1], Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 400_000)
