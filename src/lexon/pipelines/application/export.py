"""A finished classifier as ONNX, written only where onnxruntime repeats its scores of the whole
test split.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import lexon
from lexon.datasets.exported import ExportedNetwork
from lexon.datasets.finished import FinishedMember
from lexon.errors import DataError
from lexon.events import Events
from lexon.export.network import WholeClassifier
from lexon.export.onnx_file import require_onnx, session, session_scores, to_onnx, with_metadata
from lexon.metrics.scores import Scores
from lexon.pipelines.application.scores import Scorer, own_object_types
from lexon.tokenisers.base import Tokeniser
from lexon.tokenisers.vqvae import VQVAETokeniser

Probabilities = NDArray[np.float32]

TOLERANCE = 1e-5
# Relative change of an object's quantities that no detector resolves; rounding is smaller still.
NEGLIGIBLE = 1e-5
# Scores of an evaluation on a GPU differ from those of this CPU by no more, but for the share of
# events with an object between two codes.
OTHER_DEVICE, BETWEEN_CODES = 1e-3, 1e-3


@dataclass(frozen=True)
class Check:
    """How far onnxruntime's scores are from ours.

    Attributes:
        n: test events.
        largest: difference of a probability.
        ties: events left out of `largest`: an object lies between two codes.
    """

    n: int
    largest: float
    ties: int

    @property
    def words(self) -> str:
        ties = (
            f", apart from {self.ties:,} of them with an object between two codes, which rounding"
            " decides"
            if self.ties
            else ""
        )
        return (
            f"onnxruntime repeats the scores of all {self.n:,} test events to"
            f" {self.largest:.1g}{ties}"
        )


def export_network(member: FinishedMember, object_types: dict[int, str]) -> ExportedNetwork:
    """The member's network with its tokeniser.

    Raises:
        ConfigurationError: what is missing, or cannot be exported.
        DataError: onnxruntime gives other scores than lexon, or lexon gives others than the member
            once had.
    """
    require_onnx()
    scorer = Scorer(member, own_object_types(member, object_types))
    recorded, test = member.scores(), member.events().classified("test", member.config.classes)
    if test.digest != recorded.digest:
        raise DataError(
            f"{member.name}: its run holds other events now than those that it was evaluated on, so"
            " an export cannot be checked; run its experiment again"
        )
    ours = scorer.scores(test.events)
    _refuse_others(ours, recorded, member)
    content = to_onnx(whole_classifier(scorer))
    check = compared(content, test.events, ours, scorer.tokeniser, member.name)
    metadata = _metadata(scorer) | {"checked": check.words}
    return ExportedNetwork(member.folder, with_metadata(content, metadata), check.words)


def whole_classifier(scorer: Scorer) -> WholeClassifier:
    """The member's network and what precedes it."""
    network = scorer.member.config.classifier
    return WholeClassifier(
        scorer.tokeniser,
        scorer.model,
        frozenset(network.quantities),
        scorer.object_types,
        network.met,
        scorer.member.config.data.max_objects,
    )


def compared(
    content: bytes, events: Events, ours: Probabilities, tokeniser: Tokeniser, name: str
) -> Check:
    """The scores of an ONNX file held against ours.

    Raises:
        DataError: they differ.
    """
    theirs = session_scores(session(content), events)
    difference = np.abs(theirs - ours).max(1, initial=0)
    wrong = ~(difference <= TOLERANCE)
    if wrong.any() and isinstance(tokeniser, VQVAETokeniser):
        wrong[wrong] = ~_between_codes(events[wrong], tokeniser)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{name}: onnxruntime gives other scores than lexon for {int(wrong.sum()):,} of"
            f" {len(events):,} test events, the first of them {theirs[first].tolist()} and not"
            f" {ours[first].tolist()} ({TOLERANCE:g} is allowed); no file is written: please report"
            " it with the member's run.json"
        )
    ties = difference > TOLERANCE
    return Check(len(events), float(difference[~ties].max(initial=0)), int(ties.sum()))


def _between_codes(events: Events, tokeniser: VQVAETokeniser) -> NDArray[np.bool_]:
    """Events in which a negligible change of the objects changes a code."""
    codes = tokeniser.encode(events).values
    found = np.zeros(len(events), np.bool_)
    for factor in (1 - NEGLIGIBLE, 1 + NEGLIGIBLE):
        moved = replace(events, p4=(events.p4 * factor).astype(np.float32))
        found |= (tokeniser.encode(moved).values != codes).any(1)
    return found


def _refuse_others(ours: Probabilities, recorded: Scores, member: FinishedMember) -> None:
    """Refuse a tokeniser or a network that is no longer the one that was evaluated."""
    other = np.abs(ours - recorded.probabilities).max(1) > OTHER_DEVICE
    if other.mean() > BETWEEN_CODES:
        raise DataError(
            f"{member.name}: network and tokeniser give other scores than scores.h5 for"
            f" {int(other.sum()):,} of {len(ours):,} test events, so one of them was replaced; run"
            " its experiment again"
        )


def _metadata(scorer: Scorer) -> dict[str, str]:
    """What a user of the file may ask it."""
    member = scorer.member
    return {
        "member": member.name,
        "class_names": json.dumps(scorer.class_names),
        "classes": json.dumps(member.config.model_dump(mode="json")["classes"]),
        "object_types": json.dumps(dict(scorer.object_types)),
        "max_objects": str(member.config.data.max_objects),
        "units": "GeV, rad",
        "lexon_version": lexon.__version__,
        "model_digest": member.digest,
        "test_digest": str(member.record.get("data", {}).get("test_digest", "")),
        "parameters": json.dumps(member.record["parameters"]),
    }
