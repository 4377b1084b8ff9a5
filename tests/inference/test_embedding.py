"""The embedding of an exported classifier: what its last layer reads, from a file that stays as it is."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from glyphlens.core.errors import InputError
from glyphlens.core.storage import sha256_file
from glyphlens.inference.embedding import Embedder, class_layer_input, further_output
from glyphlens.inference.recognizer import LOGITS, Recognizer, open_session
from tests.checkout import ROOT

RELEASE = ROOT / "models/arabic/release/glyphs.int8.onnx"


def feeds(count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    rasters = (rng.random((count, 128, 128)) < 0.05).astype(np.uint8) * np.uint8(255)
    return {"raster": rasters, "geometry": rng.normal(size=(count, 7)).astype(np.float32)}


def test_the_release_gives_the_same_logits_bit_for_bit_with_its_further_output(tmp_path: Path) -> None:
    before = sha256_file(RELEASE)
    embedder, recognizer = Embedder.load(RELEASE), Recognizer.load(RELEASE, threads=1)
    asked = feeds(3)
    both = embedder.session.run([LOGITS, embedder.output], asked)
    np.testing.assert_array_equal(both[0], recognizer.logits(asked))
    assert both[1].shape == (3, 256) == (3, embedder.numbers) and sha256_file(RELEASE) == before == embedder.sha256
    vectors = embedder.embeddings(asked, batch=2)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(vectors * np.linalg.norm(both[1], axis=1, keepdims=True), both[1], rtol=1e-5, atol=1e-6)


def test_the_bytes_behind_a_model_are_what_onnx_writes_for_an_output() -> None:
    output = helper.make_tensor_value_info("a" * 200, TensorProto.FLOAT, None)
    expected = onnx.ModelProto(graph=onnx.GraphProto(output=[output])).SerializeToString()
    assert further_output("a" * 200) == expected


def classifier(path: Path, *, last: str = "Gemm", after: str = "Div", fixed: bool = True) -> Path:
    """mean of rows → layer → a temperature or another node → logits."""
    side = 4 if fixed else "side"
    nodes = [
        helper.make_node("Cast", ["raster"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["grey", "axis"], ["rows"], keepdims=0),
        helper.make_node(last, ["rows", "weights"], ["raw"]),
        helper.make_node(after, ["raw", "two"] if after in ("Div", "Add") else ["raw"], [LOGITS]),
    ]
    constants = {"weights": np.eye(4, dtype=np.float32), "two": np.float32(2), "axis": np.array([1])}
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("raster", TensorProto.UINT8, ["n", 4, side])],
        [helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, ["n", 4])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


@pytest.mark.parametrize("last", ["Gemm", "MatMul"])
@pytest.mark.parametrize("after", ["Div", "Add", "Identity"])
def test_the_last_layer_is_found_behind_bias_and_temperature(tmp_path: Path, last: str, after: str) -> None:
    embedder = Embedder.load(classifier(tmp_path / "m.onnx", last=last, after=after))
    raster = np.zeros((2, 4, 4), np.uint8)
    raster[1, :, 2] = 8
    assert embedder.output == "rows" and embedder.numbers == 4
    np.testing.assert_array_equal(embedder.embeddings({"raster": raster}), [[0, 0, 0, 0], [0, 0, 1, 0]])
    assert embedder.embeddings({"raster": raster[:0]}).shape == (0, 4)


def test_a_model_without_such_a_layer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gives no embeddings; no fully connected layer"):
        Embedder.load(classifier(tmp_path / "m.onnx", after="Relu"))
    with pytest.raises(InputError, match="no fixed length"):
        Embedder.load(classifier(tmp_path / "n.onnx", fixed=False))


@pytest.mark.parametrize("cut", [1, 30, 100, 200])
def test_a_file_that_is_cut_off_or_no_model_is_refused(tmp_path: Path, cut: int) -> None:
    whole = classifier(tmp_path / "m.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[:-cut])
    with pytest.raises(InputError, match="cut.onnx: "):
        Embedder.load(tmp_path / "cut.onnx")
    with pytest.raises(InputError, match=r"no\.onnx: "):
        class_layer_input(b"\xff\xfe no model" * cut, Path("no.onnx"))
    with pytest.raises(InputError, match="cannot be read"):
        Embedder.load(tmp_path / "gone.onnx")


def test_other_outputs_are_found_in_any_session(tmp_path: Path) -> None:
    path = classifier(tmp_path / "m.onnx")
    (tmp_path / "more.onnx").write_bytes(path.read_bytes() + further_output("raw"))
    assert [end.name for end in open_session(tmp_path / "more.onnx").get_outputs()] == [LOGITS, "raw"]
