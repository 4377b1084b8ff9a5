"""Without the hash of its cells the released recogniser says the same, bit for bit, and computes nothing in int64."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from fontTools.ttLib import TTFont
from onnx import TensorProto

from glyphlens.commands.face_pictures import face_pictures, open_font
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import unpack_bits
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.recognizer import Recognizer
from glyphlens.tracks.arabic.export.every_cell import reading_every_cell
from glyphlens.tracks.arabic.export.graph import Networks, assemble
from glyphlens.tracks.arabic.reader import drawing_rule
from tests.export import tiny
from tests.pdf_files import ARABIC as DEJAVU

ROOT = Path(__file__).resolve().parents[4]
LETTERS = range(0x0621, 0x064B)  # letters that DejaVu Sans has


def run(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    answer: np.ndarray = session.run(None, feeds)[0]
    return answer


@pytest.fixture(scope="module")
def released() -> onnx.ModelProto:
    return onnx.load(ExportFolder(ROOT / "models/arabic/release").only_model())


def test_real_glyphs_are_answered_the_same_bit_for_bit(released: onnx.ModelProto) -> None:
    (face,) = open_font(DEJAVU)
    with TTFont(DEJAVU) as font:
        names = font.getBestCmap()
        gids = sorted({font.getGlyphID(names[code]) for code in LETTERS if code in names})
    rule = drawing_rule(Recognizer.load(ROOT / "models/arabic/release", threads=1))
    parts = list(face_pictures(face, rule, gids=gids))
    feeds = {
        "raster": unpack_bits(np.concatenate([part.packed_GHB for part in parts])) * np.uint8(255),
        "geometry": np.concatenate([part.geometry_GF for part in parts]).astype(np.float32),
    }
    expected = run(released, feeds)
    assert len(expected) > 30 and len(set(expected.argmax(axis=1))) > 20
    np.testing.assert_array_equal(run(reading_every_cell(released), feeds), expected)


@pytest.mark.parametrize("grey", [False, True])
def test_the_released_recogniser_gives_the_same_logits(released: onnx.ModelProto, grey: bool) -> None:
    feeds = tiny.feeds(6, grey=grey)
    feeds["raster"][0] = 0
    np.testing.assert_array_equal(run(reading_every_cell(released), feeds), run(released, feeds))


def test_a_recogniser_in_floats_gives_the_same(networks: Networks) -> None:
    whole, feeds = assemble(networks), tiny.feeds(5)
    np.testing.assert_allclose(run(reading_every_cell(whole), feeds), run(whole, feeds), rtol=1e-4, atol=1e-5)


def test_nothing_is_computed_in_64_bits(released: onnx.ModelProto) -> None:
    plain = reading_every_cell(released).graph
    assert not {"Unique", "MatMulInteger"} & {node.op_type for node in plain.node}
    wide = [each for each in plain.initializer if each.data_type == TensorProto.INT64 and "sum_weights" in each.name]
    assert wide == []


def test_the_released_graph_stays_as_it_is(released: onnx.ModelProto) -> None:
    before = released.SerializeToString(deterministic=True)
    reading_every_cell(released)
    assert released.SerializeToString(deterministic=True) == before


def test_a_graph_that_tells_no_cells_apart_is_refused(released: onnx.ModelProto) -> None:
    with pytest.raises(InputError, match="no distinct cells"):
        reading_every_cell(reading_every_cell(released))
