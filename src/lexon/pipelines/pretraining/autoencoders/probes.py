"""What a trained encoder's latent vectors tell about an event: linear models fitted on the training
split, asked on the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline

from lexon.metrics.latent_probe import label_probe, r_squared, ridge_probe

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Probes:
    """Linear answers of an event's mean latent vector.

    Attributes:
        met: ridge regression of (standardised log MET, sin, cos METphi) [N, 3].
        signal: logistic regression of the first class; None where only one class is there.
    """

    met: Pipeline
    signal: Pipeline | None

    @classmethod
    def fit(cls, pooled: Array, met: Array, is_signal: NDArray[np.bool_]) -> Self:
        both = is_signal.any() and not is_signal.all()
        return cls(ridge_probe(pooled, met), label_probe(pooled, is_signal) if both else None)

    def predict_met(self, pooled: Array) -> NDArray[np.float32]:
        return self.met.predict(pooled).astype(np.float32)

    def metrics(self, pooled: Array, met: Array, is_signal: NDArray[np.bool_]) -> dict[str, float]:
        """R2 of the size of MET and of its direction (sine and cosine together), AUROC of the
        signal.
        """
        predicted = self.predict_met(pooled)
        found = {
            "probe_met_r2": float(r_squared(met[:, :1], predicted[:, :1])),
            "probe_met_phi_r2": float(r_squared(met[:, 1:], predicted[:, 1:])),
        }
        if self.signal is not None and is_signal.any() and not is_signal.all():
            found["probe_auroc"] = float(
                roc_auc_score(is_signal, self.signal.decision_function(pooled))
            )
        return found


def constant_globals(met: Array) -> float:
    """`rec_globals` of the best constant answer to MET [N, 3]: what a head scores that knows
    nothing of the event.

    Variance of the standardised log MET, plus 1 - R with R the mean resultant length of the
    azimuths (Mardia and Jupp, eq. 2.3.5).
    """
    return float(met[:, 0].var() + 1 - np.hypot(*met[:, 1:].mean(0)))


def constant_tokens(objects: Array) -> float:
    """`rec_tokens` of the best constant answer to objects [V, F]: the sum of their features'
    variances.
    """
    return float(objects.var(axis=0, dtype=np.float64).sum())
