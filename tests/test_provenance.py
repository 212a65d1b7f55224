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


def test_every_kind_of_code_exists():
    assert len({provenance.code_digest(kind) for kind in provenance.CODE}) == len(provenance.CODE)


def test_versions_are_those_that_run():
    assert provenance.versions()["torch"].split("+")[0] == torch.__version__.split("+")[0]


def test_a_checkout_knows_its_commit():
    version = provenance.code_version()
    if not version:
        pytest.skip("not run from a git checkout")
    assert len(version["commit"]) == 40
