"""`python -m lexon` is `kedro` inside the project."""

import sys
from pathlib import Path
from typing import Any

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project


def main(*args: Any, **kwargs: Any) -> Any:
    """Run what was typed after `python -m lexon`, as `kedro run` would."""
    package = Path(__file__).parent.name
    configure_project(package)
    kwargs.setdefault("standalone_mode", not hasattr(sys, "ps1"))
    return find_run_command(package)(*args, **kwargs)


if __name__ == "__main__":
    main()
