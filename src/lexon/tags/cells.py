"""Cells that hold tags: texts with separators, or lists as Python, numpy, JSON and databases print
them.
"""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise

import numpy as np
import pandas as pd

from lexon.errors import DataError

# Between tags, the strongest first: where one of them is used, the weaker ones are parts of tags.
SEPARATORS = (";", "|", "\n", "\t", ",")
JOINTS = (" ", "/", "+", "&")  # may separate tags, and may be part of one
NOTHING = {"none", "null", "nan", "na", "<na>"}
CLOSING = {"[": "]", "(": ")", "{": "}"}
WRAPPED = re.compile(
    r"(?:\w+\.)*(?:array|ndarray|Index|list|tuple|set|frozenset)\((.*)\)", re.DOTALL
)
ATTRIBUTES = re.compile(r",\s*(?:dtype|name|length|shape)=[^\[\]]*$")
SCALAR = re.compile(r"(?:np|numpy)\.\w+\(((?:'[^']*'|\"[^\"]*\"|[-+.\w]+))\)")
PRINTED = re.compile(r"(?:^|[\n,])\s*dtype: \w+$")  # a Series of pandas
ENTITY = re.compile(r"&(?:\w+|#\d+);")  # of HTML; its semicolon separates nothing
TOKEN = re.compile(
    r"""\s*(?:(?P<comma>,)|[bBuU]?(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<bare>[^\s,'"\[\](){}][^,'"\[\](){}]*))\s*""",
    re.DOTALL,
)


def tag_name(text: str) -> str:
    """A tag without blanks around it, doubled or unusual blanks, and quotes."""
    name = " ".join(
        unicodedata.normalize("NFC", text).replace("\ufeff", "").replace("\u200b", "").split()
    )
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name


def read_cells(cells: pd.Series, parameter: str, *, several: bool = True) -> pd.Series:
    """The tags of each cell, a list without repeats, by number of the row.

    Args:
        parameter: the one that names the column, for messages.
        several: whether a cell is meant to hold several tags, so that one that may be several is
            refused.

    Raises:
        DataError: a cell that can be understood in two ways, or in none.
    """
    plain: dict[int, str] = {}
    found: dict[int, list[str]] = {}
    for row, cell in enumerate(cells):
        text = "" if _is_missing(cell) else _text(cell)
        if _is_list(text):
            found[row] = list(_listed(text, row, parameter))
        elif text:
            plain[row] = text
    found |= _separated(plain, parameter, several=several)
    return pd.Series([_distinct(found.get(row, [])) for row in range(len(cells))], dtype=object)


def _separated(plain: Mapping[int, str], parameter: str, *, several: bool) -> dict[int, list[str]]:
    """The tags of cells that are texts with separators, by number of the row; arguments as in
    `read_cells`.
    """
    separator = _separator(plain, parameter)
    if separator is None and several:
        _refuse_joined(plain, parameter)
    found = {row: text.split(separator or ",") for row, text in plain.items()}
    for row, text in plain.items():
        _refuse_cut(text, found[row], separator, row, parameter)
    if several:
        _refuse_weaker(found, separator, parameter)
    return found


def _distinct(tags: Iterable[str]) -> list[str]:
    """The names of tags, each once, without empty ones."""
    names = dict.fromkeys(map(tag_name, tags))
    names.pop("", None)
    return list(names)


def _is_missing(cell: object) -> bool:
    return cell is None or (isinstance(cell, float) and np.isnan(cell)) or cell is pd.NA


def _text(cell: object) -> str:
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell).strip().strip("\ufeff")  # type: ignore[call-overload]


def _is_list(text: str) -> bool:
    if text.startswith(("[", "{", "('", '("')) or text == "()":
        return True
    if text.startswith("("):
        return _is_tuple(text)
    wrapped = WRAPPED.fullmatch(text)
    return wrapped is not None and wrapped[1][:1] in ("", "[", "{", "(")


def _is_tuple(text: str) -> bool:
    """Whether a text in round brackets is a tuple; others are a remark about a tag."""
    if SCALAR.match(text, 1):
        return True
    one_pair = text.endswith(")") and "(" not in text[1:] and ")" not in text[:-1]
    return one_pair and "," in text


def _separator(plain: Mapping[int, str], parameter: str) -> str | None:
    """The strongest separator that any cell has, or None."""
    rows = {
        mark: next((row for row, text in plain.items() if mark in text), None)
        for mark in SEPARATORS
    }
    first, second = rows[";"], rows["|"]
    if first is not None and second is not None:
        raise DataError(
            f"{parameter}: row {first} is {plain[first][:60]!r}, row {second} is"
            f" {plain[second][:60]!r}; separate tags by ; or by |, not by both"
        )
    return next((mark for mark, row in rows.items() if row is not None), None)


def _refuse_joined(plain: Mapping[int, str], parameter: str) -> None:
    """Refuse cells such as `met photon`, `met`, `photon`: without a separator, but made of fewer
    words than there are cells.
    """
    names = {row: tag_name(text) for row, text in plain.items()}
    cells = set(names.values())
    for mark in JOINTS:
        joined = next((row for row, name in names.items() if mark in name), None)
        words = {word for cell in cells for word in cell.split(mark)}
        if joined is not None and len(words) < len(cells):
            raise DataError(
                f"{parameter}: row {joined} is {plain[joined][:60]!r}: one tag, or several? The"
                f" column's {len(cells)} different cells are made of {len(words)} words with"
                f" {mark!r} between them; separate tags by ; or write them as a list: ['a', 'b']"
            )


def _refuse_cut(
    text: str, tags: list[str], separator: str | None, row: int, parameter: str
) -> None:
    """Refuse a cell whose separators are part of something else: of `c("a", "b")`, `rock (UK,
    70s)`, a printed Series, `R&amp;B`.
    """
    if PRINTED.search(text):
        raise _not_understood(
            text,
            row,
            parameter,
            "is a Series as pandas prints it; write its tags as a list, for example with .tolist()",
        )
    if separator == ";" and ENTITY.search(text):
        raise _not_understood(
            text,
            row,
            parameter,
            "has characters as HTML writes them, whose semicolons separate nothing; write & for"
            " &amp;",
        )
    if len(tags) > 1 and not _is_open(text) and any(map(_is_open, tags)):
        raise _not_understood(
            text,
            row,
            parameter,
            f"has {separator!r} within brackets: one tag, or several? Separate tags by ; or write a"
            " list",
        )


def _is_open(text: str) -> bool:
    """Whether a bracket is opened and not closed, or the other way round."""
    return any(text.count(opening) != text.count(closing) for opening, closing in CLOSING.items())


def _refuse_weaker(found: Mapping[int, list[str]], separator: str | None, parameter: str) -> None:
    """Refuse a tag such as `met, photon` beside tags `met` and `photon`: some rows use another
    separator than the others.
    """
    known = set(_distinct(chain.from_iterable(found.values())))
    for row, tags in found.items():
        for tag in tags:
            if _has_known_parts(tag, separator, known):
                raise DataError(
                    f"{parameter}: row {row} has the tag {tag[:60]!r}, but other rows have its"
                    f" parts as tags of their own: separate the tags of all rows by {separator!r}"
                )


def _has_known_parts(tag: str, separator: str | None, known: set[str]) -> bool:
    """Whether a tag is made of known tags with a different separator between them."""
    others = [mark for mark in SEPARATORS if mark != separator and mark in tag]
    return any(known.issuperset(_distinct(tag.split(mark))) for mark in others)


def _listed(text: str, row: int, parameter: str) -> Iterator[str]:
    """The tags of a list, however it is printed."""
    inner = _without_brackets(text)
    if inner is None:
        raise _not_understood(
            text,
            row,
            parameter,
            "begins like a list and is none; quote its texts, or drop the bracket",
        )
    if re.search(r"(^|[\s,])\.\.\.($|[\s,])", inner):
        raise _not_understood(
            text,
            row,
            parameter,
            "was cut when it was printed (...); write the whole list, for example with .tolist()",
        )
    tokens = list(_tokens(inner))
    kinds = [kind for kind, _ in tokens]
    if not _are_separated(kinds):
        raise _not_understood(
            text,
            row,
            parameter,
            "is not a list of texts; separate its texts by commas, or tags by ; without brackets",
        )
    for kind, value in tokens:
        if kind == "bare":
            yield from _bare(value, text, row, parameter, alone="comma" not in kinds)
        elif kind == "quoted":
            yield _unquoted(value)


def _are_separated(kinds: Sequence[str]) -> bool:
    """Whether commas stand between the elements of a list, or none at all, as numpy prints quoted
    texts.
    """
    if "unknown" in kinds:
        return False
    as_numpy_prints = "comma" not in kinds and "bare" not in kinds
    return as_numpy_prints or all("comma" in pair for pair in pairwise(kinds))


def _without_brackets(text: str) -> str | None:
    """The text inside a list, or None if it does not end as it begins."""
    wrapped = WRAPPED.fullmatch(text)
    inner = ATTRIBUTES.sub("", wrapped[1]).strip() if wrapped else text
    if not inner:
        return ""
    if len(inner) < 2 or CLOSING.get(inner[0]) != inner[-1]:
        return None
    return SCALAR.sub(r"\1", inner[1:-1])


def _tokens(inner: str) -> Iterator[tuple[str, str]]:
    place = len(inner) - len(inner.lstrip())
    while place < len(inner):
        match = TOKEN.match(inner, place)
        if match is None:
            yield "unknown", inner[place:]
            return
        yield str(match.lastgroup), match[str(match.lastgroup)]
        place = match.end()


def _bare(value: str, text: str, row: int, parameter: str, *, alone: bool) -> list[str]:
    """A tag without quotes; numbers without commas are several, words without commas may be one tag
    or several.
    """
    words = value.split()
    if not alone or len(words) == 1:
        return [] if value.strip().lower() in NOTHING else [value]
    if all(re.fullmatch(r"[-+]?\d+\.?", word) for word in words):
        return [word.rstrip(".") for word in words]
    raise _not_understood(
        text,
        row,
        parameter,
        "has neither quotes nor commas: one tag, or several? Separate them by commas",
    )


def _unquoted(value: str) -> str:
    """A text without its quotes; JSON and Python mean the same by most escapes, not by all."""
    for load in (json.loads, ast.literal_eval):
        try:
            return str(load(value))
        except (ValueError, SyntaxError):
            continue
    return value[1:-1]  # an escape that is none


def _not_understood(text: str, row: int, parameter: str, why: str) -> DataError:
    return DataError(f"{parameter}: row {row}: {text[:60]!r} {why}")
