"""A small export whose answers can be foreseen: pictures carry the points of a description, and both towers read them.

The first pixels of a picture are the coordinates of its character's framed strokes; image files and text encoder map
them by the same random matrix to vectors of length 1, so that a character lies where its description does.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from glyphlens.core.curves import CURVES
from glyphlens.core.storage import save_array, save_json, sha256_file
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, save_sample_set
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.inference.folder import ExportFolder, Manifest, ModelContent, Precision
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.tracks.zero_shot.descriptions.arrays import ComponentVocabulary, padded
from glyphlens.tracks.zero_shot.descriptions.belonging import save_belonging
from glyphlens.tracks.zero_shot.descriptions.description import COMPONENT_NUMBERS, LEVELS, STROKE_POINTS, framed
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER, INPUTS, MODEL, MOST_COMPONENTS, DescriptionEncoder
from glyphlens.tracks.zero_shot.descriptions.ids import MOST_STROKES
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from glyphlens.tracks.zero_shot.export.fusion import ClassViews, Fusion, fused
from glyphlens.tracks.zero_shot.export.views import exemplars, picture_embedder, save_parts
from glyphlens.tracks.zero_shot.gates.zero_shot_model_data import KINDS, ZeroShotModelLimits
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles, jis_kanji
from glyphlens.tracks.zero_shot.samples.zero_shot_set import EXAMPLES
from tests.forged_curves import write_curves
from tests.stroke_data import stroke_folder

SIDE, NUMBERS = 64, 96
READ = MOST_STROKES * STROKE_POINTS * 2  # numbers of a description's points, and as many pixels
SEEN, VAL, UNSEEN, LEVEL2 = jis_kanji(1)[:12], jis_kanji(1)[12:18], jis_kanji(1)[-8:], jis_kanji(2)[:4]
LABELS = (*SEEN, *VAL, *UNSEEN, *LEVEL2)
ROLES = ClassRoles(SEEN, VAL, (), UNSEEN, LEVEL2)
GROUPS = {
    "train": ("writer/000", "writer/001"),
    "val": ("writer/002", "writer/003"),
    "test": ("font/a", "writer/004", "writer/005", "writer/006"),
}
EXAMPLE_GROUPS = ("writer/007", "writer/008", "writer/009")
DRAWN = {"train": SEEN, "val": (*SEEN, *VAL), "test": (*SEEN, *UNSEEN, *LEVEL2)}
FUSION, TEXT_FUSION = Fusion(0.5, 0.02, 40.0), Fusion(1.0, 0.02, 40.0)
RULE = HandwritingParams(
    edge_share=0.125, speck_share=0.0008, min_contrast=30, image_px=SIDE, box_px=56, blur_sigma_px=0.5
)
MEASURED = {
    "fusion": FUSION._asdict(),
    "text_fusion": TEXT_FUSION._asdict(),
    "val_unseen_top1": 1.0,
    "val_seen_top1": 1.0,
}
LIMITS = ZeroShotModelLimits(
    min_unseen_top1=0.8,
    min_seen_top1=0.8,
    max_shuffled_top1=0.05,
    min_distinct_share=0.9,
    max_commonest_share=0.3,
    min_fp32_agreement=0.999,
    max_int8_loss=0.01,
    max_batch_gap=0.001,
    scored_rows=1000,
    max_scored_gap=0.02,
    max_length_gap=0.02,
    min_view_cosine=0.999,
    described=100,
    max_release_mb=8.0,
)


def descriptions() -> DescriptionTable:
    """Of all characters of the set."""
    return DescriptionTable.of(LABELS, KanjiVG.open(stroke_folder()))


def points_of(table: DescriptionTable, labels: tuple[str, ...]) -> NDArray[np.float32]:
    """(n, READ) framed coordinates, filled up with zeros."""
    arrays = padded([framed(table[label]) for label in labels], ComponentVocabulary({}))
    points_nF = arrays.stroke_points_NSP2.reshape(len(labels), -1)
    return np.pad(points_nF, [(0, 0), (0, READ - points_nF.shape[1])])


def write_samples(folder: Path) -> Path:
    """A picture of each of its characters by each group of a split, with the noise of a hand."""
    table, rng = descriptions(), np.random.default_rng(0)
    rows = [(label, group, split) for split, groups in GROUPS.items() for group in groups for label in DRAWN[split]]
    shown = [(label, group, "test") for group in EXAMPLE_GROUPS for label in (*VAL, *UNSEEN)]
    classes = [CharacterClass(each, (f"U+{ord(each):04X}",), "kanji") for each in LABELS]
    points_CF = points_of(table, LABELS)
    for place, pictures in ((folder, rows), (folder / EXAMPLES, shown)):
        index = pd.DataFrame(pictures, columns=["label", "group", "split"])
        index.insert(0, "sample_id", range(len(index)))
        index.insert(1, "class_index", index["label"].map(LABELS.index))
        index = index.assign(source="rendered", set="strokes", file="")
        pixels = _pictures(points_CF[index["class_index"]], rng)
        save_sample_set(place, pixels, index, classes, ImageFormat(SIDE, SIDE, 8))
    templates = np.stack([_pictures(points_CF, rng), np.zeros((len(LABELS), SIDE, SIDE), np.uint8)], axis=1)
    save_array(folder / "templates.npy", templates)
    save_array(folder / "has_CT.npy", templates.any(axis=(2, 3)))
    save_json(folder / "templates.json", ["strokes", "a font that has none of them"])
    ROLES.save(folder)
    table.save(folder)
    ComponentVocabulary.of(table, SEEN).save(folder)
    return folder


def write_export(out: Path, samples: Path) -> Path:
    """Everything that zero_shot_export writes."""
    folder = ExportFolder(out)
    graphs = {kind: image_graph(kind).SerializeToString(deterministic=True) for kind in KINDS}
    manifest = Manifest(
        script="japanese",
        source="rendered",
        decoder="prototypes",
        preparation=RULE.model_dump(),
        levels={"stroke": 64, "radical": 16, "character": 16},
        classes=SampleSet.open(samples).classes[: -len(LEVEL2)],
    )
    folder.save_models(manifest, {kind: ModelContent(graph, 1.0) for kind, graph in graphs.items()})
    (out / FOLDER).mkdir()
    (out / FOLDER / MODEL).write_bytes(text_graph().SerializeToString(deterministic=True))
    DescriptionTable.load(samples).save(out / FOLDER)
    ComponentVocabulary.load(samples).save(out / FOLDER)
    encoder = DescriptionEncoder.load(out / FOLDER)
    save_belonging(folder.model_files)
    write_views(out, samples, encoder.vectors([encoder.known[label] for label in LABELS]))
    folder.save_measured({"agreement": 1.0, **dict.fromkeys(KINDS, MEASURED)})
    folder.save_card(f"# A card\n\n{' '.join(sha256_file(file) for file in folder.model_files)}\n")
    save_json(out / "training.json", {})
    write_curves(out / CURVES)
    return out


def write_views(out: Path, samples: Path, text_CE: NDArray[np.float32], fusion: Fusion = FUSION) -> None:
    """Parts and prototypes of these descriptions and of the templates."""
    views: dict[Precision, ClassViews] = {}
    for kind in KINDS:
        seen_C = np.isin(LABELS, SEEN)
        views[kind] = ClassViews(LABELS, text_CE, exemplars(samples, picture_embedder(out / f"{kind}.onnx")), seen_C)
        fused(views[kind], fusion).save(out / f"{kind}.onnx")
    save_parts(out, text_CE, {kind: each.exemplar_CE for kind, each in views.items()})


def projection(seed: int = 0) -> NDArray[np.float32]:
    """(READ, E)."""
    return np.random.default_rng(seed).normal(size=(READ, NUMBERS)).astype(np.float32)


def image_graph(name: str, seed: int = 0, scale: float = 1.0, mixed: float = 0.0) -> onnx.ModelProto:
    """Pictures → embeddings; ``scale`` of their length; ``mixed``: share of the batch's mean in each."""
    nodes = [
        helper.make_node("Cast", ["raster"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["grey"], ["flat"]),
        helper.make_node("Slice", ["flat", "begin", "end", "axis"], ["read"]),
        helper.make_node("Div", ["read", "full"], ["own"]),
        helper.make_node("ReduceMean", ["own", "rows"], ["mean"], keepdims=1),
        helper.make_node("Mul", ["mean", "mixed"], ["others"]),
        helper.make_node("Add", ["own", "others"], ["shares"]),
    ]
    constants: dict[str, Any] = {
        "begin": np.array([0]),
        "end": np.array([READ]),
        "axis": np.array([1]),
        "full": np.array([LEVELS], np.float32),
        "rows": np.array([0]),
        "mixed": np.array([mixed], np.float32),
    }
    return _graph(name, nodes, constants, {"raster": (TensorProto.UINT8, [SIDE, SIDE])}, seed, scale)


def text_graph(seed: int = 0) -> onnx.ModelProto:
    """Padded descriptions → embeddings."""
    shapes: tuple[tuple[int, list[int]], ...] = (
        (TensorProto.INT64, [MOST_STROKES]),
        (TensorProto.FLOAT, [MOST_STROKES, STROKE_POINTS, 2]),
        (TensorProto.INT64, [MOST_COMPONENTS]),
        (TensorProto.FLOAT, [MOST_COMPONENTS, COMPONENT_NUMBERS]),
    )
    nodes = [helper.make_node("Flatten", [INPUTS[1]], ["shares"])]
    return _graph("encoder", nodes, {}, dict(zip(INPUTS, shapes, strict=True)), seed, 1.0)


def _graph(
    name: str,
    nodes: list[onnx.NodeProto],
    constants: dict[str, Any],
    inputs: dict[str, tuple[int, list[int]]],
    seed: int,
    scale: float,
) -> onnx.ModelProto:
    weights = {"weights": projection(seed), "scale": np.array([scale], np.float32), "last": np.array([1])}
    nodes = [
        *nodes,
        helper.make_node("MatMul", ["shares", "weights"], ["raw"]),
        helper.make_node("ReduceL2", ["raw", "last"], ["length"], keepdims=1),
        helper.make_node("Div", ["raw", "length"], ["unit"]),
        helper.make_node("Mul", ["unit", "scale"], ["embedding"]),
    ]
    ends = [helper.make_tensor_value_info(end, kind, ["n", *shape]) for end, (kind, shape) in inputs.items()]
    given = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", NUMBERS])
    stored = [numpy_helper.from_array(value, key) for key, value in {**constants, **weights}.items()]
    graph = helper.make_graph(nodes, name, ends, [given], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def _pictures(points_nF: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    noisy_nF = points_nF + rng.normal(size=points_nF.shape) * 0.01 * (points_nF > 0)
    flat = np.zeros((len(points_nF), SIDE * SIDE), np.uint8)
    flat[:, :READ] = np.rint(np.clip(noisy_nF, 0, 1) * LEVELS)
    return flat.reshape(-1, SIDE, SIDE)
