"""Where the results are: the message of a run in which everything is up to date."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from lexon.datasets.atomic import PageDataset
from lexon.datasets.files import shown_path
from lexon.datasets.tokens import TokensDataset

LISTED = 5  # files that are named where a run makes no report


def where_results_are(pipeline: Pipeline, catalog: CatalogProtocol) -> list[str]:
    """The pages of a pipeline, or else the files that it ends with; the folder of results comes
    last.
    """
    finals = [catalog.get(name) for name in sorted(pipeline.outputs())]
    pages = _existing(dataset for dataset in finals if isinstance(dataset, PageDataset))
    if pages:
        folder = next(iter(pages)).parent
        return [
            *(f"Report: {shown_path(path)}" for path in list(pages)[:LISTED]),
            f"Results: {shown_path(folder)}",
        ]
    files = _existing(finals)
    sentences = [f"Up to date: {shown_path(path)}" for path in list(files)[:LISTED]]
    for dataset in files.values():
        if isinstance(dataset, TokensDataset):
            sentences += dataset.in_words()
    return sentences


def _existing(datasets: Iterable[Any]) -> dict[Path, Any]:
    """Datasets by their file, those that have one."""
    paths = [(_path(dataset), dataset) for dataset in datasets]
    return {path: dataset for path, dataset in paths if path is not None}


def _path(dataset: object) -> Path | None:
    """The file of a dataset, if there is one."""
    filepath = getattr(dataset, "_filepath", None)
    return Path(filepath) if filepath is not None and Path(filepath).exists() else None
