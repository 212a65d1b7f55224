"""What the documentation site is made of: nothing is missing from it, and nothing in it is out of
date. Building it is `make site`.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

import lexon
from lexon.experiments import flatten

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXPERIMENTS = sorted(path.parent.name for path in ROOT.glob("conf/experiments/*/parameters.yml"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(autouse=True)
def extensions(monkeypatch):
    """The site's own modules can be imported."""
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    yield
    for name in ("parameters", "documented", "gallery", "small_study"):
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


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_question_says_how_its_report_was_made(name):
    commands = import_module("gallery").commands((DOCS / "questions" / f"{name}.md").read_text())
    assert commands, "no row of the report below"
    assert all(command[0] == "run" and "test" in command for command in commands)
    assert commands[-1][1:3] == ["--pipelines", name]


def test_a_command_of_a_table_is_read_as_a_shell_would():
    page = '| the report below: two | `kedro run -p "a=1\\|2"`, then `kedro run` with `FILE` |\n'
    assert import_module("gallery").commands(page) == [["run", "-p", "a=1|2"], ["run"]]


def test_a_question_shows_its_report_where_one_was_made(monkeypatch, tmp_path):
    gallery = import_module("gallery")
    monkeypatch.setattr(gallery, "PAGES", tmp_path)
    page = ["# Q\n\n## Its configuration\n"]
    gallery.show(None, "questions/recipe", page)
    assert "make gallery" in page[0]
    report = tmp_path / "gallery" / "recipe" / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("<body>")
    page = ["# Q\n\n## Its configuration\n"]
    gallery.show(None, "questions/recipe", page)
    assert gallery.LABEL in page[0]
    assert page[0].index("iframe") < page[0].index("## Its configuration")


def test_a_report_of_the_gallery_says_that_it_is_of_a_small_run():
    gallery = import_module("gallery")
    made = gallery.labelled("<html><body>\n<h1>AUROC</h1>")
    assert made.index(gallery.LABEL) < made.index("AUROC")
    with pytest.raises(ValueError, match="template"):
        gallery.labelled("<html>")


def test_the_picture_loads_no_fonts_from_elsewhere():
    page = (
        '<link rel="icon" href="./x.ico" /><link\n href="https://fonts.gstatic.com" crossorigin />'
    )
    assert import_module("gallery").offline(page) == '<link rel="icon" href="./x.ico" />'


def test_what_was_made_from_the_same_is_not_made_again(monkeypatch, tmp_path):
    small_study = import_module("small_study")
    monkeypatch.setattr(small_study, "BUILD", tmp_path)
    made = []

    def make():
        made.append("again")
        (tmp_path / "page").write_text("x")

    for made_from in (b"a", b"a", b"b"):
        small_study.once(tmp_path / "page", make, made_from)
    assert len(made) == 2
    (tmp_path / "page").unlink()
    small_study.once(tmp_path / "page", make, b"b")
    assert len(made) == 3
    with pytest.raises(ZeroDivisionError):  # half of it may be there
        small_study.once(tmp_path / "page", lambda: 1 // 0, b"c")
    small_study.once(tmp_path / "page", make, b"b")
    assert len(made) == 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_listed_and_committed_without_results(path):
    cells = json.loads(path.read_text())["cells"]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
    assert cells[0]["source"][0].startswith("# ")
    assert f"(../notebooks/{path.name})" in (DOCS / "notebooks.md").read_text()


def test_arrays_of_ones_own_need_no_results():
    cells = json.loads((ROOT / "notebooks" / "own_arrays.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    names: dict[str, Any] = {}
    exec(code.replace("%matplotlib inline", ""), names)
    assert names["found"].verdict


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
