"""What an answer is: a word, and the numbers that it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lexon.pipelines.reporting.autoencoder_changes import MIN_SEEDS, Change

UNDECIDED = "undecided"
NOT_ASKED = "not asked"  # the grid does not vary what the question is about
SAID, LISTED = 2, 6  # numbers in a sentence, numbers in a table


@dataclass(frozen=True)
class Answer:
    """An answer to one question.

    Attributes:
        name: e.g. ``scenario 3``.
        question: as the user's documents ask it.
        answer: ``yes``, ``no``, ``undecided (...)``, or a phrase.
        because: numbers with their intervals, the most telling first.
    """

    name: str
    question: str
    answer: str
    because: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The answer with the numbers that tell most."""
        numbers = f" {'; '.join(self.because[:SAID])}." if self.because else ""
        return f"{self.name[:1].upper()}{self.name[1:]} ({self.question}): {self.answer}.{numbers}"

    def row(self) -> dict[str, Any]:
        """For a table or JSON."""
        return asdict(self) | {"because": "; ".join(self.because)}


def undecided(changes: Iterable[Change]) -> str:
    """``undecided`` with what stands in the way: missing members, a single seed, or wide intervals."""
    known = list(changes)
    if not known:
        return f"{UNDECIDED} (nothing to compare)"
    fewest = min(change.n_seeds for change in known)
    if fewest == 0:
        return f"{UNDECIDED} (members are missing)"
    if fewest < MIN_SEEDS:
        return f"{UNDECIDED} ({fewest} seed)"
    return f"{UNDECIDED} ({fewest} seeds: the intervals allow both)"


def listed(changes: Sequence[Change]) -> tuple[str, ...]:
    """The numbers of some changes, each once."""
    ordered = list(dict.fromkeys(changes))
    more = [f"and {len(ordered) - LISTED} more in the table of changes"] if len(ordered) > LISTED else []
    return *(f"{change.words}: {change.verdict}" for change in ordered[:LISTED]), *more
