"""A checkpoint is recipe + weights, whole or absent, and refuses what it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from kedro.io import DatasetError

from lexon.datasets.checkpoint import CheckpointDataset, ResumeFile
from lexon.errors import DataError, first_cause
from lexon.models.classifier import Classifier

RECIPE = {"n_classes": 2, "vocab_size": None, "n_features": 4, "pool": "mean", "met": True, "dim": 8, "depth": 1, "heads": 2, "mlp_dim": 16}
RECIPE["dropout"] = 0.1


@pytest.fixture
def dataset(tmp_path: Path) -> CheckpointDataset:
    return CheckpointDataset(filepath=str(tmp_path / "member" / "model.pt"))


def test_a_model_comes_back_as_it_was(dataset):
    model = Classifier(**RECIPE)
    dataset.save(model)
    loaded = dataset.load()
    assert loaded.recipe == model.recipe
    assert not loaded.training
    assert all(torch.equal(weight, loaded.state_dict()[name]) for name, weight in model.state_dict().items())


def test_only_the_finished_file_is_left(dataset):
    dataset.save(Classifier(**RECIPE))
    assert [path.name for path in Path(dataset._filepath).parent.iterdir()] == ["model.pt"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:1000]), "damaged"),
        (lambda path: path.write_text("not a model"), "not a checkpoint"),
        (lambda path: torch.save({"model": "Transformer", "recipe": {}, "weights": {}}, path), "unknown model, 'Transformer'"),
        (lambda path: torch.save({"weights": {}}, path), "do not make a model"),
        (lambda path: torch.save({"model": "Classifier", "recipe": RECIPE, "weights": {}}, path), "do not make a model"),
    ],
)
def test_what_is_no_checkpoint_is_refused(dataset, damage, message):
    dataset.save(Classifier(**RECIPE))
    damage(Path(dataset._filepath))
    with pytest.raises((DatasetError, DataError), match=message) as failure:
        dataset.load()
    assert isinstance(first_cause(failure.value), DataError)


def test_an_unfinished_training_is_kept_and_cleared(tmp_path):
    resume = ResumeFile(tmp_path / "checkpoint.pt", "lexon.models.classifier")
    assert resume.load() is None
    resume.save({"epoch": 3, "weights": torch.ones(2)})
    assert resume.load()["epoch"] == 3
    resume.clear()
    assert resume.load() is None


def test_a_training_begun_with_other_code_is_not_continued(tmp_path, monkeypatch):
    resume = ResumeFile(tmp_path / "checkpoint.pt", "lexon.models.classifier")
    resume.save({"epoch": 3})
    monkeypatch.setattr("lexon.datasets.checkpoint.code_digest", lambda *modules: "other")
    assert resume.load() is None
