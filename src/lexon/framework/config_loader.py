"""Layered configuration: base < experiment < site < local, merged softly and resolved once.

Kedro reads base and one environment. Here `--env a+b` reads base, a, b, where a name is an
experiment (`conf/experiments/<name>`) or a site (`conf/<name>`), and `conf/local` comes last.
Whatever the environment, each experiment's grid and catalog are expanded below its own name, so
that `kedro run`, `kedro viz` and notebooks see the same members and the same files.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from kedro.config import OmegaConfigLoader
from kedro.framework.project import pipelines
from omegaconf import DictConfig, OmegaConf

from lexon.config.fields import is_path
from lexon.config.names import why_no_folder
from lexon.datasets.files import matching_files
from lexon.errors import ConfigurationError, LexonError, MissingFile
from lexon.experiments import Experiment, expand, flatten
from lexon.experiments.nested import value_at, with_values
from lexon.framework.archive import unpacked
from lexon.framework.command_line import refuse_unusable, split_lists
from lexon.framework.config_files import ConfigFiles, has_key
from lexon.framework.layers import (
    BASE,
    DATA_ENGINEERING,
    DEFAULT,
    OF_DEFAULT,
    SCORE,
    Layers,
    experiment_of,
)
from lexon.framework.merging import at_home, create, is_part, latest_whole, merged, plain, without
from lexon.runs import environment

logger = logging.getLogger(__name__)


class LayeredConfigLoader(OmegaConfigLoader):
    """`CONFIG_LOADER_CLASS`; the latest instance is what `register_pipelines` builds from.

    Attributes:
        asked: the experiments that a command is about; None where it is about all that are not
            broken.
        project: the folder that relative paths start from.
    """

    current: ClassVar[LayeredConfigLoader | None] = None

    def __init__(
        self,
        conf_source: str | Path,
        env: str | None = None,
        runtime_params: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        overrides = split_lists(runtime_params or {})
        refuse_unusable(overrides)
        kwargs["config_patterns"] = {
            "runner": ["runner.yml"],
            "tracking": ["tracking.yml"],
            **(kwargs.get("config_patterns") or {}),
        }
        self.asked: list[str] | None = None
        self.project = Path(conf_source).resolve().parent
        # Here and not in a session: kedro-viz makes one of Kedro's own.
        folder, self._temporary = unpacked(str(conf_source))
        self._raw: dict[str, dict[str, Any]] = {}
        self._expanded: dict[str, Experiment] = {}
        super().__init__(str(folder), env, overrides, **kwargs)
        self.runtime_params = at_home(overrides, plain(merged(self._configs("parameters", [BASE]))))
        LayeredConfigLoader.current = self
        pipelines._is_data_loaded = (
            False  # another configuration is another grid: Kedro caches pipelines per process
        )

    def __getitem__(self, key: str) -> dict[str, Any]:
        if key not in self:
            match key:
                case "parameters":
                    expanded = {
                        name: experiment.kedro_parameters()
                        for name, experiment in self.experiments.items()
                    }
                    self[key] = self._asked(DEFAULT) | expanded
                case "catalog":
                    self[key] = {
                        name: entry
                        for experiment in self.experiments
                        for name, entry in self._catalog(experiment).items()
                    }
                case "globals" | "runner" | "tracking":
                    self[key] = self._settings(key)
                case _:
                    self[key] = plain(merged(self._configs(key, self.layers)))
        return self.data[key]

    @cached_property
    def folders(self) -> Layers:
        """The folders of the configuration."""
        return Layers(Path(self.conf_source), self.env)

    @cached_property
    def files(self) -> ConfigFiles:
        """The files of each folder."""
        return ConfigFiles(Path(self.conf_source), self.config_patterns)

    @cached_property
    def layers(self) -> list[str]:
        """Folders below conf/, weakest first."""
        layers = self.folders.names
        environment.variables(
            Path(self.conf_source) / layer for layer in layers
        )  # a missing one is named before anything is resolved
        return layers

    @property
    def experiment_names(self) -> list[str]:
        """Every experiment of conf/experiments, broken or not."""
        return self.folders.experiments

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments that are asked for, or else all that are not broken, expanded; `default`
        is the environment's own study.
        """
        return (
            self._sound
            if self.asked is None
            else {name: self.experiment(name) for name in self.asked}
        )

    def experiment(self, name: str) -> Experiment:
        """One experiment, expanded.

        Raises:
            ConfigurationError: its name or its parameters cannot be right.
        """
        if name not in self._expanded:
            if name != DEFAULT and (reason := self.folders.why_no_experiment(name)):
                raise ConfigurationError(f"conf/experiments/{name}: {reason}")
            layers, asked = self._layers_of(name), self._asked(name)
            configured = self._parameters(layers, pinned=False) if self.runtime_params else asked
            self._expanded[name] = expand(
                name, configured, asked, lambda key: self._origin(key, layers)
            )
        return self._expanded[name]

    def keep(self, experiment: Experiment) -> None:
        """Let an expanded experiment take the place of the one of its name, before pipelines are
        built.
        """
        self._expanded[experiment.name] = experiment

    def ask_for(self, names: Iterable[str]) -> None:
        """Expand and validate what these pipelines need and nothing else.

        Raises:
            ConfigurationError: a parameter cannot be right, or none of the pipelines reads what was
                typed; says what it is for.
        """
        named = list(names) or [DEFAULT]
        experiments = {name: experiment_of(name) for name in named}
        self.asked = list(dict.fromkeys(experiments.values()))
        asked = {name: self.experiment(experiment) for name, experiment in experiments.items()}
        self._refuse_unread(asked)
        for experiment in asked.values():
            experiment.refuse_one_file_for_many_tokenisers()
            for reason, n in experiment.left_out.items():
                logger.info(
                    "Plan: %s: %d cell%s left out: %s",
                    experiment.name,
                    n,
                    "s" if n > 1 else "",
                    reason,
                )
        if DATA_ENGINEERING in asked:
            asked[DATA_ENGINEERING].refuse_many_token_files()
        if SCORE in asked and asked[SCORE].parameters.events.path is None:
            raise ConfigurationError(
                f"--pipelines {SCORE}: no file is named; write --params events.path=FILE"
            )

    def _refuse_unread(self, asked: Mapping[str, Experiment]) -> None:
        """Refuse a typed parameter that none of these pipelines reads."""
        for key in flatten(self.runtime_params or {}):
            reasons = [
                experiment.why_unread(key, OF_DEFAULT.get(name))
                for name, experiment in asked.items()
            ]
            if all(reasons):
                raise ConfigurationError(
                    f"--params {key}: nothing in {', '.join(asked)} reads it: {reasons[0]}"
                )

    def refuse_missing_file(self, key: str, experiment: str) -> None:
        """Refuse a file from outside that is not there.

        Raises:
            MissingFile: the parameter that names it, and where relative paths start.
        """
        typed = value_at(self._asked(experiment), key)
        path = self.project / Path(str(typed)).expanduser()
        if typed is not None and not matching_files(path):
            where = self._origin(key, self._layers_of(experiment))
            raise MissingFile(
                f"{key}={typed} ({where}): no such file; relative paths start at {self.project}"
            )

    @cached_property
    def _sound(self) -> dict[str, Experiment]:
        """Every experiment that can be expanded; the others are named, each with the reason."""
        sound: dict[str, Experiment] = {}
        broken: dict[str, LexonError] = {}
        for name in (DEFAULT, *self.experiment_names):
            try:
                sound[name] = self.experiment(name)
            except LexonError as error:
                broken[name] = error
        if not sound:
            raise broken[DEFAULT]
        for name, reason in broken.items():
            logger.warning("%s is broken and left out: %s", name, reason)
        return sound

    def _layers_of(self, experiment: str) -> list[str]:
        _ = self.layers  # a variable that is not set is named first
        return self.folders.of(experiment)

    def _asked(self, name: str) -> dict[str, Any]:
        """The parameters of an experiment, with the command line's on top."""
        if name not in self._raw:
            self._raw[name] = self._parameters(self._layers_of(name))
        return self._raw[name]

    def _parameters(self, layers: list[str], pinned: bool = True) -> dict[str, Any]:
        """Parameters of files, and of the command line where `pinned`."""
        files = latest_whole(self._configs("parameters", layers))
        if pinned:
            command_line = create(self.runtime_params or {})
            files = [
                *(
                    files
                    if is_part(command_line, files)
                    else [without(config, "classes") for config in files]
                ),
                command_line,
            ]
        # A helper is for the catalog; a parameter that begins with an underscore is a mistake,
        # which the types will name.
        return plain(merged(files), keep_helpers=True, origin=lambda key: self._origin(key, layers))

    def _settings(self, key: str) -> dict[str, Any]:
        """globals.yml, runner.yml or tracking.yml: what conf/base has, with the values of the other
        layers.

        Raises:
            ConfigurationError: a key that conf/base does not have, or a data root that is no
                folder.
        """
        known = plain(merged(self._configs(key, [BASE])))
        layers = self.layers  # a variable that is not set is named first
        if key == "runner":
            layers = self.folders.of_runner
        for layer in (name for name in layers if name != BASE):
            for path, config in self.files.of(key, layer).items():
                if unknown := [str(name) for name in config if name not in known]:
                    raise ConfigurationError(
                        f"{self.files.shown(path)}: {unknown[0]}: no such setting; known here:"
                        f" {', '.join(known)}"
                    )
        settings = plain(
            merged(self._configs(key, layers)),
            origin=lambda name: self._origin(name, layers, key),
        )
        if reason := why_no_folder(settings.get("data_root", "data")):
            raise ConfigurationError(
                f"data_root={settings['data_root']!r}"
                f" ({self._origin('data_root', layers, key)}): {reason}"
            )
        return settings | (
            {"data_root": str(Path(settings["data_root"]).expanduser())}
            if "data_root" in settings
            else {}
        )

    def _catalog(self, experiment: str) -> dict[str, Any]:
        """The catalog with `{experiment}` written out, so that an experiment's own run and files
        reach its paths.
        """
        with self._parameters_in_catalog(self._located(self._asked(experiment))):
            entries = plain(self._merged_catalog)
        # A file that no parameter names is no dataset: an entry without a path would be an error
        # wherever it is drawn.
        named = {
            key: entry for key, entry in entries.items() if entry.get("filepath", "") is not None
        }
        return {_name(key, experiment): _name(entry, experiment) for key, entry in named.items()}

    def _located(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Every path that a user typed, from the project's folder on; kept as it is typed it would
        depend on the shell's folder.
        """
        paths = {
            key: value
            for key, value in flatten(parameters).items()
            if isinstance(value, str) and is_path(key)
        }
        return with_values(
            parameters,
            {key: str(self.project / Path(value).expanduser()) for key, value in paths.items()},
        )

    @cached_property
    def _merged_catalog(self) -> DictConfig:
        """The catalog of this environment, not resolved: only what parameters say differs between
        experiments.
        """
        return merged(self._configs("catalog", self.layers))

    @contextmanager
    def _parameters_in_catalog(self, parameters: dict[str, Any]) -> Iterator[None]:
        """`${parameters:run}`: a path that follows a parameter; `${parameters:}` are all of
        them.
        """
        known = OmegaConf.create(parameters)
        OmegaConf.register_new_resolver(
            "parameters",
            lambda key="": OmegaConf.select(known, key) if key else known,
            replace=True,
        )
        try:
            yield
        finally:
            OmegaConf.clear_resolver("parameters")

    def _configs(self, key: str, layers: list[str]) -> list[DictConfig]:
        return [config for layer in layers for config in self.files.of(key, layer).values()]

    def _origin(self, key: str, layers: list[str], kind: str = "parameters") -> str:
        """Where the user set a parameter: the last layer's file that names it, or the
        command line.
        """
        parts = key.split(".")
        for length in range(len(parts), 0, -1):  # a value within a list is set with the list
            known = ".".join(parts[:length])
            if kind == "parameters" and self._is_typed(known):
                return "--params"
            if path := self._file_with(known, layers, kind):
                return self.files.shown(path)
        return "conf/base"

    def _is_typed(self, key: str) -> bool:
        """Whether the command line sets a parameter or one below it."""
        return any(
            other == key or other.startswith(f"{key}.")
            for other in flatten(self.runtime_params or {})
        )

    def _file_with(self, key: str, layers: list[str], kind: str) -> Path | None:
        """The strongest layer's file that has a key."""
        for layer in reversed(layers):
            for path, config in self.files.of(kind, layer).items():
                if has_key(config, key):
                    return path
        return None


def _name(value: Any, experiment: str) -> Any:
    """`{experiment}` written out, in names, paths and whatever holds them."""
    if isinstance(value, dict):
        return {key: _name(item, experiment) for key, item in value.items()}
    return value.replace("{experiment}", experiment) if isinstance(value, str) else value
