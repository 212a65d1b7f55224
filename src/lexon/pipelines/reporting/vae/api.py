"""The comparison from a notebook: each method does what the command does, with the same functions and the same folders.

::

    runner = VAEComparison(run="study", **{"tags": {"path": "tags.csv", "column": "tags"}})
    runner.run_configuration("my_vae", like="vae_small", beta=2.0, epochs=300)
    results = runner.collect_results()                     # or of any folder of members: collect_results(Path(...))
    table = runner.compare_configurations(results)
    runner.save_comparison(results, Path("comparison"))
    print(runner.generate_summary_report(results))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.project import settings
from kedro.framework.startup import bootstrap_project

from lexon.datasets.files import write_text
from lexon.datasets.members import MemberFolders
from lexon.errors import DataError
from lexon.pipelines.reporting.vae.configurations import Configuration
from lexon.pipelines.reporting.vae.findings import caveats
from lexon.pipelines.reporting.vae.nodes import read
from lexon.pipelines.reporting.vae.tables import Anchors, comparison_table
from lexon.pipelines.reporting.vae.text import comparison_report


@dataclass(frozen=True)
class Collected:
    """What a folder of members holds."""

    folder: Path
    configurations: list[Configuration]
    anchors: Anchors


class VAEComparison:
    """An experiment of kind ``vae``.

    Args:
        project: root of the project.
        experiment: a folder of conf/experiments.
        env: a place, as `kedro run --env` has it.
        parameters: as `--params` has them, nested.
    """

    def __init__(self, project: Path | str = ".", experiment: str = "vae_comparison", env: str | None = None, **parameters: Any) -> None:
        self.project, self.experiment, self.env, self.parameters = Path(project).resolve(), experiment, env, parameters
        bootstrap_project(self.project)

    def run_configuration(self, name: str, **config: Any) -> None:
        """Train, evaluate and report one configuration: a known one, or one made of `lexon.config.VAEConfig`'s settings."""
        own = {"configurations": {name: config}} if config else {}
        with self._session({"configuration": name, **own}) as session:
            session.run(pipeline_names=[self.experiment])

    def collect_results(self, folder: Path | None = None) -> Collected:
        """All finished members of a folder: this run's, if none is named.

        Raises:
            DataError: there is none.
        """
        members = MemberFolders(folder) if folder else self._members()
        configurations, anchors = read(members, [])
        if not configurations:
            raise DataError(f"{members.root}: no finished configuration there (MEMBER/run.json)")
        return Collected(members.root, configurations, anchors)

    def compare_configurations(self, results: Collected) -> pd.DataFrame:
        """comparison.csv as a table."""
        return comparison_table(results.configurations, results.anchors, results.folder.name)

    def generate_summary_report(self, results: Collected) -> str:
        """comparison_report.txt as text."""
        members = [member for one in results.configurations for member in one.results]
        return comparison_report(results.configurations, self.compare_configurations(results), caveats(members, results.configurations))

    def save_comparison(self, results: Collected, folder: Path) -> None:
        """comparison.csv and comparison_report.txt in a folder."""
        write_text(folder / "comparison.csv", self.compare_configurations(results).to_csv(index=False))
        write_text(folder / "comparison_report.txt", self.generate_summary_report(results))

    def _members(self) -> MemberFolders:
        with self._session({}) as session:
            return session.load_context().catalog.load(f"{self.experiment}.members")

    # Kedro's annotation is of its abstract session, which cannot do much.
    def _session(self, more: Mapping[str, Any]) -> Any:
        chosen = {**self.parameters, **more}
        return settings.SESSION_CLASS.create(project_path=self.project, env=self.env, runtime_params=chosen, save_on_close=False)
