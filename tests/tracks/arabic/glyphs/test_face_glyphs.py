"""Every glyph of tiny fonts, drawn as identify draws it, and known again by its picture and height."""

import numpy as np
import pandas as pd

from glyphlens.commands.face_pictures import face_pictures
from glyphlens.data.sample_set import ImageFormat, SampleSet
from glyphlens.imaging.geometry import GEOMETRY
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.imaging.shaping import FontFace
from glyphlens.sources.fonts.isolation import Limits
from glyphlens.tracks.arabic.glyphs.face_glyphs import (
    chosen_fonts,
    draw_face,
    draw_fonts,
    known_labels,
    labels_of,
    picture_hash,
)
from tests.tiny_fonts import tiny_font

RULE = DiacriticRule(diacritic_rule="ratio", diacritic_ratio=0.25)


def sample_set(rows, tmp_path):
    index = pd.DataFrame(rows)
    return SampleSet(tmp_path, np.zeros((len(index), 128, 16), np.uint8), index, (), ImageFormat(128, 128, 1))


def test_glyphs_are_drawn_as_identify_draws_them():
    face = FontFace(tiny_font(), 0)
    glyphs = draw_face(face, RULE)
    (pictures,) = face_pictures(face, RULE)
    drawn = [number for number, gid in enumerate(pictures.gids_G.tolist()) if gid not in pictures.faults]
    assert 0 < len(drawn) < face.glyph_count
    assert (glyphs.packed_GHB == pictures.packed_GHB[drawn]).all()
    assert (glyphs.geometry_GF == pictures.geometry_GF[drawn]).all()


def test_a_glyph_is_known_by_its_family_picture_and_height(tmp_path):
    glyphs = draw_face(FontFace(tiny_font(), 0), RULE)
    row = {
        "group": "tiny", "split": "train", "class_index": 7, "raster_hash": picture_hash(glyphs.packed_GHB[4]),
        **dict(zip(GEOMETRY, glyphs.geometry_GF[4, :6], strict=True)),
    }  # fmt: skip
    higher = {**row, "class_index": 8, "em_top": row["em_top"] + 0.1, "em_bottom": row["em_bottom"] + 0.1}
    left_out = {**row, "class_index": 9, "split": "excluded"}
    labels = known_labels(sample_set([row, higher, left_out], tmp_path))
    found = labels_of(glyphs, "tiny", labels)
    assert found[4] == {7} and not any(labels_of(glyphs, "another", labels))
    assert {frozenset(numbers) for number, numbers in enumerate(found) if number != 4} <= {frozenset(), frozenset({7})}


def test_a_font_that_cannot_be_read_costs_itself_alone(tmp_path):
    (tmp_path / "bad.ttf").write_bytes(b"OTTO")
    (tmp_path / "good.ttf").write_bytes(tiny_font())
    files = [(tmp_path / name,) for name in ("bad.ttf", "good.ttf")]
    assert [number for number, _ in draw_fonts(files, RULE, Limits(30, 512), 2)] == [1]


def test_of_a_training_family_some_fonts_are_read_and_of_others_all(tmp_path):
    samples = sample_set([{"group": "a", "split": "train"}, {"group": "b", "split": "val"}], tmp_path)
    names = [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("b", "b2"), ("b", "b3"), ("unknown", "c1")]
    beside = [("latin",) if file == "a2" else () for _, file in names]
    fonts = pd.DataFrame(names, columns=["family", "file"]).assign(companions=beside)
    chosen = chosen_fonts(fonts, samples, 2)
    assert chosen["file"].tolist() == ["a2", "a3", "b1", "b2", "b3"] and set(chosen["split"]) == {"train", "val"}
