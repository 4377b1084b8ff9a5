"""Three small exports over a small sample set: a CNN, its rounded twin, and a recogniser of strokes."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.parser
import pandas as pd
from numpy.typing import NDArray
from onnx import numpy_helper

from glyphlens.core.curves import CURVES
from glyphlens.core.storage import load_json, save_array, save_json, sha256_file
from glyphlens.data.sample_set import CharacterClass, ImageFormat, save_sample_set
from glyphlens.inference.folder import model_name
from glyphlens.tracks.kanji.gates.model_data import KINDS, KanjiModelLimits
from tests.forged_curves import write_curves

LABELS = ("い", "へ", "ヘ", "亜", "語")
CLASSES = len(LABELS)
EACH = 4  # rows of a class in every split
BAND_PX = 64 // CLASSES
SHAPES = {"raster": ("uint8", (64, 64)), "strokes": ("float", (24, 17))}
READS = {"cnn": "raster", "cnn_qat": "raster", "stroke_rnn": "strokes"}
LIMITS = KanjiModelLimits(
    min_top1={"cnn": 0.9, "stroke_rnn": 0.8},
    min_other_top1=0.7,
    min_distinct_share=0.9,
    max_commonest_share=0.3,
    min_fp32_agreement=0.999,
    max_int8_loss=0.005,
    max_int8_mb={"cnn_qat": 1.7},
    max_qat_loss=0.005,
    scored_rows=12,
    max_scored_gap=0.02,
    min_prediction_agreement=0.99,
    max_batch_gap=0.001,
)
MEASURED: dict[str, Any] = {
    "parameters": 1000,
    "temperature": 1.1,
    "val_top1": 1.0,
    "val_int8_top1": 1.0,
    "agreement": 1.0,
    "int8_offered": True,
    "test_rows": CLASSES * EACH,
}


def write_samples(folder: Path, *, strokes: bool = True) -> Path:
    """A class has ink in a band of columns, and a 1 in its place of the first stroke."""
    classes = np.tile(np.arange(CLASSES), 3 * EACH)
    images = np.zeros((len(classes), 64, 64), np.uint8)
    sequences = np.zeros((len(classes), 24, 17), np.float32)
    for row, number in enumerate(classes):
        images[row, :, BAND_PX * number : BAND_PX * (number + 1)] = 255
        sequences[row, 0, [number, 16]] = 1
    split = np.repeat(["train", "val", "test"], CLASSES * EACH)
    index = pd.DataFrame({"sample_id": range(len(classes)), "class_index": classes, "split": split})
    index = index.assign(label=[LABELS[number] for number in classes], group="writer/001", source="rendered")
    entries = [CharacterClass(label, count=3 * EACH) for label in LABELS]
    save_sample_set(folder, images, index, entries, ImageFormat(64, 64, 8))
    # The last row of every split has no strokes.
    known = (
        np.flatnonzero(np.arange(len(classes)) % (CLASSES * EACH) != CLASSES * EACH - 1) if strokes else np.arange(0)
    )
    save_array(folder / "strokes.npy", sequences[known])
    save_array(folder / "stroke_rows.npy", known)
    return folder


def weights(reads: str) -> NDArray[np.float32]:
    """(numbers of a sample, C): a class scores its own band, or its own place in the first stroke."""
    if reads == "strokes":
        return np.eye(24 * 17, CLASSES, dtype=np.float32) * 20
    bands = np.zeros((64, CLASSES), np.float32)
    for number in range(CLASSES):
        bands[BAND_PX * number : BAND_PX * (number + 1), number] = 1
    return np.tile(bands, (64, 1)) / np.float32(255 * 64)


def write_model(file: Path, reads: str, matrix: NDArray[np.float32], *, centred: bool = False) -> None:
    """One layer with the interface of the exported files; ``centred``: less the mean of the batch."""
    kind, shape = SHAPES[reads]
    mean = "ReduceMean <axes = [0]> (scores)" if centred else "Sub (scores, scores)"
    graph = onnx.parser.parse_model(
        f"""<ir_version: 9, opset_import: ["" : 17]>
        tiny ({kind}[n, {shape[0]}, {shape[1]}] {reads}) => (float[n, {matrix.shape[1]}] logits) {{
          numbers = Cast <to = 1> ({reads})
          flat = Flatten (numbers)
          scores = MatMul (flat, matrix)
          mean = {mean}
          logits = Sub (scores, mean)
        }}"""
    )
    graph.graph.initializer.append(numpy_helper.from_array(matrix, "matrix"))
    onnx.save(graph, file)


def write_export(folder: Path, reads: str) -> Path:
    """A whole folder; every answer is right."""
    folder.mkdir(parents=True)
    entry = {"code_points": [], "form": "kanji", "members": [], "lookalikes": []}
    save_json(folder / "labels.json", {"rule": {}, "classes": [{"label": label, **entry} for label in LABELS]})
    write_curves(folder / CURVES)
    save_json(folder / "training.json", {"steps": 35})
    for name in map(model_name, KINDS):
        write_model(folder / name, reads, weights(reads))
    rows = np.arange(2 * CLASSES * EACH, 3 * CLASSES * EACH)
    write_predictions(folder, rows[:-1] if reads == "strokes" else rows)
    save_json(folder / "measured.json", {**MEASURED, "recognizer": folder.name, "reads": reads})
    refresh(folder)
    return folder


def refresh(folder: Path) -> None:
    """Sizes and hashes of the files as they are."""
    files = [folder / name for name in map(model_name, KINDS) if (folder / name).is_file()]
    sizes = {f"{file.stem}_mb": file.stat().st_size / 1e6 for file in files}
    save_json(folder / "measured.json", {**load_json(folder / "measured.json"), **sizes})
    (folder / "README.md").write_text("\n".join(sha256_file(file) for file in files), encoding="utf-8")


def write_predictions(folder: Path, rows: NDArray[np.int64], **changes: NDArray[Any]) -> None:
    """predictions.npz with right answers, but for ``changes``."""
    right = (rows % CLASSES).astype(np.int32)
    arrays: dict[str, Any] = {
        "rows": rows,
        "fp32": right,
        "int8": right,
        "confidence": np.full(len(rows), 0.9, np.float32),
        "top5": ((right[:, None] + np.arange(CLASSES)) % CLASSES).astype(np.int32),
    }
    np.savez(folder / "predictions.npz", **{**arrays, **changes})
