"""What onnxruntime runs in integers of an int8 model: counted in the graph as it is really executed."""

import tempfile
from collections import Counter
from pathlib import Path

import onnx

from glyphlens.core.errors import InputError
from glyphlens.export.stored_weights import STORED
from glyphlens.inference.recognizer import open_session

INTEGER = ("QLinear", "QGemm", "MatMulInteger")


def integer_kernels(model: onnx.ModelProto) -> Counter[str]:
    """How often each integer kernel stands in the graph as onnxruntime runs it."""
    return Counter({kind: count for kind, count in _optimized_kinds(model).items() if kind.startswith(INTEGER)})


def require_integer_kernels(model: onnx.ModelProto) -> Counter[str]:
    """``integer_kernels`` of an int8 model; raises InputError where its convolutions or its weights are floats."""
    kernels = integer_kernels(model)
    convolutions = sum(node.op_type == "Conv" for node in model.graph.node)
    stored = stored_layers(model)
    is_float = convolutions > 1 and not kernels["QLinearConv"]
    if is_float or not (stored or any(kind != "MatMulInteger" for kind in kernels)):
        raise InputError(
            f"int8 model: onnxruntime runs {dict(kernels)} of {convolutions} convolutions in integers, and the weights "
            f"of {stored} layers are stored as int8; another version of it may need another QDQ form, or other nodes "
            "left in float"
        )
    return kernels


def method_of(model: onnx.ModelProto) -> str:
    """How the layers of an int8 model are quantised, in words."""
    kinds = Counter(node.op_type for node in model.graph.node)
    stored = stored_layers(model)
    said = {
        "convolutions statically": kinds["Conv"] > 1,
        "matrix products statically": kinds["Gemm"] > 0 and not stored,
        "recurrent layers and matrix products in floats, their weights stored as int8": stored > 0,
    }
    return ", ".join(words for words, is_so in said.items() if is_so)


def stored_layers(model: onnx.ModelProto) -> int:
    """How many matrices of an int8 model are stored as int8 and multiplied as floats."""
    return sum(node.name.endswith(STORED) for node in model.graph.node)


def _optimized_kinds(model: onnx.ModelProto) -> Counter[str]:
    with tempfile.TemporaryDirectory() as folder:
        source, optimized = Path(folder) / "model.onnx", Path(folder) / "optimized.onnx"
        onnx.save(model, source)
        open_session(source, optimized=optimized)
        return Counter(node.op_type for node in onnx.load(optimized).graph.node)
