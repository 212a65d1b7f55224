"""Lines of DarkMachines text before they are taken apart: one way of writing line ends and
separators, and what a line is.

Programs write the same line with blanks, tabs or non-breaking blanks around separators, in quotes,
or with separators to spare.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from lexon.datasets.packed import unpacked
from lexon.errors import DataError

BLOCK_BYTES = 1 << 21
LONGEST_LINE = 1 << 24
N_HEADER = 5  # event ID, process ID, weight, MET, METphi
COMMENTS = b"#%/"
LAYOUT = "event ID; process ID; weight; MET; METphi; obj,E,pt,eta,phi; ..."

# Byte order mark, non-breaking and other blanks of Unicode, as UTF-8.
BLANKS = [
    mark.encode()
    for mark in "\ufeff\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
    "\u2006\u2007\u2008\u2009\u200a\u200b\u202f\u205f\u3000"
]
LATIN_1_BLANK = re.compile(rb"(?<![\x80-\xff])\xa0")
# One of these bytes is in every blank, mark or quote; single bytes are found fast.
UNUSUAL = (b" ", b"\t", b"\v", b"\f", b'"', b"'", b"\xa0", b"\xe1", b"\xe2", b"\xe3", b"\xef")
TO_BLANKS = bytes.maketrans(b"\t\v\f", b"   ")
EDGES = [
    (edge, mark)
    for mark in (b";", b",", b"\n")
    for edge in (mark + b" ", b" " + mark, mark + b'"', b'"' + mark, mark + b"'", b"'" + mark)
]
# What headers call process, MET and METphi, by column.
COLUMN_NAMES = {1: ("process", "processid", "label"), 3: ("met", "ptmiss"), 4: ("metphi", "phimet")}
PASSES = 4  # blanks and quotes in turn; deeper nesting is left to be a bad line
SPARE = re.compile(rb"(?<!;);{2,}\n")


def whole_lines(path: Path) -> Iterator[tuple[bytes, bool]]:
    """Blocks of whole lines as `tidied` leaves them, each ending with a line feed; and whether the
    last of them is cut off.

    A file that ends without a line end is cut off where its last line lacks the closing semicolon
    that the line before it has.

    Raises:
        DataError: a line of more than 16 MB, or as `unpacked`.
    """
    closed, rest = False, b""
    with unpacked(path) as file:
        for block in _with_line_feeds(file):
            end = block.rfind(b"\n") + 1
            rest += block[:end]
            if end:
                lines = tidied(rest)
                closed, rest = lines.endswith(b";\n"), b""
                yield lines, False
            rest += block[end:]
            if len(rest) > LONGEST_LINE:
                raise DataError(
                    f"{path}: a line is longer than {LONGEST_LINE >> 20} MB; an event takes about a"
                    " kilobyte, so this is no event text"
                )
    if rest:
        lines = tidied(rest + b"\n")
        yield lines, closed and not lines.endswith(b";\n")


def _with_line_feeds(file: IO[bytes]) -> Iterator[bytes]:
    """Blocks of a file in which every line ends with a line feed, however it ended: CR, LF
    or both.
    """
    held = b""
    while block := file.read(BLOCK_BYTES):
        block = held + block
        held = b"\r" if block.endswith(b"\r") else b""
        block = block[: len(block) - len(held)]
        yield block.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in block else block
    if held:
        yield b"\n"


def tidied(text: bytes) -> bytes:
    """Whole lines without blanks and quotes around fields, doubled blanks, and separators that
    close a line twice.
    """
    if not any(mark in text for mark in UNUSUAL) and not _doubled_separators(text):
        return text
    text = _without_edges(_with_single_blanks(b"\n" + text.translate(TO_BLANKS)))
    text = SPARE.sub(b";\n", text)
    for _ in range(2):  # neighbours share a line feed
        text = text.replace(b"\n;\n", b"\n\n")
    return text[1:]


def _with_single_blanks(text: bytes) -> bytes:
    """Unusual blanks become a space; doubled spaces and quotes become one."""
    for blank in BLANKS:
        text = text.replace(blank, b" ")
    if b"\xa0" in text:
        text = LATIN_1_BLANK.sub(b" ", text)
    for doubled in (b"  ", b'""', b"''"):
        while doubled in text:
            text = text.replace(doubled, doubled[:1])
    return text


def _without_edges(text: bytes) -> bytes:
    """Fields without the blanks and quotes around them."""
    for _ in range(PASSES):
        before = text
        for edge, mark in EDGES:
            text = text.replace(edge, mark)
        if text == before:
            break
    return text


def _doubled_separators(text: bytes) -> bool:
    """Whether two semicolons follow each other, found four times as fast as by a search in
    bytes.
    """
    separators = np.frombuffer(text, np.uint8) == ord(";")
    return bool((separators[1:] & separators[:-1]).any())


def is_event(line: bytes) -> bool:
    """Whether a line begins as events do: weight, MET and METphi are numbers."""
    fields = line.split(b";")
    return len(fields) >= N_HEADER and all(map(_is_number, fields[2:N_HEADER]))


def is_header(line: bytes) -> bool:
    """Whether a line names its fields: `event ID; process ID; event weight; MET; METphi; ...`."""
    fields = line.split(b";")
    return (
        len(fields) >= N_HEADER
        and all(fields[place][:1].isalpha() for place in (0, 2, 3, 4))
        and not any(map(_is_number, fields[:N_HEADER]))
    )


def is_old_layout(line: bytes) -> bool:
    """Whether a line is `weight; MET; METphi; obj,pt,eta,phi; ...`, as the first DarkMachines files
    were written.
    """
    fields = [field for field in line.split(b";") if field]
    return (
        len(fields) > 3
        and all(map(_is_number, fields[:3]))
        and all(field.count(b",") == 3 for field in fields[3:-1] or fields[3:])
    )


def first_lines(head: bytes) -> list[bytes]:
    """The lines of the beginning of a text, tidied; the last may be cut off."""
    text = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return tidied(text + b"\n").splitlines()


def other_order(lines: list[bytes]) -> str | None:
    """The header of a text whose fields are in a different order, or None."""
    for line in lines:
        header = line.decode(errors="replace")
        if is_header(line) and _has_other_order(header):
            return header[:100]
        if is_event(line):
            return None
    return None


def _has_other_order(header: str) -> bool:
    """Whether a field that is known by its name is not in its column."""
    names = [re.sub(r"[^a-z]", "", name.lower()) for name in header.split(";")]
    for column, words in COLUMN_NAMES.items():
        named = [names.index(word) for word in words if word in names]
        if named and named[0] != column:
            return True
    return False


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
