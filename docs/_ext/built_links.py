"""Links within the built site, its reports included: each leads to a file, and to an anchor that
the file has. Addresses elsewhere are left to `make links`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class Page(HTMLParser):
    """What a page links to, and what can be linked to in it."""

    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    remote: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        loaded = given.get("src") or (given.get("href") if tag == "link" else None)
        if loaded and urlsplit(loaded).netloc:
            self.remote.append(loaded)
        self.links += [given[name] for name in ("href", "src") if name in given]


@cache
def read(path: Path) -> Page:
    """A page, parsed."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def complaints(site: Path) -> Iterator[str]:
    """What does not lead anywhere, and what a page would load from another machine."""
    for path in sorted(site.rglob("*.html")):
        page, shown = read(path), path.relative_to(site)
        yield from (f"{shown}: loads {address}" for address in page.remote)
        yield from (f"{shown}: {link} {why}" for link in page.links if (why := _wrong(path, link)))


def _wrong(page: Path, link: str) -> str:
    """What is wrong with a link of a page; empty where nothing is, or it leads elsewhere."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return ""
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    target = target / "index.html" if target.is_dir() else target
    if not target.exists():
        return "is not there"
    if not parts.fragment or target.suffix != ".html":
        return ""
    return "" if unquote(parts.fragment) in read(target).anchors else "has no such anchor"


def main(site: Path) -> int:
    """Print them; 1 where there are any."""
    found = list(complaints(site))
    print("\n".join(found) or f"{site}: all links lead somewhere")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
