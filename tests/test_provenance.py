"""Where a result comes from."""

from __future__ import annotations

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
        monkeypatch.setattr(provenance, "_syntax", lambda path: "repaired" if path == file else plain(path))
        after = provenance.code_digest.__wrapped__(module)
        monkeypatch.undo()
        return before, after

    return digest


TRAIN, EVALUATE, CLEAN, TOKENISE, PAGE = (
    f"lexon.pipelines.{name}"
    for name in (
        "modelling.classifiers.train",
        "modelling.classifiers.evaluate",
        "data_engineering.clean",
        "data_engineering.tokenise",
        "reporting.classifiers.nodes",
    )
)


@pytest.mark.parametrize(
    ("node", "repaired"),
    [
        (TRAIN, "lexon.models.layers"),
        (TRAIN, "lexon.training.optimisation"),
        (EVALUATE, "lexon.metrics.calibration"),
        (EVALUATE, "lexon.plots.training"),
        (CLEAN, "lexon.datasets.units"),
        (TOKENISE, "lexon.tokenisers.binning"),
        (PAGE, "lexon.plots.features"),
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


def test_versions_are_those_that_run():
    assert provenance.versions()["torch"].split("+")[0] == torch.__version__.split("+")[0]


def test_a_checkout_knows_its_commit():
    version = provenance.code_version()
    if not version:
        pytest.skip("not run from a git checkout")
    assert len(version["commit"]) == 40
