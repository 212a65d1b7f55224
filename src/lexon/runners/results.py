"""Where results are, said by a run that has nothing to do."""

from __future__ import annotations

from pathlib import Path

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from lexon.datasets.atomic import PageDataset
from lexon.datasets.files import shown_path
from lexon.datasets.tokens import TokensDataset

LISTED = 5  # files that are named where a run makes no report


def where_results_are(pipeline: Pipeline, catalog: CatalogProtocol) -> list[str]:
    """The pages of a pipeline, or else the files that it ends with; the folder of results comes last."""
    finals = {name: catalog.get(name) for name in sorted(pipeline.outputs())}
    pages = [path for dataset in finals.values() if isinstance(dataset, PageDataset) and (path := _path(dataset)) is not None]
    files = pages or [path for dataset in finals.values() if (path := _path(dataset)) is not None]
    said = "Report" if pages else "Up to date"
    folder = [f"Results: {shown_path(pages[0].parent)}"] if pages else []
    tokens = [] if pages else [dataset for dataset in finals.values() if isinstance(dataset, TokensDataset) and _path(dataset)]
    of_tokens = [sentence for dataset in tokens for sentence in dataset.in_words()]
    return [*(f"{said}: {shown_path(path)}" for path in files[:LISTED]), *folder, *of_tokens]


def _path(dataset: object) -> Path | None:
    """The file of a dataset, if there is one."""
    filepath = getattr(dataset, "_filepath", None)
    return Path(filepath) if filepath is not None and Path(filepath).exists() else None
