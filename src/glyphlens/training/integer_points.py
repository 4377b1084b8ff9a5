"""Where a network will be rounded to integers: the rule for torchao, and the ranges that it learns.

torchao's X86InductorQuantizer leaves a convolution in floats when something other than a convolution reads it, such as
the product of a squeeze-and-excitation block. Here every operator that onnxruntime has in integers gets rounded inputs,
and every convolution a rounded result, so that no float is left between them.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node
from torchao.quantization.pt2e import (
    FakeQuantize,
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
)
from torchao.quantization.pt2e.quantizer import (
    DerivedQuantizationSpec,
    QuantizationAnnotation,
    QuantizationSpec,
    QuantizationSpecBase,
    Quantizer,
    SharedQuantizationSpec,
)

aten = torch.ops.aten
WEIGHTED = (aten.conv2d, aten.linear)
INTEGER = (aten.mul, aten.add, aten.sigmoid, aten.mean, aten.adaptive_avg_pool2d)
CLAMPS = (aten.relu, aten.relu_, aten.hardtanh, aten.hardtanh_, aten.clamp)
RANGE_AVERAGING = 0.01  # share of a batch's extremes in the running range of an activation
SMALLEST_STEP = 2**-12  # of activations
SMALLEST_WEIGHT_STEP = 2**-16  # together they leave room for a bias of ±8
BIAS_LIMIT = 2**31 - 128  # the largest int32 that is a float32


def activation_spec() -> QuantizationSpec:
    """uint8 of one step for all: 0..255 over the running range."""
    return QuantizationSpec(
        dtype=torch.uint8,
        quant_min=0,
        quant_max=255,
        qscheme=torch.per_tensor_affine,
        observer_or_fake_quant_ctr=FakeQuantize.with_args(
            observer=MovingAverageMinMaxObserver, averaging_constant=RANGE_AVERAGING, eps=SMALLEST_STEP
        ),
    )


def weight_spec(*, reduce_range: bool) -> QuantizationSpec:
    """int8 with a step per output channel, over the weights as they are now; ±63 with ``reduce_range``, else ±127.

    torchao's own reduced range halves the activations instead, which ONNX cannot say: QuantizeLinear saturates at 255.
    """
    limit = 63 if reduce_range else 127
    return QuantizationSpec(
        dtype=torch.int8,
        quant_min=-limit,
        quant_max=limit,
        qscheme=torch.per_channel_symmetric,
        ch_axis=0,
        observer_or_fake_quant_ctr=FakeQuantize.with_args(
            observer=MovingAveragePerChannelMinMaxObserver, averaging_constant=1.0, eps=SMALLEST_WEIGHT_STEP
        ),
    )


def bias_spec(layer: Node) -> DerivedQuantizationSpec:
    """int32 in the unit in which an integer kernel adds up: the step of the activation times that of the weight."""
    return DerivedQuantizationSpec(
        derived_from=[(layer.args[0], layer), (layer.args[1], layer)],
        derive_qparams_fn=_products,
        dtype=torch.int32,
        quant_min=-BIAS_LIMIT,
        quant_max=BIAS_LIMIT,
        qscheme=torch.per_channel_symmetric,
        ch_axis=0,
    )


class IntegerPoints(Quantizer):  # type: ignore[misc]
    """Rounds the inputs of integer operators and the results of convolutions; the class scores stay floats."""

    def __init__(self, *, reduce_range: bool) -> None:
        super().__init__()
        self.activation, self.weight = activation_spec(), weight_spec(reduce_range=reduce_range)

    def annotate(self, model: GraphModule) -> GraphModule:
        """Mark the nodes of a traced graph."""
        for node in model.graph.nodes:
            kind = _kind(node)
            if kind in WEIGHTED:
                _mark(node, {node.args[0]: self.activation, node.args[1]: self.weight})
                if len(node.args) > 2 and node.args[2] is not None:
                    _mark(node, {node.args[2]: bias_spec(node)})
            elif kind in INTEGER:
                tensors = [source for source in node.args if isinstance(source, Node)]
                _mark(node, dict.fromkeys(tensors, self.activation))
            elif kind is aten.max_pool2d:
                _mark(node, {node.args[0]: self.activation}, SharedQuantizationSpec((node.args[0], node)))
            if kind is aten.conv2d:
                _mark(_clamped(node), {}, self.activation)
        return model

    def validate(self, model: GraphModule) -> None:
        """Nothing to refuse: an operator that is not listed stays in floats."""


def _products(rounders: list[FakeQuantize]) -> tuple[Tensor, Tensor]:
    (activation_step, _), (steps_C, zeros_C) = (rounder.calculate_qparams() for rounder in rounders)
    return activation_step * steps_C, torch.zeros_like(zeros_C, dtype=torch.int32)


def _kind(node: Node) -> Any:
    return getattr(node.target, "overloadpacket", None)


def _clamped(convolution: Node) -> Node:
    """The ReLU that alone reads a convolution and disappears in its rounding, or the convolution."""
    users = list(convolution.users)
    return users[0] if len(users) == 1 and _kind(users[0]) in CLAMPS else convolution


def _mark(node: Node, inputs: Mapping[Node, QuantizationSpecBase], output: QuantizationSpecBase | None = None) -> None:
    mark = node.meta.setdefault("quantization_annotation", QuantizationAnnotation(_annotated=True))
    mark.input_qspec_map.update(inputs)
    mark.output_qspec = output or mark.output_qspec
