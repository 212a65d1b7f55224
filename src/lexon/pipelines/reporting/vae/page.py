"""report.html of a comparison of variational autoencoders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from lexon.pipelines.reporting.vae.learnt import MARGINALS
from lexon.pipelines.reporting.vae.rules import ADDED, COLUMNS
from lexon.plots.page import UNKNOWN, Section, figures, percent, render_page, signed, table, whole, with_interval


def fixed(digits: int) -> Callable[[Any], str]:
    """A number with so many decimals."""
    return lambda value: UNKNOWN if pd.isna(value) else f"{value:.{digits}f}"


# Name, heading and what a reader who cannot see the figure should know, in the order of the page.
FIGURES = (
    (
        "bars",
        "Configurations side by side",
        "Test metrics, one bar a configuration (mean over seeds, a point each); collapsed ones grey and hatched, anchors as dashed lines",
    ),
    (
        "rate_distortion",
        "Rate and distortion",
        "BCE against KL per row for every seed; below the dashed line is better than independent marginals",
    ),
    ("kl_per_unit", "What each latent unit carries", "KL of each latent unit on the test split, largest first, first seed"),
    (
        "latent_map",
        "The latent space",
        "Latent means of test rows on their two leading principal components, by group: lowest BCE + KL, first seed",
    ),
    (
        "cooccurrence",
        "Pairs of tags",
        "Share of test rows that hold two tags (of the 30 commonest): data, model and difference, "
        "for reconstructions and for rows drawn from the prior: lowest BCE + KL, first seed",
    ),
    ("learning_curves", "Learning curves", "Loss and KL per row and epoch, first seed of each configuration"),
)
VERDICTS = {"configuration": "configuration", "verdict": "verdict", "beta": "beta", "latent_dim": "latent", "hidden_dim": "hidden"}
VERDICTS |= {"test_kld": "KL [nats]", "pct_active_units": "active [%]", "pct_active_units_by_kl": "active by KL [%]", "n_seeds": "seeds"}
VERDICTS |= {"status": "status", "notes": "notes"}
LOSSES = {"configuration": "configuration", "test_bce_plus_kld": "BCE + KL", "test_bce_plus_kld_sd": "seed sd", "test_loss": "loss"}
LOSSES |= {"test_bce": "BCE", "hamming_loss": "Hamming loss", "hamming_loss_sd": "seed sd", "jaccard_index": "Jaccard"}
LOSSES |= {"jaccard_index_sd": "seed sd", "jaccard_index_sample": "Jaccard, sample", "silhouette_score": "silhouette"}
DIVERSITY = {
    "pct_unique_combinations": "unique [%]",
    "entropy": "entropy",
    "entropy_normalised": "entropy / ln n",
    "pct_empty": "empty [%]",
}
DIVERSITY |= {"pct_commonest": "commonest [%]", "gini_coefficient": "Gini"}
PATTERN = {"cosine_similarity": "cosine", "cosine_similarity_off_diagonal": "without diagonal", "kl_divergence": "KL"}
PATTERN |= {"js_divergence": "JS", "hellinger_distance": "Hellinger"}
MARGINALS_COLUMNS = {"a": "configuration", "difference": "difference in BCE + KL", "interval": "95 % interval, paired"}
MARGINALS_COLUMNS |= {"relative": "relative change", "verdict": "verdict", "n_seeds_a": "seeds"}
MADE = {"": "Rows decoded from the latent mean", "_sample": "Rows decoded from a latent sample", "_prior": "Rows drawn from the prior"}
DIFFERENCES = {"metric": "metric", "a": "best on validation", "b": "compared with", "difference": "difference"}
DIFFERENCES |= {"interval": "95 % interval, paired", "relative": "relative change", "verdict": "verdict"}
CHOICES = {
    "metric": "metric",
    "scope": "among",
    "best": "best on validation",
    "test": "test",
    "level_with": "not told apart by the seeds",
    "partial": "partial?",
}
PREDICTIONS = {"words": "prediction of the user's guide", "verdict": "verdict", "numbers": "numbers"}
MEMBERS = {"member": "member", "status": "status", "verdict": "verdict", "best_epoch": "best epoch", "epochs": "epochs"}
MEMBERS |= {"seconds": "training [s]", "n_parameters": "parameters", "device": "device", "notes": "notes"}
TEXTS: dict[str, Callable[[Any], str]] = dict.fromkeys(
    ("n_seeds", "latent_dim", "hidden_dim", "best_epoch", "epochs", "seconds", "n_parameters"), whole
)
TEXTS |= {name: fixed(1 if name.startswith("pct_") else 3) for name in COLUMNS | ADDED}
TEXTS |= {
    "beta": "{:g}".format,
    "hamming_loss": fixed(4),
    "hamming_loss_sd": fixed(4),
    "test_bce_plus_kld_sd": fixed(3),
    "jaccard_index_sd": fixed(3),
}

CAPTIONS = {
    "verdicts": "Whether the latent code says anything: verdict on validation, majority of seeds; numbers of the test split",
    "losses": "Test split, mean over seeds; nats per row; anchors shaded. All columns: comparison.csv",
    "choices": "Chosen on validation among configurations that did not collapse; test: the chosen one's number on the test split",
    "differences": "Paired: both see the same resamples of the same test rows",
    "marginals": "Against independent marginals, test split, nats per row: learnt is what lies certainly below and did not collapse",
    "predictions": "All pairs of configurations that differ in nothing else must say so, each at 95 % over seeds (Welch)",
    "members": "One row a training, finished or not. All columns: members.csv",
}


def vae_page(
    members: pd.DataFrame,
    comparison: pd.DataFrame,
    differences: pd.DataFrame,
    findings: Mapping[str, Any],
    drawn: Mapping[str, bytes | None],
    title: str,
    description: str,
) -> str:
    """The page as HTML; see `lexon.pipelines.reporting.vae.nodes.write_page`."""
    write = partial(table, texts=TEXTS)
    configurations = comparison[comparison["kind"] == "configuration"]
    choices, predicted = pd.DataFrame(findings["choices"]), pd.DataFrame(findings["predictions"])
    changes = {"difference": signed(4), "relative": percent, "n_seeds_a": whole}
    differences = with_interval(differences, "low", "high", sign="+")
    to_marginals = differences["b"] == MARGINALS
    against = table(differences[to_marginals], MARGINALS_COLUMNS, CAPTIONS["marginals"], changes)
    sections = [
        Section("Verdicts", tables=[write(configurations, VERDICTS, CAPTIONS["verdicts"]), against]),
        Section("Figures", figures=figures(FIGURES, drawn)),
        Section("Results", tables=[write(_measured(comparison, LOSSES), LOSSES, CAPTIONS["losses"]), *_by_origin(comparison)]),
        Section(
            "Choices",
            tables=[
                table(choices, CHOICES, CAPTIONS["choices"]),
                table(differences[~to_marginals], DIFFERENCES, CAPTIONS["differences"], changes),
                table(predicted, PREDICTIONS, CAPTIONS["predictions"]),
            ],
        ),
        Section("Members", tables=[write(members, MEMBERS, CAPTIONS["members"])]),
    ]
    footer = "Choices use the validation split; the test split was evaluated once per member, by the best checkpoint on validation."
    return render_page(title, description, findings, sections, footer)


def _by_origin(comparison: pd.DataFrame) -> list[dict[str, Any]]:
    """Diversity and pairs of tags, one table for each way that a model makes rows."""
    tables = []
    for suffix, words in MADE.items():
        columns = {"configuration": "configuration"} | {f"{name}{suffix}": heading for name, heading in (DIVERSITY | PATTERN).items()}
        caption = f"{words}: diversity, and pairs of tags against the data's"
        tables.append(table(_measured(comparison, columns), columns, caption, TEXTS))
    return tables


def _measured(comparison: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Configurations, and those anchors that have a number in any of the columns."""
    has_number = comparison[[name for name in columns if name != "configuration"]].notna().any(axis=1)
    return comparison[has_number | (comparison["kind"] == "configuration")]
