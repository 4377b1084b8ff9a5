"""A photo of one character reaches a Japanese model prepared as its training samples were."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from glyphlens.commands import predict
from glyphlens.commands.model import open_model
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass, pack_bits
from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.imaging.picture_ink import ink_readings
from glyphlens.tracks.arabic.reader import drawing_rule
from tests.export.tiny_characters import RULE
from tests.linear_model import save_linear_model

BARS = ("一", "丨")  # lying, standing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Class 0: ink in the middle rows; class 1: ink in the middle columns."""
    weights = np.zeros((64, 64, 2), np.float32)
    weights[28:36, :, 0] = weights[:, 28:36, 1] = 1 / 255 / 64
    classes = [CharacterClass(bar, (f"U+{ord(bar):04X}",), "kanji") for bar in BARS]
    save_linear_model(tmp_path, weights, classes, script="japanese", rule=RULE)
    return tmp_path


def save_labels(folder: Path, content: dict[str, object]) -> None:
    (folder / "labels.json").write_text(json.dumps(content))


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """A thin lying bar and a standing one, pencil grey on grey noisy paper, and a file that is no picture."""
    paper = np.random.default_rng(0).normal(200, 3, (300, 220))
    lying, standing = paper.copy(), paper.copy()
    lying[100:112, 40:180] = standing[60:240, 100:110] = 90
    paths = [tmp_path / name for name in ("lying.png", "broken.png", "standing.png")]
    Image.fromarray(lying.astype(np.uint8)).save(paths[0])
    paths[1].write_text("no picture")
    Image.fromarray(standing.astype(np.uint8)).save(paths[2])
    return paths


def test_characters_are_named_wherever_they_stand(folder: Path, photos: list[Path]) -> None:
    table, _ = predict.predict_images(photos, open_model(folder, 1), top=2)
    assert table["label"].tolist() == ["一", "", "丨"]
    assert table["code_points"].tolist() == ["U+4E00", "", "U+4E28"]
    assert [bool(fault) for fault in table["fault"]] == [False, True, False]


def test_the_preparation_is_that_of_the_training(folder: Path, photos: list[Path]) -> None:
    _, packed = predict.predict_images(photos[:1], open_model(folder, 1))
    (reading,) = ink_readings(np.asarray(Image.open(photos[0])))
    expected = prepare(reading.ink_hw[None], HandwritingParams.model_validate({**RULE, "edge_share": 0}))
    np.testing.assert_array_equal(packed, pack_bits(expected > predict.SHOWN_INK))
    columns = np.flatnonzero(expected[0].any(axis=0))
    assert abs(len(columns) - 56) <= 4, "the longer side fills the box"


def test_a_model_of_another_script_has_its_preparation_in_its_label_map(folder: Path, photos: list[Path]) -> None:
    _, expected = predict.predict_images(photos[:1], open_model(folder, 1))
    save_labels(folder, {**json.loads((folder / "labels.json").read_text()), "script": "latin"})
    _, packed = predict.predict_images(photos[:1], open_model(folder, 1))
    np.testing.assert_array_equal(packed, expected)


def test_the_command_reads_japanese(glyphlens, folder: Path, photos: list[Path], tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    status, out, _ = glyphlens("predict", "--model", folder, photos[0], "-f", "csv", "--sheet", sheet)
    assert status == 0 and "一" in out and sheet.is_file()


def test_there_are_no_arabic_marks_in_japanese(folder: Path, photos: list[Path]) -> None:
    with pytest.raises(InputError, match="--diacritic: .*Japanese"):
        predict.predict_images(photos, open_model(folder, 1), diacritic=True)


@pytest.mark.parametrize("rule", [{}, {**RULE, "image_px": "64"}, {**RULE, "extra": 1}])
def test_a_label_map_without_the_preparation_is_refused(
    folder: Path, photos: list[Path], rule: dict[str, object]
) -> None:
    save_labels(folder, {**json.loads((folder / "labels.json").read_text()), "rule": rule})
    with pytest.raises(InputError, match=r"labels\.json: 'rule' is .*`dvc repro`"):
        predict.predict_images(photos, open_model(folder, 1))


def test_fonts_are_not_read_with_a_japanese_model(folder: Path) -> None:
    with pytest.raises(InputError, match="reads japanese, not the glyphs of Arabic fonts"):
        drawing_rule(open_model(folder, 1))


def test_strokes_are_not_on_a_photo(tmp_path: Path, photos: list[Path]) -> None:
    graph = helper.make_graph(
        [helper.make_node("ReduceMax", ["strokes", "axis"], ["logits"], keepdims=0)],
        "strokes",
        [helper.make_tensor_value_info("strokes", TensorProto.FLOAT, ["n", 24, 17])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 17])],
        [numpy_helper.from_array(np.array([1]), "axis")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), tmp_path / "s.onnx")
    entry = {"code_points": [], "form": "", "members": [], "lookalikes": []}
    save_labels(
        tmp_path, {"script": "japanese", "rule": RULE, "classes": [{"label": str(n), **entry} for n in range(17)]}
    )
    with pytest.raises(InputError, match="reads strokes, which a picture does not show"):
        predict.predict_images(photos, open_model(tmp_path / "s.onnx", 1))
