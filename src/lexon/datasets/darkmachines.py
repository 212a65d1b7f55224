"""DarkMachines text as a source of events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lexon.config import EnergyUnit
from lexon.datasets.blocks import Block
from lexon.datasets.darkmachines_lines import LAYOUT, first_lines, other_order
from lexon.datasets.darkmachines_text import FAULTS, read_blocks, type_table
from lexon.datasets.files import matching_files
from lexon.datasets.kinds import in_words, is_darkmachines, is_hdf5, read_head
from lexon.datasets.scan import Faults, Scan, scan_blocks
from lexon.datasets.units import UnitDecision, decide_unit, possible_units
from lexon.datasets.unsplit import UnsplitSource
from lexon.errors import ConfigurationError, DataError

COLUMN = "weight"


def is_text(path: Path) -> bool:
    """Whether the first of the files is DarkMachines text, compressed or not."""
    files = matching_files(path)
    return (
        bool(files)
        and files[0].is_file()
        and is_darkmachines(read_head(files[0]))
        and not is_hdf5(files[0])
    )


@dataclass(frozen=True)
class DarkMachinesSource(UnsplitSource):
    """One file of text, or all that match a pattern. The unit is MeV, as the format has it, where
    the numbers do not contradict it.

    Raises:
        ConfigurationError: weights of another name than the one that its third field has here.
    """

    def __post_init__(self) -> None:
        if self.weight not in (None, COLUMN):
            raise ConfigurationError(
                f"events.weight={self.weight}: the weights of DarkMachines text ({self.path}) are"
                f" its third field; give events.weight={COLUMN}, or leave it out"
            )

    @cached_property
    def files(self) -> list[Path]:
        """The files, each of them DarkMachines text.

        Raises:
            DataError: one is not, or its header names the fields in another order.
        """
        files = matching_files(self.path)
        for file in files:
            head = read_head(file)
            if not is_darkmachines(head):
                kind = in_words(file, head)
                raise DataError(
                    f"{file}: {kind}, not DarkMachines text as {files[0].name};"
                    f" events.path={self.path} must not match it"
                )
            if header := other_order(first_lines(head)):
                raise DataError(
                    f"{file}: the header {header!r} has another order of fields than {LAYOUT};"
                    " write the file in that order"
                )
        return files

    @cached_property
    def energy_unit(self) -> UnitDecision:
        """The unit of the energies, and why: of the first file; the others are held against it.

        Raises:
            DataError: the numbers fit no linear unit, or not the declared one.
        """
        first, *others = self.files
        block = self._sample(first)
        declared = _usual(block) if self.declared_unit == "auto" else self.declared_unit
        decision = decide_unit(block.p4, block.met[:, 0], declared, str(first))
        if decision.unit == "ln(MeV)":
            raise DataError(
                f"{first}: {decision.why}; DarkMachines text holds energies, not logarithms: write"
                " them in MeV"
            )
        for file in others:
            block = self._sample(file)
            decide_unit(block.p4, block.met[:, 0], decision.unit, str(file))
        return decision

    def scanned(self) -> Scan:
        files = ((file.name, read_blocks(file, self._types)) for file in self.files)
        faults = Faults(FAULTS, ("line", "lines"))
        return scan_blocks(files, faults, self.energy_unit.unit, self.max_objects)

    def remarks(self, scan: Scan) -> Iterator[str]:
        if n := scan.counts["remarks"]:
            yield f"Header or comment lines that are left out: {n:,}."
        yield (
            "Event IDs are not used."
            if self.weighted
            else f"Event IDs and weights are not used (events.weight={COLUMN} would use these)."
        )

    @property
    def _remedy_for_one_label(self) -> str:
        return (
            "add a file of another process (a pattern reads several, e.g."
            " events.path='data/*.csv'), or"
        )

    @cached_property
    def _types(self) -> dict[str, int]:
        return type_table(self.object_types)

    def _sample(self, file: Path) -> Block:
        """The first events of a file.

        Raises:
            DataError: it has none.
        """
        faults: Counter[str] = Counter()
        for block in read_blocks(file, self._types):
            if len(block):
                return block
            faults.update(FAULTS[fault - 1] for fault in block.faults[0].tolist())
        why = "; ".join(f"{n:,} lines: {fault}" for fault, n in faults.most_common())
        raise DataError(f"{file}: no line is an event ({why}); a line is {LAYOUT}")


def _usual(block: Block) -> EnergyUnit | None:
    """MeV where the numbers leave it open."""
    possible, _ = possible_units(block.p4)
    return "MeV" if len(possible) > 1 and "MeV" in possible else None
