"""What the tests said of this environment's versions: a row of docs/reference/versions.md.

    python benchmarks/versions.py WHICH TESTS_XML

WHICH names the environment (lowest, newest), TESTS_XML is what pytest --junit-xml wrote there.
"""

from __future__ import annotations

import datetime
import platform
import sys
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree

PACKAGES = (
    *("torch", "numpy", "scipy", "pandas", "scikit-learn", "h5py", "matplotlib", "pydantic"),
    *("awkward", "pyarrow", "uproot", "onnx", "onnxruntime"),
)


def outcome(suite: ElementTree.Element) -> str:
    """How many tests passed, failed and were skipped; pytest counts an error as a failure too."""
    counts = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    return f"{passed} passed, {failed} failed, {counts['skipped']} skipped"


def row(which: str, suite: ElementTree.Element) -> str:
    """The row, in the order of the table's columns."""
    day = datetime.datetime.fromisoformat(suite.attrib["timestamp"]).date()
    versions = [metadata.version(name) for name in PACKAGES]
    cells = (str(day), platform.python_version(), which, *versions, outcome(suite))
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    which, path = sys.argv[1:]
    (suite,) = ElementTree.parse(Path(path)).getroot()
    print(row(which, suite))
