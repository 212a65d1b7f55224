"""Parameters as types: what a user may type (`Parameters`), and what one training needs, complete
(`member_config`).
"""

from lexon.config.autoencoder import AutoencoderConfig
from lexon.config.base import SEEDS, Classes, Config, EnergyUnit, Label
from lexon.config.classifiers import ClassifierConfig
from lexon.config.data import (
    LABEL_SETS,
    Division,
    EventChecks,
    EventsConfig,
    EventsFile,
    SimulatedEvents,
    SimulationConfig,
    named_labels,
)
from lexon.config.elsewhere import ElsewhereConfig
from lexon.config.importance import ImportanceConfig
from lexon.config.kinds import KINDS, Kind, member_config
from lexon.config.members import (
    AutoencoderMember,
    ClassifierMember,
    EventRegression,
    MemberConfig,
    RegressionMember,
    TableRegression,
    VAEMember,
    event_checks,
    event_data,
    simulated_events,
)
from lexon.config.parameters import EvaluationConfig, Parameters, ReportConfig
from lexon.config.regression import CollapseConfig, RegressionConfig
from lexon.config.significance import SignificanceConfig
from lexon.config.slices import SlicesConfig
from lexon.config.tokenisers import (
    BinnedConfig,
    DirectConfig,
    FittedConfig,
    TokeniserConfig,
    VQVAEConfig,
    fitted_config,
    tokeniser_config,
)
from lexon.config.training import SIZES, TrainingConfig, Weighting
from lexon.config.vae import TagsConfig, VAEConfig

__all__ = [
    "KINDS",
    "LABEL_SETS",
    "SEEDS",
    "SIZES",
    "AutoencoderConfig",
    "AutoencoderMember",
    "BinnedConfig",
    "Classes",
    "ClassifierConfig",
    "ClassifierMember",
    "CollapseConfig",
    "Config",
    "DirectConfig",
    "Division",
    "ElsewhereConfig",
    "EnergyUnit",
    "EvaluationConfig",
    "EventChecks",
    "EventRegression",
    "EventsConfig",
    "EventsFile",
    "FittedConfig",
    "ImportanceConfig",
    "Kind",
    "Label",
    "MemberConfig",
    "Parameters",
    "RegressionConfig",
    "RegressionMember",
    "ReportConfig",
    "SignificanceConfig",
    "SimulatedEvents",
    "SimulationConfig",
    "SlicesConfig",
    "TableRegression",
    "TagsConfig",
    "TokeniserConfig",
    "TrainingConfig",
    "VAEConfig",
    "VAEMember",
    "VQVAEConfig",
    "Weighting",
    "event_checks",
    "event_data",
    "fitted_config",
    "member_config",
    "named_labels",
    "simulated_events",
    "tokeniser_config",
]
