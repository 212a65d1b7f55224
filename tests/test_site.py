"""What the documentation site is made of: nothing is missing from it, and nothing in it is out of
date. Building it is `make site`.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import lexon
from lexon.experiments import flatten

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(autouse=True)
def extensions(monkeypatch):
    """The site's own modules can be imported."""
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    yield
    for name in ("parameters", "documented"):
        sys.modules.pop(name, None)


def base() -> dict[str, str]:
    """Every group of parameters of conf/base."""
    found: dict[str, str] = {}
    for path in (ROOT / "conf" / "base").glob("parameters*.yml"):
        found |= yaml.safe_load(path.read_text())
    return found


def test_every_parameter_is_in_the_table_with_default_and_reason():
    page = import_module("parameters").page(ROOT / "conf" / "base")
    rows = {cells[1].strip("` "): cells for cells in table(page)}
    for key in flatten(base()):
        known = next((name for name in rows if key == name or key.startswith(f"{name}.")), None)
        assert known, f"{key} is not in the table"
        assert rows[known][2].strip(" `"), f"{known} has no default"
        assert rows[known][4].strip(), f"{known} says nothing of what is allowed"
        assert rows[known][5].strip(), f"{known} has no reason"


def table(page: str) -> list[list[str]]:
    """Rows of the tables of a page, split at bars that are not escaped."""
    return [re.split(r"(?<!\\)\|", line) for line in page.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("pool", "`cls`, `mean`, `max`"),
        ("met", "`true`, `false`"),
        ("training.ema", "number > 0, < 1 or `null`"),
        ("events.path", "a path or `null`"),
        ("tokeniser", "`direct`, `binned`, `vqvae`, `ambre`"),
        ("vqvae.training.epochs", "whole number > 0, ≤ 1,000,000"),
    ],
)
def test_what_is_allowed_is_what_the_types_say(key, words):
    assert import_module("parameters").allowed(key) == words


def test_a_parameter_without_a_reason_is_refused(tmp_path):
    (tmp_path / "parameters.yml").write_text("pool: mean\n")
    with pytest.raises(ValueError, match="pool has no comment"):
        import_module("parameters").page(tmp_path)


def test_a_comment_goes_on_below_its_parameter_only():
    first, second = import_module("parameters").entries(
        "a: 1                    # one thing\n                        # and more\nb: 2  # other\n"
    )
    assert (first.comment, second.comment) == ("one thing and more", "other")


def test_a_unit_is_what_a_comment_begins_with_and_no_choice_of_units():
    energy, unit, memory = import_module("parameters").entries(
        "a: 1  # GeV; nothing has more\nb: auto  # GeV, MeV or ln(MeV)\nc: 2  # MB that it needs\n"
    )
    assert (energy.unit, unit.unit, memory.unit) == ("GeV", "", "MB")


def test_a_group_without_a_comment_beside_it_has_that_above_it():
    group, entry = import_module("parameters").entries("# what it\n# is\ngroup:\n  a: 1\n")
    assert (group.comment, entry.comment) == ("what it is", "")


def test_a_public_name_without_a_docstring_is_found():
    found = import_module("documented").undocumented
    source = '"""A module."""\ndef f():\n    pass\nclass C:\n    """C."""\ndef _g():\n    pass\n'
    assert list(found(ast.parse(source))) == ["f"]
    assert list(found(ast.parse("x = 1"))) == ["the module"]


def test_every_public_name_has_a_docstring():
    found = import_module("documented").undocumented
    sources = {path: ast.parse(path.read_text()) for path in (ROOT / "src").rglob("*.py")}
    names = [
        f"{path.relative_to(ROOT)}: {name}" for path in sources for name in found(sources[path])
    ]
    assert names == []


def test_docstrings_are_text():
    lines = ["|p| of `a|b`s, 2*x, type_ of ``c*``", ">>> a * b"]
    import_module("documented").as_text(None, "function", "f", None, None, lines)
    assert lines == [r"\|p\| of `a|b`\ s, 2\*x, type\_ of ``c*``", ">>> a * b"]


def test_every_experiment_has_a_page_with_three_sizes():
    for path in (ROOT / "conf" / "experiments").glob("*/parameters.yml"):
        name = path.parent.name
        page = (DOCS / "questions" / f"{name}.md").read_text()
        assert f"experiments/{name}/parameters.yml" in page, f"{name}: its file is not shown"
        sizes = page.partition("| size | command |")[2].partition("\n\n")[0].splitlines()[2:]
        assert len(sizes) >= 2, name
        assert f"--pipelines {name}" in page


def test_the_library_page_has_every_public_name():
    page = (DOCS / "reference" / "library.md").read_text()
    assert set(re.findall(r":: lexon\.(\w+)", page)) == set(lexon.__all__)


def test_a_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    (latest, date) = re.search(
        r"^## (\d\S+) - (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    ).groups()
    assert (latest, date) == (lexon.__version__, str(citation["date-released"]))
    assert citation["version"] == lexon.__version__


def test_hooks_before_a_commit_are_the_tools_of_ci():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"], "versions are those of the environment"
    entries = [hook["entry"] for hook in hooks[0]["hooks"]]
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    tools = set(re.findall(r"\$\(BIN\)/(\S+)", lint))
    assert {entry.split()[0].removeprefix(".venv/bin/") for entry in entries} == tools


def test_images_and_the_site_use_versions_that_are_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = {
        line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().split()
    }
    extras = project["optional-dependencies"]
    for requirement in [*extras["site"], *extras["release"]]:
        assert re.split("[<>=~! ]", requirement)[0].lower() in pinned


def test_issue_forms_ask_for_the_run_record():
    for name in ("bug", "question"):
        form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text())
        assert "run_json" in [field.get("id") for field in form["body"]]
