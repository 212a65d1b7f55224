"""Training, for every model there is or will be.

`TensorTable` holds a split (data.py). `fit` (loop.py) makes epochs of steps (run.py) with AdamW and a schedule
(optimisation.py), validates after each (evaluation.py, where `predict` is), can be stopped and continued exactly
(interruption.py), and says how far it is (progress.py). `choose_device` tries a device before it is trained on (device.py).
"""

from lexon.training.data import TensorTable
from lexon.training.device import GPU_REQUESTED, choose_device, device_name, least_capability
from lexon.training.evaluation import Validate, predict
from lexon.training.interruption import Resume, TrainingStopped, seeded
from lexon.training.loop import TIMINGS, FitResult, fit
from lexon.training.run import GiveUp, SelectBy, TrainingDiverged

__all__ = [
    "GPU_REQUESTED",
    "TIMINGS",
    "FitResult",
    "GiveUp",
    "Resume",
    "SelectBy",
    "TensorTable",
    "TrainingDiverged",
    "TrainingStopped",
    "Validate",
    "choose_device",
    "device_name",
    "fit",
    "least_capability",
    "predict",
    "seeded",
]
