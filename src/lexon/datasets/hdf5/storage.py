"""Whether a dataset's values are in the file: the shape is only a claim, and HDF5 reads zeros where
nothing was written.
"""

from __future__ import annotations

from math import ceil, prod
from pathlib import Path
from typing import TYPE_CHECKING

import h5py

from lexon.datasets.hdf5.faults import missing_filter
from lexon.datasets.hdf5.links import target
from lexon.errors import DataError

if TYPE_CHECKING:
    from lexon.datasets.hdf5.read import CheckedDataset, ReadFile

# A compressed chunk is unpacked as a whole, whatever part of it is read.
MAX_CHUNK = 1 << 28
# gzip shrinks a constant by 1030; real events by 3, sparse tags by some hundreds. Small datasets
# may be constant, as labels are.
MAX_EXPANSION, LARGE = 900, 1 << 28
REMEDY = "write the file again, or ask its author for a complete one"


def check_stored(dataset: CheckedDataset, file: ReadFile) -> None:
    """Raise the error of a dataset that claims values which are not there, or which cannot be
    unpacked here.
    """
    where = f"{file.path}: {dataset.name}"
    if not dataset.size:
        return
    settings = dataset.id.get_create_plist()
    _check_filters(settings, file.path)
    if dataset.is_virtual:
        _check_virtual(dataset, settings, file, where)
    elif settings.get_external_count():
        _check_external(dataset, settings, file, where)
    elif dataset.chunks:
        _check_chunks(dataset, where)
    elif settings.get_layout() == h5py.h5d.CONTIGUOUS and dataset.id.get_offset() is None:
        raise DataError(f"{where}: claims {_rows(dataset)}, but they were never written; {REMEDY}")


def _rows(dataset: CheckedDataset) -> str:
    return f"{dataset.shape[0]:,} rows" if dataset.shape else "a value"


def _check_filters(settings: h5py.h5p.PropDCID, path: Path) -> None:
    for place in range(settings.get_nfilters()):
        code, _, _, name = settings.get_filter(place)
        if not h5py.h5z.filter_avail(code):
            raise missing_filter(path, name.decode(errors="replace") or f"filter {code}")


def _check_chunks(dataset: CheckedDataset, where: str) -> None:
    chunk = dataset.chunks
    unpacked = prod(chunk) * dataset.dtype.itemsize
    if unpacked > MAX_CHUNK and dataset.id.get_create_plist().get_nfilters():
        raise DataError(
            f"{where}: is compressed in chunks of {unpacked / 1e6:,.0f} MB, each unpacked as a"
            f" whole; at most {MAX_CHUNK / 1e6:,.0f} MB can be read: h5repack -l"
            f" {dataset.name}:CHUNK={'x'.join(map(str, (min(chunk[0], 1024), *chunk[1:])))} FILE"
            " new.h5"
        )
    _check_written(dataset, chunk, where)
    stored = dataset.id.get_storage_size()
    if dataset.nbytes > LARGE and dataset.nbytes > MAX_EXPANSION * stored:
        raise DataError(
            f"{where}: claims {_rows(dataset)}, {dataset.nbytes / 1e9:.3g} GB, but holds"
            f" {stored / 1e6:.3g} MB compressed, so it is constant or damaged; {REMEDY}"
        )


def _check_written(dataset: CheckedDataset, chunk: tuple[int, ...], where: str) -> None:
    """Every row must lie in some chunk that was written; a chunk that holds padding columns only
    need not be.
    """
    if dataset.id.get_num_chunks() == prod(
        ceil(n / size) for n, size in zip(dataset.shape, chunk, strict=True)
    ):
        return
    written: set[int] = set()
    dataset.id.chunk_iter(lambda info: written.add(info.chunk_offset[0] // chunk[0]))
    n = ceil(dataset.shape[0] / chunk[0])
    if len(written) < n:
        first = next(place for place in range(n) if place not in written) * chunk[0]
        missing = min((n - len(written)) * chunk[0], dataset.shape[0])
        raise DataError(
            f"{where}: claims {_rows(dataset)}, but about {missing:,} of them were never written,"
            f" from row {first} on; {REMEDY}"
        )


def _check_virtual(
    dataset: CheckedDataset, settings: h5py.h5p.PropDCID, file: ReadFile, where: str
) -> None:
    covered = h5py.h5s.create_simple(dataset.shape)
    covered.select_none()
    for place in range(settings.get_virtual_count()):
        name, inner = settings.get_virtual_filename(place), settings.get_virtual_dsetname(place)
        selected, source = settings.get_virtual_vspace(place), settings.get_virtual_srcspace(place)
        if "%b" in name or "%b" in inner or _unlimited(selected):
            raise DataError(
                f"{where}: is a virtual dataset of unlimited size; write it with fixed shapes, or"
                " as one file"
            )
        points = selected.get_select_npoints()
        with file.source(name, "virtual dataset") as other:
            _check_source(
                other[inner], source, points, f"{where}: its source {other.path}: {inner}"
            )
        _add(covered, selected)
    if (n := covered.get_select_npoints()) < dataset.size:
        raise DataError(
            f"{where}: is a virtual dataset of {dataset.size:,} values, of which only {n:,} have a"
            f" source; {REMEDY}"
        )


def _add(covered: h5py.h5s.SpaceID, selected: h5py.h5s.SpaceID) -> None:
    """Mark what a source covers; where two cover the same, it counts once."""
    kind = selected.get_select_type()
    if kind == h5py.h5s.SEL_ALL:
        covered.select_all()
    elif kind == h5py.h5s.SEL_HYPERSLABS and selected.is_regular_hyperslab():
        start, stride, count, block = selected.get_regular_hyperslab()
        covered.select_hyperslab(start, count, stride, block, op=h5py.h5s.SELECT_OR)
    elif kind == h5py.h5s.SEL_HYPERSLABS:
        for first, last in selected.get_select_hyper_blocklist():
            size = tuple(int(end - begin + 1) for begin, end in zip(first, last, strict=True))
            covered.select_hyperslab(
                tuple(map(int, first)), (1,) * len(size), None, size, op=h5py.h5s.SELECT_OR
            )


def _check_source(item: h5py.HLObject, space: h5py.h5s.SpaceID, points: int, where: str) -> None:
    if not isinstance(item, h5py.Dataset):
        raise DataError(f"{where} is no array; {REMEDY}")
    if space.get_select_type() == h5py.h5s.SEL_ALL:
        enough = item.size >= points
    else:
        _, last = space.get_select_bounds()
        enough = len(last) == item.ndim and all(
            end < n for end, n in zip(last, item.shape, strict=True)
        )
    if not enough:
        raise DataError(
            f"{where} has shape {item.shape}, less than the virtual dataset takes from it; {REMEDY}"
        )
    item.check()


def _unlimited(space: h5py.h5s.SpaceID) -> bool:
    if space.get_select_type() != h5py.h5s.SEL_HYPERSLABS or not space.is_regular_hyperslab():
        return False
    _, _, count, block = space.get_regular_hyperslab()
    return h5py.h5s.UNLIMITED in (*count, *block)


def _check_external(
    dataset: CheckedDataset, settings: h5py.h5p.PropDCID, file: ReadFile, where: str
) -> None:
    wanted = dataset.nbytes
    for place in range(settings.get_external_count()):
        name, offset, size = settings.get_external(place)
        path = target(
            name.decode(errors="surrogateescape"), file.path, "external storage", file.linked_data
        )
        there = path.stat().st_size - offset
        part = min(size, wanted)
        if there < part:
            raise DataError(
                f"{where}: {path} holds {max(there, 0):,} of the {part:,} bytes that lie there;"
                f" {REMEDY}"
            )
        wanted -= part
    if wanted:
        raise DataError(f"{where}: its external files hold {wanted:,} bytes too few; {REMEDY}")
