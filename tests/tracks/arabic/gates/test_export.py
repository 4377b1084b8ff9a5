"""gate_export: two tiny exported files pass; each forgery fails the one check that is about it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from glyphlens.core.storage import save_json, sha256_file
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, pack_bits
from glyphlens.imaging.geometry import GEOMETRY
from glyphlens.tracks.arabic.gates.export import GATE, KINDS, ExportData, ExportLimits
from tests.gates.forgeries import Forge, forgeries

LABELS = ("alef.isol", "beh.isol", "jeem.isol", "dal.isol")
BAND_PX = 128 // len(LABELS)
METRICS = {"fp32_top1": 0.8, "int8_top1": 0.797, "fp32_agreement": 0.9995, "int8_loss": 0.002}
LIMITS = ExportLimits(
    min_fp32_agreement=0.999,
    max_int8_loss=0.005,
    max_int8_mib=1.0,
    scored_rows=20,
    min_scored_top1=0.9,
    max_scored_loss=0.02,
    min_scored_agreement=0.95,
    max_batch_gap=0.001,
)


def weights() -> NDArray[np.float32]:
    """(H·W, C): a class scores the ink in its own band of columns."""
    bands = np.repeat(np.eye(len(LABELS), dtype=np.float32), BAND_PX, axis=0)
    return np.tile(bands, (128, 1)) / np.float32(255 * 128)


def write_model(file: Path, matrix: NDArray[np.float32], *, minus_batch_mean: bool = False) -> None:
    """A one-layer network of the exported files' interface."""
    ends = [
        helper.make_tensor_value_info("raster", TensorProto.UINT8, ["n", 128, 128]),
        helper.make_tensor_value_info("geometry", TensorProto.FLOAT, ["n", 7]),
    ]
    result = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", matrix.shape[1]])
    scores = "raw" if minus_batch_mean else "logits"
    nodes = [
        helper.make_node("Cast", ["raster"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["grey"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], [scores]),
    ]
    if minus_batch_mean:
        nodes.append(helper.make_node("ReduceMean", ["raw"], ["mean"], axes=[0]))
        nodes.append(helper.make_node("Sub", ["raw", "mean"], ["logits"]))
    graph = helper.make_graph(nodes, "tiny", ends, [result], [numpy_helper.from_array(matrix, "matrix")])
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), file)


def write_folder(folder: Path, matrix: NDArray[np.float32], labels: tuple[str, ...] = LABELS, **options: bool) -> None:
    folder.mkdir(exist_ok=True)
    write_model(folder / "glyphs.onnx", matrix, **options)
    entry = {"code_points": [], "form": "isol", "members": [], "lookalikes": []}
    save_json(folder / "labels.json", {"rule": {}, "classes": [{"label": name, **entry} for name in labels]})
    (folder / "README.md").write_text(f"| file | {sha256_file(folder / 'glyphs.onnx')} |")


def samples() -> SampleSet:
    truth = np.tile(np.arange(len(LABELS)), 10)
    images = np.zeros((len(truth), 128, 128), np.uint8)
    for row, band in enumerate(truth):
        images[row, :, BAND_PX * band : BAND_PX * (band + 1)] = 1
    index = pd.DataFrame({"sample_id": range(len(truth)), "class_index": truth, "split": "val"})
    index = index.assign(label=[LABELS[band] for band in truth], **dict.fromkeys(GEOMETRY, 0.5))
    classes = tuple(CharacterClass(label) for label in LABELS)
    return SampleSet(Path("rasters"), pack_bits(images), index, classes, ImageFormat(128, 128, 1))


@pytest.fixture
def good(tmp_path: Path) -> ExportData:
    for kind in KINDS:
        write_folder(tmp_path / kind, 8 * weights())
    return ExportData(tmp_path, METRICS, samples(), LIMITS.scored_rows)


def test_good_files_pass(good: ExportData, verdicts: Any) -> None:
    assert verdicts(GATE, good, LIMITS) == {}
    assert GATE.count_rows(good) == LIMITS.scored_rows


def metric(name: str, value: float) -> Forge:
    return lambda data: replace(data, metrics={**data.metrics, name: value})


def rewritten(name: str, matrix: NDArray[np.float32], **options: Any) -> Forge:
    def forge(data: ExportData) -> ExportData:
        write_folder(data.folder / name, matrix, **options)
        return data

    return forge


def both(matrix: NDArray[np.float32], **options: Any) -> Forge:
    return lambda data: rewritten("int8", matrix, **options)(rewritten("fp32", matrix, **options)(data))


def no_card(data: ExportData) -> ExportData:
    (data.folder / "int8/README.md").unlink()
    return data


def old_card(data: ExportData) -> ExportData:
    (data.folder / "int8/README.md").write_text("0" * 64)
    return data


def swapped() -> NDArray[np.float32]:
    return np.ascontiguousarray(8 * weights()[:, [1, 0, 2, 3]])


RENAMED = (*LABELS[:3], "thal.isol")


@forgeries(
    ("labels-agree", rewritten("int8", 8 * weights(), labels=RENAMED)),
    ("card-hash", no_card),
    ("card-hash", old_card),
    ("int8-size", lambda data: data, {"max_int8_mib": 0.1}),
    ("fp32-parity", metric("fp32_agreement", 0.998)),
    ("int8-loss", metric("int8_top1", 0.794)),
    ("int8-loss", metric("int8_loss", 0.006)),
    ("scored-top1", both(swapped())),
    ("scored-loss", rewritten("int8", swapped()), {"min_scored_top1": 0.0, "min_scored_agreement": 0.0}),
    ("scored-agreement", rewritten("int8", swapped()), {"min_scored_top1": 0.0, "max_scored_loss": 1.0}),
    ("batch-free", both(8 * weights(), minus_batch_mean=True)),
)
def test_a_forgery_fails_exactly_its_check(
    good: ExportData, verdicts: Any, check: str, forge: Forge, limits: dict[str, Any]
) -> None:
    assert set(verdicts(GATE, forge(good), LIMITS.model_copy(update=limits))) == {check}


def test_a_file_that_does_not_open_fails_and_is_named(good: ExportData, verdicts: Any) -> None:
    (good.folder / "int8/glyphs.onnx").write_bytes(b"no graph")
    found = verdicts(GATE, good, LIMITS)
    assert "files-open" in found
    assert not {"fp32-parity", "int8-loss"} & set(found)


def test_a_label_map_of_another_length_fails(good: ExportData, verdicts: Any) -> None:
    write_folder(good.folder / "fp32", 8 * weights(), labels=LABELS[:3])
    assert verdicts(GATE, good, LIMITS)["files-open"] == "FAIL"


def test_scores_that_are_no_numbers_fail(good: ExportData, verdicts: Any) -> None:
    limits = LIMITS.model_copy(update={"min_scored_top1": 0.0})
    assert set(verdicts(GATE, both(np.full_like(weights(), np.nan))(good), limits)) == {"scores-finite", "batch-free"}


def test_two_models_in_a_folder_fail(good: ExportData, verdicts: Any) -> None:
    write_model(good.folder / "int8/second.onnx", weights())
    assert "int8-size" in verdicts(GATE, good, LIMITS)
