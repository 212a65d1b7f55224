"""What HTCondor's commands are asked, and what is made of their answers; the commands are scripts
here.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from lexon.errors import ConfigurationError
from lexon.runners.cluster.engine import Ticket, new_ticket
from lexon.runners.htcondor.engine import HTCondor
from lexon.runners.htcondor.settings import HTCondorSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def command(tmp_path, monkeypatch):
    """`command(name, script)` puts a command onto the PATH that also writes down its arguments."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

    def put(name: str, script: str) -> Path:
        path, asked = tmp_path / "bin" / name, tmp_path / f"{name}.asked"
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {asked}\n{script}\n')
        path.chmod(0o755)
        return asked

    return put


@pytest.fixture
def ticket(tmp_path) -> Ticket:
    return new_ticket(tmp_path, "2026-11-21 08:00:00", "HTCondor")


@pytest.fixture
def settings():
    return HTCondorSettings.read(
        yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())["htcondor"] | {"max_jobs": 7}
    )


def test_a_submitted_workflow_can_be_found_again(command, ticket, settings):
    asked = command("condor_submit_dag", "echo '1 job(s) submitted to cluster 12.'")
    command("condor_q", "echo 'queue@login1#12.0#1795'")
    complete = HTCondor(settings).submit(ticket, "lexon default main")
    assert (complete.cluster, complete.schedd) == (12, "queue@login1")
    assert Ticket.from_json(complete.to_json()) == complete
    words = asked.read_text().splitlines()
    assert words[words.index("-maxjobs") + 1] == "7"
    assert f'+LexonWorkflow = "{ticket.folder}"' in words
    assert "-f" not in words, "a workflow that runs must not be overwritten"


def test_a_refusal_is_reported_in_htcondors_words(command, ticket, settings):
    command("condor_submit_dag", "echo 'ERROR: set +UseOS' >&2; exit 1")
    with pytest.raises(ConfigurationError, match=r"refused .*workflow\.dag:\nERROR: set \+UseOS"):
        HTCondor(settings).submit(ticket, "lexon")


@pytest.mark.parametrize(
    ("script", "queue"), [("echo 2", "alive"), ("true", "gone"), ("exit 1", "unknown")]
)
def test_only_an_answer_tells_whether_a_workflow_is_there(command, ticket, settings, script, queue):
    command("condor_q", script)
    progress = HTCondor(settings).poll(ticket, ["max"])
    assert progress.queue == queue
    assert progress.jobs["max"].state == "waiting"


def test_without_commands_nothing_is_known(ticket, settings, monkeypatch):
    monkeypatch.setitem(os.environ, "PATH", "/nowhere")
    assert HTCondor(settings).poll(ticket, []).queue == "unknown"


def test_another_login_nodes_queue_is_asked_by_its_name(command, ticket, settings):
    asked = command("condor_rm", "true")
    HTCondor(settings).cancel(Ticket(ticket.folder, "me", "login1", "now", 12, "queue@login1"))
    assert asked.read_text().splitlines()[:2] == ["-name", "queue@login1"]
    command("condor_rm", "echo 'Permission denied' >&2; exit 1")
    with pytest.raises(
        ConfigurationError,
        match="could not remove HTCondor job 12 of me on login1.*\nPermission denied",
    ):
        HTCondor(settings).cancel(Ticket(ticket.folder, "me", "login1", "now", 12, "queue@login1"))
