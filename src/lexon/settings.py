"""Kedro's settings: the project's own configuration loader, session and hooks."""

from lexon.framework.catalog import LexonCatalog
from lexon.framework.config_loader import LayeredConfigLoader
from lexon.framework.context import LexonContext
from lexon.framework.hooks import FingerprintHooks, ReportHooks, RunRecordHooks
from lexon.framework.outputs import OutputHooks
from lexon.framework.session import LexonSession
from lexon.runs import environment

CONFIG_LOADER_CLASS = LayeredConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "custom_resolvers": {"env": environment.value},
}
CONTEXT_CLASS = LexonContext
DATA_CATALOG_CLASS = LexonCatalog
SESSION_CLASS = LexonSession
HOOKS = (OutputHooks(), FingerprintHooks(), RunRecordHooks(), ReportHooks())
# kedro-viz rewrites its statistics in every run; its pictures need none of them.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-viz",)
