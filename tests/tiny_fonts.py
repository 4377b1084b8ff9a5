"""Tiny Arabic fonts made in code, with substitutions and positions as real ones have them."""

import io

from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

Box = tuple[int, int, int, int]  # left, bottom, right, top in font units

# Glyph names say nothing on purpose, as in many real fonts: labels must not come from them.
BOXES: dict[str, list[Box]] = {
    ".notdef": [(0, 0, 400, 700)],
    "g01": [(50, 0, 150, 700)],  # alef
    "g02": [(50, 0, 160, 690)],  # alef.fina
    "g03": [],  # beh, replaced by skeleton and dot
    "g04": [(0, 0, 600, 200)],  # skeleton
    "g05": [(0, 0, 300, 200)],  # skeleton.init
    "g06": [(0, 0, 320, 210)],  # skeleton.medi
    "g07": [(0, 0, 640, 210)],  # skeleton.fina
    "g08": [(0, -100, 100, 0)],  # dot
    "g09": [(0, 0, 500, 800)],  # lam
    "g10": [(0, 0, 200, 800)],  # lam.init
    "g11": [(0, 0, 220, 790)],  # lam.medi
    "g12": [(0, 0, 500, 790)],  # lam.fina
    "g13": [(0, 0, 400, 800), (500, 0, 600, 800)],  # lam_alef
    "g14": [(0, 0, 420, 410)],  # waw: no final form
    "g15": [(0, 700, 200, 750)],  # fatha
    "g16": [(0, 700, 150, 800)],  # shadda
    "g17": [(0, 700, 200, 900)],  # shadda_fatha
    "g18": [(0, 0, 300, 600)],  # digit four
    "g19": [(0, 0, 80, 120)],  # comma
    "g20": [(0, 0, 900, 900)],  # number sign, a format character
    "g21": [],  # tatweel without a contour
    "g22": [(0, 0, 550, 500)],  # kaf
    "g23": [(30, 0, 580, 500)],  # keheh: kaf moved
    "g24": [(0, 0, 450, 800), (500, 0, 600, 800)],  # presentation form of lam_alef.fina
    "g25": [(0, 0, 400, 400)],  # reh.fina: a glyph of its own, drawn as reh
    "g26": [(0, 0, 400, 400)],  # reh
    "g27": [(0, 0, 500, 100), (0, 200, 100, 300)],  # ornate parenthesis
}
CMAP = {
    0x0627: "g01",
    0x0628: "g03",
    0x0644: "g09",
    0x0648: "g14",
    0x064E: "g15",
    0x0651: "g16",
    0x0664: "g18",
    0x060C: "g19",
    0x0600: "g20",
    0x0640: "g21",
    0x0643: "g22",
    0x06A9: "g23",
    0x0631: "g26",
    0xFEFC: "g24",
    0xFD3E: "g27",
    0x0041: "g01",
}
FEATURES = """
languagesystem DFLT dflt;
languagesystem arab dflt;
markClass g08 <anchor 50 0> @BELOW;
feature ccmp { sub g03 by g04 g08; } ccmp;
feature init { sub g04 by g05; sub g09 by g10; } init;
feature medi { sub g04 by g06; sub g09 by g11; } medi;
feature fina { sub g04 by g07; sub g01 by g02; sub g09 by g12; sub g26 by g25; } fina;
feature rlig { sub g10 g02 by g13; sub g16 g15 by g17; } rlig;
feature mark {
  pos base [g04 g07] <anchor 300 -20> mark @BELOW;
  pos base [g05 g06] <anchor 150 -20> mark @BELOW;
} mark;
table GDEF { GlyphClassDef [g04 g05 g06 g07], [g13], [g08 g15 g16 g17], ; } GDEF;
"""


def tiny_font(
    family: str = "Tiny",
    *,
    boxes: dict[str, list[Box]] | None = None,
    cmap: dict[int, str] | None = None,
    features: str | None = FEATURES,
    weight: int = 400,
    flavor: str | None = None,
    upem: int = 1000,
) -> bytes:
    """Bytes of a TrueType font; boxes given replace those of the same glyph."""
    drawn = BOXES | (boxes or {})
    builder = FontBuilder(upem, isTTF=True)
    builder.setupGlyphOrder(list(drawn))
    builder.setupCharacterMap(CMAP if cmap is None else cmap)
    builder.setupGlyf({name: _draw(shapes) for name, shapes in drawn.items()})
    marks = ("g08", "g15", "g16", "g17")
    lefts = {name: min((box[0] for box in shapes), default=0) for name, shapes in drawn.items()}
    builder.setupHorizontalMetrics({name: (0 if name in marks else 700, lefts[name]) for name in drawn})
    builder.setupHorizontalHeader(ascent=900, descent=-300, lineGap=50)
    builder.setupOS2(
        sTypoAscender=850, sTypoDescender=-250, sxHeight=480, sCapHeight=690, usWeightClass=weight, version=4
    )
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupPost(keepGlyphNames=False)
    if features:
        addOpenTypeFeaturesFromString(builder.font, features)
    builder.font["head"].created = builder.font["head"].modified = 0
    builder.font.recalcTimestamp = False
    builder.font.flavor = flavor
    data = io.BytesIO()
    builder.font.save(data)
    return data.getvalue()


def _draw(shapes: list[Box]):
    pen = TTGlyphPen(None)
    for left, bottom, right, top in shapes:
        pen.moveTo((left, bottom))
        pen.lineTo((left, top))
        pen.lineTo((right, top))
        pen.lineTo((right, bottom))
        pen.closePath()
    return pen.glyph()
