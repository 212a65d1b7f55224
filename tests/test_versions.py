"""Bounds of pyproject.toml, constraints.txt, and what `make lock` makes of both agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
REMEDY = "run `make lock`"


def requirements(*extras: str) -> list[Requirement]:
    """What lexon asks for, with these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][name] for name in extras)]
    every = [Requirement(text) for listed in lists for text in listed]
    return [requirement for requirement in every if requirement.name != "lexon"]


def pins(name: str) -> dict[str, Requirement]:
    """The exact versions in a file, by name of the package."""
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = re.findall(r"^[\w.-]+==[^\\\n]+", text, flags=re.MULTILINE)
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def pinned_version(requirement: Requirement) -> Version:
    (specifier,) = requirement.specifier
    return Version(specifier.version)


def lower_bound(requirement: Requirement) -> Version:
    (bound,) = [part.version for part in requirement.specifier if part.operator == ">="]
    return Version(bound)


@pytest.mark.parametrize("requirement", requirements("test", "root", "export"), ids=str)
def test_the_lowest_version_that_is_allowed_is_one_that_is_tested(requirement):
    tested = pinned_version(pins("constraints-lowest.txt")[canonicalize_name(requirement.name)])
    assert tested == lower_bound(requirement), (
        f"{requirement}: no such version, or none that the other packages allow; "
        f"raise the bound to {tested} (pyproject.toml), or {REMEDY}"
    )


def test_the_lowest_python_that_is_allowed_is_the_one_of_the_lowest_versions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest = project["requires-python"].removeprefix(">=")
    lock = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nlock:")[2]
    assert set(re.findall(r"--python-version (\S+)", lock)) == {lowest}


@pytest.mark.parametrize("requirement", requirements("root", "export"), ids=str)
def test_the_lock_holds_what_a_study_needs(requirement):
    locked = pins("requirements.lock")[canonicalize_name(requirement.name)]
    assert pinned_version(locked) in requirement.specifier, REMEDY


def test_the_lock_holds_the_tested_versions_and_what_only_other_machines_need():
    tested, locked = pins("constraints.txt"), pins("requirements.lock")
    different = {
        name: (str(locked[name]), str(tested[name]))
        for name in locked.keys() & tested.keys()
        if pinned_version(locked[name]) != pinned_version(tested[name])
    }
    assert different == {}, REMEDY
    untested = [locked[name] for name in locked.keys() - tested.keys()]
    assert [str(one) for one in untested if "platform" not in str(one.marker)] == [], (
        "pin it in constraints.txt"
    )


def test_all_that_is_locked_has_hashes_and_comes_from_the_public_index():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pins("requirements.lock"))
    plain = re.compile(r"[\w.-]+==[^\n]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n")
    assert [entry for entry in entries if not plain.fullmatch(entry)] == []
    assert re.findall(r"://|^-", text, flags=re.MULTILINE) == [], "an address or an option"
