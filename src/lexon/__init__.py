"""lexon: how should a collider event be shown to a neural network?

What others import is listed in `__all__` and documented in docs/reference/library.md, with an
example each. A name is looked up when it is first asked for, so that `import lexon` loads none of
the libraries behind it.
"""

import os
from importlib import import_module
from typing import Any

__version__ = "0.2.0"

# A thread of OpenMP that waits for another one spins for some 20 microseconds, then gives its
# core away. Where others use the machine too, threads that spin for milliseconds (libgomp's
# default) stop a training; where nothing else runs, threads that never spin make it half as fast
# as one thread alone. Libraries read this once, as they are loaded (torch, scikit-learn), so it
# is set before anything of lexon is imported.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "passive"
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")

_HOMES = {
    "BinnedTokeniser": "lexon.tokenisers.binning",
    "DirectTokeniser": "lexon.tokenisers.direct",
    "Events": "lexon.events",
    "collapse_verdict": "lexon.library",
    "event_features": "lexon.features",
    "paired_difference": "lexon.library",
}

__all__ = [
    "BinnedTokeniser",
    "DirectTokeniser",
    "Events",
    "collapse_verdict",
    "event_features",
    "paired_difference",
]


def __getattr__(name: str) -> Any:
    """A public name from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module lexon has no attribute {name}; public: {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__})
