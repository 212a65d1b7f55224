"""A table on its way to the members: checked, and in one file whatever it came from."""

from __future__ import annotations

import logging

import numpy as np

from lexon.config.data import Shares
from lexon.datasets.table import Table
from lexon.errors import DataError
from lexon.regression_data import split_rows

logger = logging.getLogger(__name__)


def clean_table(raw: Table, split: Shares, split_seed: int) -> Table:
    """The user's table, which its dataset has checked.

    Raises:
        DataError: a split would hold one target value, on which no regression can be judged; raised
            before any is trained.
    """
    for note in raw.notes:
        logger.info("%s: %s", raw.origin, note)
    groups = np.arange(len(raw)) if raw.groups is None else raw.groups
    for name, rows in split_rows(groups, split, split_seed).items():
        if np.ptp(raw.target[rows]) == 0:
            raise DataError(
                f"{raw.origin}: the {name} split ({len(rows):,} of {len(raw):,} rows) holds one"
                f" target value, {raw.target[rows[0]]:g}, so nothing could be judged after the"
                " training; give more rows, or other regression.split or regression.split_seed"
            )
    return raw


def read_diabetes(_source: str) -> Table:
    """Scikit-learn's diabetes data: 442 patients, ten columns, disease progression after a year
    (Efron et al. 2004).
    """
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    return Table(
        features=np.asarray(data.data, np.float64),
        target=np.asarray(data.target, np.float64),
        groups=None,
        names=list(data.feature_names),
        origin="scikit-learn's diabetes data",
    ).validate()
