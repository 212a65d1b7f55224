"""A classifier and what precedes it as one module, from an event's objects to class
probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lexon.events import MAX_OBJECTS
from lexon.export.inputs import EventTensors, inputs_of, with_places
from lexon.export.quantities import EventQuantities
from lexon.tokenisers.base import Tokeniser


class WholeClassifier(nn.Module):
    """Objects and MET of events, in GeV and rad -> class probabilities [N, C].

    Args:
        tokeniser: fitted.
        model: a classifier that was trained on its tokens, with a `score`.
        asked: what the model asks for beside tokens (`ClassifierConfig.quantities`).
        object_types: name of each type id; needed for ``event``.
        met: whether the model is shown MET.
        max_objects: the most objects of an event.
    """

    def __init__(
        self,
        tokeniser: Tokeniser,
        model: nn.Module,
        asked: frozenset[str] = frozenset(),
        object_types: Mapping[int, str] | None = None,
        met: bool = True,
        max_objects: int = MAX_OBJECTS,
    ) -> None:
        super().__init__()
        self.max_objects = max_objects
        self.inputs, self.model, self.asked = inputs_of(tokeniser), model, asked
        self.event = (
            EventQuantities(object_types or {}, met, max_objects) if "event" in asked else None
        )

    def forward(
        self,
        id: Tensor,  # the name of the input
        energy: Tensor,
        pt: Tensor,
        eta: Tensor,
        phi: Tensor,
        met: Tensor,
        met_phi: Tensor,
    ) -> Tensor:
        event = EventTensors(id, energy, pt, eta, phi, met, met_phi)
        if self.asked:
            event = with_places(event, self.max_objects)  # pairs have fixed ones
        batch, seen = self.inputs(event)
        return self.model.score(batch | self._quantities(seen))  # type: ignore[operator]

    def _quantities(self, seen: EventTensors) -> dict[str, Tensor]:
        """As in `lexon.pipelines.modelling.classifiers.quantities`: from what the tokens say."""
        eta = seen.eta.double()
        least = (seen.pt * (eta.exp() + (-eta).exp()) / 2).float()
        energy = torch.maximum(seen.energy, least)
        seen = seen._replace(energy=energy.masked_fill(seen.id == 0, 0))
        found = {}
        if self.event is not None:
            found["event"] = self.event(seen)
        if "p4" in self.asked:
            found["p4"] = torch.stack([seen.energy, seen.pt, seen.eta, seen.phi], dim=-1)
        return found
