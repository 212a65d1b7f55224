"""What a report has to know to turn scores into the expected significance of a discovery."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lexon.config.base import Config

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, le=1)]


class SignificanceConfig(Config):
    """Expected events of a process: luminosity x cross section x selected share.

    Attributes:
        luminosity: 1/fb.
        background_uncertainty: relative, of all backgrounds together.
        cross_sections: fb, by name of the process.
        efficiencies: selected events as a share of all that are produced, by name of the process;
            simulated events know theirs.
        fit_bins: of the fit, equally many signal events in each.
    """

    luminosity: Positive
    background_uncertainty: Annotated[float, Field(ge=0, le=10)]
    cross_sections: dict[str, Positive]
    efficiencies: dict[str, Share]
    fit_bins: Annotated[int, Field(ge=1, le=100)]
