"""The kind of a file, recognised by its content: HDF5, DarkMachines text, or something that lexon
does not read, in words.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path

from lexon.datasets.darkmachines_lines import LAYOUT, first_lines, is_event, is_old_layout
from lexon.datasets.packed import members, packer, unpacked
from lexon.errors import DataError, explained

SIGNATURE = b"\x89HDF\r\n\x1a\n"
ZIP = b"PK\x03\x04"
HEAD_BYTES = 1 << 16

# First bytes, or bytes at a place, and what they belong to.
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, SIGNATURE, "an HDF5 file"),
    (
        0,
        b"root",
        "a ROOT file (events.path reads its trees, with events.branches; elsewhere convert them,"
        " for example with uproot)",
    ),
    (
        0,
        b"PAR1",
        "a Parquet file (events.path reads it, with events.branches; elsewhere convert it with"
        " pandas.read_parquet)",
    ),
    (0, b"ARROW1", "an Arrow (Feather) file (convert it with pandas.read_feather)"),
    (0, b"FEA1", "a Feather file (convert it with pandas.read_feather)"),
    (0, b"\x93NUMPY", "a numpy file (load it with numpy.load and write its arrays)"),
    (0, b"MATLAB 5.0", "a MATLAB file (load it with scipy.io.loadmat and write its arrays)"),
    (0, b"\x0e\x03\x13\x01", "an HDF4 file (convert it with h4toh5)"),
    (0, b"CDF", "a NetCDF 3 file (convert it with xarray)"),
    (0, b"SIMPLE  =", "a FITS file (convert it with astropy)"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (0, b"Obj\x01", "an Avro file"),
    (0, b"ORC", "an ORC file"),
    (0, b"\xd0\xcf\x11\xe0", "an Excel file (save it as CSV)"),
    (0, b"\x28\xb5\x2f\xfd", "zstd-compressed (unpack it with unzstd)"),
    (0, b"\x04\x22\x4d\x18", "lz4-compressed (unpack it with unlz4)"),
    (0, b"\x1f\x9d", "compressed by compress (unpack it with uncompress)"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive (unpack it)"),
    (0, b"Rar!", "a RAR archive (unpack it)"),
    (257, b"ustar", "a tar archive (unpack it)"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x7fELF", "a program"),
    (0, b"version https://git-lfs", "a Git LFS pointer instead of the file (run git lfs pull)"),
    (
        0,
        b"HepMC::",
        "a HepMC file (run a detector simulation such as Delphes and write its objects)",
    ),
    (0, b"\xff\xfe", "text in UTF-16 (save it as UTF-8: iconv -f UTF-16 -t UTF-8)"),
    (0, b"\xfe\xff", "text in UTF-16 (save it as UTF-8: iconv -f UTF-16 -t UTF-8)"),
)
TEXTS: tuple[tuple[bytes, str], ...] = (
    (rb"<LesHouchesEvents", "an LHE file (shower it, simulate a detector and write its objects)"),
    (
        rb"(?i)<(!doctype )?html",
        "a web page, probably an error page saved in place of the file (download it again)",
    ),
    (rb"<\?xml|<[a-zA-Z]", "an XML file"),
    (rb"\s*[\[{]\s*([\[{\"\d\]}-])", "JSON"),
    (rb"import |from \w+ import|#!", "a program"),
)
PICKLE = re.compile(rb"\x80[\x02-\x05][\x00-\xff]|\(lp\d|\(dp\d|c__builtin__|ccopy_reg")
ZIPPED = (
    (".npy", "a numpy archive (load it with numpy.load and write its arrays)"),
    ("xl/workbook.xml", "an Excel file (save it as CSV)"),
    ("data.pkl", "a file of torch.save (load it with torch.load and write its arrays)"),
)


def read_head(path: Path, parameter: str = "events.path") -> bytes:
    """The first 64 kB of a file's content, unpacked where it is compressed; they show its kind.

    Raises:
        DataError: no such file, a directory, a pipe, no permission, or damaged by compression.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DataError(f"{path}: is a directory; {parameter} is one file")
        if not stat.S_ISREG(mode):
            raise DataError(
                f"{path}: is a pipe, socket or device; lexon reads a file more than once, so save"
                " the content as a file first"
            )
        with path.open("rb") as file:
            if file.read(len(SIGNATURE)) == SIGNATURE:
                return SIGNATURE
        if packer(path) == "zip" and len(members(path)) != 1:
            return ZIP
        with unpacked(path) as stream:
            return stream.read(HEAD_BYTES)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; check {parameter}") from error
    except OSError as error:
        raise explained(error, path) from error


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5: its signature is at byte 0, or after a user block of 512, 1024, 2048,
    ... bytes.
    """
    with path.open("rb") as file:
        size, place = path.stat().st_size, 0
        while place < size:
            file.seek(place)
            if file.read(len(SIGNATURE)) == SIGNATURE:
                return True
            place = 2 * place or 512
    return False


def is_darkmachines(head: bytes) -> bool:
    """Whether a text that begins so has a line `event ID; process ID; weight; MET; METphi; ...`
    near its beginning.
    """
    return _signature(head) is None and any(map(is_event, first_lines(head)))


def in_words(path: Path, head: bytes) -> str:
    """The kind of a file, as the rest of a sentence that begins with its path."""
    packed_by = packer(path)
    if packed_by == "zip" and (kind := _zipped(members(path))):
        return kind
    kind = _kind(head)
    return kind if packed_by is None else f"is {packed_by}-compressed, and what it holds {kind}"


def _zipped(names: list[str]) -> str | None:
    for ending, kind in ZIPPED:
        if any(name.endswith(ending) for name in names):
            return f"is {kind}"
    return None if len(names) == 1 else f"is a zip archive of {len(names)} files (unpack it)"


def _kind(head: bytes) -> str:
    if not head:
        return "is empty"
    if kind := _signature(head):
        return f"is {kind}"
    if not head.strip(b"\x00"):
        return "holds only zero bytes, as a copy that failed (copy it again)"
    if PICKLE.match(head):
        return (
            "is a Python pickle, which lexon never opens because it can run any program (load it"
            " yourself and write its arrays)"
        )
    return _kind_of_text(head)


def _signature(head: bytes) -> str | None:
    return next((kind for place, magic, kind in SIGNATURES if head[place:].startswith(magic)), None)


def _kind_of_text(head: bytes) -> str:
    for pattern, kind in TEXTS:
        if re.match(pattern, head.lstrip(b"\xef\xbb\xbf \t\r\n")):
            return f"is {kind}"
    if b"\x00" in head:
        return f"begins with {head[:24]!r}"
    lines = first_lines(head)
    if any(map(is_event, lines)):
        return f"is DarkMachines text ({LAYOUT})"
    if any(map(is_old_layout, lines)):
        return (
            "is text in the older DarkMachines layout (weight; MET; METphi; obj,pt,eta,phi; ...), "
            "which has no process ID and no energies (convert it, or take the newer files)"
        )
    return (
        "is text that begins with"
        f" {head[:60].decode(errors='replace').splitlines()[0].strip()[:40]!r}"
    )
