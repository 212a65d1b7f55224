"""The use of a codebook, from the codes of a whole split: a mean over batches could not exceed what
one batch can show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CodeUse:
    """The number of times that each of K codes occurs.

    Attributes:
        counts: int64 [K].
    """

    counts: NDArray[np.int64]

    @classmethod
    def of(cls, codes: NDArray[np.integer], codebook_size: int) -> Self:
        """Count codes 0..K-1 of any shape; negative ones are padding."""
        return cls(np.bincount(codes[codes >= 0], minlength=codebook_size))

    @property
    def usage(self) -> float:
        """Share of the codes that occur at all."""
        return float((self.counts > 0).mean())

    @property
    def perplexity(self) -> float:
        """exp(entropy): the number of codes that, equally used, would be as diverse. 1..K; NaN
        without any object.
        """
        shares = self.counts[self.counts > 0] / self.counts.sum()
        return float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else float("nan")
