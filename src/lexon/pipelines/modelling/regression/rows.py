"""A table on its way to the members: checked, and in one file whatever it came from."""

from __future__ import annotations

import logging

import numpy as np

from lexon.datasets.table import Table

logger = logging.getLogger(__name__)


def clean_table(raw: Table) -> Table:
    """The user's table, which its dataset has checked."""
    for note in raw.notes:
        logger.info("%s: %s", raw.origin, note)
    return raw


def read_diabetes(_source: str) -> Table:
    """Scikit-learn's diabetes data: 442 patients, ten columns, disease progression after a year (Efron et al. 2004)."""
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    return Table(
        features=np.asarray(data.data, np.float64),
        target=np.asarray(data.target, np.float64),
        groups=None,
        names=list(data.feature_names),
        origin="scikit-learn's diabetes data",
    ).validate()
