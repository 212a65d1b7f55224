"""Finished reports of small runs, and the picture of a study, for the site: `make gallery`.

A page of docs/questions names the commands of its report ("the report below"). They run in a study
of their own below build/gallery, which knows nothing of personal settings; lexon's fingerprints
decide what of them runs again.
"""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from small_study import BUILD, ROOT, kedro, once, study

if TYPE_CHECKING:  # reports are made and tested without Sphinx
    from sphinx.application import Sphinx

QUESTIONS = ROOT / "docs" / "questions"
MADE = BUILD / "gallery"
PAGES = MADE / "pages"  # becomes the root of the site, beside Sphinx's own pages
LABEL = "A small run, to show what a report looks like: its numbers mean nothing."
_ROW = re.compile(r"^\| the report below[^|]*\| (.*) \|$", re.MULTILINE)
_COMMAND = re.compile(r"`kedro (run\b[^`]*)`")
# Of the picture: one grid, small enough to look at.
_PICTURED = "binning_vs_direct"
_PINNED = "pool: mean\nmet: true\nvector: 4\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("config-inited", add_pages)
    app.connect("env-get-outdated", with_reports)
    app.connect("source-read", show)
    return {"parallel_read_safe": True}


def add_pages(_app: Sphinx, config: Any) -> None:
    """Ship what was made beside the pages that Sphinx writes."""
    if PAGES.exists():
        config.html_extra_path = [*config.html_extra_path, str(PAGES)]


def with_reports(_app: Sphinx, env: Any, *_: Any) -> list[str]:
    """Pages that are read again: whether there is a report is no part of their text."""
    return [name for name in env.found_docs if name.startswith("questions/")]


def show(_app: Sphinx, name: str, content: list[str]) -> None:
    """Put the report of a question above the configuration of its experiment."""
    folder, _, experiment = name.partition("/")
    if folder == "questions" and experiment != "index":
        before, mark, after = content[0].partition("## Its configuration")
        content[0] = f"{before}{section(experiment)}{mark}{after}"


def section(experiment: str) -> str:
    """Its report within a page of docs/questions, in Markdown."""
    made = PAGES / "gallery" / experiment
    page = f"../gallery/{experiment}/report.html"
    if (made / "report.html").exists():
        shown = f'<p><a href="{page}">The report on a page of its own</a></p>\n' + (
            f'<iframe class="report" src="{page}" title="Report of {experiment}" loading="lazy">'
            "</iframe>"
        )
    elif figures := sorted(made.glob("*.png")):
        shown = "\n".join(
            f'<img src="../gallery/{experiment}/{figure.name}" alt="{figure.stem}" loading="lazy">'
            for figure in figures
        )
    else:
        return "## A report\n\nNot made in this build of the pages: `make gallery` makes it.\n\n"
    return f"## A report\n\n*{LABEL}*\n\n```{{raw}} html\n{shown}\n```\n\n"


def commands(page: str) -> list[list[str]]:
    """The arguments after `kedro` of each command that makes the report of a page."""
    row = _ROW.search(page)
    found = _COMMAND.findall(row[1].replace("\\|", "|")) if row else []
    return [shlex.split(command) for command in found]


def make() -> None:
    """All reports and the picture; what is up to date stays."""
    for page in sorted(QUESTIONS.glob("*.md")):
        if page.stem != "index":
            made_from = repr(commands(page.read_text(encoding="utf-8"))).encode()
            once(PAGES / "gallery" / page.stem, partial(make_report, page), made_from)
    once(PAGES / "gallery" / "kedro-viz", make_picture, version("kedro-viz").encode())


def make_report(page: Path) -> None:
    """Run the commands of a page, and take over what they reported.

    Raises:
        SystemExit: a page without commands, or a command that failed.
    """
    experiment = page.stem
    found = commands(page.read_text(encoding="utf-8"))
    if not found:
        raise SystemExit(f'{page}: no row "the report below" with a command in the table of sizes')
    own = study(MADE / "study")
    for arguments in found:
        kedro(own, *arguments)
    report = own / "data" / "test" / "08_reporting" / experiment / "main"
    target = PAGES / "gallery" / experiment
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    if (report / "report.html").exists():
        text = (report / "report.html").read_text(encoding="utf-8")
        (target / "report.html").write_text(labelled(text), encoding="utf-8")
    else:
        for figure in (report / "figures").glob("*.png"):
            shutil.copy(figure, target)


def labelled(report: str) -> str:
    """A report that says on top of it that its numbers mean nothing."""
    style = "margin: 0 0 1rem; padding: .5rem 1rem; background: #fff3d6; color: #5c3a00"
    label = f'<body>\n<p role="note" style="{style}">{LABEL}</p>'
    if "<body>" not in report:
        raise ValueError("a report without <body>: its template has changed")
    return report.replace("<body>", label, 1)


def make_picture() -> None:
    """Kedro-viz's page of a study and one grid, built where nothing else lies: it writes to a
    folder `build`.

    Raises:
        SystemExit: kedro-viz, which ends with code 0 whatever happens, has built nothing.
    """
    target = PAGES / "gallery" / "kedro-viz"
    with tempfile.TemporaryDirectory(prefix="lexon-gallery-") as folder:
        project = study(Path(folder) / "gallery")
        shutil.rmtree(project / "conf" / "experiments")
        for name in ("base", "test", f"experiments/{_PICTURED}"):
            shutil.copytree(ROOT / "conf" / name, project / "conf" / name)
        (project / "conf" / "local" / "parameters.yml").write_text(_PINNED)
        log = kedro(project, "viz", "build", KEDRO_ENV="test")
        if not (project / "build" / "api" / "main").exists():
            raise SystemExit(f"kedro viz build has built nothing:\n{log[-2000:]}")
        for page in (project / "build").glob("*.html"):
            page.write_text(offline(page.read_text(encoding="utf-8")), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(project / "build", target)


def offline(page: str) -> str:
    """A page without links to fonts elsewhere."""
    return re.sub(r'<link\s[^>]*href="https://fonts[^>]*>', "", page)


if __name__ == "__main__":
    make()
