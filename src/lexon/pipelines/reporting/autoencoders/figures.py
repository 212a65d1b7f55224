"""The figures of the comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lexon.pipelines.reporting.autoencoders.cells import BOTTLENECKS, GridCell, columns_of
from lexon.pipelines.reporting.autoencoders.changes import Grid
from lexon.plots.autoencoders import Point, heat_maps, loss_curves, trade_off

# Metric and split of each map, by its title.
MAPS = {
    "rec_tokens": ("test", "rec_tokens"),
    "rec_globals": ("test", "rec_globals"),
    "total loss": ("test", "total"),
    "best validation loss": ("val", "total"),
    "R2 of MET, probe": ("test", "probe_met_r2"),
    "R2 of METphi, probe": ("test", "probe_met_phi_r2"),
    "AUROC of the label, probe": ("test", "probe_auroc"),
    "effective dimension": ("val", "latent_dimension"),
    "perplexity": ("test", "perplexity"),
}


def draw(grid: Grid) -> dict[str, Figure]:
    """heat_maps, trade_off and loss_curves."""
    cells = grid.cells
    bottlenecks = [name for name in BOTTLENECKS if any(cell.bottleneck == name for cell in cells)]
    betas = sorted({cell.beta for cell in cells})
    maps = {title: _map(cells, *where, bottlenecks, betas) for title, where in MAPS.items()}
    histories = {cell.label: [r.history for r in cell.finished if r.history is not None] for cell in cells if cell.finished}
    return {
        "heat_maps": heat_maps(maps, bottlenecks, betas),
        "trade_off": trade_off(_points(grid)),
        "loss_curves": loss_curves(histories),
    }


def _map(cells: Sequence[GridCell], split: str, metric: str, bottlenecks: Sequence[str], betas: Sequence[float]) -> NDArray[np.float64]:
    """[bottleneck, beta]; over further axes of the grid a mean."""
    values = np.full((len(bottlenecks), len(betas)), np.nan)
    for row, bottleneck in enumerate(bottlenecks):
        for column, beta in enumerate(betas):
            here = [cell.mean(split, metric) for cell in cells if (cell.bottleneck, cell.beta) == (bottleneck, beta)]
            known = [value for value in here if np.isfinite(value)]
            values[row, column] = np.mean(known) if known else np.nan
    return values


def _points(grid: Grid) -> Mapping[str, list[Point]]:
    columns = {name: [cell for cell in column if cell.finished] for name, column in columns_of(grid.cells).items()}
    return {
        name: [Point(cell.beta, grid.interval("rec_tokens", cell), grid.interval("rec_globals", cell)) for cell in column]
        for name, column in columns.items()
        if column
    }
