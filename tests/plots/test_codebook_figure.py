"""The codebook's figure shows every split's use and every type's errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from fabricate import to_png

from lexon.plots.codebook import codebook_diagnostics

HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        **{
            f"{split}_{term}": [3.0, 1.0, 0.5]
            for split in ("train", "val")
            for term in ("rec_continuous", "rec_type")
        },
        "val_perplexity": [2.0, 5.0, 6.5],
        "val_usage": [0.25, 0.75, 1.0],
    }
)


def splits(energy: bool) -> dict[str, dict[str, Any]]:
    quantities = ("energy", "pt", "eta", "phi") if energy else ("pt", "eta", "phi")
    row = {"n": 100, "type_accuracy": 0.9} | {f"{name}_mae": 0.5 for name in quantities}
    split = {
        "counts": [5, 1, 0, 10],
        "usage": 0.75,
        "perplexity": 2.4,
        "reconstruction": {"all": row, "jet": row | {"pt_mae": 7.0}},
    }
    return {
        "train": split,
        "val": split,
        "test": split | {"counts": [1, 1, 1, 1], "perplexity": 4.0},
    }


@pytest.mark.parametrize("energy", [True, False])
def test_every_split_type_and_quantity_is_drawn(energy: bool) -> None:
    figure = codebook_diagnostics(HISTORY, splits(energy))
    assert to_png(figure).startswith(b"\x89PNG")
    use = figure.axes[2]
    assert [text.get_text().split(":")[0] for text in use.get_legend().get_texts()] == [
        "train",
        "val",
        "test",
    ]
    np.testing.assert_allclose(use.lines[0].get_ydata(), [2.5, 1.25, 0.25, 0])
    np.testing.assert_allclose(use.lines[2].get_ydata(), 1)
    panels = figure.axes[3:]
    assert len(panels) == 4 + energy
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["all (100)", "jet (100)"]
    assert [bar.get_width() for bar in panels[1].containers[0]] == [0.5, 7.0]


def test_one_epoch_and_no_errors_can_be_drawn_too() -> None:
    perfect = {"all": {"n": 1, "type_accuracy": 1.0, "pt_mae": 0.0, "eta_mae": 0.0, "phi_mae": 0.0}}
    figure = codebook_diagnostics(
        HISTORY[:1], {"test": splits(False)["test"] | {"reconstruction": perfect}}
    )
    assert to_png(figure).startswith(b"\x89PNG")
