"""Layered configuration: base < experiment < place < local, merged softly and resolved once.

Kedro reads base and one environment. Here `--env a+b` reads base, a, b, where a name is an experiment
(`conf/experiments/<name>`) or a place (`conf/<name>`), and `conf/local` comes last. Whatever the environment, each
experiment's grid and catalog are expanded below its own name, so that `kedro run`, `kedro viz` and notebooks see the
same members and the same files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import yaml
from kedro.config import OmegaConfigLoader
from kedro.framework.project import pipelines
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError

from lexon.config.reading import TOKEN_FILE
from lexon.errors import ConfigurationError
from lexon.experiments import Experiment, expand, flatten
from lexon.framework import environment

# The study that `kedro run` runs without naming a pipeline; it has no layer of its own.
DEFAULT = "default"
# The data part of that study, alone.
DATA_ENGINEERING = "data_engineering"
# Whole answers: half of one layer's classes with half of another's would be a question that nobody asked.
REPLACED = ("classes", "simulation.mix")


class LayeredConfigLoader(OmegaConfigLoader):
    """`CONFIG_LOADER_CLASS`; the latest instance is what `register_pipelines` builds from."""

    current: ClassVar[LayeredConfigLoader | None] = None

    def __init__(
        self, conf_source: str | Path, env: str | None = None, runtime_params: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        overrides = _split_lists(runtime_params or {})
        kwargs["config_patterns"] = {"runner": ["runner.yml"], **(kwargs.get("config_patterns") or {})}
        self._read: dict[tuple[str, str], dict[Path, DictConfig]] = {}
        super().__init__(conf_source, env, overrides, **kwargs)
        self.runtime_params = _at_home(overrides, _resolved(self._configs("parameters", [self.base_env])))
        LayeredConfigLoader.current = self
        pipelines._is_data_loaded = False  # another configuration is another grid: Kedro caches pipelines per process

    def __getitem__(self, key: str) -> dict[str, Any]:
        if key not in self:
            match key:
                case "parameters":
                    expanded = {name: experiment.kedro_parameters() for name, experiment in self.experiments.items()}
                    self[key] = self._asked[DEFAULT] | expanded
                case "catalog":
                    self[key] = {name: entry for experiment in self.experiments for name, entry in self._catalog(experiment).items()}
                case _:
                    self[key] = _resolved(self._configs(key, self.layers))
        return self.data[key]

    @cached_property
    def layers(self) -> list[str]:
        """Folders below conf/, weakest first."""
        names = [name for name in (self.env or "").split("+") if name not in ("", self.base_env, "local")]
        folders = [f"experiments/{name}" if name in self.experiment_names else name for name in names]
        for name, folder in zip(names, folders, strict=True):
            if not (Path(self.conf_source) / folder).is_dir():
                raise ConfigurationError(
                    f"--env {name}: neither {self.conf_source}/{name} nor {self.conf_source}/experiments/{name} exists; {self._places()}"
                )
        # The mini-world must be the same on every machine, so personal settings stay out of it.
        layers = [self.base_env, *folders, *(["local"] if "test" not in names else [])]
        environment.variables(Path(self.conf_source) / layer for layer in layers)  # a missing one is named before anything is resolved
        return layers

    @cached_property
    def experiment_names(self) -> list[str]:
        """Every folder of conf/experiments that has parameters."""
        names = sorted(path.parent.name for path in Path(self.conf_source).glob("experiments/*/parameters.yml"))
        for name in names:
            if name in (DEFAULT, DATA_ENGINEERING):
                raise ConfigurationError(f"conf/experiments/{name}: {name} is the name of a pipeline of its own; choose another")
        return names

    @cached_property
    def experiments(self) -> dict[str, Experiment]:
        """Every experiment, expanded: `default` (the study of this environment) and one per folder of conf/experiments."""
        return {name: self._expand(name) for name in (DEFAULT, *self.experiment_names)}

    def check_asked(self, pipelines: Iterable[str]) -> None:
        """What only the pipelines that are asked for can tell: parameters that none of them reads, a grid of one representation.

        Raises:
            ConfigurationError: the parameter, and what it is for.
        """
        names = list(pipelines) or [DEFAULT]
        asked = {name: self.experiments[DEFAULT if name in ("__default__", DATA_ENGINEERING) else name] for name in names}
        for key in flatten(self.runtime_params or {}):
            reasons = [experiment.why_unread(key, TOKEN_FILE if name == DATA_ENGINEERING else None) for name, experiment in asked.items()]
            if all(reasons):
                raise ConfigurationError(f"--params {key}: nothing in {', '.join(names)} reads it: {reasons[0]}")
        for experiment in asked.values():
            experiment.refuse_one_file_for_many_tokenisers()

    def _layers_of(self, experiment: str) -> list[str]:
        """The environment's layers, with a named experiment's own instead of any other's."""
        if experiment == DEFAULT:
            return self.layers
        places = [layer for layer in self.layers[1:] if not layer.startswith("experiments/")]
        return [self.base_env, f"experiments/{experiment}", *places]

    def _expand(self, name: str) -> Experiment:
        layers = self._layers_of(name)
        return expand(name, self._parameters(layers, pinned=False), self._asked[name], lambda key: self._origin(key, layers))

    @cached_property
    def _asked(self) -> dict[str, dict[str, Any]]:
        """The parameters of each experiment, with the command line's on top."""
        return {name: self._parameters(self._layers_of(name)) for name in (DEFAULT, *self.experiment_names)}

    def _parameters(self, layers: list[str], pinned: bool = True) -> dict[str, Any]:
        """Parameters of files, and of the command line where `pinned`."""
        files = _latest_whole(self._configs("parameters", layers))
        if not pinned:
            return _resolved(files)
        command_line = OmegaConf.create(self.runtime_params or {})
        return _resolved([*(files if _is_part(command_line, files) else [_without(config, "classes") for config in files]), command_line])

    def _catalog(self, experiment: str) -> dict[str, Any]:
        """The catalog with `{experiment}` written out, so that an experiment's own run and files reach its paths."""
        with self._parameters_in_catalog(self._asked[experiment]):
            entries = _plain(self._merged_catalog)
        # A file that no parameter names is no dataset: an entry without a path would be an error wherever it is drawn.
        named = {key: entry for key, entry in entries.items() if entry.get("filepath", "") is not None}
        return {_name(key, experiment): _name(entry, experiment) for key, entry in named.items()}

    @cached_property
    def _merged_catalog(self) -> DictConfig:
        """The catalog of this environment, not resolved: only what parameters say differs between experiments."""
        return _merged(self._configs("catalog", self.layers))

    @contextmanager
    def _parameters_in_catalog(self, parameters: dict[str, Any]) -> Iterator[None]:
        """`${parameters:run}`: a path that follows a parameter."""
        known = OmegaConf.create(parameters)
        OmegaConf.register_new_resolver("parameters", lambda key: OmegaConf.select(known, key), replace=True)
        try:
            yield
        finally:
            OmegaConf.clear_resolver("parameters")

    def _configs(self, key: str, layers: list[str]) -> list[DictConfig]:
        return [config for layer in layers for config in self._files(key, layer).values()]

    def _files(self, key: str, layer: str) -> dict[Path, DictConfig]:
        folder = Path(self.conf_source) / layer
        if (key, layer) not in self._read:
            try:
                found = self._read_dir_configs(str(folder), self.config_patterns[key], key, set(), False) if folder.is_dir() else {}
            except yaml.YAMLError as error:
                raise ConfigurationError(f"{folder}: {error}") from error
            self._read[key, layer] = found
        return self._read[key, layer]

    def _origin(self, key: str, layers: list[str]) -> str:
        """Where the user set a parameter: the last layer's file that names it, or the command line."""
        if key in flatten(self.runtime_params or {}):
            return "--params"
        for layer in reversed(layers):
            for path, config in self._files("parameters", layer).items():
                if OmegaConf.select(config, key) is not None:
                    return os.path.relpath(path, Path(self.conf_source).resolve().parent)
        return "conf/base"

    def _places(self) -> str:
        folders = sorted(path.name for path in Path(self.conf_source).iterdir() if path.is_dir())
        places = [name for name in folders if name not in ("base", "experiments", "local")]
        return f"places: {', '.join(places)}; experiments: {', '.join(self.experiment_names) or 'none'}"


def _resolved(configs: list[DictConfig]) -> dict[str, Any]:
    return _plain(_merged(configs))


def _merged(configs: list[DictConfig]) -> DictConfig:
    merged: Any = OmegaConf.merge({}, *configs)
    return merged


def _plain(config: DictConfig) -> dict[str, Any]:
    """Everything but helpers such as `_folder`, with interpolations resolved."""
    try:
        plain: Any = OmegaConf.to_container(config, resolve=True)
    except InterpolationKeyError as error:
        raise ConfigurationError(f"{error.full_key}: {error.msg}; name one that exists, or define it") from error
    return {name: value for name, value in plain.items() if not str(name).startswith("_")}


def _latest_whole(configs: list[DictConfig]) -> list[DictConfig]:
    """The layers without what a later one replaces."""
    kept: list[DictConfig] = []
    for config in configs:
        for key in REPLACED:
            if OmegaConf.select(config, key) is not None:
                kept = [_without(earlier, key) for earlier in kept]
        kept.append(config)
    return kept


def _is_part(command_line: DictConfig, files: list[DictConfig]) -> bool:
    """Whether the command line sets some of the files' classes, `classes.signal=ttH`, rather than classes of its own."""
    own = set(command_line.get("classes") or {})
    return own <= {name for config in files for name in config.get("classes") or {}}


def _without(config: DictConfig, key: str) -> DictConfig:
    if OmegaConf.select(config, key) is None:
        return config
    parent, _, leaf = key.rpartition(".")
    plain: Any = OmegaConf.to_container(config)
    del (plain[parent] if parent else plain)[leaf]
    return OmegaConf.create(plain)


def _name(value: Any, experiment: str) -> Any:
    """`{experiment}` written out, in names, paths and whatever holds them."""
    if isinstance(value, dict):
        return {key: _name(item, experiment) for key, item in value.items()}
    return value.replace("{experiment}", experiment) if isinstance(value, str) else value


def _at_home(typed: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """`globals_beta=10` -> `autoencoder.globals_beta=10`: a key may be typed without its group where only one group has it."""
    homes: dict[str, list[str]] = {}
    for group, values in known.items():
        for key in values if isinstance(values, dict) else ():
            homes.setdefault(str(key), []).append(group)
    moved: dict[str, Any] = {}
    for key, value in typed.items():
        groups = homes.get(key, []) if key not in known else []
        nested = {groups[0]: {key: value}} if len(groups) == 1 else {key: value}
        moved = OmegaConf.to_container(OmegaConf.merge(moved, nested))  # type: ignore[assignment]
    return moved


def _split_lists(value: Any) -> Any:
    """`cls|max` -> `[cls, max]`, because a comma separates parameters on the command line."""
    if isinstance(value, dict):
        return {key: _split_lists(item) for key, item in value.items()}
    if isinstance(value, str) and "|" in value:
        return [yaml.safe_load(item) for item in value.split("|")]
    return value
