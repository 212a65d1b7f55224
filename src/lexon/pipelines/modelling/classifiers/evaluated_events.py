"""What the report asks of the test events beside their scores: written next to the members, so that
a report needs their folders only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.datasets.evaluated_events import EvaluatedEvents
from lexon.datasets.events import EventSource
from lexon.events import Events
from lexon.features import ObjectKinds, scalar_sum


def describe_evaluated_events(
    events: EventSource,
    classes: dict[str, Any],
    object_types: dict[int, str],
    simulated: EventSource | None = None,
) -> EvaluatedEvents:
    """Numbers of jets, b-jets and leptons, HT and MET of the test events, and the selection
    efficiencies of simulated ones.
    """
    test = events.classified("test", classes)
    recorded = simulated.attributes.get("efficiencies", {}) if simulated else {}
    return EvaluatedEvents(
        quantities=event_sizes(test.events, object_types),
        index=test.index,
        digest=test.digest,
        efficiencies={name: one["total"] for name, one in recorded.items()},
    )


def event_sizes(events: Events, object_types: Mapping[int, str]) -> dict[str, NDArray[np.float32]]:
    """The quantities that slices are made by, [event] each: numbers of jets (b-jets included),
    b-jets and leptons, HT and MET in GeV.
    """
    kinds = ObjectKinds.of(events, object_types)
    found = {
        "n_jets": kinds.jets.sum(1),
        "n_b_jets": kinds.b_jets.sum(1),
        "n_leptons": kinds.leptons.sum(1),
        "ht": scalar_sum(events.pt, kinds.jets),
        "met": events.met,
    }
    return {name: values.astype(np.float32) for name, values in found.items()}
