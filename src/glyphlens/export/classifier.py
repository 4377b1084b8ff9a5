"""A network that names one picture or stroke sequence → one ONNX graph with temperature-scaled class logits.

N samples · H×W pixels · S strokes · F numbers a stroke · C classes
"""

from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import nn

from glyphlens.export.onnx_parts import FLOAT, UINT8, Ends, Shape, join, make_piece
from glyphlens.export.temperature import temperature_piece
from glyphlens.export.tracing import fold_constants, pool_maps, trace_network
from glyphlens.inference.recognizer import BATCH, RASTER, STROKES
from glyphlens.nets.inputs import reads_of

INK = "raster01"  # float ink of 0..1, (N, 1, H, W)
FULL_INK = 255.0


def trace_classifier(model: nn.Module, shape: tuple[int, ...]) -> onnx.ModelProto:
    """The float piece ``network`` of a trained recogniser: ``raster01`` or ``strokes`` → ``raw_logits``.

    ``shape`` is that of one sample, (H, W) or (S, F). Raises InputError for a network that reads neither.
    """
    name, sides = (INK, (1, *shape)) if reads_of(model) == RASTER else (STROKES, shape)
    piece = trace_network("network", model, {name: torch.zeros(2, *sides)})
    pool_maps(piece)
    return fold_constants(piece)


def assemble_classifier(network: onnx.ModelProto) -> onnx.ModelProto:
    """The whole graph with temperature 1: ``raster`` uint8 (N, H, W) of 0..255 ink, or ``strokes`` float32 (N, S, F)
    → ``logits`` float32 (N, C). The same network gives the same bytes."""
    end = network.graph.input[0]
    sides: Shape = ["batch", *(place.dim_value for place in end.type.tensor_type.shape.dim[1:])]
    classes = int(network.graph.output[0].type.tensor_type.shape.dim[1].dim_value)
    tail = temperature_piece(classes)
    ends_out: Ends = {"logits": (FLOAT, ["batch", classes])}
    if end.name == STROKES:
        return join("glyphlens", [network, tail], {STROKES: (FLOAT, sides)}, ends_out)
    _, _, *pixels = sides
    front = ink_piece(*pixels)
    return join("glyphlens", [front, network, tail], {RASTER: (UINT8, ["batch", *pixels])}, ends_out)


def network_feed(piece: onnx.ModelProto, values_N: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network itself is fed for ``raster`` or ``strokes`` rows, to calibrate it."""
    if piece.graph.input[0].name == STROKES:
        return values_N.astype(np.float32, copy=False)
    return values_N[:, None].astype(np.float32) / np.float32(FULL_INK)


@torch.inference_mode()
def classifier_logits(model: nn.Module, values_N: NDArray[Any]) -> NDArray[np.float32]:
    """(N, C) logits of the trained network itself, of ``raster`` or ``strokes`` rows."""
    is_raster = values_N.dtype == np.uint8
    parts = []
    for start in range(0, len(values_N), BATCH):
        inputs = torch.from_numpy(values_N[start : start + BATCH])
        parts.append(model(inputs.unsqueeze(1).float() / 255 if is_raster else inputs).float().numpy())
    return np.concatenate(parts)


def ink_piece(height: int | str, width: int | str) -> onnx.ModelProto:
    """The front of a graph that reads pictures: ``raster`` uint8 (N, H, W) → ``raster01`` float (N, 1, H, W) of 0..1.

    A name as a side stands for any length.
    """
    nodes = [
        helper.make_node("Cast", [RASTER], ["levels"], to=FLOAT),
        helper.make_node("Div", ["levels", "full"], ["ink"]),
        helper.make_node("Unsqueeze", ["ink", "channel_axis"], [INK]),
    ]
    constants = {"full": np.array(FULL_INK, np.float32), "channel_axis": np.array([1])}
    ends_in: Ends = {RASTER: (UINT8, ["batch", height, width])}
    return make_piece("ink", nodes, ends_in, {INK: (FLOAT, ["batch", 1, height, width])}, constants)
