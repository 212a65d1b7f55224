"""The folders of the configuration: which ones a command reads, weakest first, and which
experiments there are.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from lexon.config.names import twins, why_not_a_name
from lexon.config.reading import MEMBER_EXPORT, MEMBER_SCORES, TOKEN_FILE
from lexon.errors import ConfigurationError

# The study that `kedro run` runs without naming a pipeline; it has no layer of its own.
DEFAULT = "default"
# The data part of that study, alone.
DATA_ENGINEERING = "data_engineering"
# What starts from a finished member and a file of the user's.
EXPORT, SCORE = "export", "score"
# Pipelines that read the parameters of the default study, each as the group of
# `lexon.config.reading` that it reads.
OF_DEFAULT = {DATA_ENGINEERING: TOKEN_FILE, EXPORT: MEMBER_EXPORT, SCORE: MEMBER_SCORES}
# Names of pipelines, and of Kedro's own.
_TAKEN = (DEFAULT, *OF_DEFAULT, "__default__")
BASE, LOCAL, EXPERIMENTS = "base", "local", "experiments"
TEST = "test"  # the mini-world


def experiment_of(pipeline: str) -> str:
    """The experiment whose parameters a pipeline reads, by the name of either."""
    return DEFAULT if pipeline in ("__default__", *OF_DEFAULT) else pipeline


class Layers:
    """The folders below `source` that `--env env` means.

    Args:
        source: the folder of all layers, `conf`.
        env: names of experiments and sites, joined by +.
    """

    def __init__(self, source: Path, env: str | None) -> None:
        self.source, self.env = source, env or LOCAL

    @cached_property
    def names(self) -> list[str]:
        """Folders below conf/, weakest first.

        Raises:
            ConfigurationError: a name is no experiment and no site.
        """
        names = [name for name in self.env.split("+") if name not in (BASE, LOCAL)]
        folders = [self._folder(name) for name in names]
        # The mini-world must be the same on every machine, so personal settings stay out of it.
        return [BASE, *folders, *([LOCAL] if TEST not in names else [])]

    @cached_property
    def of_runner(self) -> list[str]:
        """The folders that say how nodes are run. On a site, what is personal there counts in the
        mini-world too: a trial run that asks for other machines than a real one tries nothing.
        """
        on_site = any(name in self.sites and name != TEST for name in self.names)
        return [*self.names, LOCAL] if on_site and LOCAL not in self.names else self.names

    @cached_property
    def experiments(self) -> list[str]:
        """Every folder of conf/experiments that has parameters, broken or not."""
        return sorted(
            path.parent.name for path in self.source.glob(f"{EXPERIMENTS}/*/parameters.yml")
        )

    @property
    def pipelines(self) -> list[str]:
        """What --pipelines may name."""
        return ["__default__", *OF_DEFAULT, *self.experiments]

    @cached_property
    def sites(self) -> list[str]:
        """Every other folder of conf/."""
        folders = sorted(path.name for path in self.source.iterdir() if path.is_dir())
        return [
            name
            for name in folders
            if name not in (BASE, EXPERIMENTS, LOCAL) and not name.startswith(".")
        ]

    def of(self, experiment: str) -> list[str]:
        """The environment's layers, with a named experiment's own instead of any other's."""
        if experiment == DEFAULT:
            return self.names
        sites = [layer for layer in self.names[1:] if not layer.startswith(f"{EXPERIMENTS}/")]
        return [BASE, f"{EXPERIMENTS}/{experiment}", *sites]

    def why_no_experiment(self, name: str) -> str:
        """Why a folder of conf/experiments cannot be one; empty where it can."""
        if reason := why_not_a_name(name):
            return reason
        if "." in name or name.startswith("_"):
            return (
                "the name of an experiment has no dot and does not begin with an underscore; rename"
                " the folder"
            )
        if name in _TAKEN:
            return f"{name} is the name of a pipeline of its own; choose another"
        if name in (*self.sites, BASE, LOCAL):
            return f"--env {name} would mean conf/{name} too; choose another name"
        if alike := twins(
            other for other in self.experiments if other.casefold() == name.casefold()
        ):
            return (
                f"{alike[0]} and {alike[1]} differ in case only and share a folder on some file"
                " systems; rename one"
            )
        return ""

    def _folder(self, name: str) -> str:
        if not name.strip():
            raise ConfigurationError(
                f"--env {self.env}: a name is missing (an unset shell variable?); {self._known()}"
            )
        if name in self.experiments:
            return f"{EXPERIMENTS}/{name}"
        if name not in self.sites:
            raise ConfigurationError(
                f"--env {name}: neither {self.source}/{name} nor {self.source}/{EXPERIMENTS}/{name}"
                f" exists; {self._known()}"
                if not why_not_a_name(name)
                else f"--env {name}: not the name of a folder of {self.source}; {self._known()}"
            )
        return name

    def _known(self) -> str:
        return (
            f"sites: {', '.join(self.sites)}; experiments: {', '.join(self.experiments) or 'none'}"
        )
