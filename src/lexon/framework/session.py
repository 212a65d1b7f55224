"""The session of a run: the site chooses the runner, and a user's mistake ends with its own exit
code.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from kedro.framework.context import KedroContext
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Pipeline
from kedro.runner import AbstractRunner
from rich.logging import RichHandler

from lexon.datasets.trained_vqvae import why_not_there
from lexon.errors import ConfigurationError, LexonError, first_cause
from lexon.experiments import Experiment
from lexon.framework.command_line import CommandFailed
from lexon.framework.config_loader import LayeredConfigLoader
from lexon.framework.exports import exported_beside, exports_of
from lexon.framework.layers import DEFAULT, EXPORT, SCORE, experiment_of
from lexon.framework.selection import SELECTIONS, refuse_unused, selected
from lexon.runners import capacity
from lexon.runners.cluster.runner import ClusterRunner, WorkflowFailed
from lexon.runners.cluster.submission import Request
from lexon.runners.ending import ending_cleanly
from lexon.runners.engines import NAMES, engine_named
from lexon.runners.local import LocalRunner, RunFailed
from lexon.runs.reports import only_reports, recorded_cells, reportable
from lexon.tracking.export import Export
from lexon.tracking.settings import read_settings, refuse_missing_packages

# The parameter that names each file from outside, by the dataset that reads it.
INPUTS = {
    "raw_events": "events.path",
    "raw_elsewhere": "evaluation.path",
    "tokens_file": "tokens.path",
    "ambre": "ambre.path",
    "raw_rows": "regression.path",
    "tag_file": "tags.path",
    "tag_vocabulary": "tags.vocabulary",
    "published": "validation.published",
}
# What precedes a tokeniser's name where another run trained it.
REUSED = "reused_"
REUSED_VQVAE = f"{REUSED}vqvae_"

LAYERS = (
    "01_raw",
    "02_intermediate",
    "03_primary",
    "06_models",
    "08_reporting",
)  # folders that hold runs


class LexonSession(KedroSession):
    """`SESSION_CLASS`: Kedro's session with the site's runner and readable errors."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._loader: LayeredConfigLoader | None = None

    def run(self, *args: Any, preview: bool = False, **kwargs: Any) -> dict[str, Any]:
        """Run a pipeline as Kedro does, with its arguments.

        The runner is used where one was chosen; else `conf/<site>/runner.yml` decides. Naming
        `tags` means running those nodes, current or not. A `preview` writes and shows what a
        cluster would be given.
        """
        log_plainly_without_terminal()
        with readable_errors(), ending_cleanly():
            refuse_unused(kwargs)
            loader = self.loader()
            names = sorted(
                kwargs.get("pipeline_names") or []
            )  # Kedro gives them in the order of a set
            _refuse_unknown(names, loader.folders.pipelines)
            loader.ask_for(names)
            if only_reports(kwargs):
                self._look_at_members(loader)
            chosen = self._refuse_unusable(loader, names, kwargs)
            if only_reports(kwargs):
                kwargs["node_names"] = reportable(
                    chosen, DataCatalog.from_config(loader["catalog"])
                )
            tracking = read_settings(loader["tracking"])
            if not _runner_was_chosen(kwargs.get("runner")):
                refuse_missing_packages(tracking)
                kwargs["runner"] = self._runner(loader, kwargs, preview)
            # What a cluster runs, its jobs export.
            here = not isinstance(kwargs["runner"], ClusterRunner)
            exports = self.exports(loader, chosen) if here and tracking.services else []
            with exported_beside(exports, tracking):
                return super().run(*args, **{**kwargs, "pipeline_names": names})

    def load_context(self) -> KedroContext:
        """Kedro's context; what cannot be right in the configuration ends the command here."""
        with readable_errors():
            loader = self.loader()
            (
                loader["parameters"],
                loader["catalog"],
            )  # kedro-viz and notebooks load them later, where errors are not explained
            return super().load_context()

    def loader(self) -> LayeredConfigLoader:
        """The configuration of this session, read once."""
        if self._loader is None:
            loader: Any = super()._get_config_loader()
            loader.project = self._project_path
            self._loader = loader
        return self._loader

    def _get_config_loader(self) -> LayeredConfigLoader:
        return self.loader()

    def _look_at_members(self, loader: LayeredConfigLoader) -> None:
        """Tell each experiment which cells its folder holds: a grid may have been asked for on the
        command line alone.
        """
        root = self._project_path / loader["globals"]["data_root"] / "06_models"
        for name, experiment in loader.experiments.items():
            source = experiment.parameters.report.source
            folder = (
                self._project_path / source.expanduser()
                if source
                else root / name / experiment.parameters.run
            )
            loader.keep(replace(experiment, recorded=recorded_cells(folder)))

    def _refuse_unusable(
        self, loader: LayeredConfigLoader, names: list[str], options: Mapping[str, Any]
    ) -> Pipeline:
        """The nodes that the options choose, unless something of what they name is not there:
        nodes, datasets or files.
        """
        pipelines.set_requested(names or None)
        asked = [pipelines[name] for name in names or ["__default__"]]
        every = asked[0] if len(asked) == 1 else Pipeline(asked)
        _refuse_a_run_like_another(loader, self._project_path)
        chosen = selected(every, options)
        for dataset in sorted(chosen.inputs()):
            experiment, _, name = dataset.partition(".")
            if experiment not in loader.experiments:
                continue
            if name in INPUTS:
                loader.refuse_missing_file(INPUTS[name], experiment)
            elif name.startswith(REUSED_VQVAE):
                self._refuse_missing_vqvae(loader, experiment, name.removeprefix(REUSED))
        return chosen

    def _refuse_missing_vqvae(self, loader: LayeredConfigLoader, name: str, tokeniser: str) -> None:
        """Refuse the VQ-VAE of a run that has none, or another one than the parameters ask for."""
        experiment = loader.experiments[name]
        run = str(experiment.parameters.vqvae.from_run)
        folder = self._project_path / loader["globals"]["data_root"] / "03_primary" / name / run
        if reason := why_not_there(
            folder, tokeniser, experiment.tokenisers[tokeniser].model_dump(mode="json")
        ):
            raise ConfigurationError(f"vqvae.from={run}: {reason}")

    def request(self, loader: LayeredConfigLoader, options: Mapping[str, Any]) -> Request:
        """This run, as jobs elsewhere must repeat it; `options` are those of `run`."""
        chosen = {name: list(options.get(name) or []) for name in SELECTIONS}
        return Request(
            project=self._project_path,
            conf_source=Path(loader.conf_source).resolve(),
            layers=loader.layers,
            data_root=(self._project_path / loader["globals"]["data_root"]).resolve(),
            env=self.store.get("env"),
            params=self.store.get("runtime_params") or {},
            pipelines=list(options.get("pipeline_names") or []),
            selection={name: values for name, values in chosen.items() if values},
        )

    def exports(self, loader: LayeredConfigLoader, pipeline: Pipeline) -> list[Export]:
        """What tracking services are shown of the nodes of a pipeline."""
        request = self.request(loader, {})
        runs = {name: one.parameters.run for name, one in loader.experiments.items()}
        return exports_of(pipeline, runs, request)

    def _runner(
        self, loader: LayeredConfigLoader, options: Mapping[str, Any], preview: bool
    ) -> AbstractRunner:
        """The runner that a site asks for in its runner.yml."""
        engine = loader["runner"].get("engine")
        if set(options.get("pipeline_names") or [None]) <= {EXPORT, SCORE} and not preview:
            engine = "local"  # minutes at most, and the user waits for the file
        match engine:
            case "local" if not preview:
                return LocalRunner(
                    rerun=bool(options.get("tags")),
                    settings=capacity.read_settings(loader["runner"]),
                )
            case str(name) if name in NAMES:
                engines = partial(engine_named, runner=loader["runner"])
                return ClusterRunner(name, engines, self.request(loader, options), preview)
            case "local":
                raise ConfigurationError(
                    "runner.yml: engine=local: nothing to preview; choose a site with"
                    f" engine={' or '.join(NAMES)} by --env"
                )
            case other:
                raise ConfigurationError(
                    f"runner.yml: engine={other!r}: choose {', '.join(('local', *NAMES))}"
                )


def session_on_a_run(
    project: Path, pipelines: list[str], env: str | None, params: dict[str, Any]
) -> tuple[LexonSession, Experiment]:
    """The session of a command that looks at what a run has left, and the experiment that it names
    as `kedro run` does.

    Raises:
        ConfigurationError: there is no such experiment.
    """
    bootstrap_project(project)
    log_plainly_without_terminal()
    session: Any = LexonSession.create(
        project_path=project, env=env, runtime_params=params, save_on_close=False
    )
    loader, name = session.loader(), experiment_of(pipelines[0] if pipelines else DEFAULT)
    if name != DEFAULT and name not in loader.experiment_names:
        raise ConfigurationError(
            f"--pipelines {name}: no such experiment; there are"
            f" {', '.join([DEFAULT, *loader.experiment_names])}"
        )
    return session, loader.experiment(name)


def _refuse_unknown(pipeline_names: Iterable[str], known: list[str]) -> None:
    for name in pipeline_names:
        if name not in known:
            raise ConfigurationError(
                f"--pipelines {name}: no such pipeline; there are {', '.join(known)}"
            )


def _refuse_a_run_like_another(loader: LayeredConfigLoader, project: Path) -> None:
    """Refuse a new run whose name differs from an older one's in case only: on some file systems
    they share a folder.
    """
    root = project / loader["globals"]["data_root"]
    for name, experiment in loader.experiments.items():
        run = experiment.parameters.run
        older = {path.name: path for layer in LAYERS for path in _entries(root / layer / name)}
        alike = [other for other in older if other.casefold() == run.casefold()]
        if alike and run not in alike:
            where = f"{alike[0]} in {older[alike[0]].parent} differs in case only"
            raise ConfigurationError(
                f"run={run}: {where} and shares a folder on some file systems; rename one"
            )


def _entries(folder: Path) -> list[Path]:
    """What is in a folder; nothing where there is none, or where it may not be listed: whatever
    needs it will say so.
    """
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def log_plainly_without_terminal() -> None:
    """In a file or a batch job a record is one line; rich would fold it at 80 columns."""
    _replace_what_cannot_be_shown()
    root = logging.getLogger()
    for handler in [
        h for h in root.handlers if isinstance(h, RichHandler) and not h.console.is_terminal
    ]:
        plain = logging.StreamHandler(sys.stdout)
        plain.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
        root.removeHandler(handler)
        root.addHandler(plain)


def _replace_what_cannot_be_shown() -> None:
    """Show a character that the terminal's encoding lacks as a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _runner_was_chosen(runner: AbstractRunner | None) -> bool:
    """`kedro run` makes a SequentialRunner before it asks; only the command line shows whether the
    user wanted it.
    """
    context = click.get_current_context(silent=True)
    return runner is not None and (context is None or context.params.get("runner") is not None)


@contextmanager
def readable_errors() -> Iterator[None]:
    """On the command line, a mistake of the user is a message and an exit code; a bug keeps its
    traceback.
    """
    try:
        yield
    except (LexonError, OSError, DatasetError, RunFailed, WorkflowFailed) as error:
        cause = first_cause(error)
        if click.get_current_context(silent=True) is None or not isinstance(
            cause, LexonError | RunFailed | WorkflowFailed
        ):
            raise
        raise CommandFailed(cause) from error
