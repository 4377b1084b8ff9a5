"""The towers → ONNX graphs: pictures in, embeddings out; padded descriptions in, embeddings out.

N samples · H×W pixels · S strokes · P points · K components · E numbers of an embedding
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import Tensor, nn

from glyphlens.export.classifier import FULL_INK, INK, ink_piece
from glyphlens.export.onnx_parts import FLOAT, INT64, UINT8, Ends, join, make_piece
from glyphlens.export.quantize import CONVOLUTION_KINDS, Integers, batched, quantize_piece
from glyphlens.export.stored_weights import PRODUCTS, store_weights
from glyphlens.export.tracing import fold_constants, trace_network
from glyphlens.inference.recognizer import EMBEDDING, RASTER
from glyphlens.tracks.zero_shot.descriptions.description import COMPONENT_NUMBERS, MOST_STROKES, STROKE_POINTS
from glyphlens.tracks.zero_shot.descriptions.encoder import INPUTS, MOST_COMPONENTS
from glyphlens.tracks.zero_shot.recognizers.aligned import Network

TRACED = "raw_logits"  # what tracing calls the one output
# An embedding is put together from its levels in floats: 8 bits for all of them would be too few for the smallest.
IN_INTEGERS = (*(kind for kind in CONVOLUTION_KINDS if kind not in ("Mul", "Concat")), *PRODUCTS)


class Describer(nn.Module):
    """The text tower alone, as it is exported."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, types_NS: Tensor, points_NSP2: Tensor, names_NK: Tensor, numbers_NK5: Tensor) -> Tensor:
        """Padded descriptions → (N, E)."""
        return self.network.describe(types_NS, points_NSP2, names_NK, numbers_NK5)


def trace_pictures(network: Network, side: int) -> onnx.ModelProto:
    """The float piece ``network``: ``raster01`` → ``raw_logits``, here the embedding."""
    return fold_constants(trace_network("network", network, {INK: torch.zeros(2, 1, side, side)}))


def integer_pictures(piece: onnx.ModelProto, shown_NHW: NDArray[np.uint8], *, reduce_range: bool) -> onnx.ModelProto:
    """The same in integers, calibrated on pictures of the training split."""
    feeds = {INK: shown_NHW[:, None].astype(np.float32) / np.float32(FULL_INK)}
    return quantize_piece(piece, batched(feeds), Integers(reduce_range), static_kinds=IN_INTEGERS)


def assemble_pictures(piece: onnx.ModelProto) -> onnx.ModelProto:
    """The whole graph: ``raster`` uint8 (N, H, W) → ``embedding`` float32 (N, E)."""
    _, _, height, width = (place.dim_value for place in piece.graph.input[0].type.tensor_type.shape.dim)
    return _assembled([ink_piece(height, width), piece], {RASTER: (UINT8, ["batch", height, width])})


def assemble_descriptions(network: Network) -> onnx.ModelProto:
    """The text encoder with its weights stored as int8: padded descriptions → ``embedding`` float32 (N, E)."""
    shapes: Mapping[str, tuple[int, list[int]]] = dict(
        zip(
            INPUTS,
            (
                (INT64, [MOST_STROKES]),
                (FLOAT, [MOST_STROKES, STROKE_POINTS, 2]),
                (INT64, [MOST_COMPONENTS]),
                (FLOAT, [MOST_COMPONENTS, COMPONENT_NUMBERS]),
            ),
            strict=True,
        )
    )
    kinds: dict[int, Any] = {INT64: torch.int64, FLOAT: torch.float32}
    example = {name: torch.zeros(2, *shape, dtype=kinds[kind]) for name, (kind, shape) in shapes.items()}
    traced = fold_constants(trace_network("encoder", Describer(network), example))
    piece = store_weights(traced, convolutions=True)
    return _assembled([piece], {name: (kind, ["batch", *shape]) for name, (kind, shape) in shapes.items()})


def _assembled(pieces: Sequence[onnx.ModelProto], ends_in: Ends) -> onnx.ModelProto:
    numbers = int(pieces[-1].graph.output[0].type.tensor_type.shape.dim[1].dim_value)
    node = helper.make_node("Identity", [TRACED], [EMBEDDING])
    ends_out: Ends = {EMBEDDING: (FLOAT, ["batch", numbers])}
    last = make_piece("end", [node], {TRACED: (FLOAT, ["batch", numbers])}, ends_out, {})
    return join("glyphlens", [*pieces, last], ends_in, ends_out)
