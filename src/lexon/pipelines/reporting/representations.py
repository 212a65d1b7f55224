"""How the cells of a grid show events: four-vectors, or tokens and what the network makes of them,
apart from all else that varies.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log2
from typing import Any

import numpy as np

from lexon.config.embeddings import TABLE
from lexon.experiments import shown_as
from lexon.pipelines.reporting.classifier_effects import ClassifierCell, comparable, level_words
from lexon.statistics import Setting

# Axes that choose a representation, or groups of them, by the tokeniser that they are for; those of
# all have no tokeniser.
AXES = {"tokeniser": "", "pid": "", "model.embedding": "", "binning": "binned", "vqvae": "vqvae"}
IN_WORDS = (
    "tokeniser",
    "model.embedding",
    "binning.n_bins",
    "vqvae.quantiser",
)  # of which the name of tokens tells already
SIZE = "n_train"

Place = tuple[int, str]  # number of training events, and the setting of all other axes


@dataclass(frozen=True, eq=False)
class Representation:
    """One way to show events, with the finished cells that do.

    Attributes:
        tokens: in words, ``5 bins``; ``direct`` where there are none.
        family: bins, codes of one quantiser, or else the tokeniser: what tokens are compared
            within.
        embedding: of the tokens.
        cells: by number of training events and setting of the other axes.
    """

    tokens: str
    family: str
    embedding: str
    cells: Mapping[Place, ClassifierCell]

    @property
    def name(self) -> str:
        """In words."""
        return self.tokens if self.is_direct else f"{self.tokens}, {self.embedding}"

    @property
    def is_direct(self) -> bool:
        return self.family == "direct"

    @property
    def has_table(self) -> bool:
        """Whether each token has a vector of its own, which nothing ties to those of other
        tokens.
        """
        return not self.is_direct and self.embedding == TABLE

    @property
    def sizes(self) -> list[int]:
        """Numbers of training events, ascending."""
        return sorted({size for size, _ in self.cells})

    @cached_property
    def use(self) -> dict[str, Any]:
        """Bits of an object's token, entropy of its use in the training events, and the share of
        tokens in use.
        """
        data: dict[str, Any] = next(iter(self.cells.values())).finished[0].record.get("data", {})
        n = data.get("object_tokens")
        if self.is_direct or not n:
            return dict.fromkeys(("bits", "entropy", "used"), np.nan)
        return {
            "bits": log2(n),
            "entropy": data["object_token_entropy"],
            "used": data["object_tokens_used"] / n,
        }

    def models(self, size: int) -> dict[str, str]:
        """Name of the model by setting, with so many training events."""
        return {
            setting: cell.trained.name for (n, setting), cell in self.cells.items() if n == size
        }


def representations_of(cells: Sequence[ClassifierCell]) -> list[Representation]:
    """All that have a finished cell, in the order of the plan."""
    found: dict[str, tuple[ClassifierCell, dict[Place, ClassifierCell]]] = {}
    for cell in comparable(cells):
        size = _training_events(cell)
        if size is not None:
            _, places = found.setdefault(_key(cell.config), (cell, {}))
            places.setdefault((size, _setting(cell.axes)), cell)
    return [_representation(cell, places) for cell, places in found.values()]


def is_one_of(axis: str, names: Collection[str]) -> bool:
    """Whether an axis is among names of axes and of groups of them."""
    return axis in names or axis.partition(".")[0] in names


def difference(a: Representation, b: Representation, size: int) -> list[Setting]:
    """a - b with so many training events, in each setting that has both, as different models."""
    return list(_differences(a, b, size).values())


def change(a: Representation, b: Representation, sizes: tuple[int, int]) -> list[Setting]:
    """a - b with the first number of training events, less a - b with the second."""
    few, many = (_differences(a, b, size) for size in sizes)
    return [
        {**few[one], **{model: -weight for model, weight in many[one].items()}}
        for one in few
        if one in many
    ]


def best_on_validation(candidates: Sequence[Representation]) -> Representation | None:
    """The highest mean validation AUROC over the trainings that all of them have; test scores
    choose nothing.
    """
    if not candidates:
        return None
    common = set.intersection(*(set(one.cells) for one in candidates))
    return max(
        candidates,
        key=lambda one: np.mean(
            [one.cells[place].val_auroc for place in sorted(common or one.cells)]
        ),
    )


def _differences(a: Representation, b: Representation, size: int) -> dict[str, Setting]:
    """By setting."""
    ours, others = a.models(size), b.models(size)
    return {
        one: {ours[one]: 1.0, others[one]: -1.0}
        for one in ours
        if one in others and ours[one] != others[one]
    }


def _key(config: Mapping[str, Any]) -> str:
    return json.dumps(shown_as(config))


def _training_events(cell: ClassifierCell) -> int | None:
    sizes = [result.record.get("data", {}).get("n_train") for result in cell.trained.finished]
    return next((size for size in sizes if size is not None), None)


def _setting(axes: Mapping[str, Any]) -> str:
    return json.dumps(
        {axis: value for axis, value in axes.items() if axis != SIZE and not is_one_of(axis, AXES)},
        default=str,
    )


def _representation(cell: ClassifierCell, places: Mapping[Place, ClassifierCell]) -> Representation:
    config = cell.config["tokeniser"]
    further = [
        level_words(axis, value)
        for axis, value in cell.axes.items()
        if axis not in IN_WORDS
        and is_one_of(axis, [name for name, kind in AXES.items() if kind in ("", config["kind"])])
    ]
    family, tokens = _named(config)
    return Representation(", ".join([tokens, *further]), family, shown_as(cell.config)[1], places)


def _named(tokeniser: Mapping[str, Any]) -> tuple[str, str]:
    """Family and name of the tokens, from what a record holds of them."""
    match tokeniser:
        case {"kind": "binned", "n_bins": n_bins}:
            return "bins", f"{n_bins} bins"
        case {"kind": "vqvae", "quantiser": "residual", "codebook_size": size, "stages": stages}:
            return "residual codes", f"residual codes {size}^{stages}"
        case {"kind": "vqvae", "quantiser": "fsq", "levels": levels}:
            return "fsq codes", f"fsq codes {'x'.join(map(str, levels))}"
        case {"kind": "vqvae", "codebook_size": size}:
            return "vq codes", f"vq codes {size}"
    return str(tokeniser["kind"]), str(tokeniser["kind"])
