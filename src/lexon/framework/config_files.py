"""The files of one folder of the configuration, read in the order of their names; a mistake in one
is a sentence that names it.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from lexon.errors import ConfigurationError, explained
from lexon.experiments import flatten
from lexon.framework.yaml_errors import first_line, yaml_problem

_SUFFIXES = (".yml", ".yaml", ".json")
# Values of one file, with anchors written out: beyond any configuration, and far from a memory's
# end.
_MOST = 100_000


class ConfigFiles:
    """Files by what they are about and by layer, each read once.

    Args:
        source: the folder of all layers, `conf`.
        patterns: of file names, by key (`parameters`, `catalog`, ...).
    """

    def __init__(self, source: Path, patterns: Mapping[str, Sequence[str]]) -> None:
        self.source, self._patterns = source, patterns
        self._read: dict[tuple[str, str], dict[Path, DictConfig]] = {}

    def of(self, key: str, layer: str) -> dict[Path, DictConfig]:
        """The files of a layer, by path.

        Raises:
            ConfigurationError: one cannot be read, or two set the same key.
        """
        if (key, layer) not in self._read:
            found = {path: self._load(path) for path in self._paths(key, layer)}
            self._refuse_duplicates(found)
            self._read[key, layer] = found
        return self._read[key, layer]

    def shown(self, path: Path) -> str:
        """A file's path as a user knows it, e.g. conf/local/parameters.yml."""
        return os.path.relpath(path, self.source.resolve().parent)

    def _paths(self, key: str, layer: str) -> list[Path]:
        """Sorted: a set's order would change the axes' order, and with it the members' names, from
        process to process.
        """
        folder = self.source.resolve() / layer
        found = {
            path
            for pattern in self._patterns[key]
            for path in folder.glob(pattern.removesuffix("/**") + "/**/*" * pattern.endswith("/**"))
        }
        visible = (
            path
            for path in found
            if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        )
        return sorted(path for path in visible if path.suffix in _SUFFIXES and path.is_file())

    def _load(self, path: Path) -> DictConfig:
        name = self.shown(path)
        return deepcopy(_parsed(_text(path, name), name))

    def _refuse_duplicates(self, found: Mapping[Path, DictConfig]) -> None:
        keys = {path: set(flatten(_raw(config))) for path, config in found.items()}
        for one, other in combinations(keys, 2):
            if both := sorted(key for key in keys[one] & keys[other] if not key.startswith("_")):
                raise ConfigurationError(
                    f"{self.shown(one)} and {self.shown(other)} both set {', '.join(both[:5])};"
                    " leave it in one of them"
                )


def has_key(config: DictConfig, dotted: str) -> bool:
    """Whether a file sets a key, resolved or not."""
    value: Any = _raw(config)
    for part in dotted.split("."):
        found = [name for name in value if str(name) == part] if isinstance(value, dict) else []
        if not found:
            return False
        value = value[found[0]]
    return True


def _text(path: Path, name: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise explained(error, path) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigurationError(
            f"{name}: line {line}: byte 0x{content[error.start]:02x} is not UTF-8; save the file as"
            " UTF-8"
        ) from error


@lru_cache(maxsize=256)
def _parsed(text: str, name: str) -> DictConfig:
    """A file's text as a configuration.

    One command parses a text once in any case. It is kept for processes that open many sessions:
    the functions of a notebook (`vae_api`: one session a configuration) and the tests, where the
    same files of conf/base cost 0.2 s of a processor each time.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            return OmegaConf.create({})
        _refuse_other_than_keys(root, name)
        loaded: Any = OmegaConf.load(io.StringIO(text))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name}: {yaml_problem(error)}") from error
    except RecursionError as error:
        raise ConfigurationError(
            f"{name}: nested too deeply, or an anchor (&name) that contains itself (*name)"
        ) from error
    except (OmegaConfBaseException, ValueError) as error:
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(
            f"{name}: {first_line(error)}; references are written ${{group.key}}"
        ) from error
    return loaded


def _refuse_other_than_keys(root: yaml.Node, name: str) -> None:
    if not isinstance(root, yaml.MappingNode):
        what = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        raise ConfigurationError(
            f"{name}: line {root.start_mark.line + 1}: {what} at the top level; write `key: value`"
            " lines"
        )
    for key, _ in root.value:
        if key.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
            raise ConfigurationError(
                f"{name}: line {key.start_mark.line + 1}: {key.value} is no key, as YAML does not"
                " read it as text; quote it"
            )
    if _size(root, set(), {}) > _MOST:
        raise ConfigurationError(
            f"{name}: its anchors (*name) stand for more than {_MOST:,} values; write them out"
        )


def _size(node: yaml.Node, above: set[int], known: dict[int, int]) -> int:
    """Number of values below a node, with anchors written out."""
    if id(node) in above:
        raise RecursionError
    if id(node) not in known:
        parts = (
            [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
            if isinstance(node.value, list)
            else []
        )
        known[id(node)] = 1 + sum(_size(part, above | {id(node)}, known) for part in parts)
    return known[id(node)]


def _raw(config: DictConfig) -> dict[str, Any]:
    plain: Any = OmegaConf.to_container(config, resolve=False)
    return plain
