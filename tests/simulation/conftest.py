"""A small sample, simulated once, and the parameters that make it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from lexon.config import SimulationConfig
from lexon.events import Events
from lexon.simulation import Simulation

MIX = {"tttt": 0.5, "ttH": 0.125, "ttW": 0.125, "ttWW": 0.125, "ttZ": 0.125}
SPLIT = {"train": 0.7, "val": 0.15, "test": 0.15}


@dataclass(frozen=True)
class Sample:
    """What one pass over a simulation gave."""

    simulation: Simulation
    chunks: list[tuple[str, Events]]
    progress: list[int]

    @property
    def events(self) -> Events:
        return Events.concatenate([events for _, events in self.chunks])


@pytest.fixture(scope="session")
def make_config() -> Callable[..., SimulationConfig]:
    def make(**changes: Any) -> SimulationConfig:
        return SimulationConfig(**({"seed": 7, "mix": MIX, "split": SPLIT} | changes))

    return make


@pytest.fixture(scope="session")
def sample(make_config: Callable[..., SimulationConfig]) -> Sample:
    simulation, progress = Simulation(make_config(), 6000), []
    return Sample(simulation, list(simulation.chunks(progress.append)), progress)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)
