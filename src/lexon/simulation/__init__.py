"""Simulated events, used when no file is given: tttt, ttH, ttW, ttWW and ttZ with two same-sign
leptons or more.

hard_events (matrix elements) -> channels, decays -> shower -> jets -> detector -> selection, put
together in chain, drawn as a sample in sample and held against a full chain in validation.
docs/simulation.md describes its limits.
"""

from lexon.simulation.hard_events import PROCESSES
from lexon.simulation.sample import Simulation

__all__ = ["PROCESSES", "Simulation"]
