"""`${env:NAME,EXAMPLE}` in a configuration file: values that depend on machine or user, such as
paths of data.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from lexon.errors import ConfigurationError

_VARIABLE = re.compile(r"\$\{env:\s*(\w+)\s*,\s*([^}]*?)\s*\}")


def value(name: str, example: str) -> str:
    """The value of an environment variable.

    Raises:
        ConfigurationError: it is not set; shows an example.
    """
    if not os.environ.get(name):
        raise ConfigurationError(
            f"the environment variable {name} is not set; for example: export {name}={example}"
        )
    return os.environ[name]


def variables(folders: Iterable[Path]) -> dict[str, str]:
    """The variables that the files of a configuration ask for, with their values.

    Raises:
        ConfigurationError: one is not set.
    """
    lines = [
        line
        for folder in folders
        for path in sorted(folder.glob("*.yml"))
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
    ]
    found = [match for line in lines for match in _VARIABLE.findall(line.partition("#")[0])]
    return {name: value(name, example) for name, example in found}
