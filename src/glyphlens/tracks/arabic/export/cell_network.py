"""CellCNN → four matrix products with pooling in between: what the exported graph runs instead of convolutions.

On 8×8 pixels a convolution's set-up costs more than its arithmetic; written out as a matrix over the whole cell it
is one large product, which both float and int8 kernels do at full speed. With s, b the scale and shift of a batch
normalisation behind a ReLU, s·relu(z) = clip(s·z) — to [0, ∞) where s ≥ 0, to (-∞, 0] where s < 0 — and clipping
commutes with max pooling. So s goes into the matrix before, b through the matrix after, and the pooled quarter alone
is clipped.

D cells · I inputs · M = 4 members of a pool · O pooled outputs · K + 1 ids
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import nn
from torch.nn import functional

from glyphlens.core.errors import InputError
from glyphlens.export.onnx_parts import FLOAT, INT64, Ends, make_piece
from glyphlens.tracks.arabic.export.distinct import CELL_PIXELS, CELL_PX
from glyphlens.tracks.arabic.recognizers.cells import CellCNN

FULL_INK = 255.0
POOL = 2
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class PooledProduct:
    """clip(max over M of (x @ weight + bias)): ``weight`` (I, M·O), ``bias`` (M·O,), ``low`` and ``high`` (O,)."""

    weight: Floats
    bias: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class CellNetwork:
    """The whole of phase 1 on ink of 0..255: two pooled products, then ``x @ weight + bias`` with a ReLU between."""

    pooled: tuple[PooledProduct, PooledProduct]
    hidden: tuple[Floats, Floats]
    output: tuple[Floats, Floats]


def unfold(model: nn.Module) -> CellNetwork:
    """The matrices of a trained CellCNN; raises InputError for any other network."""
    if not isinstance(model, CellCNN):
        raise InputError(f"phase 1 is a {type(model).__name__}, only a CellCNN can be exported")
    convolutions = [layer for layer in model.layers if isinstance(layer, nn.Conv2d)]
    norms = [layer for layer in model.layers if isinstance(layer, nn.BatchNorm2d)]
    hidden, output = (layer for layer in model.layers if isinstance(layer, nn.Linear))
    first, shift = _pooled(convolutions[0], norms[0], CELL_PX, np.zeros(CELL_PIXELS), 1 / FULL_INK)
    second, shift = _pooled(convolutions[1], norms[1], CELL_PX // POOL, shift, 1.0)
    weight = _float64(hidden.weight)
    return CellNetwork(
        (first, second),
        (_f32(weight.T), _f32(_float64(_bias(hidden)) + weight @ shift)),
        (_f32(_float64(output.weight).T), _f32(_float64(_bias(output)))),
    )


def logits_piece(network: CellNetwork) -> onnx.ModelProto:
    """``ink`` float (D, 64) of 0..255 → ``cell_logits`` float (D, K + 1)."""
    nodes: list[onnx.NodeProto] = []
    constants: dict[str, NDArray[Any]] = {"member_axis": np.array([1])}
    flow = "ink"
    for number, part in enumerate(network.pooled):
        members = np.array([-1, POOL * POOL, len(part.low)])
        constants |= {f"w{number}": part.weight, f"b{number}": part.bias, f"members{number}": members}
        constants |= {f"low{number}": part.low, f"high{number}": part.high}
        nodes += [
            helper.make_node("Gemm", [flow, f"w{number}", f"b{number}"], [f"product{number}"], name=f"product{number}"),
            helper.make_node("Reshape", [f"product{number}", f"members{number}"], [f"split{number}"]),
            helper.make_node("ReduceMax", [f"split{number}", "member_axis"], [f"pooled{number}"], keepdims=0),
            helper.make_node("Max", [f"pooled{number}", f"low{number}"], [f"above{number}"]),
            helper.make_node("Min", [f"above{number}", f"high{number}"], [f"clipped{number}"]),
        ]
        flow = f"clipped{number}"
    constants |= {"w2": network.hidden[0], "b2": network.hidden[1], "w3": network.output[0], "b3": network.output[1]}
    nodes += [
        helper.make_node("Gemm", [flow, "w2", "b2"], ["product2"], name="product2"),
        helper.make_node("Relu", ["product2"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "w3", "b3"], ["cell_logits"], name="product3"),
    ]
    ids = network.output[1].size
    ends_in: Ends = {"ink": (FLOAT, ["distinct", CELL_PIXELS])}
    return make_piece("phase1", nodes, ends_in, {"cell_logits": (FLOAT, ["distinct", ids])}, constants)


def choice_piece(ids: int) -> onnx.ModelProto:
    """``cell_logits`` float (D, K + 1) → ``ids`` int64 (D,), the first of equal maxima."""
    node = helper.make_node("ArgMax", ["cell_logits"], ["ids"], axis=1, keepdims=0)
    ends_in: Ends = {"cell_logits": (FLOAT, ["distinct", ids])}
    return make_piece("choice", [node], ends_in, {"ids": (INT64, ["distinct"])}, {})


def _pooled(
    layer: nn.Conv2d, norm: nn.BatchNorm2d, side_px: int, shift_I: NDArray[np.float64], gain: float
) -> tuple[PooledProduct, NDArray[np.float64]]:
    """The product that stands for convolution, ReLU, normalisation and pooling, and the shift it leaves behind."""
    with torch.no_grad():
        basis = torch.eye(layer.in_channels * side_px * side_px, dtype=torch.float64)
        images = basis.reshape(-1, layer.in_channels, side_px, side_px)
        maps = functional.conv2d(images, layer.weight.double(), None, layer.stride, layer.padding)
    half = side_px // POOL
    channels = layer.out_channels
    split = maps.numpy().reshape(-1, channels, half, POOL, half, POOL).transpose(0, 3, 5, 1, 2, 4)
    weight = split.reshape(len(basis), POOL * POOL * channels * half * half)

    assert norm.running_var is not None and norm.running_mean is not None
    scale_C = _float64(norm.weight) / np.sqrt(_float64(norm.running_var) + norm.eps)
    left_C = _float64(norm.bias) - _float64(norm.running_mean) * scale_C
    scale = np.tile(np.repeat(scale_C, half * half), POOL * POOL)
    bias = np.tile(np.repeat(_float64(_bias(layer)), half * half), POOL * POOL)
    sign_O = np.repeat(scale_C, half * half)
    product = PooledProduct(
        _f32(weight * gain * scale),
        _f32((bias + shift_I @ weight) * scale),
        _f32(np.where(sign_O >= 0, 0.0, np.finfo(np.float32).min)),
        _f32(np.where(sign_O >= 0, np.finfo(np.float32).max, 0.0)),
    )
    return product, np.repeat(left_C, half * half)


def _bias(layer: nn.Conv2d | nn.Linear) -> torch.Tensor:
    return layer.bias if layer.bias is not None else torch.zeros(layer.weight.shape[0])


def _float64(tensor: torch.Tensor) -> NDArray[np.float64]:
    return tensor.detach().cpu().double().numpy()


def _f32(array: NDArray[np.float64]) -> Floats:
    return np.ascontiguousarray(array, np.float32)
