"""A tiny font with a few Japanese characters, in a folder as the `fonts` stage writes it."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from glyphlens.core.storage import save_table, sha256_file
from glyphlens.sources.fonts.files import COLUMNS, MANIFEST

Box = tuple[int, int, int, int]  # left, bottom, right, top in font units

BOXES: dict[str, list[Box]] = {
    ".notdef": [(0, 0, 400, 700)],
    "一": [(100, 350, 900, 430)],
    "十": [(100, 350, 900, 430), (460, 0, 540, 760)],
    "こ": [(200, 560, 800, 640), (200, 80, 800, 160)],
    "校": [(60, 40, 140, 800), (300, 500, 900, 580), (300, 100, 900, 180)],
}


def font_folder(folder: Path, family: str = "boxes", boxes: Mapping[str, list[Box]] = BOXES) -> Path:
    """``folder`` with one font file and its manifest; ``boxes``: what each character is made of."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {name: f"g{number}" if number else name for number, name in enumerate(boxes)}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(names.values()))
    builder.setupCharacterMap({ord(name): glyph for name, glyph in names.items() if len(name) == 1})
    glyphs = {}
    for name, parts in boxes.items():
        pen = TTGlyphPen(None)
        for left, bottom, right, top in parts:
            pen.moveTo((left, bottom))
            for point in ((left, top), (right, top), (right, bottom)):
                pen.lineTo(point)
            pen.closePath()
        glyphs[names[name]] = pen.glyph()
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(names.values(), (1000, 0)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120)
    builder.setupPost()
    path = folder / f"{family}.ttf"
    builder.save(path)
    row = ("japanese", family, "1", family, "normal", 400, "OFL-1.1", "package", path.name, sha256_file(path))
    save_table(folder / MANIFEST, pd.DataFrame([row], columns=list(COLUMNS)))
    return folder
