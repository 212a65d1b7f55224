"""Claims about the cells of a grid, as data: which cells, which statistic, and what is expected of
it.

Documents' claims stand in `pipelines/reporting/questions/<kind>.yml`, those of an experiment under
its key `questions`. docs/how_to/ask_a_question.md says each form with an example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from lexon.config.base import Config
from lexon.errors import ConfigurationError

Level = bool | int | float | str | None
Outcome = Literal["higher", "lower", "same", "stable", "unstable"]
COMPARED: tuple[Outcome, ...] = ("higher", "lower", "same")
TRAINED: tuple[Outcome, ...] = ("stable", "unstable")


class Expected(Config):
    """What is expected of a statistic.

    Attributes:
        outcomes: of a later cell against an earlier one, any of these; or of a cell's trainings.
        above, below: bounds of the value of a cell, exclusive.
    """

    outcomes: tuple[Outcome, ...] = ()
    above: float | None = None
    below: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """``higher`` and ``[same, lower]``."""
        if isinstance(value, str | list | tuple):
            return {"outcomes": [value] if isinstance(value, str) else value}
        return value

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if bool(self.outcomes) == self.bounded:
            raise ValueError(
                f"give one or more of {', '.join(COMPARED + TRAINED)}, or bounds {{above: ...,"
                " below: ...}"
            )
        return self

    @property
    def bounded(self) -> bool:
        """Whether it is about a value, not a difference."""
        return self.above is not None or self.below is not None

    @property
    def bounds(self) -> tuple[float, float]:
        """Infinite where none is given."""
        return -inf if self.above is None else self.above, inf if self.below is None else self.below

    def contains(self, value: float) -> bool:
        """Whether a value lies within the bounds."""
        low, high = self.bounds
        return low < value < high

    @property
    def of_one_cell(self) -> bool:
        """Whether it is about the value or the trainings of a cell, not about a difference."""
        return self.bounded or bool(set(self.outcomes) & set(TRAINED))


class Condition(Config):
    """Holds where every case has what `every` expects, and any case all of what `some` expects;
    expectations by statistic.
    """

    every: dict[str, Expected] = Field(default_factory=dict)
    some: dict[str, Expected] = Field(default_factory=dict)


class Remark(Condition):
    """What is added to an answer where a further condition holds; `to` is the answer."""

    to: Literal["confirmed", "refuted"]
    words: str


class Claim(Condition):
    """A claim.

    Without `along` and `cells`, each selected cell is a case. With them, the cells that differ in
    nothing else are a line, and a case is a later cell of a line with an earlier one.

    Attributes:
        claim: in words, as the document has it.
        name: by which a report calls it, e.g. ``scenario 3``.
        source: document and section.
        at: the levels of an axis, or of another property of a cell, that the claim is about.
        along: the axis of the lines, numbers rising.
        levels: the order of its levels, where it is another one; cells with other levels are left
            out.
        axes, cells: the line as a list of cells, each by its levels of `axes`.
        pairs: all, those side by side, the first two, or each inner cell with both ends;
            ``lowest``: the first cell alone.
        earlier, later: levels that the two cells of a pair have to have.
        same: properties that the cells of a line share; None: all other axes.
        each_line: answered line by line, not by all lines together.
        answers: in words, where it is confirmed and where it is refuted.
        but: a remark on one of these answers.
        not_measured: why no experiment can answer it.
    """

    claim: str
    name: str = ""
    source: str = ""
    at: dict[str, tuple[Level, ...]] = Field(default_factory=dict)
    along: str | None = None
    levels: tuple[Level, ...] = ()
    axes: tuple[str, ...] = ()
    cells: tuple[tuple[Level, ...], ...] = ()
    pairs: Literal["all", "neighbours", "first", "inner", "lowest"] = "all"
    earlier: tuple[Level, ...] = ()
    later: tuple[Level, ...] = ()
    same: tuple[str, ...] | None = None
    each_line: bool = False
    answers: tuple[str, str] = ("confirmed", "refuted")
    but: Remark | None = None
    not_measured: str = ""

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if bool(self.every or self.some) == bool(self.not_measured):
            raise ValueError(
                "give what is expected, by statistic, under `every` or `some` (or `not_measured`"
                " with the reason)"
            )
        return self

    @model_validator(mode="after")
    def _one_line(self) -> Self:
        if self.along is not None and self.cells:
            raise ValueError("give the line as `along` or as `axes` and `cells`, not both")
        if any(len(cell) != len(self.axes) for cell in self.cells) or bool(self.axes) != bool(
            self.cells
        ):
            raise ValueError("each of `cells` takes one level for each of `axes`")
        return self

    @model_validator(mode="after")
    def _pairs_for_differences(self) -> Self:
        alone = self.of_single_cells or self.pairs == "lowest"
        if alone and any(set(one.outcomes) & set(COMPARED) for _, one in self.expected):
            raise ValueError(
                "a difference needs pairs of cells: give `along`, or `axes` and `cells`, and"
                " `pairs` other than lowest"
            )
        return self

    @property
    def of_single_cells(self) -> bool:
        """Whether each cell is a case, without lines."""
        return self.along is None and not self.cells

    @property
    def expected(self) -> list[tuple[str, Expected]]:
        """All expectations, each with its statistic."""
        conditions: list[Condition] = [self, *([self.but] if self.but else [])]
        return [
            pair for one in conditions for part in (one.every, one.some) for pair in part.items()
        ]

    def unknown_names(
        self, statistics: Mapping[str, Sequence[Outcome]], known: Mapping[str, Sequence[Any]] | None
    ) -> Iterator[str]:
        """What it names that does not exist, each with its key and what is allowed.

        Args:
            statistics: of the kind, each with the outcomes that it can be expected to have.
            known: levels of each axis, empty where any will do; None: axes are not checked.
        """
        for name, one in self.expected:
            yield from _unknown_statistics(name, one, statistics)
        if known is not None:
            for key, axis, levels in self._axes_named:
                yield from _unknown_levels(key, axis, levels, known)

    @property
    def _axes_named(self) -> list[tuple[str, str, Sequence[Level]]]:
        """Key, axis and levels, wherever an axis is named."""
        along = (
            [("along", self.along, (*self.levels, *self.earlier, *self.later))]
            if self.along is not None
            else []
        )
        cells = [
            ("cells", axis, [cell[i] for cell in self.cells]) for i, axis in enumerate(self.axes)
        ]
        selected = [("at", axis, levels) for axis, levels in self.at.items()]
        return [*along, *cells, *selected, *(("same", axis, ()) for axis in self.same or ())]


def read_claims(raw: Sequence[Any], where: str) -> tuple[Claim, ...]:
    """Claims from plain data.

    Args:
        where: file and key, for messages.

    Raises:
        ConfigurationError: names the claim, the key, the value and what is allowed.
    """
    claims, problems = [], []
    for number, one in enumerate(raw, start=1):
        try:
            claims.append(Claim.model_validate(one))
        except ValidationError as error:
            problems += [
                f"{_named(one, number)}: {_problem(problem)}" for problem in error.errors()
            ]
    _refuse(problems, where)
    return tuple(claims)


def refuse_unknown_names(
    claims: Sequence[Claim],
    statistics: Mapping[str, Sequence[Outcome]],
    known: Mapping[str, Sequence[Any]] | None,
    where: str,
) -> None:
    """Refuse claims about what does not exist; see `Claim.unknown_names`.

    Raises:
        ConfigurationError: names the claim, the key, the name and what is allowed.
    """
    numbered = list(enumerate(claims, start=1))
    _refuse(
        [
            f"{_named(one, i)}: {text}"
            for i, one in numbered
            for text in one.unknown_names(statistics, known)
        ],
        where,
    )


def _unknown_statistics(
    name: str, expected: Expected, known: Mapping[str, Sequence[Outcome]]
) -> Iterator[str]:
    if name not in known:
        yield f"every/some: no such statistic: {name}; choose one of {', '.join(known)}"
    elif wrong := set(expected.outcomes) - set(known[name]):
        yield (
            f"every/some: {name} cannot be {', '.join(sorted(wrong))}; choose one of"
            f" {', '.join(known[name])}"
        )
    elif expected.bounded and known[name] == TRAINED:
        yield f"every/some: {name} has no bounds; choose one of {', '.join(TRAINED)}"


def _unknown_levels(
    key: str, axis: str, levels: Sequence[Level], known: Mapping[str, Sequence[Any]]
) -> Iterator[str]:
    if axis not in known:
        yield (
            f"{key}: no such axis: {axis}; choose one of"
            f" {', '.join(known) or 'none: the grid has no axes'}"
        )
    elif known[axis] and (missing := [level for level in levels if level not in known[axis]]):
        yield (
            f"{key}: {axis} has no level {missing[0]!r}; choose one of"
            f" {', '.join(map(str, known[axis]))}"
        )


def _named(one: Any, number: int) -> str:
    """A claim in a message."""
    text = (
        one.claim
        if isinstance(one, Claim)
        else one.get("claim")
        if isinstance(one, Mapping)
        else None
    )
    return f"claim {number}" + (f" ({text!r})" if text else "")


def _refuse(problems: Sequence[str], where: str) -> None:
    """Raise where there is a problem."""
    if problems:
        raise ConfigurationError(
            "\n".join(
                [
                    f"{where}: claims cannot be read:",
                    *(f"  {problem}" for problem in dict.fromkeys(problems)),
                ]
            )
        )


def _problem(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        of_claim = len(problem["loc"]) == 1
        known = (
            ", ".join(Claim.model_fields)
            if of_claim
            else "above, below, or one of " + ", ".join(COMPARED + TRAINED)
        )
        return f"{key}={problem['input']!r}: no such key; known here: {known}"
    message = problem["msg"].removeprefix("Value error, ")
    return (
        f"{key}={problem['input']!r}: {message}"
        if key and problem["type"] != "missing"
        else f"{key}: {message}"
        if key
        else message
    )
