"""Made-up events that every test can afford."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.figure
import numpy as np
import pytest
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from mini_world import ROOT, copied, session_of

from lexon.events import MAX_OBJECTS, Events
from lexon.experiments import Experiment
from lexon.framework.session import LexonSession
from lexon.plots.style import Figure


@pytest.fixture(scope="session")
def make_events() -> Callable[..., Events]:
    """A factory of valid events: 0 to 18 objects each, labels 1..n_labels, harder objects for label
    1.
    """

    def make(n: int = 200, seed: int = 0, n_labels: int = 2) -> Events:
        rng = np.random.default_rng(seed)
        labels = np.arange(n) % n_labels + 1
        real = np.arange(MAX_OBJECTS) < rng.integers(0, MAX_OBJECTS + 1, n)[:, None]
        ids = np.where(real, rng.integers(1, 8, real.shape), 0).astype(np.int8)
        pt = (
            -np.sort(-rng.exponential(60, real.shape), axis=1) * (1 + 0.5 * (labels == 1))[:, None]
            + 15
        )
        eta = rng.normal(0, 1.2, real.shape)
        phi = rng.uniform(-np.pi, np.pi, real.shape)
        p4 = np.stack(
            [pt * np.cosh(eta) * rng.uniform(1.0, 1.05, real.shape), pt, eta, phi], axis=-1
        )
        return Events(
            ids=ids,
            p4=np.where(real[..., None], p4, 0).astype(np.float32),
            met=rng.exponential(80, n).astype(np.float32),
            met_phi=rng.uniform(-np.pi, np.pi, n).astype(np.float32),
            labels=labels.astype(np.int64),
        )

    return make


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real events that are not ours to ship: LEXON_SHARED, or ../shared beside the checkout."""
    folder = Path(os.environ.get("LEXON_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared real data at {folder} (set LEXON_SHARED)")
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's configuration in a folder of its own, entered: its data stays out of
    the checkout.
    """
    monkeypatch.chdir(copied(tmp_path))
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    return tmp_path


@pytest.fixture
def kedro_session(project: Path) -> Callable[..., LexonSession]:
    """Sessions of that copy, in this process: `kedro_session(env, **params)`."""
    bootstrap_project(project)
    return partial(session_of, project)


@dataclass(frozen=True)
class World:
    """Every pipeline and experiment, and the catalog that the nodes would meet."""

    pipelines: dict[str, Pipeline]
    experiments: dict[str, Experiment]
    catalog: DataCatalog


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The whole project in the mini-world, built once: to look at, not to change."""
    with pytest.MonkeyPatch.context() as patch:
        project = copied(tmp_path_factory.mktemp("world"))
        patch.chdir(project)
        bootstrap_project(project)
        session = session_of(project)
        catalog = session.load_context().catalog
        return World(dict(pipelines), dict(session.loader().experiments), catalog)


@pytest.fixture
def unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are composed but not painted, which would take most of the time of a small study;
    `tests/plots` paints them.
    """

    def save(figure: Figure, path: Any, **_: Any) -> None:
        matplotlib.figure.Figure(figsize=(1, 1), dpi=10).savefig(path, format="png")

    monkeypatch.setattr(Figure, "savefig", save)
