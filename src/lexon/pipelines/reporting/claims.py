"""Claims held against what was measured: confirmed, refuted, or undecided with the reason, each with its numbers.

A kind hands over `Evidence`: its cells and their statistics. An expectation of one statistic is true, false or open; so is what is
made of several of them (Kleene's three-valued logic). The differences that a claim asks for are one family.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import yaml
from scipy.stats import kendalltau

from lexon.config import KINDS
from lexon.config.claims import Claim, Condition, Expected, read_claims, refuse_unknown_names
from lexon.experiments.nested import unique
from lexon.pipelines.reporting.cells import Cell
from lexon.pipelines.reporting.words import bounded, capital, counted, setting_words, share
from lexon.statistics import SEED, Difference, Interval, SmallestEffect, Trainings, compare, outcome_of, weighted_intervals

MIN_SEEDS = 2  # from here on a spread over seeds can be seen at all
UNDECIDED, NOT_ASKED = "undecided", "not asked"
SHOWN, LISTED = 2, 6  # numbers in a sentence, numbers in a table: half as many of a line where there are several
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
        outcome: one of `lexon.config.claims.Outcome`, ``inside`` or ``outside`` the bounds that were asked for, or ``undecided``.
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
        trainings: of some statistics, by ``statistic:name``, all on the same resamples; losses may be logarithms
            (`SmallestEffect.scale`).
        smallest: effect of each statistic.
        words: an axis and a level, for a reader.
        notes: what to know of a statistic.
    """

    cells: Sequence[Cell]
    trainings: Callable[[frozenset[str]], Mapping[str, Trainings]]
    smallest: Mapping[str, SmallestEffect]
    words: Callable[[str, Any], str]
    notes: Mapping[str, str] = field(default_factory=dict)

    def differences(self, asked: Sequence[Asked]) -> dict[Asked, Found]:
        """Those of one family."""
        trainings = self.trainings(frozenset(one.statistic for one in asked)) if asked else {}
        settings = {one: [{_key(one.statistic, one.later): 1.0, _key(one.statistic, one.earlier): -1.0}] for one in asked}
        family = {one: setting for one, setting in settings.items() if setting[0].keys() <= trainings.keys()}
        smallest = {one: self.smallest[one.statistic] for one in family}
        found = compare(trainings, family, smallest, np.random.default_rng(SEED))
        return {one: self._compared(one, found[one]) if one in found else not_measured(one) for one in asked}

    def value(self, statistic: str, cell: Cell, expected: Expected) -> Found:
        """A statistic of a cell against bounds, by its interval over events and seeds."""
        interval = self.interval(statistic, cell)
        words = f"{statistic} {interval_words(interval)}"
        if len(cell.finished) < MIN_SEEDS or not np.isfinite(interval.estimate):
            return Found(UNDECIDED, words, why_undecided(len(cell.finished)))
        if is_within(interval.low, expected) and is_within(interval.high, expected):
            return Found("inside", words)
        outside = interval.high <= _low(expected) or interval.low >= _high(expected)
        return Found("outside" if outside else UNDECIDED, words, why_undecided(len(cell.finished)))

    def remarks(self, cell: Cell) -> list[str]:  # noqa: ARG002
        """What to know of the numbers of a cell."""
        return []

    def interval(self, statistic: str, cell: Cell) -> Interval:
        """A statistic of a cell in its own unit; NaN where it was not measured."""
        key, trainings = _key(statistic, cell), self.trainings(frozenset({statistic}))
        if key not in trainings:
            return UNKNOWN
        found = weighted_intervals(trainings, {key: {key: 1.0}}, np.random.default_rng(SEED))[key]
        if self.smallest[statistic].scale != "log":
            return found
        return Interval(*(float(np.exp(value)) for value in (found.estimate, found.low, found.high)))

    def _compared(self, asked: Asked, found: Difference) -> Found:
        absolute = self.smallest[asked.statistic].scale == "absolute"
        size = interval_words(found.change, "+") if absolute else share(found.change)
        words = f"{asked.statistic} {size}, {asked.later.label} against {asked.earlier.label}: {found.verdict}"
        return Found(outcome_of(found.verdict, found.negligible), words, why_undecided(found.n_seeds))


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
        verdict: confirmed, refuted, undecided (why), not asked, or mixed where lines of cells differ.
        answer: the verdict in the claim's own words, with what lies behind it.
        numbers: that it rests on, the most telling first.
        lines: of cells for which it is answered, by what their cells share; under an empty name where all answer together.
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
        texts = {"kind": self.kind, "name": self.claim.name, "claim": self.claim.claim, "source": self.claim.source}
        return texts | {"verdict": self.verdict, "answer": self.answer, "numbers": "; ".join(self.numbers)}


@cache
def claims_of(kind: str) -> dict[str, tuple[Claim, ...]]:
    """The claims of documents about a kind, under the names of their tables."""
    path = resources.files("lexon.pipelines.reporting") / "questions" / f"{kind}.yml"
    known = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found = {name: read_claims(claims, f"questions/{kind}.yml: {name}") for name, claims in known.items()}
    for name, claims in found.items():
        refuse_unknown_names(claims, KINDS[kind].statistics, None, f"questions/{kind}.yml: {name}")
    return found


def answers(kind: str, own: Iterable[Any], evidence: Evidence) -> list[Answer]:
    """All claims about a kind and those of an experiment (`own`, as plain data), each with its answer."""
    asked: Questions = {**claims_of(kind), OWN: read_claims(list(own), OWN)}
    return [_answer(claim, name, evidence) for name, claims in asked.items() for claim in claims]


def sentences(given: Sequence[Answer]) -> list[str]:
    """The answers: one sentence for each claim that has a name, one for all others of a kind and verdict."""
    asked = [answer for answer in given if answer.verdict != NOT_ASKED]
    together: dict[tuple[str, str], list[str]] = {}
    for answer in (one for one in asked if not one.claim.name):
        together.setdefault((answer.kind, answer.verdict), []).append(answer.claim.claim)
    listed = [f"{capital(kind)} {verdict}: {'; '.join(claims)}." for (kind, verdict), claims in together.items()]
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
    return counted(n_seeds, "seed") if n_seeds < MIN_SEEDS else f"{n_seeds} seeds: the intervals allow both"


def is_within(value: float, expected: Expected) -> bool:
    """Whether a number lies within the bounds of an expectation."""
    return bool(_low(expected) < value < _high(expected))


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
    """Cells that an expectation is about: one, or pairs of (later, earlier); `absent` is a cell that the grid does not have."""

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
    lines = {name: cases for name, cases in _lines(claim, evidence).items() if cases}
    if not any(case.cells for cases in lines.values() for case in cases):
        return Answer(claim, kind, NOT_ASKED, NOT_ASKED, (_why_not_asked(claim),))
    judge = _Judge(claim, evidence, [case for cases in lines.values() for case in cases])
    judged = lines if claim.each_line else {"": [case for cases in lines.values() for case in cases]}
    truths = {name: judge.holds(claim, cases) for name, cases in judged.items()}
    texts: dict[str, list[str]] = {}
    for name, cases in judged.items():
        texts.setdefault(judge.in_words(truths[name], cases), []).append(name)
    answer = next(iter(texts)) if len(texts) == 1 else "; ".join(f"{text} for {', '.join(names)}" for text, names in texts.items())
    most = LISTED if len(judged) == 1 else LISTED // 2
    numbers = [text for name, cases in judged.items() for text in _shortened(judge.numbers(truths[name], cases), most)]
    found = {name: Line(truths[name], frozenset(cell for case in cases for cell in case.cells)) for name, cases in judged.items()}
    orders = [order for line in _ordered(claim, evidence).values() for order in _order(claim, line, evidence)]
    notes = [evidence.notes[name] for name in [*claim.every, *claim.some] if name in evidence.notes]
    return Answer(claim, kind, judge.verdict(truths, judged), answer, (*notes, *orders, *numbers), found)


class _Judge:
    """What the cases of a claim come to."""

    def __init__(self, claim: Claim, evidence: Evidence, cases: Sequence[_Case]) -> None:
        self.claim, self.evidence = claim, evidence
        compared = [name for name, one in claim.expected if not one.bounded and not _is_of_training(one)]
        pairs = [pair for case in cases for pair in case.pairs]
        self._found = evidence.differences(list(dict.fromkeys(Asked(name, *pair) for name in compared for pair in pairs)))

    def holds(self, condition: Condition, cases: Sequence[_Case]) -> Truth:
        """Whether a condition holds of all cases together."""
        every = [atom.truth for case in cases for atom in self._atoms(condition.every, case)]
        some = [_all(atom.truth for atom in self._atoms(condition.some, case)) for case in cases]
        return _all([*every, *([_any(some)] if condition.some else [])])

    def in_words(self, truth: Truth, cases: Sequence[_Case]) -> str:
        """The answer, with how much of the cases it rests on."""
        if truth is None:
            return f"{UNDECIDED} ({'; '.join(self._reasons(cases))})"
        return f"{self.claim.answers[0 if truth else 1]}{self._extent(truth, cases)}{self._remark(truth, cases)}"

    def verdict(self, truths: Mapping[str, Truth], judged: Mapping[str, Sequence[_Case]]) -> str:
        """In the words that all claims share."""
        if len(set(truths.values())) > 1:
            return "mixed"
        (truth,) = set(truths.values())
        if truth is None:
            reasons = dict.fromkeys(reason for cases in judged.values() for reason in self._reasons(cases))
            return f"{UNDECIDED} ({'; '.join(reasons)})"
        return "confirmed" if truth else "refuted"

    def numbers(self, truth: Truth, cases: Sequence[_Case]) -> list[str]:
        """What the answer rests on, and what a remark on it does."""
        atoms = [atom for part in (self.claim.some, self.claim.every) for case in cases for atom in self._atoms(part, case)]
        telling = [atom for atom in atoms if atom.cell or truth in (None, atom.truth)]
        remarks = [but for but in [self.claim.but] if but and truth in (None, but.to == "confirmed")]
        noted = [atom for but in remarks for part in (but.some, but.every) for case in cases for atom in self._atoms(part, case)]
        texts: dict[Any, list[str]] = {}
        for atom in [*sorted(telling, key=lambda atom: atom.cell is None and atom.truth != truth), *noted]:
            texts.setdefault(atom.cell or atom.found.words, []).append(atom.found.words)
        return [self._of_cell(key, words) if isinstance(key, Cell) else key for key, words in texts.items()]

    def _of_cell(self, cell: Cell, words: Sequence[str]) -> str:
        return f"{cell.label}: {', '.join(dict.fromkeys([*words, *self.evidence.remarks(cell)]))}"

    def _atoms(self, expected: Mapping[str, Expected], case: _Case) -> Iterator[_Atom]:
        if case.absent and expected:
            yield _Atom(None, Found(UNDECIDED, f"{case.absent}: not in this grid", "not every cell is in the grid"))
        for name, one in expected.items():
            if one.bounded or _is_of_training(one):
                values = ((cell, self.evidence.value(name, cell, one)) for cell in case.cells)
                yield from (_Atom(_truth(found, one), found, cell) for cell, found in values)
            else:
                differences = (self._found[Asked(name, *pair)] for pair in case.pairs)
                yield from (_Atom(_truth(found, one), found) for found in differences)

    def _reasons(self, cases: Sequence[_Case]) -> list[str]:
        atoms = [atom for case in cases for part in (self.claim.every, self.claim.some) for atom in self._atoms(part, case)]
        return list(dict.fromkeys(atom.found.why for atom in atoms if atom.truth is None))

    def _extent(self, truth: bool, cases: Sequence[_Case]) -> str:
        """In how many comparisons it was seen, where not in all; of a line, in which inner cells."""
        claim, axis = self.claim, self.claim.along or ""
        if bool(claim.every) == bool(claim.some) or truth != bool(claim.some):
            return ""
        if claim.each_line:
            inner = [
                case.cells[0] for case in cases if claim.pairs == "inner" and _all(atom.truth for atom in self._atoms(claim.some, case))
            ]
            return f", {', '.join(self.evidence.words(axis, cell.level(axis)) for cell in inner)}" if truth and inner else ""
        whole = [_all(atom.truth for atom in self._atoms(claim.some, case)) for case in cases if claim.some]
        truths = whole or [atom.truth for case in cases for atom in self._atoms(claim.every, case)]
        noun = "comparisons" if claim.along is not None or claim.cells else "numbers"
        return f", in {truths.count(truth)} of {len(truths)} {noun}" if truths.count(truth) < len(truths) else ""

    def _remark(self, truth: bool, cases: Sequence[_Case]) -> str:
        but = self.claim.but
        if but is None or (but.to == "confirmed") != truth:
            return ""
        holds = self.holds(but, cases)
        return "" if holds is False else f", {'' if holds else 'undecided whether '}{but.words}"


def _lines(claim: Claim, evidence: Evidence) -> dict[str, list[_Case]]:
    """The cases of each line of cells."""
    if claim.along is None and not claim.cells:
        return _single_cells(claim, evidence)
    return {name: list(_cases(claim, line)) for name, line in _ordered(claim, evidence).items()}


def _single_cells(claim: Claim, evidence: Evidence) -> dict[str, list[_Case]]:
    """Each cell by itself, and what is asked of levels that a line does not have."""
    chosen = [cell for cell in evidence.cells if _is_at(cell, claim.at)]
    lines = _grouped(claim, chosen, set(claim.at), evidence)
    return {name: [*(_Case((cell,)) for cell in line), *_absent(claim, line, evidence)] for name, line in lines.items()}


def _absent(claim: Claim, line: Sequence[Cell], evidence: Evidence) -> list[_Case]:
    asked = [(axis, level) for axis, levels in claim.at.items() for level in levels]
    return [_Case((), absent=evidence.words(axis, level)) for axis, level in asked if all(cell.level(axis) != level for cell in line)]


def _ordered(claim: Claim, evidence: Evidence) -> dict[str, list[Cell]]:
    """Lines of cells in the order of the claim, under the names of what their cells share."""
    chosen = [cell for cell in evidence.cells if _is_at(cell, claim.at)]
    if claim.cells:
        return {name: whole for name, line in _grouped(claim, chosen, set(claim.axes), evidence).items() if (whole := _listed(claim, line))}
    if claim.along is None:
        return {}
    along = claim.along
    levels = claim.levels or _levels([cell.level(along) for cell in chosen])
    known = [cell for cell in chosen if cell.level(along) in levels]
    ordered = sorted(known, key=lambda cell: levels.index(cell.level(along)))
    return _grouped(claim, ordered, {along}, evidence)


def _listed(claim: Claim, line: Sequence[Cell]) -> list[Cell]:
    """The cells that a claim lists; none where one of them is missing."""
    found = [next((cell for cell in line if _is_at(cell, dict(zip(claim.axes, zip(levels), strict=True)))), None) for levels in claim.cells]
    return [cell for cell in found if cell is not None] if None not in found else []


def _grouped(claim: Claim, cells: Sequence[Cell], apart: set[str], evidence: Evidence) -> dict[str, list[Cell]]:
    lines: dict[str, list[Cell]] = {}
    for cell in cells:
        shared = claim.same if claim.same is not None else [axis for axis in cell.axes if axis not in apart]
        name = ", ".join(evidence.words(axis, cell.level(axis)) for axis in shared)
        lines.setdefault(name, []).append(cell)
    return lines


def _cases(claim: Claim, line: Sequence[Cell]) -> Iterator[_Case]:
    """Later and earlier cells, those that are furthest apart first."""
    if claim.pairs == "lowest":
        yield from (_Case((cell,)) for cell in line[:1])
        return
    if claim.pairs == "inner":
        for cell in line[1:-1]:
            yield _Case((cell,), ((cell, line[0]), (cell, line[-1])))
        return
    side_by_side = [(later, earlier) for earlier, later in pairwise(line)]
    pairs = {"all": _widest_first(line), "neighbours": side_by_side, "first": side_by_side[:1]}[claim.pairs]
    along = claim.along or ""
    for later, earlier in pairs:
        fits = all(not levels or cell.level(along) in levels for cell, levels in ((later, claim.later), (earlier, claim.earlier)))
        differs = not claim.along or later.level(along) != earlier.level(along)
        if fits and differs and later.trained is not earlier.trained:
            yield _Case((later, earlier), ((later, earlier),))


def _widest_first(line: Sequence[Cell]) -> list[tuple[Cell, Cell]]:
    return [(line[i + gap], line[i]) for gap in range(len(line) - 1, 0, -1) for i in range(len(line) - gap)]


def _order(claim: Claim, line: Sequence[Cell], evidence: Evidence) -> Iterator[str]:
    """The measured order of listed cells; Kendall's tau says how far it is from the claimed one."""
    for statistic, one in claim.every.items():
        measured = [evidence.interval(statistic, cell).estimate for cell in line]
        if claim.cells and not one.bounded and np.isfinite(measured).all():
            tau = kendalltau(range(len(line)), measured).statistic * (-1 if "lower" in one.outcomes else 1)
            order = " < ".join(cell.label for _, cell in sorted(zip(measured, line, strict=True), key=lambda pair: pair[0]))
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


def _is_of_training(expected: Expected) -> bool:
    return bool(set(expected.outcomes) & {"stable", "unstable"})


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


def _low(expected: Expected) -> float:
    return -np.inf if expected.above is None else expected.above


def _high(expected: Expected) -> float:
    return np.inf if expected.below is None else expected.below


def _key(statistic: str, cell: Cell) -> str:
    return f"{statistic}:{cell.trained.name}"
