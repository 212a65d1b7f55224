"""Which networks, tokens and trainings go together: the rest is refused where it is asked for
alone, and left out of a grid.
"""

from __future__ import annotations

from typing import Any

import pytest
from fabricate import base_parameters
from omegaconf import OmegaConf

from lexon.errors import ConfigurationError
from lexon.experiments import Experiment, expand

AMBRE = {"tokeniser": "ambre", "ambre": {"path": "a.h5"}}
FINISHED = {"tokens": {"path": "tokens.h5"}}
TURNED = {"training": {"augmentation": "symmetries"}}


def study(*changes: dict[str, Any]) -> Experiment:
    asked = OmegaConf.to_container(OmegaConf.merge(base_parameters(), *changes))
    return expand("study", asked, asked, lambda key: "a file")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            [AMBRE, {"model": {"pairwise": "bias"}}],
            r"model\.pairwise=bias: tokens of tokeniser=ambre cannot be decoded to four-vectors",
        ),
        (
            [AMBRE, {"model": {"pairwise": "mia", "event_features": True}}],
            (
                r"model\.event_features=true, model\.pairwise=mia: tokens of tokeniser=ambre cannot"
                r" be decoded"
            ),
        ),
        (
            [AMBRE, TURNED],
            (
                r"training\.augmentation=symmetries: tokens of tokeniser=ambre are read from a"
                r" file, and events are turned"
            ),
        ),
        (
            [FINISHED, TURNED],
            r"training\.augmentation=symmetries: tokens of tokeniser=file are read from a file",
        ),
        (
            [{"model": {"pairwise": "all"}}],
            r"model\.pairwise='all' \(a file\): Input should be 'none', 'bias' or 'mia'",
        ),
        (
            [{"model": {"positions": "learnt"}}],
            r"model\.positions='learnt' \(a file\): Input should be 'sinusoidal' or 'none'",
        ),
        ([{"training": {"ema": 1}}], r"training\.ema=1 \(a file\): Input should be less than 1"),
    ],
)
def test_what_does_not_go_together_is_refused(changes: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        study(*changes)


@pytest.mark.parametrize(
    "changes", [{"model": {"pairwise": "bias"}}, {"model": {"event_features": True}}, TURNED]
)
def test_a_grid_does_without_the_cells_that_make_no_sense(changes: dict[str, Any]) -> None:
    grid = study(
        AMBRE,
        changes,
        {"tokeniser": ["direct", "binned", "ambre"], "grid": {"axes": ["tokeniser"]}},
    )
    assert [member.cell["tokeniser"] for member in grid.planned] == ["direct", "binned"]
    assert list(grid.left_out.values()) == [1]


def test_a_finished_file_may_be_decoded_which_its_content_tells() -> None:
    assert (
        len(study(FINISHED, {"model": {"pairwise": "bias", "event_features": True}}).planned) == 1
    )
