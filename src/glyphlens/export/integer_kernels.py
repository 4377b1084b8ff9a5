"""What onnxruntime runs in integers of an int8 model: counted in the graph as it is really executed."""

import tempfile
from collections import Counter
from pathlib import Path

import onnx

from glyphlens.errors import InputError
from glyphlens.export.stored_weights import STORED
from glyphlens.inference import open_session

INTEGER = ("QLinear", "QGemm", "MatMulInteger", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM")


def integer_kernels(model: onnx.ModelProto) -> Counter[str]:
    """How often each integer kernel stands in the graph as onnxruntime runs it."""
    return Counter({kind: count for kind, count in _optimized_kinds(model).items() if kind.startswith(INTEGER)})


def require_integer_kernels(model: onnx.ModelProto) -> Counter[str]:
    """``integer_kernels`` of an int8 model; raises InputError where its convolutions or products still run in float."""
    kernels = integer_kernels(model)
    kinds = Counter(node.op_type for node in model.graph.node)
    is_float = kinds["Conv"] > 1 and not kernels["QLinearConv"]
    if is_float or kinds["LSTM"] or not any(kind != "MatMulInteger" for kind in kernels):
        raise InputError(
            f"int8 model: onnxruntime runs {dict(kernels)} of {kinds['Conv']} convolutions in integers and "
            f"{kinds['LSTM']} recurrent layers in float; another version of it may need another QDQ form, or other "
            "nodes left in float"
        )
    return kernels


def method_of(model: onnx.ModelProto) -> str:
    """How the layers of an int8 model are quantised, in words."""
    kinds = Counter(node.op_type for node in model.graph.node)
    stored = any(node.name.endswith(STORED) for node in model.graph.node)
    said = {
        "convolutions statically": kinds["Conv"] > 1,
        "matrix products statically": kinds["Gemm"] > 0,
        "matrix products dynamically": kinds["MatMulInteger"] > 0,
        "LSTM layers dynamically": kinds["DynamicQuantizeLSTM"] > 0,
        "GRU layers and softmax-weighted sums in floats, their weights stored as int8": stored,
    }
    return ", ".join(words for words, is_so in said.items() if is_so)


def _optimized_kinds(model: onnx.ModelProto) -> Counter[str]:
    with tempfile.TemporaryDirectory() as folder:
        source, optimized = Path(folder) / "model.onnx", Path(folder) / "optimized.onnx"
        onnx.save(model, source)
        open_session(source, optimized=optimized)
        return Counter(node.op_type for node in onnx.load(optimized).graph.node)
