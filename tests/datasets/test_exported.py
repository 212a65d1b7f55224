"""An export takes the place of an earlier one, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from kedro.io import DatasetError
from onnx import TensorProto, helper

from lexon.datasets.exported import ExportedNetwork, ExportedNetworkDataset
from lexon.export.onnx_file import is_own, with_metadata


def nothing() -> bytes:
    """An ONNX file of a network that does nothing."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [])
    return helper.make_model(graph, producer_name="somebody").SerializeToString()


def save(folder: Path, content: bytes) -> None:
    ExportedNetworkDataset().save(ExportedNetwork(folder, content, "checked"))


def test_a_second_export_replaces_the_first(tmp_path, caplog):
    caplog.set_level("INFO")
    for digest in ("abc", "def"):
        content = with_metadata(nothing(), {"model_digest": digest})
        assert is_own(content)
        save(tmp_path, content)
        assert (tmp_path / "model.onnx").read_bytes() == content
    assert "model.onnx (checked)" in caplog.text


@pytest.mark.parametrize("content", [b"mine", nothing()])
def test_what_lexon_did_not_export_stays(tmp_path, content):
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(DatasetError, match="not exported by lexon and would be lost"):
        save(tmp_path, with_metadata(nothing(), {}))
    assert (tmp_path / "model.onnx").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
