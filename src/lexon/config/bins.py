"""Numbers of bins: one for all quantities, or one each for pT, eta and phi."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

AXES = ("pt", "eta", "phi")
FEWEST, MOST = 2, 100


def bins_of(n_bins: int | str) -> dict[str, int]:
    """Bins of each quantity: MET has as many as pT, its azimuth as many as phi."""
    pt, eta, phi = map(int, n_bins.split("x")) if isinstance(n_bins, str) else (n_bins,) * 3
    return {"pt": pt, "eta": eta, "phi": phi, "met": pt, "met_phi": phi}


def joined(pt: int, eta: int, phi: int) -> int | str:
    """The numbers as one value, which can name a folder: 5, or 16x8x8 where they differ."""
    return pt if pt == eta == phi else f"{pt}x{eta}x{phi}"


def _n_bins(value: Any) -> int | str:
    """What a user types, `5`, `{pt: 16, eta: 8, phi: 8}` or `16x8x8`, as one value.

    Raises:
        ValueError: it is something else, or a number is out of range.
    """
    by_axis = isinstance(value, Mapping) and value.keys() == set(AXES)
    written = "x".join(str(value[axis]) for axis in AXES) if by_axis else str(value)
    numbers = (
        [int(number) for number in written.split("x")]
        if re.fullmatch(r"\d{1,3}(x\d{1,3}x\d{1,3})?", written)
        else []
    )
    if not numbers or not all(FEWEST <= number <= MOST for number in numbers):
        raise ValueError(
            f"binning.n_bins={value}: a number from {FEWEST} to {MOST}, or one for each of"
            f" {', '.join(AXES)}: {{pt: 16, eta: 8, phi: 8}}, which may be written 16x8x8"
        )
    return joined(*(numbers if len(numbers) > 1 else numbers * 3))


NBins = Annotated[int | str, BeforeValidator(_n_bins)]
