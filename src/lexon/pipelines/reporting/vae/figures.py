"""The figures of a comparison, from what members left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from lexon.experiments import Result
from lexon.metrics.latent import ACTIVE_KL
from lexon.metrics.multilabel import cooccurrence
from lexon.pipelines.reporting.vae.configurations import Configuration
from lexon.pipelines.reporting.vae.findings import BOUND
from lexon.pipelines.reporting.vae.rules import best_of
from lexon.pipelines.reporting.vae.tables import Anchors, anchor_value
from lexon.plots import vae as plots
from lexon.plots.style import empty_figure

MAX_CURVES = 12  # more cannot be distinguished
MAX_TAGS = 30  # of a heat map, the commonest
# Metrics of the bars, in words; the anchors are drawn where they have them.
BARS = {
    "bce_plus_kld": "BCE + KL [nats per row]",
    "hamming_loss": "Hamming loss",
    "jaccard_index": "Jaccard index",
    "latent_pct_active_units": "Active units [%]",
    "diversity_entropy": "Entropy of reconstructions [nats]",
    "cooccurrence_cosine_similarity_off_diagonal_prior": "Pairs of generated tags (cosine)",
}


def draw_figures(configurations: Sequence[Configuration], anchors: Anchors) -> dict[str, Figure]:
    """bars, kl_per_unit, rate_distortion, learning_curves; latent_map and cooccurrence of the lowest BCE + KL, first seed."""
    shown = [one for one in configurations if one.finished][:MAX_CURVES]
    firsts = {one.name: one.finished[0] for one in shown}
    best = next((found.best for found in best_of(BOUND, configurations)), None)
    histories = {name: result.history for name, result in firsts.items() if result.history is not None}
    return {
        "bars": _bars(shown, anchors),
        "rate_distortion": _rate_distortion(shown, anchors),
        "kl_per_unit": plots.kl_per_unit({name: _arrays(result)["kl_per_unit"] for name, result in firsts.items()}, ACTIVE_KL),
        "latent_map": _latent_map(best) if best else empty_figure("no configuration learnt a latent code"),
        "cooccurrence": _cooccurrence(best) if best else empty_figure("no configuration learnt a latent code"),
        "learning_curves": plots.loss_curves(histories),
    }


def _bars(shown: Sequence[Configuration], anchors: Anchors) -> Figure:
    panels = {words: {one.name: one.values("test", metric) for one in shown} for metric, words in BARS.items()} if shown else {}
    values = {words: {name: anchor_value(anchors, name, metric) for name in anchors} for metric, words in BARS.items()}
    return plots.metric_bars(panels, {one.name for one in shown if one.verdict == "collapsed"}, values)


def _rate_distortion(shown: Sequence[Configuration], anchors: Anchors) -> Figure:
    points = {one.name: (one.beta, np.array(one.values("test", "kld")), np.array(one.values("test", "bce"))) for one in shown}
    return plots.rate_distortion(points, anchor_value(anchors, "independent_marginals", "bce"))


def _latent_map(best: Configuration) -> Figure:
    arrays = _arrays(best.finished[0])
    names = [name.decode() for name in arrays["group_names"]]
    return plots.latent_map(PCA(2).fit_transform(arrays["latent_mean"]), arrays["group"], names, best.name)


def _cooccurrence(best: Configuration) -> Figure:
    arrays = _arrays(best.finished[0])
    common = np.sort(np.argsort(-arrays["rows"].sum(axis=0, dtype=np.int64), kind="stable")[:MAX_TAGS])
    data, *made = (cooccurrence(arrays[name][:, common]) / len(arrays["rows"]) for name in ("rows", "reconstructed", "prior"))
    models = dict(zip((f"{best.name}, reconstructed", f"{best.name}, prior"), made, strict=True))
    return plots.cooccurrence_maps(data, models, [arrays["tag_names"][tag].decode() for tag in common])


def _arrays(result: Result) -> Mapping[str, NDArray[Any]]:
    assert result.arrays is not None  # evaluation writes them before the record says "done"
    return result.arrays
