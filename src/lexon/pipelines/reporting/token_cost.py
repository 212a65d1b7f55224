"""What tokens cost against four-vectors, and which part of it is the tokens and which the lookup
table.

For any grid of classifiers: each question is answered where the grid has the cells that it
compares, and left out where it has not. Tokens are judged by the best of the embeddings that tie
tokens to each other (factorised, codebook, ...), chosen on validation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lexon.pipelines.reporting.cells import grouped
from lexon.pipelines.reporting.classifier_effects import Aurocs, ClassifierCell
from lexon.pipelines.reporting.representations import (
    Representation,
    best_on_validation,
    change,
    difference,
    representations_of,
)
from lexon.pipelines.reporting.tables import BOUNDS, Row, interval_row, rows_of
from lexon.pipelines.reporting.words import listing, paired
from lexon.statistics import CERTAIN, EFFECTS, Setting, Verdict

INFORMATION, LOOKUP, WHOLE, EVENTS, CODES = (
    "lost information",
    "lookup table",
    "both together",
    "training events",
    "codes and bins",
)
COST_COLUMNS = (
    "run",
    "kind",
    "a",
    "b",
    "n_train",
    "bits_a",
    "bits_b",
    *BOUNDS,
    "relative",
    "verdict",
    "effect",
    "n_averaged",
    "n_resamples",
)
REPRESENTATION_COLUMNS = (
    "run",
    "representation",
    "tokens",
    "family",
    "embedding",
    "n_train",
    "auroc",
    "auroc_low",
    "auroc_high",
    "val_auroc",
    "n_averaged",
    "bits",
    "entropy",
    "used",
)
KNOWN_COST = (
    "With 5 bins and 14,000 simulated events the table cost 0.083 [0.069, 0.098] in AUROC, and the"
    " bins 0.010 [0.001, 0.020] (100k, 10 epochs, 3 seeds; measured by the experiment token_cost,"
    " docs/how_to/token_cost.md). model.embedding=table|factorised shows it in this grid."
)
SAME_BITS = 1.0  # bits per object by which codes and bins may differ to be compared
MOST_LISTED = 4


class Asked(NamedTuple):
    """A difference between two representations: a less b, with so many training events, or its
    change between two numbers of them.
    """

    kind: str
    a: Representation
    b: Representation
    sizes: tuple[int, ...]

    @property
    def settings(self) -> Sequence[Setting]:
        return (
            change(self.a, self.b, (self.sizes[0], self.sizes[1]))
            if len(self.sizes) > 1
            else difference(self.a, self.b, self.sizes[0])
        )


@dataclass(frozen=True)
class TokenCost:
    """The representations of a grid and what they are asked.

    Attributes:
        found: all with a finished cell.
        aurocs: of their cells.
        min_effect: smallest difference in AUROC that counts.
        run: the label that keeps results apart.
    """

    found: Sequence[Representation]
    aurocs: Aurocs
    min_effect: float
    run: str

    @classmethod
    def of(
        cls, cells: Sequence[ClassifierCell], aurocs: Aurocs, min_effect: float, run: str
    ) -> TokenCost:
        """Of finished cells on common events."""
        paired_cells = [cell for cell in cells if cell.trained.name in aurocs.paired]
        return cls(representations_of(paired_cells), aurocs, min_effect, run)

    @cached_property
    def direct(self) -> Representation | None:
        return next((one for one in self.found if one.is_direct), None)

    @cached_property
    def tied(self) -> dict[str, Representation]:
        """By name of tokens: the embedding without a table that is best on validation."""
        groups = grouped(
            [one for one in self.found if not one.is_direct and not one.has_table],
            lambda one: one.tokens,
        )
        return {
            tokens: best for tokens, ones in groups.items() if (best := best_on_validation(ones))
        }

    @cached_property
    def tables(self) -> dict[str, Representation]:
        """By name of tokens: one row of a table for each token."""
        return {one.tokens: one for one in self.found if one.has_table}

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a difference; the answers to one question are one family."""
        rows = [row for asked in self._questions() for row in self._compared(asked)]
        return pd.DataFrame(rows, columns=list(COST_COLUMNS))

    @cached_property
    def representations(self) -> pd.DataFrame:
        """One row a representation and number of training events: mean AUROC over the settings of
        the other axes, and the tokens' use; none where no tokens are shown.
        """
        shown = [] if all(one.is_direct for one in self.found) else self.found
        places = [(one, size) for one in shown for size in one.sizes]
        weights = {i: _mean(one.models(size)) for i, (one, size) in enumerate(places)}
        intervals = self.aurocs.means(weights)
        rows = [
            {
                "run": self.run,
                "representation": one.name,
                "tokens": one.tokens,
                "family": one.family,
                "embedding": one.embedding,
            }
            | {"n_train": size}
            | interval_row("auroc", intervals[i])
            | {
                "val_auroc": np.mean(
                    [cell.val_auroc for (n, _), cell in one.cells.items() if n == size]
                )
            }
            | {"n_averaged": len(one.models(size)), **one.use}
            for i, (one, size) in enumerate(places)
        ]
        return pd.DataFrame(rows, columns=list(REPRESENTATION_COLUMNS))

    def _questions(self) -> list[list[Asked]]:
        both = [
            (one, self.tables[tokens]) for tokens, one in self.tied.items() if tokens in self.tables
        ]
        from_direct = [(self.direct, one) for one in self.tied.values()] if self.direct else []
        from_table = [(self.direct, one) for one in self.tables.values()] if self.direct else []
        return [
            _each(INFORMATION, from_direct),
            _each(LOOKUP, both),
            _each(WHOLE, from_table),
            _changes([*from_direct, *both]),
            _each(CODES, self._at_equal_bits()),
        ]

    def _at_equal_bits(self) -> list[tuple[Representation, Representation]]:
        """Each learnt code with the bins that have the nearest number of bits."""
        bins = [one for one in self.tied.values() if one.family == "bins"]
        pairs = [(code, min(bins, key=partial(_bits_apart, code))) for code in self.codes if bins]
        return [(code, one) for code, one in pairs if _bits_apart(code, one) <= SAME_BITS]

    @property
    def codes(self) -> list[Representation]:
        """Learnt codes."""
        return [one for one in self.tied.values() if one.family.endswith("codes")]

    def _compared(self, asked: Sequence[Asked]) -> list[Row]:
        family = {i: settings for i, one in enumerate(asked) if (settings := one.settings)}
        found = self.aurocs.compare(family, self.min_effect)
        return [
            {
                "run": self.run,
                "kind": asked[i].kind,
                "a": asked[i].a.name,
                "b": asked[i].b.name,
                "n_train": _sizes(asked[i].sizes),
            }
            | {"bits_a": asked[i].a.use["bits"], "bits_b": asked[i].b.use["bits"]}
            | self.aurocs.row(found[i], settings)
            | {"n_averaged": len(settings)}
            for i, settings in family.items()
        ]

    @cached_property
    def sentences(self) -> list[str]:
        """The answers."""
        if self.table.empty:
            return []
        answers: list[Callable[[], list[str]]] = [
            self._information,
            self._lookup,
            self._with_events,
            self._bins,
            self._codes,
        ]
        return [sentence for answer in answers for sentence in answer()]

    @property
    def caveats(self) -> list[str]:
        """What the answers do not say."""
        return [*self._tables_alone(), *self._unfinished_trainings()]

    def _unfinished_trainings(self) -> list[str]:
        """What differs in the speed of learning is no information: that is lost for good only where
        more epochs change nothing.
        """
        if INFORMATION not in set(self.table["kind"]):
            return []
        trained = [
            result.record
            for one in self.found
            for cell in one.cells.values()
            for result in cell.finished
        ]
        n = sum(record.get("best_epoch") == record.get("epochs") is not None for record in trained)
        text = (
            f"Costs of tokens are those of trainings of this length, of which {n} of {len(trained)}"
            " were best in their last epoch: "
        )
        return (
            [
                f"{text}what is learnt more slowly, as many bins are, counts as lost information or"
                " cost of the table."
            ]
            if n
            else []
        )

    def _tables_alone(self) -> list[str]:
        """Of tokens that are shown by a table only: what that is known to cost."""
        alone = [
            tokens
            for tokens in self.tables
            if tokens not in self.tied and self.tables[tokens].family != "direct"
        ]
        if not alone:
            return []
        return [
            "Each token has a row of a table of its own (model.embedding=table) for"
            f" {listing(alone, MOST_LISTED)}, and nothing else is in this grid for the same tokens:"
            f" what they lose to direct is not what the tokens themselves cost. {KNOWN_COST}"
        ]

    def _rows(self, kind: str, **names: str) -> list[Row]:
        """The answers to a question in which `a` or `b` is of this name, fewest training events
        first.
        """
        rows = rows_of(self.table[self.table["kind"] == kind])
        return [row for row in rows if all(row[side] == name for side, name in names.items())]

    @cached_property
    def best(self) -> Representation | None:
        """Of all tokens without a table, where there is something to compare them with."""
        return best_on_validation(list(self.tied.values())) if self.direct else None

    def _information(self) -> list[str]:
        rows = self._rows(INFORMATION, b=self.best.name) if self.best else []
        chosen = "of all tokens without a lookup table, " * (len(self.tied) > 1)
        best = " is best on validation;" * (len(self.tied) > 1)
        return (
            [
                f"Lost information: {chosen}{rows[0]['b']}{best or ':'} direct less these:"
                f" {_by_size(rows)}."
            ]
            if rows
            else []
        )

    def _lookup(self) -> list[str]:
        return [
            self._of_the_table(tokens, one)
            for tokens, one in self.tied.items()
            if self._rows(LOOKUP, a=one.name)
        ]

    def _of_the_table(self, tokens: str, tied: Representation) -> str:
        """What the table costs, and of direct's lead over it the part that is lost with the
        tokens.
        """
        lost, whole = self._rows(LOOKUP, a=tied.name), self._rows(WHOLE, b=self.tables[tokens].name)
        parts = ""
        if whole:
            information, last = self._rows(INFORMATION, b=tied.name)[-1], whole[-1]
            parts = (
                f" Direct less that table is {paired(last)} at {last['n_train']}, of which"
                f" {paired(information)} is lost with the tokens."
            )
        return (
            f"Lookup table: the same {tokens} {tied.embedding} less one row of a table for each"
            f" token: {_by_size(lost)}.{parts}"
        )

    def _with_events(self) -> list[str]:
        rows = self._rows(EVENTS)
        chosen = [row for row in rows if self.best and row["b"] == self.best.name] + [
            row for row in rows if row["a"] != "direct"
        ]
        parts = [f"{row['a']} less {row['b']} {_changes_by(row)} {paired(row)}" for row in chosen]
        return (
            [
                f"From {chosen[0]['n_train']} training events (few less many):"
                f" {listing(parts, MOST_LISTED)}."
            ]
            if chosen
            else []
        )

    def _bins(self) -> list[str]:
        bins = sorted(
            (one for one in self.tied.values() if one.family == "bins"),
            key=lambda one: one.use["bits"],
        )
        rows = [rows[-1] for one in bins if (rows := self._rows(INFORMATION, b=one.name))]
        if len(rows) < 2:
            return []
        within = f"within {self.min_effect:g} of direct at {rows[-1]['n_train']} training events"
        if enough := next(
            (row for row in rows if row["high_all"] < self.min_effect and _is_known(row)), None
        ):
            return [
                f"Bins: {enough['b']} is the smallest number {within} (direct less it"
                f" {paired(enough)})."
            ]
        nearest = min(rows, key=lambda row: float(row["difference"]))
        return [
            f"Bins: no number is certain to be {within}; nearest is {nearest['b']} (direct less it"
            f" {paired(nearest)})."
        ]

    def _codes(self) -> list[str]:
        compared = {code.name: bins for code, bins in self._at_equal_bits()}
        sentences = []
        for code in self.codes:
            if code.name not in compared:
                sentences.append(
                    f"Codes: no bins within {SAME_BITS:g} bit of {_with_bits(code)} to compare them"
                    " with."
                )
            elif rows := self._rows(CODES, a=code.name):
                sentences.append(
                    f"Codes: {_with_bits(code)} less {_with_bits(compared[code.name])}:"
                    f" {_by_size(rows)}."
                )
        return sentences


def _each(kind: str, pairs: Sequence[tuple[Any, Representation]]) -> list[Asked]:
    return [Asked(kind, a, b, (size,)) for a, b in pairs for size in a.sizes if size in b.sizes]


def _changes(pairs: Sequence[tuple[Any, Representation]]) -> list[Asked]:
    """The fewest training events against the most that both have."""
    common = [(a, b, sorted(set(a.sizes) & set(b.sizes))) for a, b in pairs]
    return [Asked(EVENTS, a, b, (sizes[0], sizes[-1])) for a, b, sizes in common if len(sizes) > 1]


def _mean(models: dict[str, str]) -> Setting:
    weights: dict[str, float] = {}
    for model in models.values():
        weights[model] = weights.get(model, 0.0) + 1 / len(models)
    return weights


def _bits_apart(a: Representation, b: Representation) -> float:
    apart = abs(a.use["bits"] - b.use["bits"])
    return apart if np.isfinite(apart) else np.inf


def _sizes(sizes: Sequence[int]) -> str:
    return " to ".join(f"{size:,}" for size in sizes)


def _is_known(row: Row) -> bool:
    """Whether an interval shows what other seeds would do."""
    return row["verdict"] in set(Verdict)


def _by_size(rows: Sequence[Row]) -> str:
    """A difference with each number of training events, and what it is."""
    return "; ".join(
        f"{paired(row)} at {row['n_train']} training events ({_judged(row)})" for row in rows
    )


def _judged(row: Row) -> str:
    if row["verdict"] in EFFECTS:
        return "an effect"
    if row["verdict"] in CERTAIN:
        return "certain, but small"
    return str(row["verdict"])


def _changes_by(row: Row) -> str:
    """How a difference changes from few training events to many, before the number: a positive one
    is how far it shrinks.
    """
    if row["verdict"] not in CERTAIN:
        return "is not certain to change,"
    return "shrinks by" if row["difference"] > 0 else "grows,"


def _with_bits(one: Representation) -> str:
    return (
        f"{one.name} ({one.use['bits']:.1f} bits an object, entropy of its use"
        f" {one.use['entropy']:.1f})"
    )
