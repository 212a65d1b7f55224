"""The descriptions of images run the same steps, which work without a builder of images too."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "containers"
DESCRIPTIONS = [FOLDER / "Containerfile", FOLDER / "lexon.def"]


def copied() -> list[str]:
    """What lexon.def copies into the image, with the names that it has there."""
    text = (FOLDER / "lexon.def").read_text(encoding="utf-8")
    return re.findall(r"^    (\S+) /src/\1$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("description", DESCRIPTIONS, ids=lambda path: path.name)
def test_an_image_is_installed_and_tried_by_the_common_scripts(description):
    text = description.read_text(encoding="utf-8")
    assert text.index("/src/containers/install.sh /src") < text.index("rm -rf /src")
    assert "cp /src/containers/try_study.sh /usr/local/bin/lexon-try-study" in text
    assert re.search(r"^(RUN|   ) lexon-try-study", text, flags=re.MULTILINE)


def test_both_images_start_from_the_same_python():
    versions = [
        re.findall(r"(?:PYTHON=|python:)(\d\S*?)(?:-slim\S*)?$", path.read_text("utf-8"), re.M)
        for path in DESCRIPTIONS
    ]
    assert versions[0] == versions[1]
    assert len(versions[0]) == 1


def test_what_is_copied_is_all_that_an_installation_reads():
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    read = set(re.findall(r"[\w.]+\.(?:txt|lock)", (FOLDER / "install.sh").read_text("utf-8")))
    package = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    read |= set(re.findall(r'^readme = "(.+)"', package, flags=re.MULTILINE))
    linked = {(ROOT / "src" / "lexon" / "conf").readlink().name}
    assert read | linked | {"pyproject.toml", "src", "containers", "LICENSE"} == set(copied())


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Commands that only note how they were called, first on the PATH; their notes."""
    notes = tmp_path / "notes"
    for name in ("pip", "lexon"):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> "{notes}"\n', encoding="utf-8")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("TORCH_INDEX", raising=False)
    return notes


def install(device: str) -> int:
    done = subprocess.run(
        [FOLDER / "install.sh", ROOT, device], check=False, stderr=subprocess.DEVNULL
    )
    return done.returncode


def test_an_image_for_gpus_takes_what_the_lock_says(commands):
    assert install("cuda") == 0
    first, second, _ = commands.read_text().splitlines()
    assert first == "pip install --require-hashes --requirement requirements.lock"
    assert second == "pip install .[root,export]"


@pytest.mark.parametrize("index", ["https://example.org/cpu", ""], ids=["an index", "pip's own"])
def test_an_image_for_cpus_takes_the_pinned_torch_from_the_index_that_is_named(
    commands, monkeypatch, index
):
    monkeypatch.setenv("TORCH_INDEX", index)
    assert install("cpu") == 0
    (torch,) = re.findall(r"^torch==.+", (ROOT / "constraints.txt").read_text("utf-8"), re.M)
    option = f" --index-url {index}" if index else ""
    assert commands.read_text().splitlines()[0] == f"pip install {torch}{option}"


def test_an_unknown_device_is_refused_before_anything_is_installed(commands):
    assert install("tpu") == 2
    assert not commands.exists()
