"""Jobs that run in an image: what is checked, what they see, and the files of both engines. A
script stands for Apptainer: it notes what it is told, and runs the command.
"""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import h5py
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline

from lexon.datasets.events import EventsDataset
from lexon.errors import ConfigurationError
from lexon.runners.cluster import containers
from lexon.runners.cluster.queued.job_script import job_script
from lexon.runners.cluster.script import GPU_REQUESTED, Site
from lexon.runners.htcondor import dag
from lexon.runners.htcondor.settings import HTCondorSettings
from lexon.runners.slurm.options import IN_JOB
from lexon.runners.slurm.settings import SlurmSettings

ROOT = Path(__file__).parents[2]
IMAGE = "/data/my images/100$.sif"


def settings_of(engine: Any, **own: Any) -> Any:
    raw = yaml.safe_load((ROOT / "conf/base/runner.yml").read_text())
    return engine.read(raw[engine.group] | own)


def in_image(folder: Path, image: str = IMAGE) -> Site:
    return Site(folder, folder, containers.PYTHON, {}, "7.5", image, (folder, Path("/my data")))


def test_a_local_image_must_be_there(tmp_path, monkeypatch):
    for address in (None, "docker://ghcr.io/me/lexon:cuda"):
        found = containers.image_of(settings_of(SlurmSettings, image=address), "slurm", tmp_path)
        assert found == address, "what is not on the disk is Apptainer's to find"
    own = settings_of(SlurmSettings, image="images/lexon.sif")
    with pytest.raises(ConfigurationError) as error:
        containers.image_of(own, "slurm", tmp_path)
    for part in ("slurm.image=images/lexon.sif", str(tmp_path), "docs/how_to/use_containers.md"):
        assert part in str(error.value)
    (tmp_path / "images/lexon.sif").mkdir(parents=True)  # an unpacked image is a folder
    assert containers.image_of(own, "slurm", tmp_path) == str(tmp_path / "images/lexon.sif")
    monkeypatch.setenv("HOME", str(tmp_path))
    at_home = settings_of(SlurmSettings, image="~/images/lexon.sif")
    assert containers.image_of(at_home, "slurm", Path("/")) == str(tmp_path / "images/lexon.sif")
    with pytest.raises(ConfigurationError, match=r"slurm\.image=''"):
        settings_of(SlurmSettings, image="")


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), min_size=1))
def test_every_folder_is_seen_and_none_twice(parts):
    folders = [Path("/no such root", *each) for each in parts]
    shown = containers.binds(folders)
    assert all(any(folder.is_relative_to(each) for each in shown) for folder in folders)
    assert not any(
        one.is_relative_to(other) for one in shown for other in shown if one is not other
    )


def test_a_link_is_seen_with_what_it_leads_to(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    assert containers.binds([tmp_path / "link"]) == (tmp_path / "disk", tmp_path / "link")
    with pytest.raises(ConfigurationError, match="run=1,b: jobs with an image need this folder"):
        containers.binds([tmp_path / "run=1,b"])


def test_files_that_a_user_names_are_seen(tmp_path):
    for name in ("given", "disk", "linked"):
        (tmp_path / name).mkdir()
    h5py.File(tmp_path / "disk/events.h5", "w").close()
    (tmp_path / "given/events.h5").symlink_to(tmp_path / "disk/events.h5")
    events = EventsDataset(str(tmp_path / "given/events.h5"), linked_data=str(tmp_path / "linked"))
    many = EventsDataset(str(tmp_path / "given/*/part.root"))
    catalog = DataCatalog({"events": events, "many": many})
    pipeline = Pipeline([Node(lambda *_: 1, ["events", "many", "params:x"], "y", name="n")])
    seen = {path.name for path in containers.outside(pipeline, catalog)}
    assert seen == {"given", "disk", "linked"}


def test_programs_and_packages_of_the_machine_stay_outside():
    shell = {"PATH": "/venv/bin", "PYTHONPATH": "/me", "HOME": "/home/me", "HDF5_X": "1"}
    inside = containers.environment(shell)
    assert inside == {"PYTHONNOUSERSITE": "1", "HOME": "/home/me", "HDF5_X": "1"}


def test_htcondor_is_told_by_the_attribute_that_its_machines_look_at():
    own = settings_of(HTCondorSettings)
    text = dag.submit_file("member", own, in_image(Path("/data")))
    assert '+SingularityImage = "/data/my images/100$(DOLLAR).sif"\n' in text
    assert "universe = vanilla\n" in text, "container_image would refuse it"
    bare = Site(Path("/data"), Path("/project"), "/venv/bin/python", {})
    assert "SingularityImage" not in dag.submit_file("member", own, bare)
    assert "APPTAINER" not in dag.job_script(own, bare)


@pytest.mark.parametrize(("inside", "code"), [("", 3), ("/images/lexon.sif", 0)])
def test_a_machine_that_ignores_the_image_does_not_run_the_job(tmp_path, inside, code):
    (tmp_path / "logs").mkdir()
    (tmp_path / "python3").write_text("#!/bin/bash\necho trained\n")
    (tmp_path / "python3").chmod(0o755)
    script = tmp_path / "job.sh"
    script.write_text(dag.job_script(settings_of(HTCondorSettings), in_image(tmp_path)))
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "APPTAINER_CONTAINER": inside}
    done = subprocess.run(["bash", script, "max", "0", "12", "0"], env=environment, check=False)
    assert done.returncode == code
    log = (tmp_path / "logs/max.log").read_text()
    assert ("trained" in log) == (code == 0)
    assert ("runs jobs outside the image" in log) == (code == 3)


@pytest.fixture
def run_slurm_job(tmp_path):
    """`run_slurm_job(python)` runs the script of a job whose Python does that; its exit code."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (tmp_path / "logs").mkdir()

    def put(name: str, body: str) -> None:
        (bin_ / name).write_text(f"#!/bin/bash\n{body}\n")
        (bin_ / name).chmod(0o755)

    def run(python: str, apptainer: str = "apptainer", stop: bool = False, **variables: str) -> int:
        put(
            apptainer,
            f'printf "%s\\n" "$@" > {tmp_path}/told\n'
            'while [ "$1" != python3 ]; do shift; done\nexec "$@"',
        )
        put("python3", python)
        put("squeue", "echo RUNNING")
        put("scontrol", "true")
        put("sinfo", "echo vm vm2")
        script = tmp_path / "job.sh"
        script.write_text(job_script(IN_JOB, settings_of(SlurmSettings), in_image(tmp_path)))
        known = {"PATH": f"{bin_}:/usr/bin:/bin", "SLURM_JOB_ID": "12", "SLURMD_NODENAME": "vm"}
        job = subprocess.Popen(["bash", script, "max", "1", "resumes"], env=known | variables)
        while stop and not (tmp_path / "ready").exists():
            assert job.poll() is None
        if stop:
            job.send_signal(signal.SIGUSR1)
        return job.wait(timeout=20)

    return run


def told(tmp_path: Path) -> list[str]:
    return (tmp_path / "told").read_text().splitlines()


@pytest.mark.parametrize("name", ["apptainer", "singularity"])
def test_slurm_starts_the_image_in_the_job(run_slurm_job, tmp_path, name):
    assert run_slurm_job("exit 2", name, **{GPU_REQUESTED: "1"}) == 2
    expected = f"""exec --nv --bind {tmp_path} --bind '/my data' --pwd {tmp_path} '{IMAGE}'
        python3 -m lexon.framework.job {tmp_path} max"""
    assert told(tmp_path) == shlex.split(expected)


def test_without_a_gpu_none_is_shown_to_the_image(run_slurm_job, tmp_path):
    assert run_slurm_job("exit 0") == 0
    assert "--nv" not in told(tmp_path)


def test_a_training_in_an_image_is_asked_to_stop(run_slurm_job, tmp_path):
    trains = f"trap 'exit 143' TERM; touch {tmp_path}/ready; while :; do sleep 0.05; done"
    assert run_slurm_job(trains, stop=True) == 143
    assert " ended 143 stopped\n" in (tmp_path / "state/max").read_text()


def test_a_machine_without_apptainer_is_left(run_slurm_job, tmp_path):
    assert run_slurm_job("exit 0", "something_else") == 3
    assert "neither apptainer nor singularity" in (tmp_path / "logs/max.log").read_text()


@pytest.mark.parametrize(
    ("site", "line"),
    [
        ("slurm_local", 'exec "$runtime" exec ${{LEXON_GPU_REQUESTED:+--nv}} --bind {project} '),
        ("htcondor_local", '+SingularityImage = "{project}/lexon.sif"'),
    ],
)
def test_an_image_is_previewed_or_refused(kedro_session, project, capsys, site, line):
    shutil.rmtree(project / "conf/experiments")
    engine = site.partition("_")[0]
    path = project / "conf" / site / "runner.yml"
    own = f"\n{engine}:\n"
    path.write_text(path.read_text().replace(own, f"{own}  image: lexon.sif\n"))
    with (
        kedro_session(f"test+{site}") as session,
        pytest.raises(ConfigurationError, match=rf"{engine}\.image=lexon\.sif: there is no"),
    ):
        session.run(preview=True)
    assert not list((project / "data").glob("**/09_jobs/*/*/preview-*"))
    (project / "lexon.sif").touch()
    with kedro_session(f"test+{site}") as session:
        session.run(preview=True)
    shown = capsys.readouterr().out
    assert line.format(project=project) in shown
    assert "python3 -m lexon.framework.job" in shown
    assert "PYTHONPATH" not in shown
