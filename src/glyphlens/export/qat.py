"""A network trained with rounded numbers → one ONNX piece in QDQ form, all of whose layers run in integers.

torchao holds weights as int8, biases as int32 and activations as uint8, and torch exports them so; onnxruntime fuses
that into integer kernels. Only the mean over a map needs another name for it.
"""

import copy
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import writing
from glyphlens.export.classifier import INK
from glyphlens.export.integer_kernels import integer_kernels
from glyphlens.export.onnx_parts import clean
from glyphlens.export.tracing import pool_maps, trace_network
from glyphlens.inference.recognizer import open_session
from glyphlens.training.batches import Batch
from glyphlens.training.qat import RoundedNetwork, quiet_torchao


def convert(rounded: RoundedNetwork) -> RoundedNetwork:
    """The same network with weights held as int8; ``rounded`` is left alone."""
    with quiet_torchao():
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e

        return RoundedNetwork(convert_pt2e(copy.deepcopy(rounded.network)), 0).eval()


def integer_piece(name: str, converted: RoundedNetwork, example: torch.Tensor) -> onnx.ModelProto:
    """``raster01`` float32 (N, 1, H, W) of 0..1 → ``raw_logits`` float32 (N, C); ``example`` is any two rows.

    Raises InputError where onnxruntime would run one of its convolutions or products in floats.
    """
    with quiet_torchao():
        piece = trace_network(name, converted, {INK: example})
    pool_maps(piece)
    _drop_unused(piece)
    piece = clean(piece)
    require_integers(piece)
    return piece


def save_piece(file: Path, piece: onnx.ModelProto) -> None:
    """Write the piece as a model of its own; the same network gives the same bytes."""
    with writing(file) as partial:
        partial.write_bytes(piece.SerializeToString(deterministic=True))


def integer_logits(file: Path, batches: Iterable[Batch]) -> NDArray[np.float32]:
    """(N, C) what onnxruntime makes of the batches with the file."""
    session = open_session(file)
    rasters = (np.ascontiguousarray(batch.inputs[0].numpy()) for batch in batches)
    return np.concatenate([session.run(["raw_logits"], {INK: raster_N1HW})[0] for raster_N1HW in rasters])


def require_integers(piece: onnx.ModelProto) -> None:
    """Raise InputError unless every convolution and product runs in integers in the graph that onnxruntime makes."""
    kernels = integer_kernels(piece)
    for written, run in (("Conv", "QLinearConv"), ("Gemm", "QGemm")):
        count = sum(node.op_type == written for node in piece.graph.node)
        if kernels[run] != count:
            raise InputError(
                f"{piece.graph.name}: onnxruntime runs {kernels[run]} of {count} {written} nodes in integers "
                f"({dict(kernels)}); an operator beside them is not rounded, see training/integer_points.py"
            )


def _drop_unused(piece: onnx.ModelProto) -> None:
    used = {name for node in piece.graph.node for name in node.input}
    for constant in [entry for entry in piece.graph.initializer if entry.name not in used]:
        piece.graph.initializer.remove(constant)
