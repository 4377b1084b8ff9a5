"""A trained recogniser of lines → ONNX graphs for any number of lines of any width, in floats and in integers.

N lines · H×W pixels · T time steps · D numbers of a step · K tokens · L tokens so far
"""

from collections.abc import Sequence

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from glyphlens.export.classifier import FULL_INK, INK, ink_piece
from glyphlens.export.onnx_parts import FLOAT, INT64, UINT8, Ends, Shape, join
from glyphlens.export.quantize import Feeds, Integers, quantize_piece
from glyphlens.export.stored_weights import store_weights
from glyphlens.export.tracing import fold_constants, trace_network
from glyphlens.inference.line_reader import BEFORE, MEMORY, NEXT, STEPS
from glyphlens.inference.recognizer import LOGITS, RASTER
from glyphlens.tracks.khmer.recognizers import attention, ctc
from glyphlens.tracks.khmer.recognizers.line_encoder import HEIGHT_PX, LineEncoder, TokenScores

EXAMPLE_PX, EXAMPLE_TOKENS = 256, 5
IN_INTEGERS = ("Conv", "Relu", "Add")


class FoldedReader(nn.Module):
    """Encoder and scores, whose matrix is one product of weights here."""

    def __init__(self, encoder: LineEncoder, scores: TokenScores) -> None:
        super().__init__()
        matrix = scores.matrix().detach()
        self.encoder, self.scores = encoder, nn.Linear(matrix.shape[1], matrix.shape[0])
        with torch.no_grad():
            self.scores.weight.copy_(matrix)
            self.scores.bias.copy_(scores.bias)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 48, W) → (N, T, K + 1)."""
        logits: Tensor = self.scores(self.encoder(images_N1HW))
        return logits


class NextToken(nn.Module):
    """The decoder of an attention, asked for the next token alone."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, before_NL: Tensor, memory_NTD: Tensor, steps_N: Tensor) -> Tensor:
        """→ (N, K + 1)."""
        logits: Tensor = self.decoder(before_NL, memory_NTD, steps_N)[:, -1]
        return logits


def trace_lines(model: nn.Module) -> onnx.ModelProto:
    """The float piece ``network``: ``raster01`` (N, 1, 48, W) → ``logits`` (N, T, K + 1) or ``memory`` (N, T, D)."""
    example = {INK: torch.zeros(2, 1, HEIGHT_PX, EXAMPLE_PX)}
    traced: nn.Module
    if isinstance(model, attention.Network):
        traced, output = model.encoder, MEMORY
    else:
        assert isinstance(model, ctc.Network)
        traced, output = FoldedReader(model.encoder, model.scores), LOGITS
    return fold_constants(trace_network("network", traced, example, (output,), any_length={INK: [3]}))


def integer_lines(piece: onnx.ModelProto, shown: Sequence[NDArray[np.uint8]], *, reduce_range: bool) -> onnx.ModelProto:
    """The same with convolutions in integers, calibrated on batches (N, 48, W) of training lines; recurrent layers and
    scores in floats, their weights stored as int8."""
    feeds: list[Feeds] = [{INK: lines[:, None].astype(np.float32) / np.float32(FULL_INK)} for lines in shown]
    return quantize_piece(piece, feeds, Integers(reduce_range), static_kinds=IN_INTEGERS)


def assemble_lines(piece: onnx.ModelProto, numbers: int) -> onnx.ModelProto:
    """The whole graph: ``raster`` uint8 (N, 48, W) → what the piece gives, ``numbers`` a time step."""
    shape: Shape = ["batch", "steps", numbers]
    ends_out: Ends = {piece.graph.output[0].name: (FLOAT, shape)}
    ends_in: Ends = {RASTER: (UINT8, ["batch", HEIGHT_PX, "width"])}
    return join("glyphlens", [ink_piece(HEIGHT_PX, "width"), piece], ends_in, ends_out)


def assemble_decoder(model: attention.Network) -> onnx.ModelProto:
    """The decoder with its weights stored as int8: ``before`` int64 (N, L), ``memory`` (N, T, D) and ``steps`` int64
    (N,), how many of T count → ``next`` float32 (N, K + 1), the end last."""
    features = model.encoder.features
    example = {
        BEFORE: torch.zeros(2, EXAMPLE_TOKENS, dtype=torch.int64),
        MEMORY: torch.zeros(2, EXAMPLE_PX // 4, features),
        STEPS: torch.full((2,), EXAMPLE_PX // 4),
    }
    free = {BEFORE: [1], MEMORY: [1]}
    traced = trace_network("decoder", NextToken(model.decoder), example, (NEXT,), any_length=free)
    ends_in: Ends = {
        BEFORE: (INT64, ["batch", "tokens"]),
        MEMORY: (FLOAT, ["batch", "frames", features]),
        STEPS: (INT64, ["batch"]),
    }
    ends_out: Ends = {NEXT: (FLOAT, ["batch", model.config.tokens + 1])}
    return join("glyphlens", [store_weights(fold_constants(traced))], ends_in, ends_out)
