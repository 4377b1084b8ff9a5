"""A trained recogniser of scans → ONNX graphs: the whole pass, and the step of one line with its cache.

N scans · L lines · S samples of a line · T answers · C classes
"""

import onnx
import torch
from torch import Tensor, nn

from glyphlens.export.stored_weights import store_weights
from glyphlens.export.tracing import fold_constants, trace_network
from glyphlens.inference.folder import Precision
from glyphlens.inference.recognizer import LOGITS
from glyphlens.inference.streams import LINE, LINES, NEXT
from glyphlens.tracks.scan_lines.recognizers.registry import StreamingNetwork

Graphs = dict[Precision, onnx.ModelProto]


class Step(nn.Module):
    """The step of a network as it is exported: one line and the three tensors of its cache, one by one."""

    def __init__(self, network: StreamingNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, line_NS: Tensor, first: Tensor, second: Tensor, third: Tensor) -> tuple[Tensor, ...]:
        """(N, S) and a cache → (N, C) logits and the next cache."""
        logits_NC, cache = self.network.step(line_NS, (first, second, third))
        return logits_NC, *cache


def whole_graphs(network: nn.Module, shape_LS: tuple[int, int]) -> Graphs:
    """``lines`` float32 (N, L, S), NaN where missing → ``logits`` float32 (N, T, C)."""
    traced = trace_network("glyphlens", network, {LINES: torch.zeros(2, *shape_LS)}, (LOGITS,))
    return _both(traced)


def step_graphs(network: nn.Module, samples: int) -> Graphs:
    """``line`` float32 (N, S) and the cache by the names of its tensors → ``logits`` float32 (N, C) and each tensor of
    the cache as ``next_…``; nothing where the network waits for the last line."""
    if not isinstance(network, StreamingNetwork):
        return {}
    cache = dict(zip(network.cache_names, network.start(2), strict=True))
    outputs = (LOGITS, *(f"{NEXT}{name}" for name in cache))
    return _both(trace_network("glyphlens", Step(network), {LINE: torch.zeros(2, samples), **cache}, outputs))


def _both(traced: onnx.ModelProto) -> Graphs:
    """In floats, and with weights stored as int8 and multiplied as floats.

    Rounded activations would make the answer after a line depend on whether it came alone or with others, and the
    tokeniser, all that gains by integers, is a tenth of the work: the step of a file says what the file says.
    """
    folded = fold_constants(traced)
    return {"fp32": folded, "int8": store_weights(folded, convolutions=True)}
