"""A small zero-shot export whose image file sees what is drawn: coarse pictures by a random matrix."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from glyphlens.core.storage import save_array
from glyphlens.inference.folder import ExportFolder, ModelContent
from glyphlens.tracks.zero_shot.descriptions.belonging import save_belonging
from glyphlens.tracks.zero_shot.descriptions.candidates import draw_descriptions
from glyphlens.tracks.zero_shot.descriptions.description import Description
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER, DescriptionEncoder
from glyphlens.tracks.zero_shot.export.fusion import Fusion
from glyphlens.tracks.zero_shot.gates.zero_shot_model_data import KINDS
from tests.stroke_data import stroke_folder
from tests.tracks.zero_shot.gates import forged_export as forgery
from tests.tracks.zero_shot.gates.forged_export import LABELS, NUMBERS, RULE, SIDE

POOLED, LEVELS = 4, {"stroke": 64, "radical": 16, "character": 16}


def write_drawn_export(folder: Path) -> Path:
    """``folder``/export with prototypes of 30 kanji, by their drawings far more than by their descriptions."""
    samples = forgery.write_samples(folder / "samples")
    out = forgery.write_export(folder / "export", samples)
    encoder = DescriptionEncoder.load(out / FOLDER)
    drawn = draw_descriptions([encoder.known[label] for label in LABELS], RULE)
    save_array(samples / "templates.npy", drawn[:, None])
    save_array(samples / "has_CT.npy", np.ones((len(LABELS), 1), bool))
    graph = seeing_graph().SerializeToString(deterministic=True)
    manifest = ExportFolder(out).manifest.model_copy(update={"levels": LEVELS})
    ExportFolder(out).save_models(manifest, {kind: ModelContent(graph, 1.0) for kind in KINDS})
    save_belonging(ExportFolder(out).model_files)
    forgery.write_views(out, samples, encoder.vectors([encoder.known[each] for each in LABELS]), Fusion(0.1, 0.02, 40))
    return out


def seeing_graph() -> onnx.ModelProto:
    """``raster`` → means of 4×4 pixels, less their own mean → ``embedding`` of length 1."""
    weights = np.random.default_rng(1).normal(size=((SIDE // POOLED) ** 2, NUMBERS)).astype(np.float32)
    constants: dict[str, Any] = {"weights": weights, "axis": np.array([1])}
    nodes = [
        helper.make_node("Cast", ["raster"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["grey", "axis"], ["planes"]),
        helper.make_node("AveragePool", ["planes"], ["coarse"], kernel_shape=[POOLED] * 2, strides=[POOLED] * 2),
        helper.make_node("Flatten", ["coarse"], ["flat"]),
        helper.make_node("ReduceMean", ["flat", "axis"], ["mean"], keepdims=1),
        helper.make_node("Sub", ["flat", "mean"], ["centred"]),
        helper.make_node("MatMul", ["centred", "weights"], ["raw"]),
        helper.make_node("ReduceL2", ["raw", "axis"], ["length"], keepdims=1),
        helper.make_node("Div", ["raw", "length"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "seeing",
        [helper.make_tensor_value_info("raster", TensorProto.UINT8, ["n", SIDE, SIDE])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", NUMBERS])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def save_drawing(path: Path, description: Description) -> Path:
    """Dark strokes on white paper."""
    Image.fromarray(255 - np.pad(draw_descriptions([description], RULE)[0], 12)).save(path)
    return path


def drawing(character: str, path: Path) -> Path:
    """KanjiVG's file of a character."""
    [wheel] = stroke_folder().glob("kanjivg-*.whl")
    path.write_bytes(zipfile.ZipFile(wheel).read(f"kanji/{ord(character):05x}.svg"))
    return path
