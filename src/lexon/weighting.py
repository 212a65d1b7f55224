"""Weights of events: what a sample of weighted events is worth, and the weights that a training
multiplies its losses with.

Weights count events of a sample as another sample would have them, mostly simulated ones as a
luminosity gives them. Where a few weights are large, these few events decide every number: the
effective number of events says how many equal ones are worth as much (L. Kish, Survey Sampling,
1965, section 11.7; W. S. Cleveland's form for histograms is the same number).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def effective_number(weights: NDArray[np.floating]) -> float:
    """(sum w)^2 / sum w^2 of weights [event]: the number of events of equal weight whose sum has
    the same relative error; 0 without any.
    """
    squares = float(np.square(weights, dtype=np.float64).sum())
    return float(weights.sum(dtype=np.float64)) ** 2 / squares if squares else 0.0
