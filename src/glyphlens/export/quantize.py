"""Float pieces → int8 pieces: static QDQ, activations uint8, weights int8 per channel, calibrated on real rasters.

On convolutions that is several times as fast and 3.9 times smaller, where dynamic quantisation would be slower than
float. A transformer has no convolutions worth it: its matrix products are quantised dynamically.
"""

import contextlib
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from glyphlens.errors import InputError
from glyphlens.export.distinct import CELL_PIXELS
from glyphlens.export.graph import Networks, grid_graph
from glyphlens.export.onnx_parts import UINT8, clean
from glyphlens.inference import open_session

CALIBRATION_BATCH = 64
PHASE1_KINDS = ["Gemm", "Relu"]
PHASE2_KINDS = ["Conv", "Relu", "Add", "Gather", "Transpose", "Reshape", "Concat", "Gemm", "MatMul"]
Feeds = dict[str, NDArray[Any]]


class _Settings(NamedTuple):
    """What both kinds of quantisation are told."""

    reduce_range: bool
    float_nodes: list[str]


def quantize(
    networks: Networks,
    rasters_NHW: NDArray[np.uint8],
    geometry_NF: NDArray[np.float32],
    *,
    reduce_range: bool,
    float_nodes: Sequence[str] = (),
) -> Networks:
    """The int8 pieces of two float pieces.

    ``rasters_NHW`` uint8 (N, 128, 128) of 0..255 and ``geometry_NF`` float32 (N, 7) are training samples to calibrate
    on; ``reduce_range`` keeps weights to 7 bits, because processors without VNNI add U8S8 products in 16 bits that
    saturate; ``float_nodes`` are node names left in float. Raises InputError where no raster holds ink.
    """
    if not rasters_NHW.any():
        raise InputError(f"{len(rasters_NHW)} calibration rasters hold no ink; they must be real training glyphs")
    grids = _run(grid_graph(networks), {"raster": rasters_NHW}, "grid")
    parts = [slice(start, start + CALIBRATION_BATCH) for start in range(0, len(grids), CALIBRATION_BATCH)]
    settings = _Settings(reduce_range, list(float_nodes))
    phase1 = _static(networks.phase1, [{"ink": _distinct_cells(rasters_NHW)}], PHASE1_KINDS, settings)
    if sum(node.op_type == "Conv" for node in networks.phase2.graph.node) > 1:
        feeds = [{"grid": grids[part], "geometry": geometry_NF[part]} for part in parts]
        phase2 = _static(networks.phase2, feeds, PHASE2_KINDS, settings)
    else:
        phase2 = _dynamic(networks.phase2, settings)
    entries = [node for node in phase1.graph.node if node.op_type == "QuantizeLinear" and node.input[0] == "ink"]
    return Networks(_read_bytes(phase1, entries[0]), phase2, reads_bytes=True) if entries else Networks(phase1, phase2)


def integer_kernels(model: onnx.ModelProto) -> Counter[str]:
    """How often each integer kernel stands in the graph as onnxruntime runs it."""
    with tempfile.TemporaryDirectory() as folder:
        source, optimized = Path(folder) / "model.onnx", Path(folder) / "optimized.onnx"
        onnx.save(model, source)
        open_session(source, optimized=optimized)
        kinds = Counter(node.op_type for node in onnx.load(optimized).graph.node)
    integer = ("QLinear", "QGemm", "MatMulInteger", "DynamicQuantizeMatMul")
    return Counter({kind: count for kind, count in kinds.items() if kind.startswith(integer)})


def require_integer_kernels(model: onnx.ModelProto) -> Counter[str]:
    """``integer_kernels`` of an int8 model; raises InputError where its convolutions or products still run in float."""
    kernels = integer_kernels(model)
    convolutions = sum(node.op_type == "Conv" for node in model.graph.node)
    if (convolutions > 1 and not kernels["QLinearConv"]) or not any(kind != "MatMulInteger" for kind in kernels):
        raise InputError(
            f"int8 model: onnxruntime runs {dict(kernels)} of {convolutions} convolutions in integers; "
            "another version of it may need another QDQ form, see export.float_nodes"
        )
    return kernels


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hands the calibrator one batch after the other."""

    def __init__(self, feeds: Sequence[Feeds]) -> None:
        self.feeds = iter(feeds)

    def get_next(self) -> Feeds | None:
        return next(self.feeds, None)


def _static(piece: onnx.ModelProto, feeds: Sequence[Feeds], kinds: list[str], settings: _Settings) -> onnx.ModelProto:
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
            op_types_to_quantize=kinds,
            nodes_to_exclude=settings.float_nodes,
            extra_options={"OpTypesToExcludeOutputQuantization": ["MatMul", "Gemm"]},
        )
        return _named(onnx.load(target), piece)


def _dynamic(piece: onnx.ModelProto, settings: _Settings) -> onnx.ModelProto:
    with _files(piece) as (source, target):
        quantize_dynamic(
            source,
            target,
            per_channel=True,
            reduce_range=settings.reduce_range,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm"],
            nodes_to_exclude=settings.float_nodes,
        )
        return _named(onnx.load(target), piece)


def _read_bytes(phase1: onnx.ModelProto, entry: onnx.NodeProto) -> onnx.ModelProto:
    """The quantised phase 1 fed with the cells' bytes in place of ``entry``, which quantises the ink: ink of 0..255
    at scale 1 *is* its own quantisation."""
    piece = onnx.ModelProto()
    piece.CopyFrom(phase1)
    graph = piece.graph
    values = {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}
    scale, zero = float(values[entry.input[1]]), int(values[entry.input[2]])
    if (scale, zero) != (1.0, 0):
        raise InputError(
            f"calibration gave ink the scale {scale} and zero point {zero}: no raster holds full ink (255)"
        )
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == entry.output[0]:
                node.input[place] = "cells"
    graph.node.remove(entry)
    graph.input[0].name = "cells"
    graph.input[0].type.tensor_type.elem_type = UINT8
    return piece


def _distinct_cells(rasters_NHW: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(D, 64) the distinct cells of the rasters, as float ink of 0..255."""
    grid = rasters_NHW.shape[1] // 8
    cells = rasters_NHW.reshape(-1, grid, 8, grid, 8).swapaxes(2, 3).reshape(-1, CELL_PIXELS)
    words = np.ascontiguousarray(cells).view(np.uint64)
    _, first = np.unique(words, axis=0, return_index=True)
    return cells[first].astype(np.float32)


def _run(model: onnx.ModelProto, feeds: Feeds, output: str) -> NDArray[Any]:
    """One output of a model over all rows, batch by batch."""
    with _files(model) as (source, _):
        session = open_session(source)
    rows = len(next(iter(feeds.values())))
    starts = range(0, rows, CALIBRATION_BATCH)
    batches = ({name: feed[start : start + CALIBRATION_BATCH] for name, feed in feeds.items()} for start in starts)
    return np.concatenate([session.run([output], batch)[0] for batch in batches])


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
