"""Finished members of the mini-world."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MODELS = Path("data/test/06_models")


@pytest.fixture
def run(kedro_session) -> Callable[..., None]:
    """`run("export", member=...)`: a pipeline in the mini-world; `run()` trains its study."""

    def typed(*pipelines: str, **params: Any) -> None:
        kedro_session(**params).run(pipeline_names=list(pipelines))

    return typed
