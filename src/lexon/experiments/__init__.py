"""An experiment is a grid of cells times seeds; each pair is a member: one training, one folder, one row."""

from lexon.experiments.experiment import Experiment
from lexon.experiments.grid import expand
from lexon.experiments.members import Member, Result, Status, cell_name, differences, is_member, tokeniser_name
from lexon.experiments.nested import flatten

__all__ = ["Experiment", "Member", "Result", "Status", "cell_name", "differences", "expand", "flatten", "is_member", "tokeniser_name"]
