"""HDF5 files that are whole or absent, opened with errors a physicist can act on.

`read`: opening a file, and the datasets and groups in it. `links`: other files that a file refers
to. `storage`: whether a file holds the values that it claims. `faults`: what an error of the HDF5
library means. `attributes`: as plain Python values. `write`: new files.
"""

from lexon.datasets.hdf5.attributes import read_attributes, write_attributes
from lexon.datasets.hdf5.dependencies import content_digest, linked_files
from lexon.datasets.hdf5.read import ReadFile, listed, reading, required_dataset
from lexon.datasets.hdf5.write import PACKED, WholeFile, writing

__all__ = [
    "PACKED",
    "ReadFile",
    "WholeFile",
    "content_digest",
    "linked_files",
    "listed",
    "read_attributes",
    "reading",
    "required_dataset",
    "write_attributes",
    "writing",
]
