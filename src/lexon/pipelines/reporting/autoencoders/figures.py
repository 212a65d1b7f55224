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
    settings = list(dict.fromkeys(cell.rest for cell in cells))
    lines = sorted({(cell.rest, cell.bottleneck) for cell in cells}, key=lambda line: (settings.index(line[0]), BOTTLENECKS.index(line[1])))
    betas = sorted({cell.beta for cell in cells})
    maps = {title: _map(cells, *where, lines, betas) for title, where in MAPS.items()}
    histories = {cell.label: [r.history for r in cell.finished if r.history is not None] for cell in cells if cell.finished}
    return {
        "heat_maps": heat_maps(maps, [", ".join(part for part in (bottleneck, rest) if part) for rest, bottleneck in lines], betas),
        "trade_off": trade_off(_points(grid)),
        "loss_curves": loss_curves(histories),
    }


def _map(
    cells: Sequence[GridCell], split: str, metric: str, lines: Sequence[tuple[str, str]], betas: Sequence[float]
) -> NDArray[np.float64]:
    """[line, beta]: a line is a bottleneck with one setting of the grid's other axes, so nothing is averaged but seeds."""
    values = np.full((len(lines), len(betas)), np.nan)
    for cell in cells:
        values[lines.index((cell.rest, cell.bottleneck)), betas.index(cell.beta)] = cell.mean(split, metric)
    return values


def _points(grid: Grid) -> Mapping[str, list[Point]]:
    columns = {name: [cell for cell in column if cell.finished] for name, column in columns_of(grid.cells).items()}
    return {
        name: [Point(cell.beta, grid.interval("rec_tokens", cell), grid.interval("rec_globals", cell)) for cell in column]
        for name, column in columns.items()
        if column
    }
