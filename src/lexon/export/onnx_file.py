"""ONNX files: written by torch's exporter, read by onnxruntime."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import lexon
from lexon.errors import ConfigurationError
from lexon.events import Events

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# Read by every onnxruntime since 1.14 of 2023.
OPSET = 18
# Inputs by name, in words: [N] or [N, T] for N events of up to T objects.
INPUTS = {
    "id": "type of each object, 0 for padding behind the last one; int64 [events, objects]",
    "E": "energy of each object in GeV; float32 [events, objects]",
    "pt": "transverse momentum of each object in GeV; float32 [events, objects]",
    "eta": "pseudorapidity of each object; float32 [events, objects]",
    "phi": "azimuth of each object in rad; float32 [events, objects]",
    "met": "missing transverse energy in GeV; float32 [events]",
    "met_phi": "its azimuth in rad; float32 [events]",
}
BATCH = 1024
OUTPUT = "probabilities"
PRODUCER = "lexon"
_PER_OBJECT = 5
_REMEDY = "pip install 'lexon[export]' (onnx, onnxscript and onnxruntime)"


def require_onnx() -> None:
    """See that the libraries are there.

    Raises:
        ConfigurationError: what is missing, and how it is installed.
    """
    if missing := [name for name in ("onnx", "onnxscript", "onnxruntime") if not find_spec(name)]:
        raise ConfigurationError(
            f"an export needs {', '.join(missing)}, which is not installed; {_REMEDY}"
        )


def to_onnx(network: nn.Module) -> bytes:
    """The content of an ONNX file, for any number of events and of objects.

    Args:
        network: takes `INPUTS`, gives class probabilities.

    Raises:
        ConfigurationError: torch cannot export what the network does.
    """
    from torch.onnx import errors

    events, objects = torch.export.Dim.DYNAMIC, torch.export.Dim.DYNAMIC
    shapes = [{0: events, 1: objects}] * _PER_OBJECT + [{0: events}] * (len(INPUTS) - _PER_OBJECT)
    _start_autograd()
    try:
        with _quiet(), network.register_forward_pre_hook(_refuse_trace):
            program = torch.onnx.export(
                network.eval(),
                _example(),
                input_names=list(INPUTS),
                output_names=[OUTPUT],
                opset_version=OPSET,
                dynamo=True,
                dynamic_shapes=tuple(shapes),
                verbose=False,
            )
    except (errors.OnnxExporterError, RuntimeError) as error:
        raise ConfigurationError(
            f"this network cannot be exported: {_first_line(error)}; what torch exports is listed"
            " in docs/how_to/use_a_network_elsewhere.md"
        ) from error
    assert program is not None
    proto = program.model_proto
    # Each operation comes with the lines of code that it was made from, and their paths here.
    for part in (*proto.graph.node, *proto.graph.value_info, *proto.graph.initializer):
        del part.metadata_props[:]
    return proto.SerializeToString()


def _start_autograd() -> None:
    """Let autograd count the devices before an export pretends that there are more: torch 2.15
    would start threads for them, after which forks of this process could no longer train.
    """
    torch.ones(1, requires_grad=True).sum().backward()


def with_metadata(content: bytes, metadata: Mapping[str, str]) -> bytes:
    """The same file with who made it, what its inputs are, and more facts by name."""
    import onnx

    proto = onnx.load_model_from_string(content)
    proto.producer_name, proto.producer_version = PRODUCER, lexon.__version__
    inputs = {f"input {name}": words for name, words in INPUTS.items()}
    onnx.helper.set_model_props(proto, {**metadata, **inputs})
    return proto.SerializeToString()


def is_own(content: bytes) -> bool:
    """Whether it is an ONNX file that `with_metadata` wrote."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        return bool(onnx.load_model_from_string(content).producer_name == PRODUCER)
    except DecodeError:
        return False


def session(content: bytes, threads: int | None = None) -> InferenceSession:
    """onnxruntime on the CPU; `threads` of None is its own choice."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    if threads is not None:
        options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def session_scores(run: InferenceSession, events: Events) -> NDArray[np.float32]:
    """Class probabilities [N, C] of an exported network."""
    parts = [
        run.run([OUTPUT], arrays(events[start : start + BATCH]))[0]
        for start in range(0, max(len(events), 1), BATCH)
    ]
    return np.concatenate(parts)


def arrays(events: Events, width: int | None = None) -> dict[str, NDArray[Any]]:
    """Events as the inputs of an exported network, cut to the longest one, or to `width`
    objects.
    """
    width = int(events.mask.sum(1).max(initial=0)) if width is None else width
    energy, pt, eta, phi = (np.ascontiguousarray(events.p4[:, :width, place]) for place in range(4))
    objects = (events.ids[:, :width].astype(np.int64), energy, pt, eta, phi)
    return dict(zip(INPUTS, (*objects, events.met, events.met_phi), strict=True))


def _example() -> tuple[torch.Tensor, ...]:
    """Three events with five objects: sizes that are no other size of a network."""
    ids = torch.tensor([[1, 2, 3, 5, 0], [1, 1, 4, 0, 0], [7, 6, 2, 2, 1]])
    objects = [torch.rand(ids.shape) + 1 for _ in range(4)]
    return ids, *objects, torch.rand(3), torch.rand(3)


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of its own parts, which no user can change."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _refuse_trace(*_: object) -> None:
    """What torch 2.6 cannot export it traces: of a choice by values, what the example chose."""
    if torch.jit.is_tracing():
        raise NotImplementedError("only torch.export follows a network whole")


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    return str(cause).strip().partition("\n")[0] or type(cause).__name__
