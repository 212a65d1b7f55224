"""The scores that lexon itself gives: what an export must repeat, and what a user's file gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.config.data import EventsFile
from lexon.datasets.finished import FinishedMember
from lexon.errors import ConfigurationError, DataError
from lexon.events import Events
from lexon.pipelines.members import EVALUATION_BATCH
from lexon.pipelines.modelling.classifiers.inputs import network_table
from lexon.tokenisers.base import ClassifiedTokens, Tokeniser
from lexon.training import TensorTable, predict


@dataclass(frozen=True)
class Scorer:
    """A member's network and tokeniser, read once.

    Attributes:
        member: finished.
        object_types: name of each type id.
        device: that it computes on.
    """

    member: FinishedMember
    object_types: Mapping[int, str]
    device: str = "cpu"

    @cached_property
    def model(self) -> Any:
        return self.member.model()

    @cached_property
    def tokeniser(self) -> Tokeniser:
        return self.member.tokeniser()

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(self.member.config.classes)

    def scores(self, events: Events) -> NDArray[np.float32]:
        """Class probabilities [N, C].

        Raises:
            DataError: the network was trained on other event-level quantities than there are now.
        """
        if not len(events):
            return np.zeros((0, len(self.class_names)), np.float32)
        zeros = np.zeros(len(events), np.int64)
        tokens = self.tokeniser.encode(events)
        sample = ClassifiedTokens(tokens, zeros, events.labels, np.arange(len(events)), "")
        table = network_table(sample, self.member.config, self.tokeniser, self.object_types)
        self._refuse_other_quantities(table)
        return predict(self.model, table, EVALUATION_BATCH, self.device)

    def _refuse_other_quantities(self, shown: TensorTable) -> None:
        own = self.model.recipe.get("event_features", 0)
        if own and (now := shown.tensors["event"].shape[1]) != own:
            raise DataError(
                f"{self.member.name}: its network reads {own} event-level quantities, and this"
                f" version of lexon computes {now}; train it again by the command of its run.json"
            )


def own_object_types(member: FinishedMember, asked: Mapping[int, str]) -> Mapping[int, str]:
    """The names of the type ids that a member was trained with.

    Raises:
        ConfigurationError: other ones are asked for, so that objects would change their types.
    """
    data = member.config.data
    if isinstance(data, EventsFile) and dict(data.object_types) != dict(asked):
        raise ConfigurationError(
            f"events.object_types={dict(asked)}: {member.name} was trained with"
            f" {dict(data.object_types)}; set them to that"
        )
    return asked


def refuse_other_width(member: FinishedMember, asked: int) -> None:
    """Check that events are cut to as many objects as a member was trained with.

    Raises:
        ConfigurationError: they are not.
    """
    own = member.config.data.max_objects
    if own != asked:
        raise ConfigurationError(
            f"events.max_objects={asked}: {member.name} was trained with {own}; set it to that"
        )
