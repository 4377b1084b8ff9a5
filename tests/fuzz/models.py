"""Release folders, streams of lines, databases, parameters and lists that a user writes."""

import io
import json
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import glyphlens
from glyphlens.api import LoadedModel
from glyphlens.commands.candidates import open_candidates
from glyphlens.commands.scan import float_lines, text_lines
from glyphlens.core.documents import json_mapping, yaml_mapping
from glyphlens.core.params import load_params, load_seed
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.inference.line_answers import scan_answers
from glyphlens.inference.ngram import CharacterNgram
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import Recognizer
from glyphlens.inference.stopping import StoppingRule
from glyphlens.inference.streams import LineRecognizer, Stream
from glyphlens.tracks.arabic.glyphs.glyph_db import FONT_COLUMNS, GLYPH_COLUMNS, write_database
from glyphlens.tracks.arabic.glyphs.own_database import own_tables
from glyphlens.tracks.arabic.glyphs.own_labels import read_own_labels, unknown_labels
from tests.fuzz.on_disk import file_in
from tests.fuzz.repairs import zipped
from tests.fuzz.trial import Generator, Seed, Target

SIDE, CLASSES, NUMBERS = 12, "一二三", 4
LARGEST_FEED = 1_000_000
SQUARE = '[[["moveTo",[0,0]],["lineTo",[0,9]],["lineTo",[9,9]],["closePath",null]]]'
CURVED = '[[["moveTo",[0,0]],["qCurveTo",[[0,9],[9,9]]],["cubicTo",[[0,9],[9,9],[1,1]]],["closePath",null]]]'
SVG = """<svg xmlns="http://www.w3.org/2000/svg"><g xmlns:kvg="http://kanjivg.tagaini.net">
<g id="kvg:04e00" kvg:element="新"><g kvg:element="一">
<path kvg:type="㇐" d="M11,54.25c3.19,0.62,6.25,0.75,9.73,0.5"/></g>
<path kvg:type="㇑" d="M50,14c3,1,6,2,9,60S40,40,30,20"/></g></g></svg>"""
PARAMS = """# how a cell becomes a picture
seed: 7
handwriting: {edge_share: 0.125, speck_share: 8e-4, min_contrast: 30, image_px: 64, box_px: 56, blur_sigma_px: 0.5}
rule: &rule
  diacritic_rule: ratio  # or hybrid
  diacritic_ratio: 0.25
other: *rule
"""


def releases(folder: Path) -> Target:
    """A release of which one file is broken: manifest, graph, prototypes, and what else lies beside."""
    for decoder in ("softmax", "prototypes"):
        save_release(folder / decoder, decoder)
    readers = {"stopping.json": StoppingRule.load, "ngram.json": lambda path: CharacterNgram.load(path.parent)}

    def attempt(name: str, data: bytes) -> None:
        below, _, base = name.partition("/")
        with file_in(folder / below, base, data) as path:
            if base in readers:
                readers[base](path)
                return
            model = Recognizer.load(folder / below, threads=1)
            feeds = {each: np.zeros((2, *entry.shape), entry.dtype) for each, entry in model.inputs.items()
                     if np.prod(entry.shape, dtype=float) < LARGEST_FEED}  # fmt: skip
            model.probabilities(feeds)

    seeds = [
        Seed(file.relative_to(folder).as_posix(), file.read_bytes(), is_text=file.suffix == ".json")
        for file in sorted(folder.glob("*/*.*"))
        if file.suffix != ".npz"
    ]
    with np.load(folder / "prototypes" / "m.prototypes.npz", allow_pickle=False) as stored:
        arrays = {name: _npy(stored[name]) for name in stored.files}
    seeds += [
        Seed("prototypes/m.prototypes.npz", content, pack=partial(_archive, arrays, name))
        for name, content in arrays.items()
    ]
    return Target("models", seeds, attempt, says=lambda name: (str(folder / name.partition("/")[0]),))


def streams(folder: Path) -> Target:
    """Lines on standard input as text and as numbers, and a stream that was saved."""
    loaded = _scanner()
    scanner, rng = loaded.network, np.random.default_rng(0)
    assert isinstance(scanner, LineRecognizer)
    lines_LS = rng.integers(0, 255, (3, scanner.samples)).astype(np.float32)
    stream = scanner.stream()
    stream.push(lines_LS[0])
    stream.save(folder / "cache.npz")
    with np.load(folder / "cache.npz", allow_pickle=False) as stored:
        arrays = {name: _npy(stored[name]) for name in stored.files}
    (folder / "cache.npz").unlink()

    def attempt(name: str, data: bytes) -> None:
        if name.endswith(".npz"):
            with file_in(folder, name, data) as path:
                Stream.load(path, scanner).push(lines_LS[1])
            return
        lines = (text_lines if name.endswith(".txt") else float_lines)(io.BytesIO(data), scanner.samples)
        for answer in scan_answers(scanner, loaded.stopping, lines, 3):
            json.dumps(answer.plain(), allow_nan=False)

    text = "\n".join(" ".join(f"{value:g}" for value in line) for line in lines_LS.tolist())
    seeds = [Seed("lines.txt", text.encode(), is_text=True), Seed("lines.f32", lines_LS.tobytes())]
    seeds += [Seed("cache.npz", content, pack=partial(_archive, arrays, name)) for name, content in arrays.items()]
    return Target("streams", seeds, attempt, says=lambda name: ("line", "numbers", name))


def _scanner() -> LoadedModel:
    return glyphlens.load("scan_lines")


def databases(folder: Path) -> Target:
    """A glyph database of the user's own."""

    def attempt(name: str, data: bytes) -> None:
        with file_in(folder, name, data) as path:
            own_tables(path)

    font = ("a", 1000, 900, -300, 800, -200, 500, 700, 0, "one", "normal", 400, "OFL-1.1", "a.woff2")
    labels = ("beh.isol", "alef.isol", "lam_alef.fina")
    rows = [
        (number + 1, "a", label, CURVED if number else SQUARE, "Beh", "isol", 600, 0, 1, "beh", "isol", "U+0628")
        for number, label in enumerate(labels)
    ]
    made = folder / "made.db"
    write_database(
        made, pd.DataFrame([font], columns=list(FONT_COLUMNS)), pd.DataFrame(rows, columns=list(GLYPH_COLUMNS))
    )
    data = made.read_bytes()
    made.unlink()
    return Target("databases", [Seed("glyphs.db", data), Seed("texts.db", data, is_text=True)], attempt)


def parameters(folder: Path) -> Target:
    """params.yaml, and the documents of other revisions that commands compare."""

    def attempt(name: str, data: bytes) -> None:
        if name == "document.json":
            json_mapping(data, name)
            return
        yaml_mapping(data, name)
        with file_in(folder, name, data) as path:
            load_seed(path)
            load_params(HandwritingParams, "handwriting", path)
            load_params(DiacriticRule, "other", path)

    document = json.dumps({"top1": 0.84, "names": ["a", "b"], "below": {"count": 12, "none": None}}, indent=1)
    seeds = [
        Seed("params.yaml", PARAMS.encode(), is_text=True),
        Seed("more.yaml", PARAMS.encode()),
        Seed("document.json", document.encode(), is_text=True),
    ]
    return Target("parameters", seeds, attempt)


def lists(folder: Path) -> Target:
    """Candidates of a zero-shot model, with a drawing of one, and labels in tables."""
    reader = open_candidates(glyphlens.load("zero_shot").network, "--candidates")
    (folder / "labels").mkdir(exist_ok=True)
    (folder / "list.txt").write_text("mine: drawing.svg\n", encoding="utf-8")

    def attempt(name: str, data: bytes) -> None:
        if name.endswith(".csv"):
            with file_in(folder / "labels", name, data):
                unknown_labels(read_own_labels(folder / "labels"))
            return
        with file_in(folder, name, data):
            reader.chosen(str(folder / "list.txt" if name.endswith(".svg") else folder / name))

    seeds = [
        Seed("candidates.txt", "石 碧\nmine: ⿰石本\n# none\nother: ⿱艹⿰木木\n".encode(), is_text=True),
        Seed("drawing.svg", SVG.encode(), is_text=True),
        Seed("labels.csv", b"font,glyph,label\na.ttf,37,beh.init\nb.ttf,noon.medi,-\n", is_text=True),
    ]
    return Target("lists", seeds, attempt, says=lambda name: (name, "no such file of candidates"))


def save_release(folder: Path, decoder: str) -> None:
    """A linear model of three characters, or of embeddings and the prototypes of three."""
    folder.mkdir(exist_ok=True)
    wanted, count = ("logits", len(CLASSES)) if decoder == "softmax" else ("embedding", NUMBERS)
    weights = np.random.default_rng(0).normal(size=(SIDE * SIDE, count)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["raster"], ["ink"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", ["ink"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], [wanted]),
        ],
        "products",
        [helper.make_tensor_value_info("raster", TensorProto.UINT8, ["n", SIDE, SIDE])],
        [helper.make_tensor_value_info(wanted, TensorProto.FLOAT, ["n", count])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, folder / "m.onnx")
    classes = [{"label": label, "code_points": [f"U+{ord(label):04X}"], "members": [label]} for label in CLASSES]
    content = {"script": "japanese", "decoder": decoder, "rule": {"image_px": SIDE}, "classes": classes}
    (folder / "labels.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    if decoder == "prototypes":
        vectors_CE = np.random.default_rng(0).normal(size=(len(CLASSES), NUMBERS)).astype(np.float32)
        Prototypes(tuple(CLASSES), vectors_CE, np.zeros(len(CLASSES), np.float32), 9.0).save(folder / "m.onnx")
        return
    promise = {"alpha": 0.02, "delta": 0.1, "largest_group_gap": 0.5, "groups": 300}
    (folder / "stopping.json").write_text(json.dumps({"promise": promise, "thresholds": [None, 0.9, 0.5]}))
    (folder / "ngram.json").write_text(json.dumps(CharacterNgram.of_texts(["aab", "ab"], 3, 1).content()))


def _npy(array: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _archive(arrays: dict[str, bytes], broken: str, data: bytes, rng: Generator) -> bytes:
    """An .npz with one array of other bytes."""
    files = {f"{name}.npy": data if name == broken else content for name, content in arrays.items()}
    return zipped(files, rng)
