"""DarkMachines text, block by block: `event ID; process ID; weight; MET; METphi; obj,E,pt,eta,phi;
...`, one event a line.

A block of lines is taken apart where its separators are, all lines at once, and its numbers are
read by pandas. Lines that make no sense are left out and named; headers and comments are left out
and counted. Event IDs are not used, weights where they are asked for.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lexon.datasets.blocks import Block, Ints, Mask, numbers_of_types
from lexon.datasets.darkmachines_lines import COMMENTS, N_HEADER, is_header, whole_lines
from lexon.datasets.event_rows import TWO_TURNS

# Codes of the format, and what conf/base/parameters_data_engineering.yml calls them in
# events.object_types.
CODES = {"j": "jet", "b": "b-jet", "e+": "e+", "e-": "e-", "m+": "mu+", "m-": "mu-", "g": "photon"}
PROCESS = 1
LONGEST_NAME = 255

FAULTS = (
    "fewer than 5 fields",
    "no process ID, or one longer than 255 characters",
    "an object that is not code,E,pt,eta,phi, or a comma elsewhere",
    f"an object code other than {', '.join(CODES)}",
    "something that is not a number",
    "an energy or pT that is not positive, or a negative MET",
    "an azimuth beyond two turns",
    "the end of the file in the middle of a line",
)
FEW, NAMELESS, MISSHAPEN, UNKNOWN, NO_NUMBER, NOT_POSITIVE, ABSURD, CUT_OFF = range(
    1, len(FAULTS) + 1
)

Bytes = NDArray[np.uint8]


def type_table(object_types: Mapping[int, str]) -> dict[str, int]:
    """Type of each code.

    Raises:
        ConfigurationError: a code's object has no type.
    """
    return numbers_of_types(object_types, CODES, "DarkMachines text")


def read_blocks(path: Path, types: Mapping[str, int]) -> Iterator[Block]:
    """The whole file in blocks of about two megabytes."""
    number = 1
    for text, cut_off in whole_lines(path):
        yield parse(text, number, types, cut_off=cut_off)
        number += text.count(b"\n")


def parse(
    text: bytes, first_line: int, types: Mapping[str, int], *, cut_off: bool = False
) -> Block:
    """The events of whole lines; `first_line` is the number of the first, and the last may be cut
    off.
    """
    fields = Fields(np.frombuffer(text, np.uint8), types)
    line, faults = first_line + np.arange(fields.n_lines), fields.faults()
    if cut_off:
        faults[-1] = CUT_OFF
    ignored = fields.blank | fields.remarks
    faults[ignored] = 0
    kept, n_remarks = (faults == 0) & ~ignored, int(fields.remarks.sum())
    if not kept.any():
        return _no_events((faults[faults > 0], line[faults > 0]), n_remarks)
    if not kept.all():
        fields = Fields(fields.only(kept), types)
    process, numbers = fields.processes_and_numbers()
    headers, objects = fields.split_rows(numbers)
    later = _number_faults(headers, objects, fields.objects.line)
    faults[kept] = later
    good = later == 0
    of_good = good[fields.objects.line]
    return Block(
        process=process[good],
        weight=headers[good, 1],
        met=headers[good, 2:],
        n_objects=fields.n_objects[good],
        ids=fields.object_types[of_good],
        p4=objects[of_good],
        faults=(faults[faults > 0], line[faults > 0]),
        counts={"remarks": n_remarks},
    )


def _no_events(faults: tuple[Ints, Ints], n_remarks: int) -> Block:
    numbers = np.empty((0, 4), np.float32)
    return Block(
        np.empty(0, "S1"),
        numbers[:, 0],
        numbers[:, :2],
        np.empty(0, np.int64),
        np.empty(0, np.int8),
        numbers,
        faults,
        {"remarks": n_remarks},
    )


@dataclass(frozen=True)
class Objects:
    """Positions of the objects of a block: first byte, byte after the last, and line, int64 [k]
    each.
    """

    start: Ints
    end: Ints
    line: Ints


class Fields:
    """Positions at which the fields of a block of lines begin and end.

    Args:
        text: whole lines, uint8 [byte].
        types: object type of each code.
    """

    def __init__(self, text: Bytes, types: Mapping[str, int]) -> None:
        self.text, self._types = text, types
        self._end = np.flatnonzero((text == ord(";")) | (text == ord("\n")))
        self._start = np.concatenate([[0], self._end[:-1] + 1])
        self._ends_line = text[self._end] == ord("\n")
        last = np.flatnonzero(self._ends_line)
        self.n_lines = len(last)
        self._first = np.concatenate([[0], last[:-1] + 1]).astype(np.int64)[: self.n_lines]
        self._line = np.cumsum(self._ends_line) - self._ends_line
        self._rank = np.arange(len(self._end)) - self._first[self._line]
        self.blank = text[self._start[self._first]] == ord("\n")
        closing = self._ends_line & (self._start == self._end)  # nothing after a closing semicolon
        chosen = np.flatnonzero((self._rank >= N_HEADER) & ~closing)
        self.objects = Objects(self._start[chosen], self._end[chosen], self._line[chosen])

    @cached_property
    def remarks(self) -> Mask:
        """Lines that are comments, or headers with the names of fields."""
        starts = self._start[self._first]
        first = self.text[starts]
        remarks = np.isin(first, np.frombuffer(COMMENTS, np.uint8))
        letter = ((first | 32) >= ord("a")) & ((first | 32) <= ord("z"))
        ends = np.append(starts[1:], len(self.text))
        for line in np.flatnonzero(letter):
            remarks[line] = is_header(self.text[starts[line] : ends[line]].tobytes())
        return remarks

    @property
    def n_objects(self) -> Ints:
        """Objects of each line."""
        return np.bincount(self.objects.line, minlength=self.n_lines)

    def only(self, lines: Mask) -> Bytes:
        """The text of some lines."""
        starts = self._start[self._first]
        return self.text[np.repeat(lines, np.diff(starts, append=len(self.text)))]

    def faults(self) -> Ints:
        """The first thing that is wrong with the shape of each line (0 for nothing)."""
        found = np.zeros(self.n_lines, np.int64)
        n_fields = self._rank[self._ends_line] + 1
        _mark(found, FEW, n_fields < N_HEADER)
        _mark(found, NAMELESS, self._nameless())
        _mark(found, MISSHAPEN, self._misshapen())
        unknown = np.zeros(self.n_lines, np.bool_)
        unknown[self.objects.line[self.object_types == 0]] = True
        _mark(found, UNKNOWN, unknown)
        return found

    def _nameless(self) -> Mask:
        process = np.flatnonzero(self._rank == PROCESS)
        length = (self._end - self._start)[process]
        nameless = np.zeros(self.n_lines, np.bool_)
        nameless[self._line[process]] = (length == 0) | (length > LONGEST_NAME)
        return nameless

    def _misshapen(self) -> Mask:
        """Lines with an object that has not four commas, or with a comma elsewhere."""
        commas, objects = np.flatnonzero(self.text == ord(",")), self.objects
        misshapen = np.zeros(self.n_lines, np.bool_)
        if (
            len(commas) == 4 * len(objects.start)
            and ((commas[::4] >= objects.start) & (commas[3::4] < objects.end)).all()
        ):
            return misshapen
        count = np.bincount(np.searchsorted(self._end, commas), minlength=len(self._end))
        due = np.zeros(len(self._end), np.int64)
        due[np.searchsorted(self._end, objects.end)] = 4
        misshapen[self._line[count != due]] = True
        return misshapen

    @cached_property
    def object_types(self) -> NDArray[np.int8]:
        """Type of each object, 0 for an unknown code."""
        start, beyond = self.objects.start, len(self.text) - 1
        first, second, third = (self.text[np.minimum(start + i, beyond)] for i in range(3))
        of_one, of_two = np.zeros(256, np.int8), np.zeros((256, 256), np.int8)
        for code, number in self._types.items():
            if len(code) == 1:
                of_one[ord(code)] = number
            else:
                of_two[ord(code[0]), ord(code[1])] = number
        return np.where(
            second == ord(","), of_one[first], np.where(third == ord(","), of_two[first, second], 0)
        ).astype(np.int8)

    def processes_and_numbers(self) -> tuple[NDArray[np.bytes_], NDArray[np.float32]]:
        """Process ID of each line, and four numbers of each header and object in the order of the
        text; NaN where there is none.

        For pandas, a header and each of its objects become a line of five fields; the process ID
        becomes zeros.
        """
        table = self.text.copy()
        within_line = ~self._ends_line
        table[self._end[within_line & (self._rank < N_HEADER - 1)]] = ord(",")
        table[self._end[within_line & (self._rank >= N_HEADER - 1)]] = ord("\n")
        process = np.flatnonzero(self._rank == PROCESS)
        position = self._start[process, None] + np.arange(
            max((self._end - self._start)[process], default=1)
        )
        inside = position < self._end[process, None]
        names = np.where(inside, self.text[np.minimum(position, len(self.text) - 1)], 0).astype(
            np.uint8
        )
        table[position[inside]] = ord("0")
        return names.view(f"S{names.shape[1]}").ravel(), _numbers(table.tobytes())

    def split_rows(
        self, numbers: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Headers [line, 4] and objects [k, 4] of rows in the order of the text."""
        is_header = np.zeros(len(numbers), np.bool_)
        is_header[np.arange(self.n_lines) + np.cumsum(self.n_objects) - self.n_objects] = True
        return numbers[is_header], numbers[~is_header]


def _numbers(table: bytes) -> NDArray[np.float32]:
    """Columns 2 to 5 of comma-separated text; what is not a number becomes NaN."""
    reading: dict[str, Any] = {
        "header": None,
        "names": range(5),
        "usecols": [1, 2, 3, 4],
        "quoting": csv.QUOTE_NONE,
        "na_filter": False,
    }
    reading |= {"lineterminator": "\n", "encoding": "latin-1", "low_memory": False}
    with np.errstate(over="ignore"):
        try:
            return pd.read_csv(io.BytesIO(table), dtype=np.float32, **reading).to_numpy()
        except pd.errors.EmptyDataError:
            return np.empty((0, 4), np.float32)
        except ValueError:
            return (
                pd.read_csv(io.BytesIO(table), dtype=str, **reading)
                .apply(pd.to_numeric, errors="coerce")
                .to_numpy(np.float32)
            )


def _number_faults(headers: NDArray[np.float32], objects: NDArray[np.float32], line: Ints) -> Ints:
    """The first thing that is wrong with the numbers of each line (0 for nothing)."""
    found = np.zeros(len(headers), np.int64)
    with np.errstate(invalid="ignore"):
        checks = (
            (NO_NUMBER, ~np.isfinite(headers).all(1), ~np.isfinite(objects).all(1)),
            (NOT_POSITIVE, headers[:, 2] < 0, (objects[:, :2] <= 0).any(1)),
            (ABSURD, np.abs(headers[:, 3]) > TWO_TURNS, np.abs(objects[:, 3]) > TWO_TURNS),
        )
    for fault, bad_header, bad_object in checks:
        _mark(found, fault, bad_header | (np.bincount(line[bad_object], minlength=len(found)) > 0))
    return found


def _mark(found: Ints, fault: int, where: Mask) -> None:
    """Mark lines with a fault; only the first fault of a line counts."""
    found[where & (found == 0)] = fault
