"""Where a result comes from."""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lexon import provenance


def test_comments_and_docstrings_are_no_code(tmp_path):
    plain, commented = tmp_path / "a.py", tmp_path / "b.py"
    plain.write_text("def f(x):\n    return x\n")
    commented.write_text('"""Module."""\n# why\ndef f(x):\n    """What."""\n    return (x)\n')
    assert provenance._syntax(plain) == provenance._syntax(commented)
    commented.write_text("def f(x):\n    return -x\n")
    assert provenance._syntax(plain) != provenance._syntax(commented)


@pytest.fixture
def changed(monkeypatch):
    """Digest of a module's code as if another module had been repaired."""

    def digest(module: str, repaired: str) -> tuple[str, str]:
        plain = provenance._syntax
        file = provenance._file(repaired)
        before = provenance.code_digest.__wrapped__(module)
        monkeypatch.setattr(
            provenance, "_syntax", lambda path: "repaired" if path == file else plain(path)
        )
        after = provenance.code_digest.__wrapped__(module)
        monkeypatch.undo()
        return before, after

    return digest


TRAIN, EVALUATE, CLEAN, TOKENISE, PAGE, FIGURES = (
    f"lexon.pipelines.{name}"
    for name in (
        "modelling.classifiers.train",
        "modelling.classifiers.evaluate",
        "data_engineering.clean",
        "data_engineering.tokenise",
        "reporting.classifier",
        "reporting.tokens",
    )
)


@pytest.mark.parametrize(
    ("node", "repaired"),
    [
        ("lexon.models.classifier", "lexon.models.layers"),
        (TRAIN, "lexon.training.optimisation"),
        (EVALUATE, "lexon.metrics.calibration"),
        (EVALUATE, "lexon.plots.training"),
        (CLEAN, "lexon.datasets.units"),
        (TOKENISE, "lexon.tokenisers.binning"),
        (FIGURES, "lexon.plots.features"),
        (PAGE, "lexon.statistics"),
        (PAGE, "lexon.features"),
    ],
)
def test_a_repair_far_below_a_node_is_seen(changed, node, repaired):
    before, after = changed(node, repaired)
    assert before != after


@pytest.mark.parametrize(
    ("node", "repaired"),
    [
        (TRAIN, "lexon.metrics.calibration"),
        (TRAIN, "lexon.plots.training"),
        (TRAIN, "lexon.simulation.shower"),
        (TRAIN, "lexon.config"),
        (CLEAN, "lexon.simulation.validation"),
        (CLEAN, "lexon.tokenisers.binning"),
        (CLEAN, "lexon.models.classifier"),
        (TOKENISE, "lexon.plots.style"),
    ],
)
def test_a_repair_elsewhere_retrains_nothing(changed, node, repaired):
    before, after = changed(node, repaired)
    assert before == after


@pytest.mark.parametrize("node", [PAGE, "lexon.pipelines.data_engineering.simulate"])
def test_a_template_and_a_table_are_code_too(monkeypatch, node):
    before = provenance.code_digest.__wrapped__(node)
    monkeypatch.setattr(provenance, "_data", lambda room: [])
    assert provenance.code_digest.__wrapped__(node) != before


def test_the_whole_is_different_where_any_code_or_data_is(monkeypatch):
    found = [provenance.whole_digest.__wrapped__()]
    monkeypatch.setattr(provenance, "_data", lambda room: [])
    found.append(provenance.whole_digest.__wrapped__())
    file = provenance._file("lexon.physics")
    monkeypatch.setitem(provenance._AT_START, file, (b"repaired", provenance._AT_START[file][1]))
    found.append(provenance.whole_digest.__wrapped__())
    assert len(set(found)) == 3


def test_what_reports_are_laid_out_by_is_no_code_of_a_training(monkeypatch):
    data, layouts = provenance._data, {}
    monkeypatch.setattr(
        provenance, "_data", lambda room: layouts.setdefault(room.name, list(data(room)))
    )
    provenance.code_digest.__wrapped__(TRAIN)
    assert "pipelines" in layouts, "the training rests on modules of pipelines/"
    assert [
        path.name for found in layouts.values() for path in found if "layouts" in str(path)
    ] == []
    provenance.code_digest.__wrapped__("lexon.pipelines.reporting.nodes")
    assert "classifier.yml" in {path.name for path in layouts["reporting"]}


NODE = """from lexon.provenance import code_digest, code_version, edited_since_start
from lexon import physics, provenance
from pathlib import Path
import subprocess, sys
first, version = code_digest("lexon.physics"), code_version()
root = Path(provenance.__file__).parents[2]
file = root / "src/lexon/physics.py"
git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b"]
file.write_text(file.read_text() + "\\n# a comment\\n")
assert edited_since_start("lexon.physics") == []
file.write_text(file.read_text() + "\\nNEW = 1\\n")
assert [path.name for path in edited_since_start("lexon.physics", "lexon.events")] == ["physics.py"]
subprocess.run([*git, "commit", "-aqm", "edited"], check=True)
code_digest.cache_clear()
assert code_digest("lexon.physics") == first
assert code_version() == version
print(version["commit"], version["dirty"], first)
"""


def test_a_process_runs_the_code_and_the_commit_that_it_started_with(tmp_path):
    """In a copy of the checkout: an edit and a commit while the process runs change neither digest
    nor version, and show as an edit.
    """
    root = Path(provenance.__file__).parents[2]
    shutil.copytree(
        root / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *arguments], check=True)
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src"), "PYTHONDONTWRITEBYTECODE": "1"}

    def reported() -> list[str]:
        run = subprocess.run(
            [sys.executable, "-c", NODE],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout.split()

    commit, dirty, digest = reported()
    head = subprocess.run(
        [*git, "rev-parse", "HEAD^"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert (commit, dirty) == (head, "False")
    assert reported()[2] != digest, "a fresh process has the edited code"


def test_versions_are_those_that_run():
    assert provenance.versions()["torch"].split("+")[0] == torch.__version__.split("+")[0]


def test_a_checkout_knows_its_commit():
    version = provenance.code_version()
    if "commit" not in version:
        pytest.skip("not run from a git checkout")
    assert len(version["commit"]) == 40


def test_sources_have_the_same_digest_wherever_they_lie(tmp_path, monkeypatch):
    """An image holds the code of the checkout that it was built from, and not its history."""
    here = provenance.code_version()["digest"]
    there = {
        tmp_path / file.relative_to(provenance._ROOT): noted
        for file, noted in provenance._AT_START.items()
    }
    monkeypatch.setattr(provenance, "_ROOT", tmp_path)
    monkeypatch.setattr(provenance, "_AT_START", there)
    assert provenance._version_now() == {"digest": here}
    there[tmp_path / "physics.py"] = (b"NEW = 1\n", (0, 0, 0, 0))
    assert provenance._version_now()["digest"] != here


def test_a_node_rests_on_what_its_parameters_choose_too():
    def train(x: int) -> int:
        """Trains."""
        return x + 1

    chosen = provenance.resting_on(train, "lexon.models.vae")
    assert chosen(1) == 2
    assert provenance.modules_of(train) == (__name__,)
    assert provenance.modules_of(chosen) == (__name__, "lexon.models.vae")
    assert list(inspect.signature(chosen, follow_wrapped=False).parameters) == ["x"], (
        "Kedro orders a node's inputs by it"
    )
    assert (chosen.__qualname__, chosen.__doc__) == (train.__qualname__, "Trains.")
