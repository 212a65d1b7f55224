"""The whole chain on the mini-world: what a user types, and what must then be true."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from event_trees import OWN, branches_of, in_kinds, write_tree
from kedro.framework.cli.cli import KedroCLI
from kedro.framework.startup import bootstrap_project
from mini_world import copied, session_of
from sklearn.metrics import roc_auc_score

from lexon.datasets.elsewhere import OtherSampleDataset, read_elsewhere
from lexon.datasets.events import EventSample, EventsDataset
from lexon.datasets.scores import read_scores
from lexon.events import Events
from lexon.runners.local import RunFailed
from lexon.training import TIMINGS

MEMBER = Path("data/test/06_models/default/main/single__seed_42")
REPORT = Path("data/test/08_reporting/default/main")
EVENTS = Path("data/test/02_intermediate/default/main")
ROOT = Path(__file__).parents[1]
KEDRO = [sys.executable, "-m", "kedro", "run", "--env", "test"]
# What only a node that runs may import: together they take longer than all else that a command
# does.
HEAVY = {
    "torch",
    "sklearn",
    "scipy",
    "matplotlib",
    "pandas",
    "vector_quantize_pytorch",
    "mlflow",
    "wandb",
}


def kedro(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*KEDRO, *arguments], capture_output=True, text=True, check=False, timeout=300, cwd=folder
    )


def terminated(begun: Callable[[], Iterator[Path]], *arguments: str) -> int:
    """The code of a command that gets SIGTERM as soon as a file shows that it is at work."""
    process = subprocess.Popen(
        [*KEDRO, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 300  # a loaded machine takes long to import all
    while not any(begun()) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.terminate()
    return process.wait(300)


def imports(*arguments: str) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """A command of kedro's, and which of the heavy libraries it imported."""
    command = [sys.executable, "-X", "importtime", "-m", "kedro", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    found = {
        line.rpartition("|")[2].strip()
        for line in done.stderr.splitlines()
        if line.startswith("import time:")
    }
    assert "lexon.framework.command_line" in found
    return done, HEAVY & found


def typed(project: Path, *arguments: str) -> int:
    """The code with which `kedro run` ends, in this process."""
    with pytest.raises(SystemExit) as end:
        KedroCLI(project).main(["run", *arguments])
    return int(end.value.code or 0)


def stamps() -> dict[Path, int]:
    return {
        path: path.stat().st_mtime_ns
        for path in Path("data").rglob("*")
        if path.is_file() and path.suffix != ".log"
    }


def run_notebook(project: Path) -> None:
    """Every cell of the notebook that reads results, on the mini-world's."""
    cells = json.loads((ROOT / "notebooks" / "results.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    code = code.replace("%matplotlib inline", "")
    exec(code.replace('"../data"', repr(str(project / "data" / "test"))), {})


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    """The project after its first command, which is to be looked at and not to be changed."""
    project = copied(tmp_path_factory.mktemp("study"))
    done = kedro(folder=project)
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def study(first_run, tmp_path, monkeypatch):
    """A copy of that, entered; gives its sessions."""
    shutil.copytree(first_run, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    bootstrap_project(tmp_path)
    return partial(session_of, tmp_path)


def test_a_study_from_nothing_to_its_page(first_run, monkeypatch):
    monkeypatch.chdir(first_run)
    record = json.loads((MEMBER / "run.json").read_text())
    assert record["status"] == "done"
    assert record["data"]["energy_unit"] == "ln(MeV)"
    assert record["n_parameters"] > 0
    metrics = json.loads((MEMBER / "metrics.json").read_text())
    assert set(metrics) == {"train", "val", "test"}
    assert 0 < metrics["test"]["auroc"] < 1
    members = pd.read_csv(REPORT / "members.csv")
    assert (members.status == "done").all()
    page = (REPORT / "report.html").read_text()
    assert f"{metrics['test']['auroc']:.3f}" in page
    assert "http://" not in page
    assert "https://" not in page
    run_notebook(first_run)
    before = stamps()
    again, imported = imports("run", "--env", "test")
    assert again.returncode == 0
    assert "0 to run" in again.stdout
    assert not imported, "nothing ran"
    assert stamps() == before, "a second run must not touch anything"


@pytest.mark.usefixtures("unpainted")
def test_a_second_sample_trains_and_evaluates_nothing_again(project, kedro_session):
    asked = {"tokeniser": "binned", "importance": {"permutations": 0}}
    other = {"run": "other", "simulation": {"seed": 7}}
    kedro_session(**asked, **other).run(tags=["data"])
    kedro_session(**asked).run(tags=["data", "train", "evaluate"])
    before = {path: time for path, time in stamps().items() if MEMBER in path.parents}
    second = Path("data/test/02_intermediate/default/other/events.h5")
    kedro_session(**asked, evaluation={"path": str(second)}).run()
    after = stamps()
    assert {path: after[path] for path in before} == before
    assert MEMBER / "scores_elsewhere.h5" in after
    table = pd.read_csv(REPORT / "elsewhere.csv")
    assert {"cell", "baseline"} == set(table["kind"])
    assert "On another sample" in (REPORT / "report.html").read_text()
    shutil.copy("data/test/01_raw/default/main/simulated_events.h5", "copy.h5")
    with pytest.raises(RunFailed, match="is the file that the study is trained on"):
        kedro_session(**asked, evaluation={"path": "copy.h5"}).run()


def write_weighted(make_events: Callable[..., Events]) -> dict[str, Any]:
    """Events with weights in events.h5, and the parameters of a study of them."""
    parts = []
    for seed, (split, n) in enumerate({"train": 200, "val": 60, "test": 120}.items()):
        weights = np.random.default_rng(seed).gamma(2, 1, n)
        parts.append((split, replace(make_events(n, seed), weights=weights)))
    names = {1: "tttt", 2: "ttH"}
    EventsDataset("events.h5").save(EventSample(parts, {"label_names": names}))
    return {
        "events": {"path": "events.h5", "weight": "event_weight"},
        "tokeniser": "binned",
        "importance": {"permutations": 0},
    }


def test_a_finished_token_file_gives_the_member_of_its_weighted_events(
    project, kedro_session, make_events
):
    kedro_session(**write_weighted(make_events)).run(tags=["data", "train", "evaluate"])
    (written,) = Path("data/test/03_primary/default/main").glob("tokens_*.h5")
    shutil.copy(written, "tokens.h5")
    finished = {"tokens": {"path": "tokens.h5"}, "events": {"weight": "event_weight"}}
    kedro_session(run="finished", **finished).run(tags=["train", "evaluate"])
    again = Path(str(MEMBER).replace("main", "finished"))
    metrics = [(folder / "metrics.json").read_text() for folder in (MEMBER, again)]
    assert metrics[0] == metrics[1]
    scores, of_tokens = (read_scores(folder / "scores.h5") for folder in (MEMBER, again))
    assert scores.digest == of_tokens.digest
    np.testing.assert_array_equal(scores.weights, of_tokens.weights)


def test_a_weighted_study_is_tested_on_weighted_root_files(project, kedro_session, make_events):
    asked = write_weighted(make_events)
    second = in_kinds(make_events(300, 50))
    Path("second").mkdir()
    for label, name in ((1, "tttt"), (2, "ttH")):
        own = second[second.labels == label]
        write_tree(Path(f"second/{name}.root"), branches_of(own) | {"genWeight": own.met * 100})
    other = {"branches": {**OWN, "label": "file"}, "weight": "genWeight"}
    evaluation = {"path": "second/*.root", "events": other}
    kedro_session(**asked, evaluation=evaluation).run()
    cleaned = OtherSampleDataset(filepath=str(EVENTS / "elsewhere.h5")).load()
    events = cleaned.classified(("signal", "background")).events
    np.testing.assert_allclose(events.weights, events.met * 100, rtol=1e-6)
    scores = read_elsewhere(MEMBER / "scores_elsewhere.h5").scores
    np.testing.assert_array_equal(scores.weights, events.weights)
    table = pd.read_csv(REPORT / "elsewhere.csv")
    assert {"cell", "baseline"} == set(table["kind"])
    expected = roc_auc_score(scores.is_signal, scores.signal, sample_weight=scores.weights)
    of_cell = table[(table["kind"] == "cell") & (table["against"] == "all")]
    assert of_cell["auroc_elsewhere"].to_list() == pytest.approx([expected], abs=1e-6)
    page = (REPORT / "report.html").read_text()
    assert "Events are weighted with genWeight (evaluation.events.weight)" in page


@pytest.mark.parametrize(
    ("arguments", "shown", "code"),
    [
        (["registry", "list"], "binning_vs_direct", 0),
        (
            ["run", "--env", "test", "--params", "poool=max"],
            "poool='max' (--params): no such parameter",
            2,
        ),
        (["cluster", "status"], "nothing was submitted", 2),
        (
            [
                "cluster",
                "preview",
                "--env",
                "test+htcondor_local",
                "--pipelines",
                "binning_vs_direct",
            ],
            "FINAL report",
            0,
        ),
    ],
    ids=["registry", "mistake", "status", "plan"],
)
def test_a_command_that_runs_no_node_imports_no_library_for_one(project, arguments, shown, code):
    done, imported = imports(*arguments)
    assert done.returncode == code
    assert shown in (done.stderr if code else done.stdout)
    assert "Traceback" not in done.stderr + done.stdout
    assert not imported
    assert not list(project.glob("data/**/*.h5")), "no node ran"


def test_a_kill_in_mid_simulation_leaves_no_half_file(project):
    folder = project / "data/test/01_raw/default/main"
    begun = partial(folder.glob, ".*.tmp")
    assert terminated(begun, "--params", "events.n=100000") == 128 + signal.SIGTERM
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--pipelines", "binning"],
            (
                r"no such pipeline; there are __default__, data_engineering, export, score,"
                r" additions, binning_flaw, binning_vs_direct"
            ),
        ),
        (["--tags", "reports"], r"no such kind of node; near it: report"),
        (
            ["--env", "tset"],
            r"sites: htcondor_local, slurm, slurm_local, stoomboot, test; experiments: ",
        ),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(project, capfd, arguments, message):
    assert typed(project, *arguments) == 2
    assert message in capfd.readouterr().err


def test_a_broken_file_stops_with_its_own_exit_code(project, capfd):
    Path("events.h5").write_bytes(b"\x89HDF\r\n\x1a\n and then nothing")
    assert typed(project, "--env", "test", "--params", "events.path=events.h5") == 2
    assert "events.h5" in capfd.readouterr().err
    assert not list(project.rglob("*.tmp"))


def test_a_killed_training_goes_on_as_if_nothing_had_happened(project):
    """SIGTERM in mid-training, the same command again: the same history and metrics as an
    undisturbed run.
    """
    long = "training.epochs=12,events.n=800,model.size=100k"
    tags = ("--tags", "data,train,evaluate")
    whole = kedro(*tags, "--params", f"run=whole,{long}")
    assert whole.returncode == 0, whole.stderr
    folder = project / "data/test/06_models/default/killed/single__seed_42"
    begun = partial(folder.glob, "checkpoint.pt")
    code = terminated(begun, *tags, "--params", f"run=killed,{long}")
    assert code == 128 + signal.SIGTERM
    assert not (folder / "model.pt").exists()
    assert json.loads((folder / "run.json").read_text())["status"] == "interrupted"
    assert kedro(*tags, "--params", f"run=killed,{long}").returncode == 0
    assert not (folder / "checkpoint.pt").exists()
    undisturbed = folder.parents[1] / "whole" / folder.name
    histories = [
        pd.read_csv(path / "facts/history.csv").drop(columns=list(TIMINGS))
        for path in (folder, undisturbed)
    ]
    pd.testing.assert_frame_equal(*histories, check_exact=True)
    assert (folder / "metrics.json").read_text() == (undisturbed / "metrics.json").read_text()


@pytest.mark.usefixtures("unpainted")
def test_a_narrowed_grid_updates_only_its_own_rows(kedro_session):
    grid = {
        "tokeniser": "direct",
        "met": True,
        "vector": 4,
        "model": {"size": "tiny"},
        "training": {"epochs": 1},
    }
    root = Path("data/test/06_models/binning_vs_direct/main")
    for pool in ("max", "cls"):
        with kedro_session("test", pool=pool, **grid) as session:
            session.run(pipeline_names=["binning_vs_direct"])
        if pool == "max":
            (first,) = [path for path in root.iterdir() if "pool_max" in path.name]
            before = (first / "metrics.json").stat().st_mtime_ns
    assert (first / "metrics.json").stat().st_mtime_ns == before
    members = pd.read_csv("data/test/08_reporting/binning_vs_direct/main/members.csv")
    planned = members[members.tokeniser.isin(["direct", "binned", "vqvae"])]
    assert planned.status.value_counts().to_dict() == {"pending": 34, "done": 2}


@pytest.mark.usefixtures("unpainted")
def test_a_changed_parameter_retrains_keeps_the_old_record_and_nothing_else(study):
    events = Path("data/test/02_intermediate/default/main/events.h5").stat().st_mtime_ns
    old = json.loads((MEMBER / "metrics.json").read_text())
    with study(pool="max") as session:
        session.run()
    assert Path("data/test/02_intermediate/default/main/events.h5").stat().st_mtime_ns == events
    assert (
        json.loads((MEMBER / "run.json").read_text())["parameters"]["classifier"]["pool"] == "max"
    )
    (history,) = (MEMBER / "history").iterdir()
    assert json.loads((history / "metrics.json").read_text()) == old


@pytest.mark.usefixtures("unpainted")
def test_an_old_model_does_not_get_a_new_name(study):
    """Evaluating again with other training parameters would report a model that was never
    trained.
    """
    with (
        study(pool="max") as session,
        pytest.raises(RunFailed, match="trained with other parameters"),
    ):
        session.run(tags=["evaluate"])
    with study(report={"n_bootstrap": 150}) as session:
        session.run(tags=["report"])
    assert pd.read_csv(REPORT / "members.csv").status.eq("done").all(), (
        "how a report is made is no part of a member"
    )


def test_a_file_read_in_another_way_is_cleaned_again(study):
    Path("data/test/01_raw/default/main/simulated_events.h5").rename("own.h5")
    cleaned = Path("data/test/02_intermediate/default/main/events.h5")
    for energy_unit in ("auto", "ln(MeV)"):
        before = cleaned.stat().st_ino
        with study(events={"path": "own.h5", "energy_unit": energy_unit}) as session:
            session.run(pipeline_names=["data_engineering"])
        assert cleaned.stat().st_ino != before


@pytest.mark.usefixtures("unpainted")
def test_three_classes_go_all_the_way(kedro_session):
    with kedro_session(
        "test", classes={"four_tops": "tttt", "higgs": "ttH", "others": "rest"}
    ) as session:
        session.run()
    metrics = json.loads((MEMBER / "metrics.json").read_text())["test"]
    assert {"auroc_four_tops", "auroc_higgs", "auroc_others"} <= metrics.keys()
    assert "mean over 3 classes" in (REPORT / "report.html").read_text()


@pytest.mark.usefixtures("unpainted")
def test_a_failing_member_is_named_and_its_siblings_finish(kedro_session, monkeypatch):
    from lexon.models.classifier import Classifier

    build = Classifier.__init__

    def refuse_max(self, *args, **kwargs):
        if kwargs["pool"] == "max":
            raise RuntimeError("CUDA out of memory")
        build(self, *args, **kwargs)

    monkeypatch.setattr(Classifier, "__init__", refuse_max)
    with (
        kedro_session("test", pool="max|mean", training={"epochs": 1}) as session,
        pytest.raises(RunFailed) as failure,
    ):
        session.run()
    assert list(failure.value.failed) == ["default.grid.pool_max__seed_42.train"]
    members = pd.read_csv(REPORT / "members.csv").set_index("pool")
    assert members.status["max"] == "failed"
    assert "CUDA out of memory" in members.notes["max"]
    assert members.status["mean"] == "done"


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_a_member_has_the_same_numbers_whatever_the_number_of_workers(kedro_session):
    found = {}
    for workers in (1, 2):
        Path("conf/test/runner.yml").write_text(f"workers: {workers}\n")
        with kedro_session(
            "test", run=f"with_{workers}", pool="max|mean", training={"epochs": 1}
        ) as session:
            session.run(tags=["data", "train", "evaluate"])
        folder = Path(f"data/test/06_models/default/with_{workers}")
        found[workers] = {
            path.parent.name: path.read_text() for path in folder.glob("*__seed_*/metrics.json")
        }
    assert len(found[1]) == 2
    assert found[1] == found[2]


@pytest.mark.usefixtures("unpainted")
def test_a_report_is_rebuilt_without_training_from_any_folder(study, tmp_path):
    trained = (MEMBER / "model.pt").stat().st_mtime_ns
    (REPORT / "report.html").unlink()
    moved = tmp_path / "results"
    MEMBER.parent.rename(moved)
    MEMBER.parent.mkdir()
    shutil.rmtree("data/test/02_intermediate")
    with study(report={"source": str(moved)}) as session:
        session.run(tags=["report"])
    assert (REPORT / "report.html").exists()
    assert (moved / MEMBER.name / "model.pt").stat().st_mtime_ns == trained
    assert pd.read_csv(REPORT / "members.csv").status.eq("done").all()


@pytest.mark.skipif(os.cpu_count() == 1, reason="viz needs a second core to answer in time")
@pytest.mark.usefixtures("study")
def test_the_picture_can_be_built():
    """`kedro viz` loads every pipeline with its previews and complains about no missing
    parameter.
    """
    command = [sys.executable, "-m", "kedro", "viz", "build", "--include-previews"]
    built = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "KEDRO_ENV": "test"},
    )
    assert built.returncode == 0, built.stderr
    for complaint in ("Cannot find parameter", "circular"):
        assert complaint not in built.stdout + built.stderr
    nodes = json.loads(Path("build/api/main").read_text())["nodes"]
    assert {node["name"] for node in nodes} >= {"default.events", "default.page"}
