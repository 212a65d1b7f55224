"""Which configurations learnt something: their bound on -ln p(row) lies certainly below that of independent tags.

A code that is in use is not enough: a diverged model has large KL and active units, and may need 500 nats for a row that tag
frequencies alone describe with 20.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lexon.experiments import Result
from lexon.metrics.ranking import Statistic
from lexon.pipelines.reporting.vae.configurations import Configuration
from lexon.statistics import Interval, bootstrap_statistics, simultaneous_intervals, weighted_mean

MARGINALS = "independent_marginals"
BOUND_COLUMN = "test_bce_plus_kld"
# Reports of the same results are the same to the last digit.
_BOOTSTRAP_SEED = 2026


def against_marginals(configurations: Sequence[Configuration], n: int) -> dict[str, Interval]:
    """BCE + KL less the nats of independent marginals, paired over test rows, mean over seeds; intervals hold for all together.

    Each configuration is resampled for itself: the seed spread of a diverging one must not widen the others' intervals. Without
    configurations that collapsed, whose members do not hold the marginals' nats, or whose numbers are not finite.
    """
    groups = {one.name: [_excess(result) for result in one.finished] for one in configurations if one.compared and _measured(one)}
    replicates = [
        bootstrap_statistics({name: seeds}, _n_rows(configurations), n, np.random.default_rng(_BOOTSTRAP_SEED))[name]
        for name, seeds in groups.items()
    ]
    return dict(zip(groups, simultaneous_intervals(replicates), strict=True))


def rows_against_marginals(differences: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of differences that compare with independent marginals."""
    return differences[differences["b"] == MARGINALS]


def learnt(configurations: Sequence[Configuration], differences: pd.DataFrame) -> list[Configuration] | None:
    """Those that did not collapse and are certainly better than independent marginals; None where nothing tells."""
    rows = rows_against_marginals(differences)
    if rows.empty:
        return None
    better = set(rows.loc[rows["high"] < 0, "a"])
    return [one for one in configurations if one.compared and one.name in better]


def _measured(one: Configuration) -> bool:
    arrays = [result.arrays or {} for result in one.finished]
    return bool(arrays) and all("marginals" in each and np.isfinite(each["bce"] + each["kld"]).all() for each in arrays)


def _excess(result: Result) -> Statistic:
    assert result.arrays is not None  # asked for by `_measured`
    return weighted_mean(result.arrays["bce"].astype(np.float64) + result.arrays["kld"] - result.arrays["marginals"])


def _n_rows(configurations: Sequence[Configuration]) -> int:
    """Test rows, of which all finished members have the same."""
    return len(next(result.arrays["rows"] for one in configurations for result in one.finished if result.arrays is not None))
