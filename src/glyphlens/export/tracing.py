"""A trained network → an ONNX piece with a dynamic batch, by torch's exporter.

N samples · C classes
"""

import contextlib
import functools
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import onnx
import torch
import torch._dynamo.config
from onnx import NodeProto, helper, numpy_helper
from torch import nn
from torch._decomp import decompositions
from torch.nn import functional
from torch.onnx._internal.exporter import _registration

from glyphlens.export.onnx_parts import OPSET, clean

MAP_AXES = ([2, 3], [-2, -1])
FOLDED_BYTES = 1 << 30  # the exporter by itself leaves what is larger than 1 MiB to be computed in every run


def trace_network(
    name: str,
    model: nn.Module,
    example: Mapping[str, torch.Tensor],
    outputs: Sequence[str] = ("raw_logits",),
    *,
    any_length: Mapping[str, Sequence[int]] | None = None,
) -> onnx.ModelProto:
    """The piece ``name``: the inputs named in ``example`` (in the order of ``forward``) → ``outputs``, N rows each.

    ``any_length``: of an input, the axes beside the first that may have any length. What the exporter has to say is
    kept off the screen.
    """
    registry_log = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = registry_log.level
    registry_log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), _quick_exporter():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                model.eval().to(memory_format=torch.contiguous_format),  # type: ignore[call-overload]
                tuple(example.values()),
                dynamo=True,
                dynamic_shapes=_any_shapes(example, any_length or {}),
                input_names=list(example),
                output_names=list(outputs),
                opset_version=OPSET,
                verbose=False,
            )
    finally:
        registry_log.setLevel(level)
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    piece = clean(program.model_proto)
    piece.graph.name = name
    return piece


@contextlib.contextmanager
def _quick_exporter() -> Iterator[None]:
    """torch's exporter without three detours that take longer than the rest of it.

    To learn the shapes that a recurrent layer gives, it computes the layer step by step, three times, and takes the
    number of steps for fixed; it parses the translation of every operator anew for each network; and it keeps shapes
    that nothing asks for again.
    """
    registry, layers = _registration.ONNXRegistry, decompositions._rnn_helper
    quick: dict[tuple[Any, str], Any] = {
        (decompositions, "_rnn_helper"): functools.partial(_shapes_of_layers, layers),
        (registry, "from_torchlib"): staticmethod(functools.partial(_translations, _operators())),
    }
    own = {detour: vars(detour[0])[detour[1]] for detour in quick}
    for detour, function in quick.items():
        setattr(*detour, function)
    try:
        with torch._dynamo.config.patch(fake_tensor_cache_enabled=False):
            yield
    finally:
        for detour, function in own.items():
            setattr(*detour, function)


_from_torchlib = _registration.ONNXRegistry.from_torchlib


@functools.cache
def _translations(_known: int, **options: Any) -> _registration.ONNXRegistry:
    """Those of torch's library; of operators that are not known yet it leaves them out."""
    return _from_torchlib(**options)


def _operators() -> int:
    """How many torch knows: libraries for quantisation bring theirs when they are imported."""
    return len(torch._C._dispatch_get_all_op_names())


def _shapes_of_layers(layers: Any, *arguments: Any) -> Any:
    """What torch's ``_rnn_helper`` gives, right in its shapes alone; the last argument computes one layer."""

    def layer(steps_TND: Any, hidden: Any, weights: Any, _has_biases: bool, **_: bool) -> tuple[Any, Any]:
        return functional.linear(steps_TND, weights[0])[..., : weights[1].shape[1]], hidden

    return layers(*arguments[:-1], layer)


def _any_shapes(example: Mapping[str, torch.Tensor], any_length: Mapping[str, Sequence[int]]) -> tuple[Any, ...]:
    axes = {name: dict.fromkeys(any_length.get(name, ()), torch.export.Dim.AUTO) for name in example}
    return tuple({0: "batch", **axes[name]} for name in example)


def fold_constants(piece: onnx.ModelProto) -> onnx.ModelProto:
    """The same piece with everything computed that depends on weights alone, and without weights that nothing uses.

    torch writes the weights of a recurrent layer cut and joined anew in every run; int8 needs them whole.
    """
    from onnxscript import optimizer

    folded = onnx.ModelProto()
    folded.CopyFrom(piece)
    result: onnx.ModelProto = optimizer.optimize(
        folded, input_size_limit=FOLDED_BYTES, output_size_limit=FOLDED_BYTES, onnx_shape_inference=True
    )
    tidy = clean(result)
    tidy.graph.name = piece.graph.name
    return tidy


def pool_maps(piece: onnx.ModelProto) -> None:
    """Write the mean of a whole map under the name that has an integer kernel."""
    constants = {constant.name: numpy_helper.to_array(constant) for constant in piece.graph.initializer}
    for node in piece.graph.node:
        if node.op_type != "ReduceMean" or len(node.input) < 2 or node.input[1] not in constants:
            continue
        if sorted(constants[node.input[1]].tolist()) in MAP_AXES and _keeps_axes(node):
            node.op_type = "GlobalAveragePool"
            del node.input[1:]
            del node.attribute[:]


def _keeps_axes(node: NodeProto) -> bool:
    return bool(next((helper.get_attribute_value(entry) for entry in node.attribute if entry.name == "keepdims"), 1))
