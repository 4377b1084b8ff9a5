"""Float pieces → int8 pieces, by what their graphs contain: weights int8 per channel, activations uint8.

Convolutions are quantised statically (QDQ, calibrated on real samples): several times as fast as float and 3.9 times
smaller. What recurrent layers and attention multiply spreads over ranges that change from sample to sample: their
weights are stored as int8 and multiplied as floats. Ranges taken from the batch at hand (dynamic quantisation) would
make a sample's answer depend on the batch that it comes in; so would any rounding behind a sum of floats, whose last
bits do. Here integers come first, then floats.
"""

import contextlib
import logging
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from glyphlens.export.onnx_parts import clean
from glyphlens.export.stored_weights import PRODUCTS, RECURRENT, store_weights
from glyphlens.inference.recognizer import open_session

CALIBRATION_BATCH = 64
# What onnxruntime runs in integers between two convolutions; anything else would go to float and back.
CONVOLUTION_KINDS = (
    *("Conv", "Relu", "Clip", "Add", "Mul", "Sigmoid", "Concat", "Reshape", "Transpose", "Flatten"),
    *("MaxPool", "AveragePool", "GlobalAveragePool"),
)
Feeds = Mapping[str, NDArray[Any]]


class Integers(NamedTuple):
    """``reduce_range`` keeps weights to 7 bits, because processors without VNNI add U8S8 products in 16 bits that
    saturate; ``float_nodes`` are names of nodes left in float."""

    reduce_range: bool
    float_nodes: tuple[str, ...] = ()


class Content(NamedTuple):
    """How many layers of each kind a graph has; ``attention``: products of two activations, or of softmax weights."""

    convolutions: int
    recurrent: int
    attention: int


def content_of(piece: onnx.ModelProto) -> Content:
    """What a float graph is made of."""
    constants = {constant.name for constant in piece.graph.initializer}
    constants |= {node.output[0] for node in piece.graph.node if node.op_type == "Constant"}
    kinds = Counter(node.op_type for node in piece.graph.node)
    free = {node.name for node in piece.graph.node if node.op_type == "MatMul" and not constants & set(node.input)}
    weights = {node.output[0] for node in piece.graph.node if node.op_type == "Softmax"}
    summed = {node.name for node in piece.graph.node if node.op_type in PRODUCTS and weights & set(node.input)}
    attention = len(free | summed)
    return Content(kinds["Conv"], sum(kinds[name] for name in RECURRENT), attention)


def quantize_piece(
    piece: onnx.ModelProto,
    feeds: Sequence[Feeds],
    settings: Integers,
    *,
    static_kinds: Sequence[str] = (*CONVOLUTION_KINDS, *PRODUCTS),
) -> onnx.ModelProto:
    """The int8 piece of a float piece; ``feeds`` are batches of its inputs, of training samples, to calibrate on."""
    content = content_of(piece)
    in_sequence = bool(content.recurrent or content.attention)
    if content.convolutions > 1:
        kinds = [kind for kind in static_kinds if not (in_sequence and kind in PRODUCTS)]
        apart = _apart_from_convolutions(piece, kinds) if in_sequence else ()
        static = settings._replace(float_nodes=(*settings.float_nodes, *apart))
        piece = quantize_static_piece(piece, feeds, kinds, static)
    if content.convolutions <= 1 or in_sequence:
        piece = store_weights(piece)
    return piece


def batched(feeds: Feeds, batch: int = CALIBRATION_BATCH) -> list[Feeds]:
    """The same rows, ``batch`` at a time."""
    rows = len(next(iter(feeds.values())))
    return [{name: feed[start : start + batch] for name, feed in feeds.items()} for start in range(0, rows, batch)]


def quantize_static_piece(
    piece: onnx.ModelProto, feeds: Sequence[Feeds], kinds: Collection[str], settings: Integers
) -> onnx.ModelProto:
    """One piece in QDQ form. Products keep float outputs: the next step (a maximum, a choice) needs their digits."""
    with _files(piece) as (source, target):
        quantize_static(
            source,
            target,
            _Reader(feeds),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=settings.reduce_range,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=list(kinds),
            nodes_to_exclude=list(settings.float_nodes),
            extra_options={"OpTypesToExcludeOutputQuantization": list(PRODUCTS)},
        )
        return _named(onnx.load(target), piece)


def run_piece(model: onnx.ModelProto, feeds: Feeds, output: str) -> NDArray[Any]:
    """One output of a model over all rows, batch by batch."""
    with _files(model) as (source, _):
        session = open_session(source)
    return np.concatenate([session.run([output], dict(batch))[0] for batch in batched(feeds)])


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hands the calibrator one batch after the other."""

    def __init__(self, feeds: Sequence[Feeds]) -> None:
        self.feeds = iter(feeds)

    def get_next(self) -> Feeds | None:
        return next(self.feeds, None)


def _apart_from_convolutions(piece: onnx.ModelProto, kinds: Collection[str]) -> list[str]:
    """Names of nodes of these kinds that something else than convolutions feeds, such as the sums of a transformer."""
    constants = {constant.name for constant in piece.graph.initializer}
    covered = {end.name for end in piece.graph.input}
    apart = []
    for node in piece.graph.node:
        fed = {name for name in node.input if name and name not in constants}
        if node.op_type == "Conv" or (node.op_type in kinds and fed <= covered):
            covered |= set(node.output)
        elif node.op_type in kinds:
            apart.append(node.name)
    return apart


def _named(model: onnx.ModelProto, like: onnx.ModelProto) -> onnx.ModelProto:
    piece = clean(model)
    piece.graph.name = like.graph.name
    return piece


@contextlib.contextmanager
def _files(model: onnx.ModelProto) -> Iterator[tuple[Path, Path]]:
    """The model as a file and a place for its successor; the quantiser's advice is kept off the screen."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "source.onnx"
            onnx.save(model, source)
            yield source, Path(folder) / "target.onnx"
    finally:
        root.setLevel(level)
