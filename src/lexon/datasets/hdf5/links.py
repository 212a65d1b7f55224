"""Other files that an HDF5 file refers to: sources of virtual datasets, targets of external links, external raw storage.

Whoever wrote the file chose their names. They are read only where they lie beside the file, or below a folder that the user allows
(`linked_data`).
"""

from __future__ import annotations

import os
from pathlib import Path

from lexon.datasets.files import require_file
from lexon.errors import DataError

# Folders that a user names to the HDF5 library itself, by kind of reference.
PREFIXES = {"virtual dataset": "HDF5_VDS_PREFIX", "external link": "HDF5_EXT_PREFIX", "external storage": "HDF5_EXTFILE_PREFIX"}


def target(name: str, referring: Path, kind: str, linked_data: Path | None) -> Path:
    """The file that `referring` means by a name, found as HDF5 finds it.

    Args:
        kind: a key of `PREFIXES`.
        linked_data: folder below which such files may lie as well.

    Raises:
        DataError: there is no such file, it lies where it may not be read, or is no regular file.
    """
    own = [Path(folder) for folder in os.environ.get(PREFIXES[kind], "").split(":") if folder]
    folders = [*own, referring.parent, referring.resolve().parent]
    places = [folder / name for folder in folders]  # an absolute name stays as it is
    if Path(name).is_absolute():
        places += [folder / Path(name).name for folder in folders]
    found = next((place for place in places if _exists(place)), None)
    if found is None:
        raise DataError(
            f"{referring}: refers to {name} ({kind}), which does not exist; put it beside the file, or ask the author for one whole file"
        )
    real = found.resolve()
    beside = real.parent in (referring.parent.resolve(), referring.resolve().parent)
    if not beside and not any(real.is_relative_to(folder.resolve()) for folder in (*own, *([linked_data] if linked_data else []))):
        raise DataError(
            f"{referring}: refers to {real} ({kind}), which is not beside it; if you trust that place, allow it: "
            f"--params linked_data={real.parent}"
        )
    require_file(real)
    return real


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # not searchable, too long a name, a null byte
        return False
