"""Links between the texts of the project, as an editor or a code host follows them: the file is
there, and so is the heading. `make site` checks those of the built site, `make links` addresses
elsewhere.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXTS = sorted(
    path
    for place in ("*.md", "docs/**/*.md", "benchmarks/*.md", "containers/*.md", "src/**/*.md")
    for path in ROOT.glob(place)
    if "made" not in path.parts and "api" not in path.parts
)
LINK = re.compile(r"\]\(([^)\s]+)\)")


@cache
def anchors(path: Path) -> frozenset[str]:
    """Headings as code hosts turn them into anchors."""
    prose = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    words = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in titles)
    return frozenset(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in words)


def wrong(text: Path) -> list[str]:
    """Links of a text that lead nowhere."""
    found = []
    for link in LINK.findall(re.sub(r"`[^`]*`", "", text.read_text())):
        name, _, anchor = link.partition("#")
        if re.match(r"\w+:", link):
            continue
        target = (text.parent / name).resolve() if name else text
        generated = "api" in target.parts or "made" in target.parts
        known = target.suffix != ".md" or not anchor or generated
        if not (generated or target.exists()) or not (known or anchor in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_a_text_lead_somewhere(text):
    assert wrong(text) == []


def test_a_link_to_nothing_is_found(tmp_path):
    (tmp_path / "there.md").write_text("# Its title, here\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](there.md#its-title-here) [c](https://elsewhere.org/x)"
        " [d](gone.md) [e](there.md#other)"
    )
    assert wrong(page) == ["gone.md", "there.md#other"]


@pytest.fixture
def built_links(monkeypatch):
    """The check of the built site."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    import built_links

    yield built_links
    sys.modules.pop("built_links")


def test_a_page_of_the_site_links_to_pages_and_anchors_that_are_there(built_links, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "index.html").write_text('<p id="here"></p>')
    (tmp_path / "page.html").write_text(
        '<a href="folder/#here"></a><a href="#top"></a><a href="https://elsewhere.org"></a>'
        '<img src="gone.png"><p id="top"></p>'
    )
    assert list(built_links.complaints(tmp_path)) == ["page.html: gone.png is not there"]
    (tmp_path / "page.html").unlink()
    (tmp_path / "other.html").write_text('<a href="folder/index.html#other">')
    (complaint,) = built_links.complaints(tmp_path)
    assert complaint.endswith("has no such anchor")


def test_a_page_of_the_site_loads_nothing_from_elsewhere(built_links, tmp_path):
    (tmp_path / "page.html").write_text(
        '<script src="https://cdn.org/x.js"></script><link href="//fonts.org/y.css">'
        '<a href="https://elsewhere.org">may be read</a>'
    )
    assert len(list(built_links.complaints(tmp_path))) == 2
