"""The chosen configuration as parameters that another experiment, or a longer training of it, can read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from lexon.datasets.members import MemberFolders
from lexon.pipelines.reporting.parameter_file import parameter_file
from lexon.pipelines.reporting.plan import Plan
from lexon.pipelines.reporting.vae.configurations import Configuration
from lexon.pipelines.reporting.vae.differences import verdicts_of
from lexon.pipelines.reporting.vae.nodes import read
from lexon.pipelines.reporting.vae.rules import Rule, Verdicts, choose

_LOWEST_BOUND = Rule("test_bce_plus_kld", "low")
_OF_THE_TRAINING = ("epochs", "batch_size", "lr")


def selected_parameters(members: MemberFolders, plan: Plan, differences: pd.DataFrame) -> str:
    """parameters_selected.yml: the configuration with the lowest BCE + KL on validation."""
    return chosen_parameters(read(members, plan)[0], verdicts_of(differences, "best"))


def chosen_parameters(configurations: Sequence[Configuration], verdicts: Verdicts) -> str:
    """The text of the file; nothing but a remark where no configuration can be chosen."""
    chosen = next(iter(choose(_LOWEST_BOUND, configurations, verdicts)), None)
    if chosen is None:
        return parameter_file({}, "Nothing is selected: no finished configuration learnt a latent code.")
    one = next(each for each in configurations if each.name == chosen.name)
    name = re.sub(r"\W", "_", one.file_name)
    values = {f"configurations.{name}.{key}": value for key, value in _settings(one).items()}
    level = f", level with {', '.join(chosen.level_with)}" if chosen.level_with else ""
    remarks = (f"The lowest BCE + KL on validation{level}: {one.name} ({one.mean('val', 'bce_plus_kld'):.2f} nats per row).",)
    return parameter_file({"configuration": name, **values}, *remarks)


def _settings(one: Configuration) -> dict[str, Any]:
    """All settings of a configuration, complete, so that nothing depends on names that another experiment may not have."""
    training = one.finished[0].member.config["training"]
    return {**one.model, **{name: training[name] for name in _OF_THE_TRAINING if name in training}}
