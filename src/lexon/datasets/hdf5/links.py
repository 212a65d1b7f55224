"""Other files that an HDF5 file refers to: sources of virtual datasets, targets of external links,
external raw storage.

The file's author chose their names. They are read only where they lie beside the file, or below a
folder that the user allows (`linked_data`).
"""

from __future__ import annotations

import os
from pathlib import Path

from lexon.datasets.files import require_file
from lexon.errors import DataError

# Folders that a user names to the HDF5 library itself, by kind of reference.
PREFIXES = {
    "virtual dataset": "HDF5_VDS_PREFIX",
    "external link": "HDF5_EXT_PREFIX",
    "external storage": "HDF5_EXTFILE_PREFIX",
}


def target(name: str, referring: Path, kind: str, linked_data: Path | None) -> Path:
    """The file that `referring` means by a name, found as HDF5 finds it.

    Args:
        kind: a key of `PREFIXES`.
        linked_data: folder below which such files may lie as well.

    Raises:
        DataError: there is no such file, it lies where it may not be read, or is no regular file.
    """
    own = [Path(folder) for folder in os.environ.get(PREFIXES[kind], "").split(":") if folder]
    beside = [referring.parent, referring.resolve().parent]
    found = _first_there(name, [*own, *beside])
    if found is None:
        raise DataError(
            f"{referring}: refers to {name} ({kind}), which does not exist; put it beside the file,"
            " or ask the author for one whole file"
        )
    real = found.resolve()
    allowed = [*own, linked_data] if linked_data else own
    is_beside = real.parent in [folder.resolve() for folder in beside]
    if not is_beside and not any(real.is_relative_to(folder.resolve()) for folder in allowed):
        raise DataError(
            f"{referring}: refers to {real} ({kind}), which is not beside it; if you trust that"
            f" folder, allow it: --params linked_data={real.parent}"
        )
    require_file(real)
    return real


def _first_there(name: str, folders: list[Path]) -> Path | None:
    """The first existing file of that name; an absolute name counts as it is, and then without its
    folders.
    """
    paths = [folder / name for folder in folders]
    if Path(name).is_absolute():
        paths += [folder / Path(name).name for folder in folders]
    return next((path for path in paths if _exists(path)), None)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # not searchable, too long a name, a null byte
        return False
