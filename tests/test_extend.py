"""What docs/how_to/extend.md promises: each part, added to a copy of the project exactly as the
page says, runs end to end.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "how_to" / "extend.md").read_text()
BLOCKS = re.findall(
    r"```python\n# (at the end of |in KINDS of )?(src/lexon/\S+)\n(.*?)```", PAGE, re.DOTALL
)
RESULTS = Path("data/test")


def section(title: str) -> list[tuple[str, str, str]]:
    """The blocks of code of a section: whether they are added to a file, the file, the code."""
    text = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [block for block in BLOCKS if block[2] in text]


@pytest.fixture
def extended(project):
    """Adds a section's code to a copy of the project's; returns what runs a command of lexon's
    there.
    """
    shutil.rmtree(project / "src")
    shutil.copytree(
        ROOT / "src" / "lexon",
        project / "src" / "lexon",
        ignore=shutil.ignore_patterns("__pycache__"),
    )

    def add(title: str, files: int):
        blocks = section(title)
        assert len(blocks) == files
        for added, name, code in blocks:
            path = project / name
            assert path.exists() == bool(added), name
            text = path.read_text() if added else ""
            if added.startswith("in KINDS"):
                first = "    for kind in (\n"
                assert text.count(first) == 1
                path.write_text(
                    text.replace(first, first + textwrap.indent(f"{code.rstrip()},\n", " " * 8))
                )
            else:
                path.write_text((f"{text}\n\n" if added else "") + code)
        return run

    def run(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(project / "src"), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "kedro", "run", *arguments]
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return add


def record(member: str = "single__seed_42") -> dict:
    return json.loads((RESULTS / "06_models/default/main" / member / "run.json").read_text())


def test_a_tokeniser_is_one_file_and_its_settings(extended):
    run = extended("A tokeniser", files=2)
    printed = run("--env", "test", "--params", "tokeniser=types")
    assert re.search(r"types tokeniser: fitted on\s+the\s+background", printed), "fit_on: auto"
    assert record()["parameters"]["tokeniser"] == {"kind": "types", "fit_on": "auto"}
    assert (RESULTS / "08_reporting/default/main/report.html").exists()
    tokens = RESULTS / "03_primary/default/main" / "tokens_types_auto.h5"
    tokens.unlink()
    run("--env", "test", "--pipelines", "data_engineering", "--params", "tokeniser=types")
    assert [path.name for path in tokens.parent.glob("tokens_*.h5")] == [tokens.name], (
        "its own token file, not that of bins"
    )


def test_a_network_is_one_file_and_its_settings(extended):
    run = extended("A network of a classifier", files=2)
    run("--env", "test", "--params", "model.name=deep_sets")
    assert record()["parameters"]["classifier"] == {"name": "deep_sets", "met": True, "dim": 16}
    assert (RESULTS / "08_reporting/default/main/report.html").exists()
    model = RESULTS / "06_models/default/main/single__seed_42/model.pt"
    before = model.stat().st_mtime_ns
    file = Path("src/lexon/models/deep_sets.py")
    file.write_text(file.read_text().replace("nn.GELU()", "nn.SiLU()"))
    run("--env", "test", "--params", "model.name=deep_sets")
    assert model.stat().st_mtime_ns > before, "a repaired network is trained again"


def test_a_kind_is_an_entry_and_its_pipeline_and_a_figure_is_a_function(extended):
    run = extended("A kind of experiment, and a figure", files=3)
    folder = Path("conf/experiments/objects")
    folder.mkdir()
    (folder / "parameters.yml").write_text(
        "description: How many objects an event has\nkind: multiplicity\n"
    )
    run("--env", "test", "--pipelines", "objects")
    report = RESULTS / "08_reporting/objects/main"
    assert (report / "objects.csv").read_text().startswith("class,events,mean\nsignal,")
    assert (report / "figures" / "objects.png").stat().st_size > 1000


def test_the_page_counts_its_own_lines():
    rows = {
        row[0]: [int(n) for n in row[1].split(" + ")]
        for row in re.findall(r"^\| ([^|]*?) \|[^|]*\| ([\d +]+) \|$", PAGE, re.MULTILINE)
    }
    titles = {"tokeniser": "A tokeniser", "network of a classifier": "A network of a classifier"}
    titles["kind of experiment, with a figure"] = "A kind of experiment, and a figure"
    assert rows.keys() == titles.keys()
    for name, title in titles.items():
        assert sorted(rows[name]) == sorted(
            len(code.splitlines()) for _, _, code in section(title)
        ), name
