"""The comparison from Python, in the words of the guide that its users know; nothing of Kedro's is
printed.

::

    runner = VAEExperimentRunner(project_root=Path("."), tags={"path": "tags.csv", "column":
    "tags"}) runner.run_configuration(config_name="my_vae", model_variant="small", epochs=300,
    batch_size=64, lr=1e-3) results = runner.collect_results()              # or metrics_dir=: a
    folder of members, or of NAME_metrics.json table = runner.compare_configurations(results)  #
    comparison.csv runner.save_comparison(table) print(runner.generate_summary_report(table))    #
    comparison_report.txt
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.project import settings
from kedro.framework.startup import bootstrap_project

from lexon.config import ReportConfig
from lexon.datasets.files import write_text
from lexon.datasets.members import MemberFolders
from lexon.datasets.vae_metrics import MEANS, read_metrics_folder
from lexon.errors import ConfigurationError, DataError
from lexon.pipelines.reporting.vae import read
from lexon.pipelines.reporting.vae_cells import Configuration, collect_configurations
from lexon.pipelines.reporting.vae_differences import Anchors, comparison_table, differences_table
from lexon.pipelines.reporting.vae_words import caveats, comparison_report

OUTPUTS = Path("outputs/vae_experiments")  # below the project, as the guide has it
_REPORT = "comparison_report"  # the key of a table's attributes that holds its report


@dataclass(frozen=True)
class Collected:
    """What a folder of finished configurations holds; `means_only`: read from NAME_metrics.json,
    which hold nothing of single seeds.
    """

    folder: Path
    configurations: list[Configuration]
    anchors: Anchors
    means_only: bool = False


class VAEExperimentRunner:
    """An experiment of kind ``vae``.

    Args:
        project_root: the project's folder.
        experiment: a folder of conf/experiments.
        env: a site, as `kedro run --env` has it.
        parameters: as `--params` has them, nested: ``run``, ``n_seeds``, ``tags``, ...
    """

    def __init__(
        self,
        project_root: Path | str = ".",
        experiment: str = "vae_comparison",
        env: str | None = None,
        **parameters: Any,
    ) -> None:
        self.project, self.experiment, self.env, self.parameters = (
            Path(project_root).resolve(),
            experiment,
            env,
            parameters,
        )
        with _quiet():
            bootstrap_project(self.project)

    def run_configuration(
        self,
        config_name: str,
        model_variant: str | None = None,
        trainer_variant: str = "default",
        **changes: Any,
    ) -> None:
        """Train, evaluate and report one configuration.

        Args:
            config_name: a known configuration, or a name for a new one.
            model_variant: the configuration that a new one is made from: ``vae_small``, or
                ``small`` as the guide writes it.
            trainer_variant: the guide's; lexon has one recipe (`training`), whose values `changes`
                may set.
            changes: epochs, batch_size, lr, and the other settings of `lexon.config.VAEConfig`:
                beta, latent_dim, ...

        Raises:
            ConfigurationError: a name or a setting is unknown.
        """
        if trainer_variant != "default":
            raise ConfigurationError(
                f"trainer_variant={trainer_variant}: there is one recipe, default; set epochs,"
                " batch_size and lr here"
            )
        own = {"like": self._known(model_variant), **changes} if model_variant else changes
        with self._session(
            {
                "configuration": config_name,
                **({"configurations": {config_name: own}} if own else {}),
            }
        ) as session:
            session.run(pipeline_names=[self.experiment])

    def collect_results(self, metrics_dir: Path | str | None = None) -> Collected:
        """All finished configurations of a folder: this run's, if none is named.

        Args:
            metrics_dir: holds members' folders, or files NAME_metrics.json and NAME_summary.json.

        Raises:
            DataError: there is none.
        """
        members = MemberFolders(Path(metrics_dir)) if metrics_dir else self._members()
        if any(members.root.glob("*_metrics.json")):
            return Collected(
                members.root,
                collect_configurations(read_metrics_folder(members.root)),
                {},
                means_only=True,
            )
        configurations, anchors = read(members, [])
        if not configurations:
            raise DataError(
                f"{members.root}: no finished configuration there (MEMBER/run.json or"
                " NAME_metrics.json)"
            )
        return Collected(members.root, configurations, anchors)

    def compare_configurations(self, results: Collected) -> pd.DataFrame:
        """comparison.csv as a table; its report travels with it."""
        table = comparison_table(results.configurations, results.anchors, results.folder.name)
        differences = differences_table(
            results.configurations, self._report_settings(), results.folder.name
        )
        known = [MEANS] if results.means_only else caveats(results.configurations, differences)
        table.attrs[_REPORT] = comparison_report(results.configurations, table, differences, known)
        return table

    def save_comparison(self, table: pd.DataFrame, folder: Path | str | None = None) -> Path:
        """comparison.csv and comparison_report.txt in a folder, `OUTPUTS` of the project if none is
        named; gives the folder.
        """
        target = Path(folder) if folder else self.project / OUTPUTS
        write_text(target / "comparison.csv", table.to_csv(index=False))
        write_text(target / "comparison_report.txt", self.generate_summary_report(table))
        return target

    def generate_summary_report(self, table: pd.DataFrame) -> str:
        """comparison_report.txt as text.

        Raises:
            DataError: the table was not made by `compare_configurations`.
        """
        if _REPORT not in table.attrs:
            raise DataError(
                "the table has no report: make it with compare_configurations(collect_results())"
            )
        return table.attrs[_REPORT]

    def _known(self, variant: str) -> str:
        """A configuration by its name, or by the guide's, which leaves out its family's."""
        with self._session({}) as session:
            known = session.loader()["parameters"].get("configurations", {})
        found = next(
            (
                name
                for name in (variant, f"vae_{variant}", variant.replace("beta_", "beta_vae_", 1))
                if name in known
            ),
            None,
        )
        if found is None:
            raise ConfigurationError(
                f"model_variant={variant}: no such configuration; there are {', '.join(known)}"
            )
        return found

    def _report_settings(self) -> ReportConfig:
        with self._session({}) as session:
            return ReportConfig(**session.loader()["parameters"]["report"])

    def _members(self) -> MemberFolders:
        with self._session({}) as session:
            return session.load_context().catalog.load(f"{self.experiment}.members")

    # Kedro's annotation is of its abstract session, which cannot do much.
    @contextmanager
    def _session(self, more: Mapping[str, Any]) -> Iterator[Any]:
        chosen = {**self.parameters, **more}
        with _quiet():
            yield settings.SESSION_CLASS.create(
                project_path=self.project, env=self.env, runtime_params=chosen, save_on_close=False
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """Warnings and errors only: a notebook asked for a table, not for the steps to it."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    finally:
        logging.disable(before)
