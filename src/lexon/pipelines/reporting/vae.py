"""The report of a comparison of variational autoencoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from lexon.config import ReportConfig
from lexon.datasets.members import MemberFolders
from lexon.datasets.vae import ANCHORS, finished_others, read_anchors
from lexon.experiments import Result, differences
from lexon.metrics.latent import ACTIVE_KL
from lexon.metrics.multilabel import cooccurrence
from lexon.pipelines.reporting.caveats import Plan
from lexon.pipelines.reporting.claims import answers
from lexon.pipelines.reporting.nodes import collect, completed
from lexon.pipelines.reporting.tables import members_table
from lexon.pipelines.reporting.vae_cells import (
    Configuration,
    best_of,
    collect_configurations,
    label_of,
)
from lexon.pipelines.reporting.vae_claims import evidence_of
from lexon.pipelines.reporting.vae_differences import (
    Anchors,
    anchor_value,
    comparison_table,
    differences_table,
    member_numbers,
    summary_table,
    verdicts_of,
)
from lexon.pipelines.reporting.vae_words import (
    BOUND,
    comparison_report,
    findings,
    selected_parameters,
)
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


def figures(configurations: Sequence[Configuration], anchors: Anchors) -> dict[str, Figure]:
    """bars, kl_per_unit, rate_distortion, learning_curves; latent_map and cooccurrence of the
    lowest BCE + KL, first seed.
    """
    shown = [one for one in configurations if one.finished][:MAX_CURVES]
    firsts = {one.name: one.finished[0] for one in shown}
    best = next((found.best for found in best_of(BOUND, configurations)), None)
    histories = {
        name: result.history for name, result in firsts.items() if result.history is not None
    }
    return {
        "bars": _bars(shown, anchors),
        "rate_distortion": _rate_distortion(shown, anchors),
        "kl_per_unit": plots.kl_per_unit(
            {name: _arrays(result)["kl_per_unit"] for name, result in firsts.items()}, ACTIVE_KL
        ),
        "latent_map": (
            _latent_map(best) if best else empty_figure("no configuration learnt a latent code")
        ),
        "cooccurrence": (
            _cooccurrence(best) if best else empty_figure("no configuration learnt a latent code")
        ),
        "learning_curves": plots.loss_curves(histories),
    }


def _bars(shown: Sequence[Configuration], anchors: Anchors) -> Figure:
    panels = (
        {
            words: {one.name: one.values("test", metric) for one in shown}
            for metric, words in BARS.items()
        }
        if shown
        else {}
    )
    values = {
        words: {name: anchor_value(anchors, name, metric) for name in anchors}
        for metric, words in BARS.items()
    }
    return plots.metric_bars(
        panels, {one.name for one in shown if one.verdict == "collapsed"}, values
    )


def _rate_distortion(shown: Sequence[Configuration], anchors: Anchors) -> Figure:
    points = {
        one.name: (
            one.beta,
            np.array(one.values("test", "kld")),
            np.array(one.values("test", "bce")),
        )
        for one in shown
    }
    return plots.rate_distortion(points, anchor_value(anchors, "independent_marginals", "bce"))


def _latent_map(best: Configuration) -> Figure:
    arrays = _arrays(best.finished[0])
    names = [name.decode() for name in arrays["group_names"]]
    return plots.latent_map(
        PCA(2).fit_transform(arrays["latent_mean"]), arrays["group"], names, best.name
    )


def _cooccurrence(best: Configuration) -> Figure:
    arrays = _arrays(best.finished[0])
    common = np.sort(
        np.argsort(-arrays["rows"].sum(axis=0, dtype=np.int64), kind="stable")[:MAX_TAGS]
    )
    data, *made = (
        cooccurrence(arrays[name][:, common]) / len(arrays["rows"])
        for name in ("rows", "reconstructed", "prior")
    )
    models = dict(zip((f"{best.name}, reconstructed", f"{best.name}, prior"), made, strict=True))
    return plots.cooccurrence_maps(
        data, models, [arrays["tag_names"][tag].decode() for tag in common]
    )


def _arrays(result: Result) -> Mapping[str, NDArray[Any]]:
    assert result.arrays is not None  # evaluation writes them before the record says "done"
    return result.arrays


def read(
    members: MemberFolders, plan: Plan, n_seeds: int | None = None
) -> tuple[list[Configuration], Anchors]:
    """Configurations of the whole plan and what else is finished in the folder, with the anchors
    beside them, all of the same rows.

    `n_seeds`: how many are asked for now; None: all of the plan.
    """
    digest, anchors = members.beside(ANCHORS, "Anchors", read_anchors) or (None, {})
    planned = collect(members, plan, n_seeds)
    others = members.read(
        finished_others(members.root, {result.member.folder for result in planned})
    )
    return collect_configurations([*planned, *not_in_the_grid(others, planned)], digest), anchors


def not_in_the_grid(others: Sequence[Result], planned: Sequence[Result]) -> list[Result]:
    """Members that are not in the grid: a further seed of a planned configuration must have been
    made like the others, or is ``stale``.
    """
    wanted = {label_of(result.member.cell): result.member.config for result in planned}
    checked = []
    for other in others:
        config = other.member.config
        changed = differences(
            config, {**wanted.get(label_of(other.member.cell), config), "seed": config["seed"]}
        )
        note = (
            f"made with other parameters: {', '.join(changed)}"
            if changed
            else "found in the folder, no part of the present grid"
        )
        checked.append(replace(other, status="stale" if changed else other.status, notes=note))
    return checked


def configuration_files(configurations: Sequence[Configuration]) -> dict[str, dict[str, Any]]:
    """``<configuration>_metrics`` and ``<configuration>_summary``: means over finished seeds, with
    the configuration they are of.
    """
    files: dict[str, dict[str, Any]] = {}
    for one in configurations:
        if one.finished:
            name, metrics = one.file_name, _mean_metrics(one)
            config = {
                **one.results[0].member.config,
                "model_name": name,
                "seed": [result.member.seed for result in one.finished],
            }
            files |= {
                f"{name}_metrics": metrics,
                f"{name}_summary": {"config": config, "metrics": metrics},
            }
    return files


def _mean_metrics(one: Configuration) -> dict[str, dict[str, float]]:
    """Means over the seeds that have a metric."""
    first = one.finished[0].metrics
    return {
        split: {
            name: float(
                np.mean([r.metrics[split][name] for r in one.finished if name in r.metrics[split]])
            )
            for name in metrics
        }
        for split, metrics in first.items()
    }


def compare(
    members: MemberFolders,
    plan: Plan,
    report: ReportConfig,
    questions: Plan,
    run: str,
    n_seeds: int,
    **_finished: Any,
) -> dict[str, Any]:
    """Tables, findings, the text report, the selected parameters and each configuration's JSON
    files by name, from the folders.
    """
    configurations, anchors = read(members, plan, n_seeds)
    comparison, paired = (
        comparison_table(configurations, anchors, run),
        differences_table(configurations, report, run),
    )
    tables = {
        "members": members_table(configurations, run, member_numbers),
        "summary": summary_table(configurations, anchors, run),
        "comparison": comparison,
        "differences": paired,
    }
    answered = answers("vae", questions, evidence_of(configurations, report))
    found = completed(
        {**tables, "findings": findings(configurations, anchors, paired, answered)},
        members,
        plan,
        report,
    )
    return found | {
        "comparison_report": comparison_report(
            configurations, comparison, paired, found["findings"]["caveats"]
        ),
        "selected_parameters": selected_parameters(configurations, verdicts_of(paired, "best")),
        "configuration_metrics": configuration_files(configurations),
    }


def draw(members: MemberFolders, plan: Plan, **_tables: Any) -> dict[str, Figure]:
    """The figures by name."""
    return figures(*read(members, plan))
