"""A checkpoint is recipe + weights, whole or absent, and refuses what it cannot be."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch
from kedro.io import DatasetError

from lexon.datasets.checkpoint import CheckpointDataset, ResumeFile, write_checkpoint
from lexon.errors import DataError, LexonError, first_cause
from lexon.models.classifier import Classifier

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


@pytest.fixture
def dataset(tmp_path: Path) -> CheckpointDataset:
    return CheckpointDataset(filepath=str(tmp_path / "member" / "model.pt"))


def test_a_model_comes_back_as_it_was(dataset):
    model = Classifier(**RECIPE)
    dataset.save(model)
    loaded = dataset.load()
    assert loaded.recipe == model.recipe
    assert not loaded.training
    assert all(
        torch.equal(weight, loaded.state_dict()[name])
        for name, weight in model.state_dict().items()
    )


def test_only_the_finished_file_is_left(dataset):
    dataset.save(Classifier(**RECIPE))
    assert [path.name for path in Path(dataset._filepath).parent.iterdir()] == ["model.pt"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:1000]), "damaged"),
        (lambda path: path.write_text("not a model"), "not a checkpoint"),
        (
            lambda path: torch.save({"model": "Transformer", "recipe": {}, "weights": {}}, path),
            "unknown model, 'Transformer'",
        ),
        (lambda path: torch.save({"weights": {}}, path), "do not make a model"),
        (
            lambda path: torch.save({"model": "Classifier", "recipe": RECIPE, "weights": {}}, path),
            "do not make a model",
        ),
        (
            lambda path: torch.save({"model": "Classifier", "recipe": [1], "weights": {}}, path),
            "do not make a model",
        ),
        (
            lambda path: torch.save(
                {"model": "Classifier", "recipe": RECIPE, "weights": [1]}, path
            ),
            "do not make a model",
        ),
        (lambda path: torch.save([1, 2], path), "it holds a list"),
        (lambda path: torch.save(None, path), "it holds a NoneType"),
        (lambda path: path.write_bytes(b""), "not a checkpoint"),
        (lambda path: path.write_bytes(bytes(range(256)) * 40), "not a checkpoint"),
        (
            lambda path: path.write_bytes(pickle.dumps({"a": Path("x")})),
            "more than weights and plain data",
        ),
        (lambda path: torch.save({"a": Path("x")}, path), "more than weights and plain data"),
        (lambda path: (path.unlink(), path.mkdir()), "is a directory"),
        (lambda path: path.unlink(), "no such file"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "is a FIFO"),
    ],
)
def test_what_is_no_checkpoint_is_refused(dataset, damage, message):
    dataset.save(Classifier(**RECIPE))
    damage(Path(dataset._filepath))
    with pytest.raises((DatasetError, LexonError), match=message) as failure:
        dataset.load()
    cause = first_cause(failure.value)
    assert isinstance(cause, LexonError)
    assert str(cause).startswith(f"{dataset._filepath}: ")
    assert "weights_only" not in str(failure.value), "torch advises to switch its protection off"


def test_equal_models_have_equal_bytes(tmp_path):
    model, paths = Classifier(**RECIPE), [tmp_path / "a" / "model.pt", tmp_path / "b" / "other.pt"]
    for path in paths:
        CheckpointDataset(filepath=str(path)).save(model)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    "content", [[1], {"state": 3}, {"state": {"fingerprint": [1]}}, {}, "x", None]
)
def test_a_malformed_checkpoint_starts_the_training_again(tmp_path, content, caplog):
    resume = ResumeFile(tmp_path / "checkpoint.pt", "lexon.models.classifier")
    torch.save(content, resume.path)
    assert resume.load() is None
    assert "starts again" in caplog.text


def test_a_folder_instead_of_a_checkpoint_is_reported_before_the_training(tmp_path):
    (tmp_path / "checkpoint.pt").mkdir()
    with pytest.raises(DataError, match=r"checkpoint.pt: is a directory"):
        ResumeFile(tmp_path / "checkpoint.pt", "lexon.models.classifier").load()


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


@pytest.mark.parametrize("named", [{"module": "lexon.models.classifier"}, {}])
def test_a_model_is_found_by_module_and_class_or_in_old_files_by_class(dataset, named):
    model = Classifier(**RECIPE)
    write_checkpoint(
        Path(dataset._filepath),
        {**named, "model": "Classifier", "recipe": model.recipe, "weights": model.state_dict()},
    )
    assert isinstance(dataset.load(), Classifier)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("lexon.models", "Network"),
        ("lexon.models.classifier", "Tensor"),
        ("lexon.models.classifier", "Encoder"),
        ("lexon.models.vae", "Classifier"),
        ("lexon.models.nothing", "Classifier"),
        ("lexon.models.classifier.os", "system"),
        ("lexon.tokenisers.vqvae", "VQVAE"),
    ],
)
def test_nothing_but_a_network_of_lexon_is_made(dataset, module, name):
    write_checkpoint(
        Path(dataset._filepath), {"module": module, "model": name, "recipe": {}, "weights": {}}
    )
    with pytest.raises(DatasetError, match=f"model.pt: a checkpoint of an unknown model, '{name}'"):
        dataset.load()
