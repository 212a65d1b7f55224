"""Claims held against what was measured: confirmed, refuted, or undecided with the reason, each
with its numbers.

A kind hands over `Evidence`: its cells and their statistics. An expectation of one statistic is
true, false or open; so is what is made of several of them (Kleene's three-valued logic). The
differences that a claim asks for are one family.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from itertools import chain, pairwise, product
from typing import Any, NamedTuple

import numpy as np
import yaml
from scipy.stats import kendalltau

from lexon.config import KINDS
from lexon.config.claims import (
    Claim,
    Condition,
    Expected,
    Remark,
    read_claims,
    refuse_unknown_names,
)
from lexon.experiments.nested import unique
from lexon.pipelines.reporting.cells import Cell
from lexon.pipelines.reporting.words import bounded, capital, counted, setting_words, share
from lexon.statistics import (
    SEED,
    Difference,
    Interval,
    SmallestEffect,
    Trainings,
    compare,
    outcome_of,
    share_intervals,
    weighted_intervals,
)

MIN_SEEDS = 2  # from here on a spread over seeds can be seen at all
UNDECIDED, NOT_ASKED = "undecided", "not asked"
SHOWN, LISTED = (
    2,
    6,
)  # numbers in a sentence, numbers in a table: half as many of a line where there are several
MISSING = "members are missing"
OWN = "questions"  # the claims of an experiment itself, beside those of documents
UNKNOWN = Interval(np.nan, np.nan, np.nan)

Truth = bool | None
Questions = Mapping[str, Sequence[Claim]]


class Asked(NamedTuple):
    """A statistic of a cell against another."""

    statistic: str
    later: Cell
    earlier: Cell


@dataclass(frozen=True)
class Found:
    """What came of a statistic of one cell or two.

    Attributes:
        outcome: one of `lexon.config.claims.Outcome`, ``inside`` or ``outside`` the bounds that
            were asked for, or ``undecided``.
        words: the numbers.
        why: it is undecided.
    """

    outcome: str
    words: str
    why: str = ""


@dataclass(frozen=True)
class Evidence:
    """What the finished members of a kind show.

    Attributes:
        cells: the cells, in the order of the plan.
        trainings: of some statistics, by ``statistic:name``, all on the same resamples; losses may
            be logarithms (`SmallestEffect.scale`).
        smallest: effect of each statistic.
        words: an axis and a level, for a reader.
        notes: what to know of a statistic.
        shares: statistics that lie between 0 and 1.
    """

    cells: Sequence[Cell]
    trainings: Callable[[frozenset[str]], Mapping[str, Trainings]]
    smallest: Mapping[str, SmallestEffect]
    words: Callable[[str, Any], str]
    notes: Mapping[str, str] = field(default_factory=dict)
    shares: Collection[str] = ()

    def differences(self, asked: Sequence[Asked]) -> dict[Asked, Found]:
        """Those of one family."""
        trainings = self.trainings(frozenset(one.statistic for one in asked)) if asked else {}
        settings = {
            one: [{_key(one.statistic, one.later): 1.0, _key(one.statistic, one.earlier): -1.0}]
            for one in asked
        }
        family = {
            one: setting
            for one, setting in settings.items()
            if setting[0].keys() <= trainings.keys()
        }
        smallest = {one: self.smallest[one.statistic] for one in family}
        found = compare(trainings, family, smallest, np.random.default_rng(SEED))
        return {
            one: self._compared(one, found[one]) if one in found else not_measured(one)
            for one in asked
        }

    def value(self, statistic: str, cell: Cell, expected: Expected) -> Found:
        """A statistic of a cell against bounds, by its interval over events and seeds."""
        interval = self.interval(statistic, cell)
        words = f"{statistic} {interval_words(interval)}"
        if len(cell.finished) < MIN_SEEDS or not np.isfinite(interval.estimate):
            return Found(UNDECIDED, words, why_undecided(len(cell.finished)))
        if expected.contains(interval.low) and expected.contains(interval.high):
            return Found("inside", words)
        low, high = expected.bounds
        outside = interval.high <= low or interval.low >= high
        return Found("outside" if outside else UNDECIDED, words, why_undecided(len(cell.finished)))

    def remarks(self, cell: Cell) -> list[str]:  # noqa: ARG002
        """What to know of the numbers of a cell."""
        return []

    def interval(self, statistic: str, cell: Cell) -> Interval:
        """A statistic of a cell in its own unit; NaN where it was not measured."""
        key, trainings = _key(statistic, cell), self.trainings(frozenset({statistic}))
        if key not in trainings:
            return UNKNOWN
        intervals = share_intervals if statistic in self.shares else weighted_intervals
        found = intervals(trainings, {key: {key: 1.0}}, np.random.default_rng(SEED))[key]
        if self.smallest[statistic].scale != "log":
            return found
        return Interval(
            *(float(np.exp(value)) for value in (found.estimate, found.low, found.high))
        )

    def _compared(self, asked: Asked, found: Difference) -> Found:
        absolute = self.smallest[asked.statistic].scale == "absolute"
        size = interval_words(found.change, "+") if absolute else share(found.change)
        words = (
            f"{asked.statistic} {size}, {asked.later.label} against {asked.earlier.label}:"
            f" {found.verdict}"
        )
        return Found(
            outcome_of(found.verdict, found.negligible), words, why_undecided(found.n_seeds)
        )


@dataclass(frozen=True)
class Line:
    """Whether a claim holds for cells that differ in one thing."""

    truth: Truth
    cells: frozenset[Cell]


@dataclass(frozen=True)
class Answer:
    """The answer to a claim.

    Attributes:
        kind: of claims: predictions, hypotheses, scenarios ... or `OWN`.
        verdict: confirmed, refuted, undecided (why), not asked, or mixed where lines of cells
            differ.
        answer: the verdict in the claim's own words, with what lies behind it.
        numbers: that it rests on, the most telling first.
        lines: of cells for which it is answered, by what their cells share; under an empty name
            where all answer together.
    """

    claim: Claim
    kind: str
    verdict: str
    answer: str
    numbers: tuple[str, ...] = ()
    lines: Mapping[str, Line] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The answer with the numbers that tell most."""
        numbers = f" {'; '.join(self.numbers[:SHOWN])}." if self.numbers else ""
        return f"{capital(self.claim.name)} ({self.claim.claim}): {self.answer}.{numbers}"

    def row(self) -> dict[str, Any]:
        """For a table or JSON."""
        texts = {
            "kind": self.kind,
            "name": self.claim.name,
            "claim": self.claim.claim,
            "source": self.claim.source,
        }
        return texts | {
            "verdict": self.verdict,
            "answer": self.answer,
            "numbers": "; ".join(self.numbers),
        }


@cache
def claims_of(kind: str) -> dict[str, tuple[Claim, ...]]:
    """The claims of documents about a kind, under the names of their tables."""
    path = resources.files("lexon.pipelines.reporting") / "questions" / f"{kind}.yml"
    known = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found = {
        name: read_claims(claims, f"questions/{kind}.yml: {name}") for name, claims in known.items()
    }
    for name, claims in found.items():
        refuse_unknown_names(claims, KINDS[kind].statistics, None, f"questions/{kind}.yml: {name}")
    return found


def answers(kind: str, own: Iterable[Any], evidence: Evidence) -> list[Answer]:
    """All claims about a kind and those of an experiment (`own`, as plain data), each with its
    answer.
    """
    asked: Questions = {**claims_of(kind), OWN: read_claims(list(own), OWN)}
    return [_answer(claim, name, evidence) for name, claims in asked.items() for claim in claims]


def sentences(given: Sequence[Answer]) -> list[str]:
    """The answers: one sentence for each claim that has a name, one for all others of a kind and
    verdict.
    """
    asked = [answer for answer in given if answer.verdict != NOT_ASKED]
    together: dict[tuple[str, str], list[str]] = {}
    for answer in (one for one in asked if not one.claim.name):
        together.setdefault((answer.kind, answer.verdict), []).append(answer.claim.claim)
    listed = [
        f"{capital(kind)} {verdict}: {'; '.join(claims)}."
        for (kind, verdict), claims in together.items()
    ]
    return [*(answer.sentence for answer in asked if answer.claim.name), *listed]


def known(trainings: Mapping[str, Trainings], statistics: frozenset[str]) -> dict[str, Trainings]:
    """Those of some statistics."""
    return {key: cell for key, cell in trainings.items() if key.partition(":")[0] in statistics}


def not_measured(asked: Asked) -> Found:
    """A difference of which one side at least is missing."""
    words = f"{asked.statistic} not measured, {asked.later.label} against {asked.earlier.label}"
    return Found(UNDECIDED, f"{words}: {UNDECIDED}", MISSING)


def why_undecided(n_seeds: int) -> str:
    """What stands in the way: missing members, a single seed, or wide intervals."""
    if n_seeds == 0:
        return MISSING
    return (
        counted(n_seeds, "seed")
        if n_seeds < MIN_SEEDS
        else f"{n_seeds} seeds: the intervals allow both"
    )


def interval_words(interval: Interval, sign: str = "") -> str:
    """``0.120 [0.080, 0.150]``."""
    if not np.isfinite(interval.estimate):
        return "not measured"
    return bounded(interval.estimate, interval.low, interval.high, 3, sign)


def level_words(axis: str, level: Any) -> str:
    """``latent dim 32``, ``beta 4``; a text says by itself what it is."""
    return level if isinstance(level, str) else setting_words({axis: level})


@dataclass(frozen=True)
class _Case:
    """Cells that an expectation is about: one, or pairs of (later, earlier); `absent` is a cell
    that the grid does not have.
    """

    cells: tuple[Cell, ...]
    pairs: tuple[tuple[Cell, Cell], ...] = ()
    absent: str = ""


@dataclass(frozen=True)
class _Atom:
    """One expectation of one cell (`cell`) or pair, true, false or open."""

    truth: Truth
    found: Found
    cell: Cell | None = None


def _answer(claim: Claim, kind: str, evidence: Evidence) -> Answer:
    if claim.not_measured:
        undecided = f"{UNDECIDED} ({claim.not_measured})"
        return Answer(claim, kind, undecided, undecided)
    lines = _lines(claim, evidence)
    if not lines:
        return Answer(claim, kind, NOT_ASKED, NOT_ASKED, (_why_not_asked(claim),))
    cases = list(chain.from_iterable(lines.values()))
    differences = evidence.differences(_asked(claim, cases))
    together = lines if claim.each_line else {"": cases}
    judged = {
        name: _Judged(claim, evidence, differences, cases) for name, cases in together.items()
    }
    found = {name: Line(one.truth, one.cells) for name, one in judged.items()}
    numbers = (
        *_notes(claim, evidence),
        *_measured_orders(claim, evidence),
        *_numbers(list(judged.values())),
    )
    return Answer(claim, kind, _verdict(list(judged.values())), _in_words(judged), numbers, found)


def _asked(claim: Claim, cases: Sequence[_Case]) -> list[Asked]:
    """Every difference that the answer needs, once."""
    compared = [name for name, one in claim.expected if not one.of_one_cell]
    pairs = list(chain.from_iterable(case.pairs for case in cases))
    return list(dict.fromkeys(Asked(name, *pair) for name in compared for pair in pairs))


def _verdict(judged: Sequence[_Judged]) -> str:
    """The answer in the words that all claims share."""
    truths = {one.truth for one in judged}
    if len(truths) > 1:
        return "mixed"
    if None in truths:
        return _open(chain.from_iterable(one.reasons for one in judged))
    return "confirmed" if True in truths else "refuted"


def _in_words(judged: Mapping[str, _Judged]) -> str:
    """The answer in the claim's own words; where lines differ, with the names of those to which it
    applies.
    """
    lines: dict[str, list[str]] = {}
    for name, one in judged.items():
        lines.setdefault(one.words, []).append(name)
    if len(lines) == 1:
        return next(iter(lines))
    return "; ".join(f"{words} for {', '.join(names)}" for words, names in lines.items())


def _numbers(judged: Sequence[_Judged]) -> list[str]:
    most = LISTED if len(judged) == 1 else LISTED // 2
    return [text for one in judged for text in _shortened(one.numbers, most)]


def _notes(claim: Claim, evidence: Evidence) -> list[str]:
    return [evidence.notes[name] for name in claim.every | claim.some if name in evidence.notes]


@dataclass(frozen=True)
class _Judged:
    """Cases that are answered together, and what they come to.

    Attributes:
        differences: measured, at least those of the cases' pairs.
    """

    claim: Claim
    evidence: Evidence
    differences: Mapping[Asked, Found]
    cases: Sequence[_Case]

    @cached_property
    def truth(self) -> Truth:
        """Whether the claim holds."""
        return self._holds(self.claim)

    @property
    def cells(self) -> frozenset[Cell]:
        """The cells that it rests on."""
        return frozenset(chain.from_iterable(case.cells for case in self.cases))

    @property
    def reasons(self) -> list[str]:
        """Why expectations are open."""
        return unique(atom.found.why for atom in self._atoms(self.claim) if atom.truth is None)

    @property
    def words(self) -> str:
        """The answer, with how much of the cases it rests on."""
        if self.truth is None:
            return _open(self.reasons)
        return f"{self.claim.answers[0 if self.truth else 1]}{self._extent()}{self._remark()}"

    @property
    def numbers(self) -> list[str]:
        """What the answer rests on, and what a remark on it does."""
        telling = [
            atom
            for atom in self._atoms(self.claim)
            if atom.cell or self.truth in (None, atom.truth)
        ]
        # Differences that leave the answer open come before those that do not.
        telling.sort(key=lambda atom: atom.cell is None and atom.truth != self.truth)
        texts: dict[Cell | str, list[str]] = {}
        for atom in [*telling, *(self._atoms(self._but) if self._but else [])]:
            texts.setdefault(atom.cell or atom.found.words, []).append(atom.found.words)
        return [
            self._of_cell(key, words) if isinstance(key, Cell) else key
            for key, words in texts.items()
        ]

    @property
    def _but(self) -> Remark | None:
        """The remark, where it is on this answer."""
        but = self.claim.but
        return but if but and self.truth in (None, but.to == "confirmed") else None

    def _of_cell(self, cell: Cell, words: Sequence[str]) -> str:
        return f"{cell.label}: {', '.join(unique([*words, *self.evidence.remarks(cell)]))}"

    def _holds(self, condition: Condition) -> Truth:
        every = [
            atom.truth for case in self.cases for atom in self._atoms_of(condition.every, case)
        ]
        some = [_any(self._some(condition))] if condition.some else []
        return _all([*every, *some])

    def _some(self, condition: Condition) -> list[Truth]:
        """Whether each case has all that `some` expects."""
        return [
            _all(atom.truth for atom in self._atoms_of(condition.some, case)) for case in self.cases
        ]

    def _atoms(self, condition: Condition) -> list[_Atom]:
        parts = product((condition.some, condition.every), self.cases)
        return list(chain.from_iterable(self._atoms_of(expected, case) for expected, case in parts))

    def _atoms_of(self, expected: Mapping[str, Expected], case: _Case) -> Iterator[_Atom]:
        if case.absent and expected:
            yield _Atom(
                None,
                Found(
                    UNDECIDED, f"{case.absent}: not in this grid", "not every cell is in the grid"
                ),
            )
        for name, one in expected.items():
            if one.of_one_cell:
                values = ((cell, self.evidence.value(name, cell, one)) for cell in case.cells)
                yield from (_Atom(_truth(found, one), found, cell) for cell, found in values)
            else:
                differences = (self.differences[Asked(name, *pair)] for pair in case.pairs)
                yield from (_Atom(_truth(found, one), found) for found in differences)

    def _extent(self) -> str:
        """How much shows that `some` holds, or that `every` does not, where it is not all; a claim
        of both has none.
        """
        claim = self.claim
        if bool(claim.every) == bool(claim.some) or self.truth != bool(claim.some):
            return ""
        if claim.each_line:
            return self._inner_cells()
        truths = self._some(claim) if claim.some else [atom.truth for atom in self._atoms(claim)]
        n = truths.count(self.truth)
        noun = "numbers" if claim.of_single_cells else "comparisons"
        return f", in {n} of {len(truths)} {noun}" if n < len(truths) else ""

    def _inner_cells(self) -> str:
        """``, latent dim 32``: the cells between the ends of a line in which it was seen."""
        if self.claim.pairs != "inner" or not self.truth:
            return ""
        axis = self.claim.along or ""
        cells = [
            case.cells[0]
            for case, seen in zip(self.cases, self._some(self.claim), strict=True)
            if seen
        ]
        return "".join(f", {self.evidence.words(axis, cell.level(axis))}" for cell in cells)

    def _remark(self) -> str:
        holds = self._holds(self._but) if self._but else False
        return (
            ""
            if self._but is None or holds is False
            else f", {'' if holds else 'undecided whether '}{self._but.words}"
        )


def _lines(claim: Claim, evidence: Evidence) -> dict[str, list[_Case]]:
    """The cases of each line of cells that has any."""
    if claim.of_single_cells:
        return _single_cells(claim, evidence)
    cases = {name: _cases(claim, line) for name, line in _ordered(claim, evidence).items()}
    return {name: of_line for name, of_line in cases.items() if of_line}


def _single_cells(claim: Claim, evidence: Evidence) -> dict[str, list[_Case]]:
    """Each cell by itself, and what is asked of levels that a line does not have."""
    lines = _grouped(claim, _chosen(claim, evidence), set(claim.at), evidence)
    return {
        name: [*(_Case((cell,)) for cell in line), *_absent(claim, line, evidence)]
        for name, line in lines.items()
    }


def _absent(claim: Claim, line: Sequence[Cell], evidence: Evidence) -> list[_Case]:
    asked = [(axis, level) for axis, levels in claim.at.items() for level in levels]
    return [
        _Case((), absent=evidence.words(axis, level))
        for axis, level in asked
        if all(cell.level(axis) != level for cell in line)
    ]


def _ordered(claim: Claim, evidence: Evidence) -> dict[str, list[Cell]]:
    """Lines of cells in the order of the claim, under the names of what their cells share."""
    chosen = _chosen(claim, evidence)
    if claim.along is not None:
        return _grouped(claim, _along(claim, claim.along, chosen), {claim.along}, evidence)
    lines = {
        name: _listed(claim, line)
        for name, line in _grouped(claim, chosen, set(claim.axes), evidence).items()
    }
    return {name: line for name, line in lines.items() if line}


def _chosen(claim: Claim, evidence: Evidence) -> list[Cell]:
    return [cell for cell in evidence.cells if _is_at(cell, claim.at)]


def _along(claim: Claim, axis: str, cells: Sequence[Cell]) -> list[Cell]:
    """The cells in the order of their levels, without those of levels that the claim leaves out."""
    levels = claim.levels or _levels([cell.level(axis) for cell in cells])
    return sorted(
        (cell for cell in cells if cell.level(axis) in levels),
        key=lambda cell: levels.index(cell.level(axis)),
    )


def _listed(claim: Claim, line: Sequence[Cell]) -> list[Cell]:
    """The cells that a claim lists; none where one of them is missing."""
    wanted = [dict(zip(claim.axes, zip(levels), strict=True)) for levels in claim.cells]
    found = [next((cell for cell in line if _is_at(cell, levels)), None) for levels in wanted]
    return [cell for cell in found if cell is not None] if None not in found else []


def _grouped(
    claim: Claim, cells: Sequence[Cell], apart: set[str], evidence: Evidence
) -> dict[str, list[Cell]]:
    lines: dict[str, list[Cell]] = {}
    for cell in cells:
        shared = (
            claim.same
            if claim.same is not None
            else [axis for axis in cell.axes if axis not in apart]
        )
        name = ", ".join(evidence.words(axis, cell.level(axis)) for axis in shared)
        lines.setdefault(name, []).append(cell)
    return lines


def _cases(claim: Claim, line: Sequence[Cell]) -> list[_Case]:
    """Later and earlier cells, those that are furthest apart first."""
    if claim.pairs == "lowest":
        return [_Case((cell,)) for cell in line[:1]]
    if claim.pairs == "inner":
        return [_Case((cell,), ((cell, line[0]), (cell, line[-1]))) for cell in line[1:-1]]
    if claim.pairs == "all":
        pairs = _widest_first(line)
    else:
        pairs = [
            (later, earlier)
            for earlier, later in pairwise(line[:2] if claim.pairs == "first" else line)
        ]
    return [_Case(pair, (pair,)) for pair in pairs if _is_asked(claim, *pair)]


def _is_asked(claim: Claim, later: Cell, earlier: Cell) -> bool:
    """Whether two cells differ, and have the levels that a claim asks of them."""
    if later.trained is earlier.trained:
        return False
    levels = [cell.level(claim.along or "") for cell in (later, earlier)]
    if claim.along and levels[0] == levels[1]:
        return False
    return all(
        not allowed or level in allowed
        for level, allowed in zip(levels, (claim.later, claim.earlier), strict=True)
    )


def _widest_first(line: Sequence[Cell]) -> list[tuple[Cell, Cell]]:
    return [
        (line[i + gap], line[i])
        for gap in range(len(line) - 1, 0, -1)
        for i in range(len(line) - gap)
    ]


def _measured_orders(claim: Claim, evidence: Evidence) -> Iterator[str]:
    """Of each line of listed cells; Kendall's tau says how far it is from the claimed order."""
    lines = _ordered(claim, evidence).values() if claim.cells else ()
    values = [(name, one) for name, one in claim.every.items() if not one.bounded]
    for line, (statistic, one) in product(lines, values):
        measured = [evidence.interval(statistic, cell).estimate for cell in line]
        if np.isfinite(measured).all():
            tau = kendalltau(range(len(line)), measured).statistic * (
                -1 if "lower" in one.outcomes else 1
            )
            order = " < ".join(
                cell.label
                for _, cell in sorted(zip(measured, line, strict=True), key=lambda pair: pair[0])
            )
            yield f"measured: {order}; Kendall's tau {tau:.2f}"


def _levels(values: Sequence[Any]) -> list[Any]:
    """Numbers from low to high, others as planned."""
    levels = unique(values)
    return sorted(levels) if all(isinstance(level, int | float) for level in levels) else levels


def _shortened(texts: Sequence[str], most: int) -> list[str]:
    return [*texts[:most], *([f"and {len(texts) - most} more"] if len(texts) > most else [])]


def _why_not_asked(claim: Claim) -> str:
    if claim.along is not None:
        return f"the grid has no cells to compare along {claim.along}"
    return f"the grid has no such cells ({', '.join(claim.axes or claim.at)})"


def _is_at(cell: Cell, levels: Mapping[str, Sequence[Any]]) -> bool:
    return all(cell.level(name) in wanted for name, wanted in levels.items())


def _open(reasons: Iterable[str]) -> str:
    return f"{UNDECIDED} ({'; '.join(unique(reasons))})"


def _truth(found: Found, expected: Expected) -> Truth:
    if found.outcome == UNDECIDED:
        return None
    return found.outcome in (expected.outcomes or ("inside",))


def _all(truths: Iterable[Truth]) -> Truth:
    known = list(truths)
    return False if False in known else None if None in known else True


def _any(truths: Iterable[Truth]) -> Truth:
    known = list(truths)
    return True if True in known else None if None in known else False


def _key(statistic: str, cell: Cell) -> str:
    return f"{statistic}:{cell.trained.name}"
