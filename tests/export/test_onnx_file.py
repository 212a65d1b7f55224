"""onnxruntime gives lexon's scores, for every tokeniser and every option of the network."""

from __future__ import annotations

import importlib.util

import numpy as np
import onnx
import pytest
import torch
from small_networks import NAMES

from lexon.errors import ConfigurationError
from lexon.export import onnx_file
from lexon.export.onnx_file import (
    INPUTS,
    OPSET,
    arrays,
    is_own,
    require_onnx,
    session,
    session_scores,
    to_onnx,
    with_metadata,
)
from lexon.models import Network
from lexon.runners.crew import why_no_fork

CLOSE = 1e-5
OPTIONS = {
    "cls": {"pool": "cls"},
    "max": {"pool": "max", "met": False},
    "order": {"positions": "none"},
    "event": {"event": True},
    "event without MET": {"event": True, "met": False},
    "bias": {"pairwise": "bias"},
    "mia": {"pairwise": "mia", "met": False, "event": True, "pool": "max"},
}
EMBEDDED = {
    "binned": "factorised",
    "axes": "factorised_ordinal",
    "residual": "factorised",
    "fsq": "codebook",
    "vq": "frozen_codebook",
}
# An export takes seconds, so each covers several of the choices above.
EXPORTED = {
    "direct": {"pool": "cls", "depth": 1},
    "direct_5": {"event": True, "pairwise": "mia", "pool": "max", "met": False},
    "binned": {"event": True, "pairwise": "bias", "positions": "none", "depth": 1},
    "residual": {"pairwise": "bias", "depth": 1},
    "fsq": {"depth": 1},
}


def vocabulary(tokeniser) -> dict:
    layout, codebook = tokeniser.layout, tokeniser.arrays().get("codebook")
    return {
        "objects": [(part.size, part.order) for part in layout.objects],
        "event": [(part.size, part.order) for part in layout.event],
        "codebook_dim": None if codebook is None else codebook.shape[1],
    }


def of_torch(study, events) -> np.ndarray:
    with torch.no_grad():
        return study.whole(*map(torch.from_numpy, arrays(events).values())).numpy()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("option", OPTIONS)
def test_the_whole_network_scores_as_an_evaluation_does(make_study, sample, name, option):
    study = make_study(name, **OPTIONS[option])
    scores = study.scores(sample)
    assert scores.std(0).max() > 0.01, "scores that differ from event to event"
    np.testing.assert_allclose(of_torch(study, sample), scores, rtol=0, atol=CLOSE)


@pytest.mark.parametrize(("name", "embedding"), EMBEDDED.items())
def test_so_it_does_with_every_embedding(make_study, tokenisers, sample, name, embedding):
    study = make_study(name, embedding=embedding, vocabulary=vocabulary(tokenisers[name]))
    np.testing.assert_allclose(of_torch(study, sample), study.scores(sample), rtol=0, atol=CLOSE)


@pytest.fixture(scope="module")
def exported(make_study):
    """Networks and their exports by name, each made when it is first asked for."""
    known: dict = {}

    def of(name: str):
        if name not in known:
            study = make_study(name, **EXPORTED[name])
            known[name] = study, to_onnx(study.whole)
        return known[name]

    return of


@pytest.mark.parametrize("name", EXPORTED)
def test_onnxruntime_gives_the_same_scores(exported, sample, name):
    study, content = exported(name)
    found = session_scores(session(content, 1), sample)
    np.testing.assert_allclose(found, study.scores(sample), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("name", ["direct", "binned"])
@pytest.mark.parametrize(("n_events", "n_objects"), [(1, 0), (1, 1), (1, 18), (7, 18), (3, 1)])
def test_any_number_of_events_and_objects(exported, sample, name, n_events, n_objects):
    study, content = exported(name)
    chosen = sample[sample.mask.sum(1) == n_objects][:n_events]
    assert len(chosen) == n_events
    for width in {max(n_objects, 1), 18, n_objects}:
        (found,) = session(content, 1).run(None, arrays(chosen, width))
        np.testing.assert_allclose(found, study.scores(chosen), rtol=0, atol=CLOSE)


def test_no_events_have_no_scores(exported, sample):
    (found,) = session(exported("direct")[1], 1).run(None, arrays(sample[:0], 3))
    assert found.shape == (0, 3)


def test_after_an_export_workers_of_the_process_can_train(exported):
    exported("direct")
    torch.ones(1, requires_grad=True).sum().backward()
    assert why_no_fork() == ""


def test_a_file_says_what_it_takes_and_who_made_it(exported):
    _, content = exported("direct")
    proto = onnx.load_model_from_string(with_metadata(content, {"model_digest": "abc"}))
    onnx.checker.check_model(proto, full_check=True)
    facts = {entry.key: entry.value for entry in proto.metadata_props}
    assert facts["model_digest"] == "abc"
    assert facts["input E"] == INPUTS["E"]
    assert [item.name for item in proto.graph.input] == list(INPUTS), "E too, which is not used"
    assert [(entry.domain, entry.version) for entry in proto.opset_import] == [("", OPSET)]
    assert is_own(proto.SerializeToString())
    assert not is_own(content)
    assert not is_own(b"no ONNX")
    assert b"/lexon/" not in content, "no path of the machine that made it"


class Undecided(Network):
    """A network that torch cannot follow: what it computes depends on the values."""

    def __init__(self) -> None:
        super().__init__()

    def score(self, batch):
        values = batch["values"]
        return values[:, 0] if values.sum().item() > 0 else values[:, 0, :2]


def test_what_cannot_be_exported_is_one_sentence(make_study):
    study = make_study()
    whole = study.whole
    whole.model = Undecided()
    with pytest.raises(ConfigurationError, match="cannot be exported: ") as error:
        to_onnx(whole)
    assert "\n" not in str(error.value)


def test_without_the_libraries_an_export_says_what_to_install(monkeypatch):
    require_onnx()
    there = importlib.util.find_spec
    monkeypatch.setattr(
        onnx_file, "find_spec", lambda name: None if name == "onnxscript" else there(name)
    )
    with pytest.raises(ConfigurationError, match=r"onnxscript, .*pip install 'lexon\[export\]'"):
        require_onnx()
