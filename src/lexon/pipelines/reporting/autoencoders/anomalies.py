"""What the reconstruction error notices: signal events where training saw none, and events with something wrong."""

from __future__ import annotations

from lexon.pipelines.pretraining.autoencoders.corruptions import CORRUPTIONS
from lexon.pipelines.reporting.autoencoders.cells import GridCell
from lexon.pipelines.reporting.autoencoders.changes import Grid
from lexon.statistics import Interval

WORDS = {"smear_pt": "one pT smeared", "swap_type": "one type swapped", "rotate_object": "one object rotated"}


def anomaly_sentences(grid: Grid, cell: GridCell) -> list[str]:
    """AUROCs of the chosen cell's reconstruction error, and what it cannot see by construction."""
    config = cell.results[0].member.config
    trained = "the background alone" if config["autoencoder"]["train_on"] == "background" else "all classes, signal included"
    signal = grid.interval("anomaly", cell)
    found = {WORDS[name]: grid.interval(name, cell) for name in CORRUPTIONS if grid.has(name, cell)}
    sentences = []
    if grid.has("anomaly", cell):
        sentences.append(
            f"Reconstruction error as an anomaly score ({cell.label}, trained on {trained}): AUROC of the signal {_value(signal)}; "
            "of events with something wrong in one object, against the same events as they were: "
            f"{', '.join(f'{words} {_value(value)}' for words, value in found.items())}."
        )
    return [*sentences, _invisible(config)]


def _invisible(config: dict[str, dict[str, object]]) -> str:
    settings = config["autoencoder"]
    reasons = ["the order of the objects (no encoder here is told it, so a shuffled event is the same event)"]
    if settings["encoder"] == "mlp" and not settings["encoder_globals"]:
        reasons.append("a rotated object (one azimuth by itself is as likely as any other)")
    if not config["tokeniser"]["pid"]:
        reasons.append("a swapped type (pid=false hides it)")
    return f"Not tested, because invisible by construction: {'; '.join(reasons)}."


def _value(interval: Interval) -> str:
    return f"{interval.estimate:.3f} [{max(interval.low, 0):.3f}, {min(interval.high, 1):.3f}]"
