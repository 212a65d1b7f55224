"""How fast, and in how much memory, raw events become tokens: DarkMachines text, the fit, the token
file.

    python benchmarks/tokens.py [--events 3000000] [--text-events 100000] [--folder /tmp]

Everything goes through the datasets and nodes that `kedro run` uses, each step in a process of its
own, whose peak memory is that of the step and of importing what it needs. Times are processor
seconds of one core, so that a shared machine matters less. The events are made up: 9 of 18 objects
on average, a block of 100,000 again and again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from sklearn.preprocessing import KBinsDiscretizer

from lexon.datasets.darkmachines_text import CODES
from lexon.datasets.events import EventSample, EventsDataset
from lexon.datasets.split_layout import EVENT_ROW, TOKEN_ROW, append, create
from lexon.datasets.tokeniser import TokeniserDataset
from lexon.datasets.tokens import TokensDataset
from lexon.events import MAX_OBJECTS, SPLITS, Events
from lexon.pipelines.data_engineering.tokenise import CHUNK, fit_tokeniser, write_tokens

BLOCK = 100_000
SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
SETTINGS = {"kind": "binned", "n_bins": 5, "variant": "correct", "fit_on": "auto", "pid": True}
CLASSES = {"signal": 1, "background": "rest"}
TYPES = dict(enumerate(CODES.values(), 1))


def make_events(n: int, seed: int = 0) -> Events:
    """Poisson(9) objects with falling spectra; five processes, half of the events of the first."""
    rng = np.random.default_rng(seed)
    real = np.arange(MAX_OBJECTS) < rng.poisson(9, n)[:, None]
    pt, eta, phi = (
        rng.exponential(60, real.shape) + 15,
        rng.normal(0, 1.2, real.shape),
        rng.uniform(-np.pi, np.pi, real.shape),
    )
    p4 = np.stack([1.01 * pt * np.cosh(eta), pt, eta, phi], axis=-1)
    return Events(
        ids=np.where(real, rng.integers(1, 8, real.shape), 0).astype(np.int8),
        p4=np.where(real[..., None], p4, 0).astype(np.float32),
        met=rng.exponential(80, n).astype(np.float32),
        met_phi=rng.uniform(-np.pi, np.pi, n).astype(np.float32),
        labels=np.where(rng.random(n) < 0.5, 1, rng.integers(2, 6, n)),
    )


def make_file(path: Path, n: int) -> None:
    """A file of n events as `clean_events` leaves it."""
    events = make_events(min(BLOCK, n))

    def chunks() -> Iterator[tuple[str, Events]]:
        for split, share in SHARES.items():
            left = round(share * n)
            while left > 0:
                yield split, events[:left]
                left -= len(events)

    EventsDataset(str(path)).save(
        EventSample(chunks(), {"label_names": {i: f"process {i}" for i in range(1, 6)}})
    )


def make_text(path: Path, n: int) -> None:
    """The same kind of events as DarkMachines text, in MeV."""
    events, codes = make_events(n), ["", *CODES]
    with path.open("w", encoding="utf-8") as file:
        for i in range(n):
            rows = zip(events.ids[i].tolist(), events.p4[i].tolist(), strict=True)
            objects = [
                f"{codes[k]},{1e3 * e:.6g},{1e3 * pt:.6g},{eta:.6g},{phi:.6g};"
                for k, (e, pt, eta, phi) in rows
                if k
            ]
            file.write(
                f"{i};p{events.labels[i]};0.00163;{1e3 * events.met[i]:.6g};"
                f"{events.met_phi[i]:.6g};{''.join(objects)}\n"
            )


# --- the steps, each run in a process of its own


def step_fit(folder: Path) -> None:
    TokeniserDataset(filepath=str(folder / "binned.json")).save(
        fit_tokeniser(EventsDataset(str(folder / "events.h5")).load(), SETTINGS, CLASSES)
    )


def step_write(folder: Path) -> None:
    tokeniser = TokeniserDataset(filepath=str(folder / "binned.json")).load()
    TokensDataset(str(folder / "tokens.h5")).save(
        write_tokens(EventsDataset(str(folder / "events.h5")).load(), tokeniser)
    )


def step_copy_events(folder: Path) -> None:
    _copy(folder / "events.h5", folder / "copy.h5", EVENT_ROW.width(), "f4")


def step_copy_tokens(folder: Path) -> None:
    _copy(folder / "tokens.h5", folder / "copy.h5", TOKEN_ROW.width(), "u2")


def _copy(source: Path, target: Path, width: int, dtype: str) -> None:
    """What h5py needs for the same bytes: chunk by chunk, the same compressor."""
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        create(new, width, dtype, 1024)
        for split in SPLITS:
            x, y = old[f"X_{split}"], old[f"Y_{split}" if split == "train" else f"y_{split}"]
            for start in range(0, len(x), CHUNK):
                append(new, split, x[start : start + CHUNK], y[start : start + CHUNK])


def step_text(folder: Path) -> None:
    text = {"split": SHARES, "split_seed": 42, "max_bad_lines": 0.01, "object_types": TYPES}
    source = EventsDataset(str(folder / "events.csv"), text=text).load()
    for _ in source.parts(CHUNK):
        pass


def step_text_pandas(folder: Path) -> None:
    pd.read_csv(folder / "events.csv", sep=";", header=None, names=range(30))


def step_text_pandas_whole(folder: Path) -> None:
    pd.read_csv(folder / "events.csv", sep=";", header=None, names=range(30), low_memory=False)


STEPS: dict[str, Callable[[Path], None]] = {
    name.removeprefix("step_"): step
    for name, step in list(globals().items())
    if name.startswith("step_")
}


def run(step: str, folder: Path) -> tuple[float, float]:
    """Processor seconds, without Python's start, and peak memory in GiB of a step in a process of
    its own.
    """
    done = subprocess.run(
        [sys.executable, __file__, "--step", step, "--folder", str(folder)],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return tuple(json.loads(done.stdout.splitlines()[-1]))  # type: ignore[return-value]


def peak_memory() -> float:
    """Of this process in GiB. (`getrusage` would count the parent's, which lives on in a child.)"""
    line = next(
        line
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / 2**20


def encode_and_discretise(folder: Path, rounds: int = 15) -> dict[str, float]:
    """Seconds of `BinnedTokeniser.encode` and of KBinsDiscretizer.transform for one chunk of
    events, in turns; the best of each.
    """
    events = make_events(CHUNK)
    tokeniser = TokeniserDataset(filepath=str(folder / "binned.json")).load()
    binners = []
    for columns in (events.p4[events.mask][:, 1:], np.stack([events.met, events.met_phi], axis=1)):
        binner = KBinsDiscretizer(
            5, encode="ordinal", strategy="quantile", quantile_method="linear", subsample=None
        )
        binners.append((binner.fit(columns), columns))
    workers: dict[str, Callable[[], object]] = {
        "encode": lambda: tokeniser.encode(events),
        "KBinsDiscretizer.transform": lambda: [
            binner.transform(columns) for binner, columns in binners
        ],
    }
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(rounds):
        for name, work in workers.items():
            start = time.process_time()
            work()
            seconds[name].append(time.process_time() - start)
    return {name: min(tries) for name, tries in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument("--text-events", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--step", choices=STEPS)
    options = parser.parse_args()
    if options.step:
        start = time.process_time()
        STEPS[options.step](options.folder)
        print(json.dumps([time.process_time() - start, peak_memory()]))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        report(Path(folder), options.events, options.text_events)


def report(folder: Path, n: int, n_text: int) -> None:
    make_text(folder / "events.csv", n_text)
    make_file(folder / "events.h5", n)
    print("| step | events | seconds | events/s | peak memory, GiB |\n|---|---|---|---|---|")
    seconds = {}
    for step in (
        "text_pandas",
        "text_pandas_whole",
        "text",
        "fit",
        "write",
        "copy_events",
        "copy_tokens",
    ):
        events = n_text if step.startswith("text") else n
        seconds[step], memory = run(step, folder)
        print(
            f"| {step} | {events:,} | {seconds[step]:.2f} | {events / seconds[step]:,.0f} |"
            f" {memory:.2f} |",
            flush=True,
        )
    encoding = encode_and_discretise(folder)
    for name, best in encoding.items():
        print(f"| {name} | {CHUNK:,} | {best:.4f} | {CHUNK / best:,.0f} | |")
    sizes = {
        name: (folder / name).stat().st_size / 1e6
        for name in ("events.h5", "tokens.h5", "events.csv")
    }
    print(f"\nfiles, MB: {', '.join(f'{name} {size:,.0f}' for name, size in sizes.items())}")
    for rival, how in (
        ("text_pandas", "by default"),
        ("text_pandas_whole", "with low_memory=False"),
    ):
        print(
            f"text: {seconds[rival] / seconds['text']:.2f} times the speed of pandas.read_csv {how}"
        )
    print(
        f"encode: {encoding['KBinsDiscretizer.transform'] / encoding['encode']:.1f} times the speed"
        " of KBinsDiscretizer.transform"
    )
    for copy in ("copy_events", "copy_tokens"):
        print(f"write: {seconds['write'] / seconds[copy]:.2f} times as long as {copy}")


if __name__ == "__main__":
    main()
