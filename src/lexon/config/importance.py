"""What a report says about how a network reads an event."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lexon.config.base import Config


class ImportanceConfig(Config):
    """Importance of each feature, and attention.

    Attributes:
        permutations: times that each feature is exchanged between test events; 0 measures nothing.
        attention_events: test events of which the attention of each network is drawn.
    """

    permutations: Annotated[int, Field(ge=0, le=100)]
    attention_events: Annotated[int, Field(ge=0, le=20)]
