"""A split that is easy to learn, a model that learns it in seconds, and a place for checkpoints."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import torch

from lexon.config import TrainingConfig
from lexon.models.classifier import Classifier
from lexon.training import TensorTable, seeded

WIDTH = 8


@pytest.fixture(scope="session")
def make_table() -> Callable[..., TensorTable]:
    """Events of 0 to 8 objects whose first feature is larger for class 1; with `shuffled`, for
    neither class.
    """

    def make(n: int = 96, seed: int = 0, shuffled: bool = False) -> TensorTable:
        rng = torch.Generator().manual_seed(seed)
        target = torch.arange(n) % 2
        lengths = torch.randint(0, WIDTH + 1, (n,), generator=rng)
        mask = torch.arange(WIDTH) < lengths[:, None]
        values = torch.randn(n, WIDTH, 4, generator=rng)
        values[..., 0] += 1.5 * target[:, None]
        tensors = {
            "values": values * mask[..., None],
            "types": torch.randint(1, 8, mask.shape, generator=rng) * mask,
            "mask": mask,
            "met": torch.randn(n, 3, generator=rng),
            "target": target[torch.randperm(n, generator=rng)] if shuffled else target,
        }
        return TensorTable(tensors, frozenset({"values", "types", "mask"}), lengths)

    return make


RECIPE = {
    "n_classes": 2,
    "vocab_size": None,
    "n_features": 4,
    "pool": "mean",
    "met": True,
    "dim": 8,
    "depth": 1,
    "heads": 2,
    "mlp_dim": 16,
    "dropout": 0.1,
}


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Classifier]:
    def make(kind: type[Classifier] = Classifier, seed: int = 0, **changes: Any) -> Classifier:
        with seeded(seed):
            return kind(**RECIPE | changes)

    return make


@pytest.fixture(scope="session")
def make_config() -> Callable[..., TrainingConfig]:
    def make(**changes: Any) -> TrainingConfig:
        plain: dict[str, Any] = {
            "epochs": 2,
            "batch_size": 16,
            "lr": 3e-3,
            "weight_decay": 0.01,
            "warmup_steps": 2,
            "warmup_start": 0.1,
            "schedule": "cosine",
            "grad_clip": 1.0,
            "label_smoothing": 0.0,
            "early_stopping": None,
            "length_aware": True,
            "precision": "auto",
            "augmentation": "none",
            "ema": None,
            "optimiser": "adamw",
        }
        return TrainingConfig(**plain | changes)

    return make


class MemoryResume:
    """A checkpoint file without the file: what it keeps is bytes, read back by torch's weights-only
    reader.
    """

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.saved = 0

    def load(self) -> dict[str, Any] | None:
        return (
            None
            if self.content is None
            else torch.load(io.BytesIO(self.content), weights_only=True)
        )

    def save(self, state: dict[str, Any]) -> None:
        buffer = io.BytesIO()
        torch.save(state, buffer)
        self.content = buffer.getvalue()
        self.saved += 1

    def clear(self) -> None:
        self.content = None


@pytest.fixture
def resume() -> MemoryResume:
    return MemoryResume()
