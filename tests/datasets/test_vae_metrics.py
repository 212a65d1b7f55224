"""A folder of metrics that other scripts left, read as configurations."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lexon.config import ReportConfig
from lexon.datasets.vae_metrics import MEANS, read_metrics_folder
from lexon.errors import DataError
from lexon.pipelines.reporting.vae_cells import collect_configurations
from lexon.pipelines.reporting.vae_differences import comparison_table, differences_table
from lexon.pipelines.reporting.vae_words import comparison_report

REPORT = ReportConfig(n_bootstrap=100, min_effect={"loss": 0.05, "score": 0.005}, source=None)
VAL = {
    "val_kld": 4.0,
    "val_latent_pct_active_units": 60.0,
    "val_jaccard_index": 0.5,
    "val_bce": 10.0,
}


def write(folder: Path, name: str, metrics: Any, config: dict[str, Any] | None = None) -> None:
    (folder / f"{name}_metrics.json").write_text(json.dumps(metrics))
    if config:
        (folder / f"{name}_summary.json").write_text(
            json.dumps({"config": config, "metrics": metrics})
        )


def test_metrics_and_summaries_become_configurations(tmp_path: Path) -> None:
    metrics = {"train": {}, "val": VAL, "test": {"test_bce": 11.0}}
    write(tmp_path, "plain", metrics)
    write(
        tmp_path,
        "guide",
        metrics,
        {
            "model_name": "guide",
            "model": {"latent_dim": 32, "hidden_dim": 128},
            "trainer": {"max_epochs": 9},
        },
    )
    guide, plain = read_metrics_folder(tmp_path)
    assert (guide.member.cell, plain.member.cell) == (
        {"configuration": "guide"},
        {"configuration": "plain"},
    )
    assert guide.member.config["vae"]["latent_dim"] == 32
    assert np.isnan(plain.member.config["vae"]["beta"])
    assert plain.metrics == metrics


def test_they_are_compared_and_reported_as_members_are(tmp_path: Path) -> None:
    for name, bce in (("better", 10.0), ("worse", 20.0)):
        val = VAL | {"val_bce_plus_kld": bce + 4, "val_bce": bce}
        write(
            tmp_path,
            name,
            {
                "train": {},
                "val": val,
                "test": {key.replace("val", "test"): value for key, value in val.items()},
            },
        )
    configurations = collect_configurations(read_metrics_folder(tmp_path))
    table = comparison_table(configurations, {}, "folder")
    assert list(table.configuration) == ["better", "worse"]
    differences = differences_table(configurations, REPORT, "folder")
    assert re.search(
        r"test_bce_plus_kld *: Best=better ",
        comparison_report(configurations, table, differences, [MEANS]),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"bad_metrics\.json: not JSON"),
        ("[1]", r"bad_metrics\.json: a list; expected metrics by split"),
        ('{"train": {}}', "no val and no test"),
        (
            json.dumps({"val": {"val_kld": 1}, "test": {}}),
            "val has no number for val_latent_pct_active_units, val_jaccard_index",
        ),
    ],
)
def test_other_files_are_named_with_what_is_missing(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "bad_metrics.json").write_text(content)
    with pytest.raises(DataError, match=message):
        read_metrics_folder(tmp_path)
