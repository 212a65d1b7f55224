"""Run the notebooks on the results of a small study: `make notebooks`. The site shows what they
then hold; what is committed has no outputs.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from small_study import BUILD, MINI_WORLD, ROOT, kedro, once, study

NOTEBOOKS = ROOT / "notebooks"
MADE = BUILD / "notebooks"
PAGES = MADE / "pages"
# What their first lines ask for, at the size of the mini-world.
COMMAND = ("run", "--params", "tokeniser=direct|binned|vqvae")
_LONGEST = 300  # seconds of one cell, and until the first one; a busy machine is slow


def run_all() -> None:
    """All notebooks; one that was run with the same code stays."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        once(PAGES / path.name, partial(run, path), path.read_bytes())


@cache
def results() -> Path:
    """The study whose results they read."""
    own = study(MADE / "study")
    (own / "conf" / "local" / "parameters.yml").write_bytes(MINI_WORLD.read_bytes())
    kedro(own, *COMMAND)
    return own


def run(path: Path) -> None:
    """Run a notebook where its relative paths lead to the results, and keep it with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    folder = results() / "notebooks"
    folder.mkdir(exist_ok=True)
    PAGES.mkdir(exist_ok=True)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=_LONGEST,
        startup_timeout=_LONGEST,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    nbformat.write(notebook, PAGES / path.name)


if __name__ == "__main__":
    run_all()
