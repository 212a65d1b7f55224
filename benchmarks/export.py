"""Latency of an exported network in onnxruntime beside the same network in torch, in one run.

    python benchmarks/export.py [--size 400k] [--rounds 3]

Both start from the same events in GeV, with 10 of 18 objects on average, and give class
probabilities: torch runs the module that is exported. They take turns with one thread each, and
processor time is counted, so that other work on the machine matters little. The weights are those
that a training begins with: how long it takes does not depend on them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from lexon.config import SIZES
from lexon.events import MAX_OBJECTS, Events
from lexon.export.network import WholeClassifier
from lexon.export.onnx_file import OUTPUT, arrays, session, to_onnx
from lexon.models.classifier import Classifier
from lexon.tokenisers.base import Tokeniser
from lexon.tokenisers.binning import BinnedTokeniser
from lexon.tokenisers.direct import DirectTokeniser
from lexon.training import seeded

BATCHES = (1, 64, 4096)
AT_LEAST = 0.3  # seconds that one measurement of a batch lasts
TYPES = {1: "jet", 2: "b-jet", 3: "e+", 4: "e-", 5: "mu+", 6: "mu-", 7: "photon"}


def make_events(n: int) -> Events:
    """Events of 10 +- 3 objects."""
    rng = np.random.default_rng(0)
    lengths = rng.normal(10, 3, n).round().clip(1, MAX_OBJECTS)
    real = np.arange(MAX_OBJECTS) < lengths[:, None]
    pt, eta = 20 + rng.exponential(60, real.shape), rng.normal(0, 1.2, real.shape)
    p4 = np.stack([pt * np.cosh(eta), pt, eta, rng.uniform(-3, 3, real.shape)], axis=-1)
    return Events(
        np.where(real, rng.integers(1, 8, real.shape), 0).astype(np.int8),
        np.where(real[..., None], p4, 0).astype(np.float32),
        rng.exponential(80, n).astype(np.float32),
        rng.uniform(-3, 3, n).astype(np.float32),
        np.zeros(n, np.int64),
    )


def make_network(tokeniser: Tokeniser, size: str, pairwise: str = "none") -> WholeClassifier:
    dim, depth, heads, mlp_dim = SIZES[size]
    with seeded(0):
        model = Classifier(
            n_classes=2,
            vocab_size=tokeniser.vocab_size,
            n_features=tokeniser.n_features,
            pool="mean",
            met=True,
            dim=dim,
            depth=depth,
            heads=heads,
            mlp_dim=mlp_dim,
            dropout=0.1,
            pairwise=pairwise,
        )
    asked = frozenset() if pairwise == "none" else frozenset({"p4"})
    return WholeClassifier(tokeniser, model, asked, TYPES).eval()


def seconds(call: Callable[[], object]) -> float:
    """Mean processor time of one call."""
    start, n = time.process_time(), 0
    while (passed := time.process_time() - start) < AT_LEAST or n == 0:
        call()
        n += 1
    return passed / n


def compare(name: str, network: WholeClassifier, events: Events, rounds: int) -> None:
    run = session(to_onnx(network), threads=1)
    for batch in BATCHES:
        given = arrays(events[:batch])
        tensors = [torch.from_numpy(values) for values in given.values()]

        def in_torch(tensors: list[torch.Tensor] = tensors) -> object:
            with torch.inference_mode():
                return network(*tensors)

        def in_onnxruntime(given: dict[str, np.ndarray] = given) -> object:
            return run.run([OUTPUT], given)

        in_torch(), in_onnxruntime()
        turns = [(seconds(in_torch), seconds(in_onnxruntime)) for _ in range(rounds)]
        torchs, runtimes = ([1e6 * turn[place] / batch for turn in turns] for place in (0, 1))
        ratio = statistics.median(one / other for one, other in zip(torchs, runtimes, strict=True))
        print(
            f"| {name} | {batch} | {statistics.median(torchs):,.0f} |"
            f" {statistics.median(runtimes):,.0f} | {ratio:.2f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", default="400k", choices=SIZES)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    events = make_events(max(BATCHES))
    direct, binned = (
        kind.fit(events) for kind in (DirectTokeniser(4, True), BinnedTokeniser(5, "correct", True))
    )
    print("| network | batch | torch, us an event | onnxruntime, us an event | ratio |")
    print("|---|---|---|---|---|")
    for name, network in {
        "direct": make_network(direct, options.size),
        "binned": make_network(binned, options.size),
        "direct, pairwise=bias": make_network(direct, options.size, "bias"),
    }.items():
        compare(name, network, events, options.rounds)


if __name__ == "__main__":
    main()
