"""A tiny model (nearest of a few templates) and a tiny font, both made in code."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from onnx import TensorProto, helper, numpy_helper

from glyphlens import cli

LABELS = ("block", "beh.isol", "dot", "stroke.init", "corner.fina", "bar")
# rectangles in font units (left, bottom, right, top) of each glyph number; 3 is a space, 6 a small mark
SHAPES = {
    0: [(50, 0, 450, 700)],
    1: [(0, 0, 600, 600)],
    2: [(0, 0, 600, 80)],
    3: [],
    4: [(0, 0, 80, 600)],
    5: [(0, 0, 600, 80), (0, 0, 80, 600)],
    6: [(0, 600, 90, 690)],
}
CMAP = {0x20: 3, 0x628: 1, 0x627: 4, 0x631: 5, 0x64E: 6, 0xFE91: 2}


@pytest.fixture
def glyphlens(monkeypatch, capfd):
    """Run the entry point; (exit status, output, error output)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["glyphlens", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capfd.readouterr()
        return int(caught.value.code or 0), out, err

    return call


@pytest.fixture(scope="session")
def shapes():
    """Rectangles of the test font by glyph number."""
    return SHAPES


@pytest.fixture(scope="session")
def font_bytes():
    """Bytes of a TrueType font with the rectangles above, glyph names that mean nothing, and a small cmap."""

    def build(shapes=SHAPES, cmap=CMAP, *, without_cmap: bool = False, ascent: int = 800, advances=()) -> bytes:
        import io

        names = [".notdef", *(f"g{number:03}" for number in sorted(shapes) if number)]
        builder = FontBuilder(1000, isTTF=True)
        builder.setupGlyphOrder(names)
        builder.setupCharacterMap({code: names[gid] for code, gid in cmap.items()})
        builder.setupGlyf({name: _rectangles(shapes[number]) for number, name in enumerate(names)})
        widths = advances or [(690 if number == 1 else 700) for number in range(len(names))]
        builder.setupHorizontalMetrics({name: (width, 0) for name, width in zip(names, widths, strict=True)})
        builder.setupHorizontalHeader(ascent=ascent, descent=-200)
        builder.setupNameTable({"familyName": "Test", "styleName": "Regular"})
        builder.setupOS2(sTypoAscender=ascent, sTypoDescender=-200)
        builder.setupPost()
        if without_cmap:
            del builder.font["cmap"], builder.font["post"]
        stream = io.BytesIO()
        builder.save(stream)
        return stream.getvalue()

    return build


@pytest.fixture
def font_path(tmp_path, font_bytes) -> Path:
    """The font as a file."""
    path = tmp_path / "test.ttf"
    path.write_bytes(font_bytes())
    return path


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    """An .onnx with its labels.json: class = the template with the largest overlap, less what lies outside it."""
    folder = tmp_path_factory.mktemp("model")
    templates_CHW = np.full((len(LABELS), 128, 128), -1.0, np.float32)
    templates_CHW[0, :, :73] = 1
    templates_CHW[1] = 1
    templates_CHW[2, :64, :64] = 1
    templates_CHW[3, :17] = 1
    templates_CHW[4, 111:] = templates_CHW[4, :, :17] = 1
    templates_CHW[5, :, :17] = 1
    weights = (templates_CHW.reshape(len(LABELS), -1).T / 255 / 500).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["raster"], ["ink"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", ["ink"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["scores"]),
            helper.make_node("MatMul", ["geometry", "by_geometry"], ["extra"]),
            helper.make_node("Add", ["scores", "extra"], ["sum"]),
            helper.make_node("Add", ["sum", "bias"], ["logits"]),
        ],
        "templates",
        [
            helper.make_tensor_value_info("raster", TensorProto.UINT8, ["n", 128, 128]),
            helper.make_tensor_value_info("geometry", TensorProto.FLOAT, ["n", 7]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(LABELS)])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.zeros((7, len(LABELS)), np.float32), "by_geometry"),
            numpy_helper.from_array(-(templates_CHW > 0).sum(axis=(1, 2)).astype(np.float32) / 500, "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, folder / "tiny.onnx")
    (folder / "labels.json").write_text(json.dumps({"classes": list(map(_class, LABELS)), "rule": RULE}))
    return folder


RULE = {"diacritic_rule": "ratio", "diacritic_ratio": 0.25}


def _class(label: str) -> dict[str, object]:
    members = {"dot": ["fatha"], "stroke.init": ["beh.init"], "bar": ["alef.isol"], "corner.fina": ["reh.isol"]}
    form = label.partition(".")[2]
    return {
        "label": label,
        "form": form,
        "code_points": ["U+0628"] if label == "beh.isol" else ["U+0627", "U+0644"],
        "members": [label, *members.get(label, [])],
        "lookalikes": [],
    }


def _rectangles(boxes):
    pen = TTGlyphPen(None)
    for left, bottom, right, top in boxes:
        pen.moveTo((left, bottom))
        for corner in ((left, top), (right, top), (right, bottom)):
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()


@pytest.fixture(scope="session")
def drawn_export(tmp_path_factory) -> Path:
    """A zero-shot export of 30 kanji (tests/commands/drawn_export.py); not to be changed."""
    from tests.commands.drawn_export import write_drawn_export
    from tests.once import once_per_run

    return once_per_run(tmp_path_factory, "drawn-export", write_drawn_export) / "export"
