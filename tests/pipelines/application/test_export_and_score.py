"""Members of the mini-world, exported and given files to score."""

from __future__ import annotations

import json
import re
from pathlib import Path

import h5py
import numpy as np
import onnx
import pytest
import torch

from lexon.datasets.events import EventSource
from lexon.datasets.finished import finished_member
from lexon.datasets.scores import read_scores
from lexon.errors import ConfigurationError
from lexon.events import SPLITS
from lexon.export.onnx_file import session, session_scores
from lexon.runners.local import RunFailed

MODELS = Path("data/test/06_models")
RUN = MODELS / "default/main"
EVENTS = Path("data/test/02_intermediate/default/main/events.h5")
NAMES = ("tokeniser_direct__seed_42", "tokeniser_vqvae__seed_42")
PAGE = Path(__file__).parents[3] / "docs" / "how_to" / "use_a_network_elsewhere.md"


def test_a_study_is_exported_and_scores_files_as_its_own(run, caplog, capsys, monkeypatch):
    run(tokeniser="direct|vqvae")
    with pytest.raises(RunFailed, match="2 members are meant"):
        run("export")
    for name in NAMES:
        run("export", member=name)
        _is_exported(RUN / name)
    assert caplog.text.count("onnxruntime repeats the scores of all") == len(NAMES)
    _pages_example_runs(RUN / NAMES[0], monkeypatch, capsys)
    _scores_its_own_events(run)
    _writes_over_nothing(run)
    _refuses_another_network(run)


def _is_exported(folder: Path) -> None:
    recorded = read_scores(folder / "scores.h5")
    own = EventSource(EVENTS).classified("test", {"signal": "tttt", "background": "rest"})
    assert own.digest == recorded.digest
    content = (folder / "model.onnx").read_bytes()
    found = session_scores(session(content, 1), own.events)
    apart = np.abs(found - recorded.probabilities).max(1)
    assert (apart > 2e-5).sum() <= (1 if "vqvae" in folder.name else 0), "an object between codes"
    facts = {item.key: item.value for item in onnx.load_model_from_string(content).metadata_props}
    assert json.loads(facts["class_names"]) == list(recorded.class_names)
    assert facts["member"] == f"default/main/{folder.name}"
    assert facts["model_digest"] == finished_member(MODELS, folder.name, "main").digest


def _pages_example_runs(folder: Path, monkeypatch, capsys) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    with monkeypatch.context() as there:
        there.chdir(folder)
        exec(example, {})
    assert capsys.readouterr().out.count("'signal': ") == 2


def _scores_its_own_events(run) -> None:
    """Those of the test split are scores.h5, whatever the member is shown."""
    for name in NAMES:
        run("score", events={"path": str(EVENTS)}, member=name)
        recorded = read_scores(RUN / name / "scores.h5")
        with h5py.File(RUN / name / "scored" / "events.h5") as file:
            test = file["split"][()] == SPLITS.index("test")
            assert len(test) == sum(EventSource(EVENTS).n(split) for split in SPLITS)
            assert file["index"][()][test].tolist() == list(range(test.sum()))
            found = file["probabilities"][()][test][recorded.index]
            np.testing.assert_allclose(found, recorded.probabilities, rtol=0, atol=1e-5)
            assert file["labels"][()][test][recorded.index].tolist() == recorded.labels.tolist()
            assert file.attrs["model_digest"] == finished_member(MODELS, name, "main").digest
            assert json.loads(file.attrs["class_names"]) == list(recorded.class_names)


def _writes_over_nothing(run) -> None:
    scored = RUN / NAMES[0] / "scored" / "events.h5"
    before = scored.read_bytes()
    with pytest.raises(RunFailed, match="is there already, and scores are never written over"):
        run("score", events={"path": str(EVENTS)}, member=NAMES[0])
    assert scored.read_bytes() == before


def _refuses_another_network(run) -> None:
    path = RUN / NAMES[0] / "model.pt"
    checkpoint = torch.load(path)
    checkpoint["weights"]["head.bias"] += torch.tensor([1.0, -1.0])
    torch.save(checkpoint, path)
    before = (path.parent / "model.onnx").read_bytes()
    with pytest.raises(RunFailed, match=r"other scores than scores\.h5"):
        run("export", member=NAMES[0])
    assert (path.parent / "model.onnx").read_bytes() == before


def test_a_score_needs_a_file_and_reads_nothing_of_trainings(run):
    with pytest.raises(ConfigurationError, match="--pipelines score: no file is named"):
        run("score")
    with pytest.raises(ConfigurationError, match="nothing in score reads it"):
        run("score", events={"path": "e.h5"}, pool="max")
    with pytest.raises(ConfigurationError, match="nothing in export reads it"):
        run("export", score={"output": "a.h5"})
    with pytest.raises(RunFailed, match="none yet: kedro run trains one"):
        run("export")
