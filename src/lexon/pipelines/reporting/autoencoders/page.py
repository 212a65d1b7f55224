"""report.html of autoencoders: which figures, which columns, in which words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from lexon.plots.page import UNKNOWN, Section, figures, percent, render_page, table, whole, with_interval

# Name, heading and what a reader who cannot see the figure should know, in the order of the page.
FIGURES = (
    ("trade_off", "Objects against MET", "rec_globals against rec_tokens on the test split, one line a bottleneck, one point a weight"),
    (
        "heat_maps",
        "The grid",
        "One map a metric: a row for each bottleneck and setting of the other axes, a column for each globals_beta; over seeds the "
        "geometric mean of losses, the mean of all else",
    ),
    ("loss_curves", "Loss curves of all members", "Total loss, rec_tokens and rec_globals per epoch, one colour a cell, one line a seed"),
)
PIVOT = {
    "number": "run",
    "latent_space": "latent space",
    "beta": "beta",
    "rec_tokens": "rec_tokens",
    "rec_globals": "rec_globals",
    "total_loss": "total loss",
    "status": "status",
    "notes": "notes",
}
INTERVALS = {
    "label": "cell",
    "best_val_loss": "best validation loss",
    "rec_tokens_text": "rec_tokens",
    "rec_tokens_seed_sd": "sd over seeds",
    "rec_globals_text": "rec_globals",
    "rec_globals_seed_sd": "sd over seeds",
    "rec_tokens_gap": "rec_tokens, test against train",
    "rec_globals_gap": "rec_globals, test against train",
    "weighted_globals": "weighted term",
    "vq_loss": "VQ loss",
    "val_criterion": "rec_tokens + rec_globals, validation",
}
LATENTS = {
    "label": "cell",
    "probe_met_r2_text": "R2 of MET",
    "probe_met_phi_r2_text": "R2 of METphi",
    "probe_auroc": "AUROC of the label",
    "latent_dimension": "effective dimension",
    "perplexity": "perplexity",
    "code_usage": "codes used",
    "rec_globals_constant": "rec_globals, constant",
    "rec_tokens_constant": "rec_tokens, constant",
    "met_mae": "MET error [GeV]",
    "met_phi_mae": "METphi error [rad]",
}
ANOMALIES = {
    "label": "cell",
    "anomaly_text": "signal",
    "smear_pt_text": "one pT smeared",
    "swap_type_text": "one type swapped",
    "rotate_object_text": "one object rotated",
}
ANSWERS = {"question": "statement or question", "answer": "answer", "because": "numbers"}
CHANGES = {
    "axis": "axis",
    "metric": "loss",
    "a": "cell",
    "b": "against",
    "relative": "change",
    "interval": "95 % interval, paired",
    "verdict": "verdict",
    "notes": "notes",
}
TRAININGS = {
    "label": "cell",
    "n_parameters": "parameters",
    "best_epoch": "best epoch",
    "seconds": "training [s]",
    "events_per_second": "events/s",
}
MEMBERS = {"member": "member", "status": "status", "best_val_loss": "best validation loss", "rec_tokens": "rec_tokens"}
MEMBERS |= {"rec_globals": "rec_globals", "probe_met_r2": "R2 of MET", "total": "total loss", "code_usage": "codes used"}
MEMBERS |= {"best_epoch": "best epoch", "seconds": "training [s]", "notes": "notes"}
COUNTS = ("number", "n_parameters", "best_epoch", "seconds", "events_per_second", "perplexity")
LOSSES = (
    *("best_val_loss", "val_criterion", "rec_tokens", "rec_globals", "total", "total_loss", "weighted_globals", "vq_loss"),
    *("rec_tokens_seed_sd", "rec_globals_seed_sd", "rec_tokens_constant", "rec_globals_constant"),
)


def _short(value: Any) -> str:
    """Three digits: losses span many powers of ten."""
    return UNKNOWN if pd.isna(value) else f"{value:.3g}"


TEXTS = dict.fromkeys(COUNTS, whole) | dict.fromkeys((*LOSSES, "beta"), _short)
TEXTS |= dict.fromkeys(("rec_tokens_gap", "rec_globals_gap"), percent)

CAPTIONS = {
    "pivot": "The spreadsheet of the plan: test split, geometric mean over seeds",
    "intervals": "Test split: geometric mean over seeds with 95 % interval over events and seeds. All columns: summary.csv",
    "latents": "What frozen latents (mean over an event's objects) hold: ridge and logistic probes fitted on the training split. "
    "Constant: what the best guess costs that is the same for every event or object",
    "anomalies": "AUROC of the reconstruction error with 95 % interval; corruptions against the same events as they were",
    "trainings": "Mean over seeds",
    "changes": "Relative change of a loss, from every cell to one that differs in one thing: a larger weight, a narrower bottleneck, "
    "another level of a further axis; rows with an axis are averaged over the settings of the others (geometric mean)",
    "members": "One row a training, finished or not. All columns: members.csv",
    "predictions": "What the plan predicted, as confirmed, refuted or undecided",
}


def autoencoder_page(
    members: pd.DataFrame,
    summary: pd.DataFrame,
    pivot: pd.DataFrame,
    changes: pd.DataFrame,
    findings: Mapping[str, Any],
    drawn: Mapping[str, bytes | None],
    title: str,
    description: str,
) -> str:
    """The page as HTML; see `lexon.pipelines.reporting.autoencoders.nodes.write_page`."""
    write = partial(table, texts=TEXTS)
    worded = _with_texts(summary)
    sections = [
        Section("Results", tables=[write(pivot, PIVOT, CAPTIONS["pivot"]), write(worded, INTERVALS, CAPTIONS["intervals"])]),
        Section("Scenarios", tables=[table(pd.DataFrame(findings["scenarios"]), {"name": "scenario"} | ANSWERS, "Test split")]),
        Section("Hypotheses", tables=[table(pd.DataFrame(findings["hypotheses"]), {"name": "hypothesis"} | ANSWERS, "Test split")]),
        Section("Predictions", tables=[table(pd.DataFrame(findings["predictions"]), ANSWERS, CAPTIONS["predictions"])]),
        Section("Next steps", text=findings["next_steps"]),
        Section("Figures", figures=figures(FIGURES, drawn)),
        Section("Latent space", tables=[write(worded, LATENTS, CAPTIONS["latents"])]),
        Section("Anomalies", tables=[table(worded, ANOMALIES, CAPTIONS["anomalies"])]),
        Section("Trainings", tables=[write(summary, TRAININGS, CAPTIONS["trainings"])]),
        Section(
            "Changes", tables=[table(with_interval(changes, "low", "high", sign="+"), CHANGES, CAPTIONS["changes"], {"relative": percent})]
        ),
        Section("Members", tables=[write(members, MEMBERS, CAPTIONS["members"])]),
    ]
    footer = f"The choice uses the validation split ({findings['selected_by']}); the test split was evaluated once per member."
    return render_page(title, description, findings, sections, footer)


def _with_texts(summary: pd.DataFrame) -> pd.DataFrame:
    """Estimates with their intervals as one text each."""
    bounded = [name.removesuffix("_low") for name in summary.columns if name.endswith("_low")]
    texts: dict[str, Any] = {
        f"{name}_text": [
            f"{row[name]:.3g} [{row[f'{name}_low']:.3g}, {row[f'{name}_high']:.3g}]" if pd.notna(row[name]) else None
            for _, row in summary.iterrows()
        ]
        for name in bounded
        if summary[name].notna().any()
    }
    return summary.assign(**texts)
