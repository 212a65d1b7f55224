"""An experiment is a grid of cells times seeds; each pair is a member: one training, one folder,
one row.
"""

from lexon.experiments.experiment import Experiment
from lexon.experiments.grid import expand
from lexon.experiments.members import (
    Member,
    Result,
    Status,
    cell_name,
    differences,
    is_member,
    shown_as,
    tokeniser_name,
)
from lexon.experiments.nested import flatten
from lexon.experiments.recorded import Plan, Recorded, cell_of, recorded_plan
from lexon.experiments.validation import configured

__all__ = [
    "Experiment",
    "Member",
    "Plan",
    "Recorded",
    "Result",
    "Status",
    "cell_name",
    "cell_of",
    "configured",
    "differences",
    "expand",
    "flatten",
    "is_member",
    "recorded_plan",
    "shown_as",
    "tokeniser_name",
]
