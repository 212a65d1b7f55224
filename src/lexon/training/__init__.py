"""Training of any model.

`TensorTable` holds a split (data.py). `Training(...).run()` (training.py) makes epochs of steps
(epoch.py) with AdamW and a schedule (optimisation.py), validates after each (evaluation.py, where
`predict` is), can be stopped and continued exactly (interruption.py), and shows its progress
(progress.py). Events may be turned and mirrored before each epoch (augmentation.py), weights
averaged over steps (averaging.py), matrices optimised by Muon (muon.py). `choose_device` tries a
device before training (device.py).
"""

from lexon.training.data import TensorTable
from lexon.training.device import (
    GPU_REQUESTED,
    choose_device,
    choose_threads,
    device_name,
    least_capability,
)
from lexon.training.epoch import TrainingDiverged
from lexon.training.evaluation import SelectBy, Validate, predict
from lexon.training.interruption import Resume, TrainingStopped, seeded
from lexon.training.training import TIMINGS, GiveUp, TableOfEpoch, Training

__all__ = [
    "GPU_REQUESTED",
    "TIMINGS",
    "GiveUp",
    "Resume",
    "SelectBy",
    "TableOfEpoch",
    "TensorTable",
    "Training",
    "TrainingDiverged",
    "TrainingStopped",
    "Validate",
    "choose_device",
    "choose_threads",
    "device_name",
    "least_capability",
    "predict",
    "seeded",
]
