"""Claims held against what was measured: confirmed, refuted, or undecided with the reason, each
with its numbers.

A kind hands over `Evidence`: its cells and their statistics. An expectation of one statistic is
true, false or open; so is what is made of several of them (Kleene's three-valued logic). The
differences that a claim asks for are one family.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from itertools import chain, product
from typing import Any

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
from lexon.pipelines.reporting.claim_cases import Case, cases_of, lines_of
from lexon.pipelines.reporting.claim_evidence import (
    UNDECIDED,
    Asked,
    Evidence,
    Found,
)
from lexon.pipelines.reporting.words import capital

NOT_ASKED = "not asked"
SHOWN, LISTED = (
    2,
    6,
)  # numbers in a sentence, numbers in a table: half as many of a line where there are several
OWN = "questions"  # the claims of an experiment itself, beside those of documents

Truth = bool | None
Questions = Mapping[str, Sequence[Claim]]


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
    lines = cases_of(claim, evidence)
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


def _asked(claim: Claim, cases: Sequence[Case]) -> list[Asked]:
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
    cases: Sequence[Case]

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

    def _atoms_of(self, expected: Mapping[str, Expected], case: Case) -> Iterator[_Atom]:
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


def _measured_orders(claim: Claim, evidence: Evidence) -> Iterator[str]:
    """Of each line of listed cells; Kendall's tau says how far it is from the claimed order."""
    lines = lines_of(claim, evidence).values() if claim.cells else ()
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


def _shortened(texts: Sequence[str], most: int) -> list[str]:
    return [*texts[:most], *([f"and {len(texts) - most} more"] if len(texts) > most else [])]


def _why_not_asked(claim: Claim) -> str:
    if claim.along is not None:
        return f"the grid has no cells to compare along {claim.along}"
    return f"the grid has no such cells ({', '.join(claim.axes or claim.at)})"


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
