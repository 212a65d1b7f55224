"""The wheel holds what lexon needs outside of a checkout, and nothing that is the user's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILD = "from setuptools.build_meta import build_wheel; print(build_wheel('dist'))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """Built from a copy of the checkout, in which there are personal settings."""
    pytest.importorskip("setuptools", "77", reason="what builds lexon is not installed here")
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", "conf"):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=ignored)
    for personal in ("local/parameters.yml", "local/credentials.yml", "base/credentials_mine.yml"):
        (copy / "conf" / personal).write_text("seed: 1\n")
    done = subprocess.run(
        [sys.executable, "-c", BUILD], cwd=copy, capture_output=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(copy / "dist" / done.stdout.split()[-1])


def test_it_brings_the_whole_configuration(wheel):
    conf = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "conf").rglob("*.yml")
        if "local" not in path.relative_to(ROOT).parts
    }
    assert {f"lexon/{name}" for name in conf} <= set(wheel.namelist())


def test_it_brings_nothing_personal(wheel):
    names = [name for name in wheel.namelist() if name.startswith("lexon/conf/")]
    assert [name for name in names if name.startswith("lexon/conf/local/")] == []
    assert [name for name in names if "credentials" in name] == []


def test_it_brings_all_code_and_what_lies_beside_it(wheel):
    source = ROOT / "src"
    kinds = (".py", ".npz", ".yaml", ".html", ".yml", ".toml", ".md")
    wanted = {
        path.relative_to(source).as_posix()
        for path in (source / "lexon").rglob("*")
        if path.suffix in kinds and "conf" not in path.relative_to(source).parts[:2]
    }
    texts_for_readers = {name for name in wanted if name.endswith("README.md")}
    template = {name for name in texts_for_readers if "study_template" in name}
    assert wanted - (texts_for_readers - template) <= set(wheel.namelist())


def test_it_brings_the_command(wheel):
    (entry_points,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "lexon = lexon.study:main" in wheel.read(entry_points).decode()
