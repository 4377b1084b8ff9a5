"""Where a classifier's last layer finds a sample: the numbers that it reads, taken from the exported file as it is.

The file is not changed. Protocol buffers that follow one another are one message, whose lists go on (protobuf.dev,
"Last one wins"), so that a further output is a few bytes behind the file's own, and no library for ONNX is needed.
N samples · E numbers of an embedding
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import sha256_file
from glyphlens.inference.prototypes import of_length_1
from glyphlens.inference.recognizer import BATCH, LOGITS, open_session

# Numbers of fields in onnx.proto3 (github.com/onnx/onnx), and protobuf's kinds of fields.
GRAPH, NODE, OUTPUT, INPUTS, OUTPUTS, OPERATOR = 7, 1, 12, 1, 2, 4
NAME, TYPE, TENSOR_TYPE, ELEMENT_TYPE, FLOAT = 1, 2, 1, 1, 1
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
CLASS_LAYERS = ("Gemm", "MatMul")
AFTER = ("Add", "Div", "Mul", "Identity")  # what may follow the layer: its bias, the temperature


class Node(NamedTuple):
    """A node of a graph: its operator and the names of what it reads and writes."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Embedder:
    """An exported classifier opened for its embeddings of ``numbers`` (E) each; ``sha256`` of its file."""

    path: Path
    sha256: str
    session: onnxruntime.InferenceSession
    output: str
    numbers: int

    @classmethod
    def load(cls, path: Path, *, threads: int = 1) -> "Embedder":
        """Open an .onnx file; raises InputError where it is missing, no model, or has no last layer to read from."""
        try:
            model = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from error
        output = class_layer_input(model, path)
        with TemporaryDirectory() as folder:
            widened = Path(folder, path.name)
            widened.write_bytes(model + further_output(output))
            session = open_session(widened, threads=threads)
        numbers = next(end.shape[-1] for end in session.get_outputs() if end.name == output)
        if not isinstance(numbers, int):
            raise InputError(f"{path}: gives no embeddings; what its last layer reads has no fixed length")
        return cls(path, sha256_file(path), session, output, numbers)

    def embeddings(self, feeds: Mapping[str, NDArray[Any]], batch: int = BATCH) -> NDArray[np.float32]:
        """(N, E) of length 1 of the model's inputs by name, N rows each; zeros where no unit of the layer speaks."""
        count = len(next(iter(feeds.values())))
        parts = [np.zeros((0, self.numbers), np.float32)]
        for start in range(0, count, batch):
            feed = {name: rows[start : start + batch] for name, rows in feeds.items()}
            parts.append(of_length_1(self.session.run([self.output], feed)[0]))
        return np.concatenate(parts)


def class_layer_input(model: bytes, path: Path) -> str:
    """The name of what the last layer of a model reads; raises InputError, naming ``path``, where it has none."""
    try:
        graphs = [value for number, value in _fields(model) if number == GRAPH]
        nodes = [_node(value) for graph in graphs for number, value in _fields(graph) if number == NODE]
    except (IndexError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not an ONNX model; its bytes end early or mean something else") from error
    makers = {name: node for node in nodes for name in node.outputs}
    wanted = LOGITS
    for _ in nodes:
        node = makers.get(wanted)
        if node is not None and node.operator in CLASS_LAYERS and node.inputs[0] in makers:
            return node.inputs[0]
        if node is None or node.operator not in AFTER:
            break
        wanted = node.inputs[0]
    raise InputError(f"{path}: gives no embeddings; no fully connected layer makes its '{LOGITS}'")


def further_output(name: str) -> bytes:
    """What is to follow the bytes of a model so that it gives a float32 tensor of its graph under the tensor's name."""
    tensor = _field(TYPE, _field(TENSOR_TYPE, bytes([ELEMENT_TYPE << 3 | VARINT, FLOAT])))
    return _field(GRAPH, _field(OUTPUT, _field(NAME, name.encode()) + tensor))


def _node(message: bytes) -> Node:
    found: dict[int, list[str]] = {INPUTS: [], OUTPUTS: [], OPERATOR: []}
    for number, value in _fields(message):
        if number in found:
            found[number].append(value.decode())
    return Node("".join(found[OPERATOR]), tuple(found[INPUTS]), tuple(found[OUTPUTS]))


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each field that has bytes; raises IndexError where a message ends too early."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind, length = key & 7, 0
        if kind == VARINT:
            _, place = _varint(message, place)
        elif kind == BYTES:
            length, place = _varint(message, place)
            yield key >> 3, message[place : place + length]
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
        else:
            raise IndexError(f"kind {kind}")
        place += length
    if place > len(message):
        raise IndexError("cut off")


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    number, shift = 0, 0
    while True:
        byte = message[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return number, place


def _field(number: int, content: bytes) -> bytes:
    """A field that has bytes."""
    length, rest = bytearray(), len(content)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    return bytes([number << 3 | BYTES, *length, rest]) + content
