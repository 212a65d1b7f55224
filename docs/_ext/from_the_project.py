"""Pages made from the project: parameters, texts of the root; and links of pages to files that are
not pages.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parameters import page as parameters_page
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
ROOT = Path(__file__).parents[2]
NOTEBOOKS = "reference/made/notebooks"
RUN_NOTEBOOKS = ROOT / "build" / "notebooks" / "pages"  # `make notebooks`
# Texts of the project that are pages too.
ADOPTED = {
    "CHANGELOG.md": "reference/made/changelog.md",
    "CONTRIBUTING.md": "reference/made/contributing.md",
    "CODE_OF_CONDUCT.md": "reference/made/code_of_conduct.md",
    "SECURITY.md": "reference/made/security.md",
    "REPRODUCE.md": "reference/made/reproduce.md",
    "benchmarks/README.md": "reference/made/benchmarks.md",
} | {
    f"notebooks/{path.name}": f"{NOTEBOOKS}/{path.name}"
    for path in (ROOT / "notebooks").glob("*.ipynb")
}
# [text](path) or [text](path#anchor) of a file; pictures are left alone.
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([\w./-]+\.(?:md|py|yml|toml|ipynb|cff))(#[^)\s]*)?\)")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", relink)
    return {"parallel_read_safe": True}


def write_pages(app: Sphinx) -> None:
    """Write what is made; a page that did not change keeps its time stamp, so that it is not built
    again.
    """
    made = {"reference/made/parameters.md": parameters_page(ROOT / "conf" / "base")}
    for source, target in ADOPTED.items():
        run = RUN_NOTEBOOKS / Path(source).name
        path = run if run.exists() and source.startswith("notebooks/") else ROOT / source
        text = path.read_text(encoding="utf-8")
        made[target] = _LINK.sub(_from(Path(source).parent, Path(target).parent), text)
    for name, text in made.items():
        path = Path(app.srcdir) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def relink(_app: Sphinx, name: str, content: list[str]) -> None:
    """Turn links of a page to files outside docs/ into links to the pages made of them."""
    folder = Path(name).parent
    if not name.startswith("reference/made/"):
        content[0] = _LINK.sub(_from(Path("docs") / folder, folder), content[0])


def _from(folder: Path, page_folder: Path) -> Callable[[re.Match[str]], str]:
    """A link's new text: the file that is meant from `folder` of the project, as seen from the
    page's folder below docs/.
    """

    def new(link: re.Match[str]) -> str:
        text, target, anchor = link.groups(default="")
        meant = Path(os.path.normpath(folder / target))
        page = ADOPTED.get(meant.as_posix())
        if page is None and meant.parts[0] == "docs":
            page = meant.relative_to("docs").as_posix()
        if page is not None:
            return f"[{text}]({os.path.relpath(page, page_folder)}{anchor})"
        if not (ROOT / meant).exists():
            logger.warning("%s: a link to %s, which is not there", folder, target)
        return text  # a file that no page shows

    return new
