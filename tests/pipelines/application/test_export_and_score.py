"""A member of the mini-world, exported and given files to score."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import onnx
import pytest
import torch

from lexon.datasets.events import EventSource
from lexon.datasets.scores import read_scores
from lexon.events import SPLITS
from lexon.export.onnx_file import session, session_scores
from lexon.runners.local import RunFailed

RUN = Path("data/test/06_models/default/main")
MEMBER = RUN / "single__seed_42"
EVENTS = Path("data/test/02_intermediate/default/main/events.h5")


def test_a_study_is_exported_and_scores_its_own_file_as_it_did(run, caplog):
    run()
    run("export")
    assert "test events to" in caplog.text
    content = (MEMBER / "model.onnx").read_bytes()
    recorded = read_scores(MEMBER / "scores.h5")
    own = EventSource(EVENTS).classified("test", {"signal": "tttt", "background": "rest"})
    assert own.digest == recorded.digest
    found = session_scores(session(content, 1), own.events)
    np.testing.assert_allclose(found, recorded.probabilities, rtol=0, atol=2e-5)
    facts = {item.key: item.value for item in onnx.load_model_from_string(content).metadata_props}
    assert json.loads(facts["class_names"]) == list(recorded.class_names)
    assert facts["member"] == "default/main/single__seed_42"

    run("score", events={"path": str(EVENTS)}, member="single__seed_42")
    with h5py.File(MEMBER / "scored" / "events.h5") as file:
        test = file["split"][()] == SPLITS.index("test")
        assert len(test) == sum(EventSource(EVENTS).n(split) for split in SPLITS)
        rows = file["index"][()][test]
        assert rows.tolist() == list(range(test.sum()))
        found = file["probabilities"][()][test][recorded.index]
        np.testing.assert_allclose(found, recorded.probabilities, rtol=0, atol=1e-6)
        assert file.attrs["model_digest"] == facts["model_digest"]
        assert json.loads(file.attrs["class_names"]) == list(recorded.class_names)
    before = (MEMBER / "scored" / "events.h5").read_bytes()
    with pytest.raises(RunFailed, match="is there already, and scores are never written over"):
        run("score", events={"path": str(EVENTS)})
    assert (MEMBER / "scored" / "events.h5").read_bytes() == before

    run("export")  # the same again takes the place of an export, and of nothing else
    (MEMBER / "model.onnx").write_bytes(b"mine")
    with pytest.raises(RunFailed, match="not exported by lexon and would be lost"):
        run("export")
    assert (MEMBER / "model.onnx").read_bytes() == b"mine"
    (MEMBER / "model.onnx").unlink()

    weights = torch.load(MEMBER / "model.pt")
    weights["weights"]["head.bias"] += torch.tensor([1.0, -1.0])
    torch.save(weights, MEMBER / "model.pt")
    with pytest.raises(RunFailed, match="other scores than scores.h5"):
        run("export")
    assert not (MEMBER / "model.onnx").exists()
