"""A model file answers alone: calibrated, batch by batch, without torch, and refuses what it cannot read."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.folder import ExportFolder, Manifest, ModelContent
from glyphlens.inference.recognizer import Recognizer, open_session, softmax
from glyphlens.tracks.arabic.export.graph import assemble, trace
from glyphlens.tracks.arabic.export.manifest import DrawingRule, glyph_manifest
from tests.export import tiny

ROOT = Path(__file__).resolve().parents[2]
NAMES = [f"letter_{number}.isol" for number in range(tiny.CLASSES)]


@pytest.fixture(scope="module")
def model_bytes() -> bytes:
    return assemble(trace(tiny.cell_network(), tiny.grid_network())).SerializeToString()


@pytest.fixture
def folder(tmp_path: Path, model_bytes: bytes) -> Path:
    (tmp_path / "glyphs.onnx").write_bytes(model_bytes)
    manifest = glyph_manifest([CharacterClass(name) for name in NAMES], DrawingRule.model_validate(tiny.RULE))
    (tmp_path / "labels.json").write_text(json.dumps(manifest.plain()))
    return tmp_path


def test_a_folder_and_its_file_are_the_same_model(folder: Path) -> None:
    by_folder, by_file = Recognizer.load(folder, threads=1), Recognizer.load(folder / "glyphs.onnx")
    assert by_folder.path == by_file.path == folder / "glyphs.onnx"
    assert [entry.label for entry in by_folder.classes] == NAMES
    assert by_folder.manifest.preparation == tiny.RULE


@pytest.mark.parametrize("batch", [1, 3, 256])
def test_probabilities_do_not_depend_on_the_batch(folder: Path, batch: int) -> None:
    recognizer = Recognizer.load(folder)
    feeds = tiny.feeds(7)
    found = recognizer.probabilities(feeds, batch)
    assert found.shape == (7, tiny.CLASSES) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(found, softmax(recognizer.logits(feeds)), rtol=1e-4, atol=1e-6)


def test_nothing_asked_nothing_answered(folder: Path) -> None:
    recognizer = Recognizer.load(folder)
    nothing = {"raster": np.zeros((0, 128, 128), np.uint8), "geometry": np.zeros((0, 7), np.float32)}
    assert recognizer.probabilities(nothing).shape == (0, tiny.CLASSES)
    assert recognizer.logits(nothing).dtype == np.float32


def test_labels_are_those_of_the_best_classes(folder: Path) -> None:
    recognizer, feeds = Recognizer.load(folder), tiny.feeds(7)
    assert recognizer.read(feeds, batch=3) == [NAMES[best] for best in recognizer.logits(feeds).argmax(axis=1)]


def test_a_file_that_the_manifest_does_not_list_is_refused(tmp_path: Path, model_bytes: bytes) -> None:
    folder = ExportFolder(tmp_path)
    manifest = Manifest(preparation={}, classes=tuple(CharacterClass(name) for name in NAMES))
    folder.save_models(manifest, {"fp32": ModelContent(model_bytes, 1.0)})
    assert Recognizer.load(tmp_path).manifest.files["fp32"].temperature == 1
    other = assemble(trace(tiny.cell_network(), tiny.grid_network(seed=9))).SerializeToString()
    assert other != model_bytes
    (tmp_path / "fp32.onnx").write_bytes(other)
    with pytest.raises(InputError, match=r"fp32\.onnx: not a file that labels\.json"):
        Recognizer.load(tmp_path)


@pytest.mark.parametrize("track", ["arabic", "kanji"])
def test_committed_releases_open(track: str) -> None:
    recognizer = Recognizer.load(ROOT / "models" / track / "release", threads=1)
    assert recognizer.manifest.preparation and len(recognizer.classes) == recognizer.manifest.scores


def line_model(folder: Path, charset: str, lengths: bool) -> None:
    """A model of lines 2 pixels high: a column's lower pixel is the index of its best score; where the model gives
    ``lengths``, the upper pixels count the columns that are used."""
    scores = len(charset) + 1
    nodes = [
        helper.make_node("Cast", ["raster"], ["ink"], to=TensorProto.INT64),
        helper.make_node("Gather", ["ink", "row"], ["columns"], axis=1),
        helper.make_node("OneHot", ["columns", "depth", "values"], ["logits"]),
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "frames", scores])]
    constants = [
        numpy_helper.from_array(np.array(1), "row"),
        numpy_helper.from_array(np.array(scores), "depth"),
        numpy_helper.from_array(np.array([0, 1], np.float32), "values"),
    ]
    if lengths:
        nodes += [
            helper.make_node("Gather", ["ink", "top"], ["inked"], axis=1),
            helper.make_node("ReduceSum", ["inked", "axis"], ["lengths"], keepdims=0),
        ]
        outputs.append(helper.make_tensor_value_info("lengths", TensorProto.INT64, ["batch"]))
        constants += [numpy_helper.from_array(np.array(0), "top"), numpy_helper.from_array(np.array([1]), "axis")]
    inputs = [helper.make_tensor_value_info("raster", TensorProto.UINT8, ["batch", 2, "width"])]
    graph = helper.make_graph(nodes, "lines", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    manifest = Manifest(decoder="ctc", preparation={}, charset=tuple(charset))
    ExportFolder(folder).save_models(manifest, {"fp32": ModelContent(model.SerializeToString(), 1.0)})


def lines(*columns: str, used: int) -> np.ndarray:
    """(N, 2, W) pictures: the lower row holds the given scores, the upper is 1 in the first ``used`` columns."""
    pictures = np.zeros((len(columns), 2, len(columns[0])), np.uint8)
    pictures[:, 1] = [[int(number) for number in row] for row in columns]
    pictures[:, 0, :used] = 1
    return pictures


@pytest.mark.parametrize(("lengths", "texts"), [(False, ["គខគ", "ក"]), (True, ["គខ", "ក"])])
def test_lines_of_any_width_are_read(tmp_path: Path, lengths: bool, texts: list[str]) -> None:
    line_model(tmp_path, "កខគ", lengths)
    recognizer = Recognizer.load(tmp_path)
    assert str(recognizer.inputs["raster"]) == "uint8 (N, 2, any)"
    feeds = {"raster": lines("3302003", "0110000", used=5)}
    assert recognizer.read(feeds) == recognizer.read(feeds, batch=1) == texts
    assert recognizer.read({"raster": lines("123", used=3)}) == ["កខគ"]
    assert recognizer.logits(feeds).shape == (2, 7, 4)
    nothing = {"raster": np.zeros((0, 2, 7), np.uint8)}
    assert recognizer.read(nothing) == [] and recognizer.logits(nothing).shape == (0, 0, 4)
    with pytest.raises(InputError, match=r"raster: uint8 \(1, 3, 7\), expected uint8 \(N, 2, any\)"):
        recognizer.read({"raster": np.zeros((1, 3, 7), np.uint8)})


def test_a_charset_must_fit_the_scores(tmp_path: Path) -> None:
    line_model(tmp_path, "កខគ", lengths=False)
    content = json.loads((tmp_path / "labels.json").read_text())
    (tmp_path / "labels.json").write_text(json.dumps({**content, "charset": ["ក"]}))
    with pytest.raises(InputError, match=r"1 characters, but .*fp32\.onnx scores 4"):
        Recognizer.load(tmp_path)
    (tmp_path / "labels.json").write_text(json.dumps({**content, "decoder": "softmax"}))
    with pytest.raises(InputError, match="for the decoder 'softmax'"):
        Recognizer.load(tmp_path)


def test_softmax_of_large_logits_is_finite() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e4, 0], [-1e4, -1e4]], np.float32)), [[1, 0], [0.5, 0.5]])


GOOD = (np.zeros((2, 128, 128), np.uint8), np.zeros((2, 7), np.float32))


@pytest.mark.parametrize(
    ("rasters", "geometry", "batch", "message"),
    [
        (GOOD[0][:, :64], GOOD[1], 1, r"raster: uint8 \(2, 64, 128\), expected uint8 \(N, 128, 128\)"),
        (GOOD[0][0], GOOD[1], 1, r"raster: uint8 \(128, 128\)"),
        (GOOD[0] > 0, GOOD[1], 1, "raster: bool"),
        (GOOD[0].astype(np.float32), GOOD[1], 1, "raster: float32"),
        (GOOD[0], GOOD[1][:1], 1, "2 rows of raster, 1 rows of geometry"),
        (GOOD[0], GOOD[1][:, :6], 1, r"geometry: float32 \(2, 6\)"),
        (GOOD[0], GOOD[1].astype(np.float64), 1, "geometry: float64"),
        (GOOD[0], np.array([[0] * 7, [0] * 6 + [np.nan]], np.float32), 1, "geometry: row 1 holds nan"),
        (GOOD[0], np.array([[np.inf] + [0] * 6, [0] * 7], np.float32), 1, "geometry: row 0 holds inf"),
        (GOOD[0], GOOD[1], 0, "batch: 0"),
    ],
)
def test_unusable_pictures_are_refused(
    folder: Path, rasters: np.ndarray, geometry: np.ndarray, batch: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Recognizer.load(folder).probabilities({"raster": rasters, "geometry": geometry}, batch)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.onnx: no such model file"):
        Recognizer.load(tmp_path / "gone.onnx")
    with pytest.raises(InputError, match="found none"):
        Recognizer.load(tmp_path)


def test_two_models_in_a_folder_are_ambiguous(folder: Path, model_bytes: bytes) -> None:
    (folder / "other.onnx").write_bytes(model_bytes)
    with pytest.raises(InputError, match=r"found glyphs\.onnx, other\.onnx"):
        Recognizer.load(folder)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x07" * 40])
def test_a_file_that_is_no_model_is_refused(folder: Path, content: bytes) -> None:
    (folder / "glyphs.onnx").write_bytes(content)
    with pytest.raises(InputError, match=r"glyphs\.onnx: not an ONNX model"):
        Recognizer.load(folder)


def test_half_a_model_is_refused(folder: Path, model_bytes: bytes) -> None:
    (folder / "glyphs.onnx").write_bytes(model_bytes[: len(model_bytes) // 2])
    with pytest.raises(InputError, match=r"glyphs\.onnx: not an ONNX model"):
        Recognizer.load(folder)


def test_a_model_of_another_kind_is_refused(folder: Path) -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", ends[:1], ends[1:])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), folder / "glyphs.onnx"
    )
    with pytest.raises(InputError, match="a glyphlens model takes"):
        Recognizer.load(folder)


def test_labels_must_be_there_and_fit(folder: Path) -> None:
    labels = folder / "labels.json"
    content = json.loads(labels.read_text())
    labels.unlink()
    with pytest.raises(InputError, match=r"labels\.json: missing"):
        Recognizer.load(folder)
    labels.write_text(json.dumps({**content, "classes": content["classes"][:-1]}))
    with pytest.raises(InputError, match=r"5 classes, but .*glyphs\.onnx scores 6"):
        Recognizer.load(folder)
    for broken in (
        {},
        {"classes": content["classes"]},
        {**content, "classes": [{"form": "isol"}]},
        {**content, "decoder": "beam"},
        {**content, "rule": 3},
        [],
    ):
        labels.write_text(json.dumps(broken))
        with pytest.raises(InputError, match=r"labels\.json: not a label map"):
            Recognizer.load(folder)


def test_threads_are_counted_from_one(folder: Path) -> None:
    with pytest.raises(InputError, match="threads: 0"):
        open_session(folder / "glyphs.onnx", threads=0)


def test_cuda_is_not_replaced_in_silence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class WithoutCuda(onnxruntime.InferenceSession):
        def get_providers(self) -> list[str]:
            return ["CPUExecutionProvider"]

    monkeypatch.setattr(onnxruntime, "InferenceSession", WithoutCuda)
    with pytest.raises(InputError, match="CUDA was asked for"):
        Recognizer.load(folder, device="cuda")


def test_torch_is_not_imported() -> None:
    code = "import sys, glyphlens.inference.recognizer; sys.exit('torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )
