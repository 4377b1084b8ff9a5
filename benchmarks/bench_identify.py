"""Font file → answers: batches through the exported network, against one glyph at a time."""

from pathlib import Path

import numpy as np

from benchmarks.ratio import Ratio, timed
from glyphlens.commands.face_pictures import FONT_SUFFIXES, face_pictures, open_font
from glyphlens.commands.identify import identify_fonts
from glyphlens.commands.inputs import find_inputs
from glyphlens.commands.model import open_model
from glyphlens.data.sample_set import unpack_bits
from glyphlens.inference.reading import best_classes
from glyphlens.inference.recognizer import GEOMETRY, RASTER, Recognizer
from glyphlens.tracks.arabic.reader import drawing_rule

FONTS = Path("data/raw/fonts/arabic")
FILES = 6
PLAIN_GLYPHS = 400
GLYPHS_A_SECOND = 2000


def one_by_one(path: Path, recognizer: Recognizer, limit: int) -> list[str]:
    """The label of each of the first glyphs: outline, raster and network for one, then for the next."""
    labels = []
    rule = drawing_rule(recognizer)
    for face in open_font(path):
        for pictures in face_pictures(face, rule, batch=1):
            if len(labels) == limit:
                break
            raster_NHW = unpack_bits(pictures.packed_GHB) * np.uint8(255)
            best = best_classes(recognizer.probabilities({RASTER: raster_NHW, GEOMETRY: pictures.geometry_GF}), 5)
            labels.append("" if pictures.faults else recognizer.classes[best.classes_NK[0, 0]].label)
    return labels


def measure() -> list[Ratio]:
    """Plain time is scaled from the first glyphs of one font to all glyphs; the first row is against 2,000 glyphs/s."""
    files = find_inputs([FONTS], FONT_SUFFIXES).files
    files = files[:: max(1, len(files) // FILES)][:FILES]
    recognizer = open_model(None, threads=1)
    identify_fonts(files[:1], recognizer, alone=True)
    fast_s, found = timed(lambda: identify_fonts(files, recognizer, alone=True), repeats=2)
    count = len(found.table)
    plain_s, labels = timed(lambda: one_by_one(files[0], recognizer, PLAIN_GLYPHS))
    differ = sum(label != fast for label, fast in zip(labels, found.table["label"], strict=False))
    if differ > len(labels) // 100:
        raise AssertionError(f"identify: {differ} of {len(labels)} labels differ between one by one and batches")
    note = f"{count / fast_s:.0f} glyphs/s a core, {count} glyphs of {len(files)} fonts, {recognizer.path.name}"
    return [
        Ratio(f"identify: {GLYPHS_A_SECOND} glyphs/s", count / GLYPHS_A_SECOND, fast_s, 1.0, note),
        Ratio("identify: one glyph at a time", plain_s * count / len(labels), fast_s, 1.0, f"{differ} labels differ"),
    ]
