"""A command ends before its plan where a file is missing; a folder below the project will do; a
broken draft is left out.
"""

from __future__ import annotations

import tarfile

import pytest
from kedro.framework.project import pipelines

from lexon.cli import _project
from lexon.errors import ConfigurationError, MissingFile
from lexon.framework.session import LexonSession


def test_a_command_finds_its_project_from_a_folder_below(project, monkeypatch):
    (project / "notebooks").mkdir()
    monkeypatch.chdir(project / "notebooks")
    assert _project() == project


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({"events": {"path": "e.h5"}}, "events.path"),
        ({"ambre": {"path": "a.h5"}, "tokeniser": "ambre"}, "ambre.path"),
    ],
)
def test_a_missing_file_ends_a_command_before_its_plan(kedro_session, params, key, caplog):
    with pytest.raises(MissingFile, match=f"{key}=.*--params.*no such file"):
        kedro_session(**params).run()
    assert "Plan" not in caplog.text


@pytest.mark.parametrize("option", ["from_nodes", "to_outputs", "namespaces"])
def test_a_mistyped_name_ends_a_command(kedro_session, option):
    with pytest.raises(ConfigurationError, match="no such"):
        kedro_session().run(**{option: ["sumarise"]})


def test_kedro_viz_shows_all_that_is_not_broken(project, kedro_session):
    draft = project / "conf" / "experiments" / "draft" / "parameters.yml"
    draft.parent.mkdir()
    draft.write_text("pool: [cls")
    context = kedro_session().load_context()
    assert "draft" not in pipelines
    assert {"__default__", "data_engineering", "variance_collapse"} <= set(pipelines)
    assert "default.events" in context.catalog


def test_a_packaged_configuration_is_read_from_its_archive(project, kedro_session):
    with tarfile.open(project / "conf.tar.gz", "w:gz") as tar:
        tar.add(project / "conf", "conf")
    session = LexonSession.create(
        project_path=project,
        env="test",
        conf_source=str(project / "conf.tar.gz"),
        save_on_close=False,
    )
    assert session.loader()["globals"]["data_root"] == "data/test"
    assert session.loader().project == project


@pytest.mark.parametrize("layer", ["02_intermediate", "03_primary", "06_models"])
def test_a_new_run_does_not_differ_from_an_older_one_in_case_only(project, kedro_session, layer):
    (project / "data" / "test" / layer / "default" / "Own").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="run=own: Own in .* differs in case only"):
        kedro_session(run="own").run()
