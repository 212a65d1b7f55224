"""lexon: how should a collider event be shown to a neural network?"""

import os

__version__ = "0.1.0"

# A thread of OpenMP that waits for another one spins for some 20 microseconds, then gives its
# core away. Where others use the machine too, threads that spin for milliseconds (libgomp's
# default) stop a training; where nothing else runs, threads that never spin make it half as fast
# as one thread alone. Libraries read this once, as they are loaded (torch, scikit-learn), so it
# is set before anything of lexon is imported.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "passive"
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
