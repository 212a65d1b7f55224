"""Layered configuration: base < experiment < place < local, merged softly and resolved once.

Kedro reads base and one environment. Here `--env a+b` reads base, a, b, where a name is an experiment
(`conf/experiments/<name>`) or a place (`conf/<name>`), and `conf/local` comes last. Whatever the environment, each
experiment's grid is expanded below its own name, so that `kedro run`, `kedro viz` and notebooks see the same members.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import yaml
from kedro.config import OmegaConfigLoader
from kedro.framework.project import pipelines
from omegaconf import DictConfig, OmegaConf

from lexon.errors import ConfigurationError
from lexon.experiments import Experiment, expand, flatten

# The study that `kedro run` runs without naming a pipeline; it has no layer of its own.
DEFAULT = "default"


class LayeredConfigLoader(OmegaConfigLoader):
    """`CONFIG_LOADER_CLASS`; the latest instance is what `register_pipelines` builds from."""

    current: ClassVar[LayeredConfigLoader | None] = None

    def __init__(
        self, conf_source: str | Path, env: str | None = None, runtime_params: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        overrides = _split_lists(runtime_params or {})
        kwargs["config_patterns"] = {"runner": ["runner.yml"], **(kwargs.get("config_patterns") or {})}
        super().__init__(conf_source, env, overrides, **kwargs)
        OmegaConf.register_new_resolver("parameters", self._parameter, replace=True)
        LayeredConfigLoader.current = self
        pipelines._is_data_loaded = False  # another configuration is another grid: Kedro caches pipelines per process

    def __getitem__(self, key: str) -> dict[str, Any]:
        if key not in self:
            self[key] = self._parameters() if key == "parameters" else self._merge(key, self.layers)
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
        return [self.base_env, *folders, *(["local"] if "test" not in names else [])]

    @cached_property
    def experiment_names(self) -> list[str]:
        """Every folder of conf/experiments that has parameters."""
        return sorted(path.parent.name for path in Path(self.conf_source).glob("experiments/*/parameters.yml"))

    @cached_property
    def experiments(self) -> dict[str, Experiment]:
        """Every experiment, expanded: `default` (the study of this environment) and one per folder of conf/experiments."""
        named = {name: self._layers_of(name) for name in self.experiment_names}
        return {name: self._expand(name, layers) for name, layers in {DEFAULT: self.layers, **named}.items()}

    def _layers_of(self, experiment: str) -> list[str]:
        """The environment's layers with this experiment's instead of any other's."""
        places = [layer for layer in self.layers[1:] if not layer.startswith("experiments/")]
        return [self.base_env, f"experiments/{experiment}", *places]

    def _expand(self, name: str, layers: list[str]) -> Experiment:
        configured = self._merge("parameters", layers)
        return expand(name, configured, self.runtime_params or {}, lambda key: self._origin(key, layers))

    def _parameters(self) -> dict[str, Any]:
        flat = _resolved([self._merge("parameters", self.layers), self.runtime_params or {}])
        return flat | {name: experiment.kedro_parameters() for name, experiment in self.experiments.items()}

    def _merge(self, key: str, layers: list[str]) -> dict[str, Any]:
        configs = [config for layer in layers for config in self._files(key, layer).values()]
        return {name: value for name, value in _resolved(configs).items() if not name.startswith("_")}

    def _files(self, key: str, layer: str) -> dict[Path, DictConfig]:
        folder = Path(self.conf_source) / layer
        if not folder.is_dir():
            return {}
        return self._read_dir_configs(str(folder), self.config_patterns[key], key, set(), False)

    def _origin(self, key: str, layers: list[str]) -> str:
        """Where the user set a parameter: the last layer's file that names it, or the command line."""
        if key in flatten(self.runtime_params or {}):
            return "--params"
        for layer in reversed(layers):
            for path, config in self._files("parameters", layer).items():
                if OmegaConf.select(config, key) is not None:
                    return os.path.relpath(path, Path(self.conf_source).resolve().parent)
        return "conf/base"

    def _parameter(self, key: str) -> Any:
        """The catalog's `${parameters:run}`: a path that follows a parameter."""
        return OmegaConf.select(OmegaConf.create(_resolved([self._merge("parameters", self.layers), self.runtime_params or {}])), key)

    def _places(self) -> str:
        folders = sorted(path.name for path in Path(self.conf_source).iterdir() if path.is_dir())
        places = [name for name in folders if name not in ("base", "experiments", "local")]
        return f"places: {', '.join(places)}; experiments: {', '.join(self.experiment_names) or 'none'}"


def _resolved(configs: list[Any]) -> dict[str, Any]:
    return OmegaConf.to_container(OmegaConf.unsafe_merge({}, *configs), resolve=True)  # type: ignore[return-value]


def _split_lists(value: Any) -> Any:
    """`cls|max` -> `[cls, max]`, because a comma separates parameters on the command line."""
    if isinstance(value, dict):
        return {key: _split_lists(item) for key, item in value.items()}
    if isinstance(value, str) and "|" in value:
        return [yaml.safe_load(item) for item in value.split("|")]
    return value
