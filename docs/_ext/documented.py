"""Docstrings as lexon writes them: plain text, names in backticks, Google's sections.

A public module, class or function without one is a warning, which `make site` refuses. What
reStructuredText would read as markup (|p|, a*b, name_) is text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # tests use this module without Sphinx
    from sphinx.application import Sphinx

SOURCE = Path(__file__).parents[2] / "src" / "lexon"
_CODE = re.compile(r"(``.+?``|`[^`]+`)")
_MARKUP = re.compile(r"[*|]|(?<=\w)_(?!\w)")
_NAMED_RESULT = re.compile(r"\s+``\w+``[^.]*:")
RESULTS = "Results"  # a section with one entry a result
_BEFORE_SECTIONS = 400  # Napoleon, which turns sections into markup, comes at 500


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("builder-inited", refuse_undocumented)
    app.connect("autodoc-process-docstring", as_text, priority=_BEFORE_SECTIONS)
    app.connect("autodoc-skip-member", not_from_elsewhere, priority=_BEFORE_SECTIONS)
    return {"parallel_read_safe": True}


def refuse_undocumented(_app: Sphinx) -> None:
    """Warn of each name that a reader of the API would meet without a word."""
    from sphinx.util import logging

    logger = logging.getLogger(__name__)
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name in undocumented(tree):
            logger.warning(
                "%s: %s has no docstring", path.relative_to(SOURCE), name, type="documented"
            )


def undocumented(tree: ast.Module) -> Iterator[str]:
    """Names of a module, and the module itself, that are public and have no docstring."""
    if ast.get_docstring(tree) is None:
        yield "the module"
    for node in tree.body:
        is_name = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if is_name and not node.name.startswith("_") and ast.get_docstring(node) is None:
            yield node.name


def as_text(
    _app: Sphinx, _kind: str, _name: str, _thing: object, _options: Any, lines: list[str]
) -> None:
    """Escape what is no markup here; examples stay as they are. A list of results by name becomes a
    section of its own kind, as Napoleon takes `Returns` for one result.
    """
    for number, line in enumerate(lines[:-1]):
        if line.strip() == "Returns:" and _NAMED_RESULT.match(lines[number + 1]):
            lines[number] = line.replace("Returns", RESULTS)
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[number] = "".join(_escaped(_CODE.split(line)))


def _escaped(parts: list[str]) -> Iterator[str]:
    """Text without markup; what follows a name in backticks directly, as in `Section`s, is set off
    by what shows nothing.
    """
    after_code = False
    for part in parts:
        is_code = _CODE.fullmatch(part) is not None
        if after_code and part[:1].isalnum():
            yield "\\ "
        yield part if is_code else _MARKUP.sub(r"\\\g<0>", part)
        after_code = is_code


def not_from_elsewhere(
    _app: Sphinx, _kind: str, _name: str, thing: object, skip: bool, _options: Any
) -> bool | None:
    """Leave out members that another library put into a class of lexon."""
    home = getattr(thing, "__module__", None)
    return True if skip or (home and not home.startswith("lexon")) else None
