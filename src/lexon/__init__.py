"""lexon: how should a collider event be shown to a neural network?"""

import os

__version__ = "0.1.0"

# A thread of OpenMP that waits for another one gives its core away: where others use the machine
# too, spinning ones stop the training. The libraries read this once, as they are loaded (torch,
# scikit-learn), so it is set before anything of lexon is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
