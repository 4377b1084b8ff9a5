"""PDFs made in code: text in a real font (DejaVu Sans, which comes with matplotlib), embedded in several ways."""

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import matplotlib
import pikepdf
from fontTools import subset
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable
from pikepdf import Array, Dictionary, Name

from glyphlens.imaging.shaping import FontFace
from glyphlens.sources.pdf.cmaps import format_cmap
from tests.old_fonts import as_cff

FONTS = Path(matplotlib.get_data_path(), "fonts/ttf")
ARABIC, LATIN = FONTS / "DejaVuSans.ttf", FONTS / "DejaVuSerif.ttf"
TEXT = ("السلام عليكم", "كتاب جميل في البيت", "شمس وقمر ونجوم", "لا علم بلا عمل")
Embedding = Literal["composite", "composite cff", "simple", "simple cff"]


class Drawn(NamedTuple):
    """A subset font, its lines as codes (logical order) and what each code stands for."""

    data: bytes
    lines: tuple[tuple[int, ...], ...]
    texts: Mapping[int, str]


@cache
def drawn(lines: tuple[str, ...] = TEXT, path: Path = ARABIC) -> Drawn:
    """The glyphs that HarfBuzz draws the lines with, in a subset of the font with other numbers."""
    face = FontFace(path.read_bytes())
    shaped = [(line, face.shape(tuple(map(ord, line)))[::-1]) for line in lines]
    data, new = _subset(path, sorted({part.gid for _, parts in shaped for part in parts}))
    texts: dict[int, str] = {}
    for line, parts in shaped:
        ends = [*(part.cluster for part in parts[1:]), len(line)]
        for part, end in zip(parts, ends, strict=True):
            texts[new[part.gid]] = line[part.cluster : end]
    return Drawn(data, tuple(tuple(new[part.gid] for part in parts) for _, parts in shaped), texts)


def write_pdf(
    path: Path, font: Drawn, texts: Mapping[int, str] | None, embedding: Embedding = "composite", **further: object
) -> Path:
    """One page; ``texts`` is the ToUnicode map, None for none."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(600, 800))
    made = _font(pdf, font.data, embedding)
    width = 2 if embedding.startswith("composite") else 1
    if texts is not None:
        made.ToUnicode = pdf.make_stream(format_cmap(texts, width).encode())
    page = pdf.pages[0]
    page.Resources = Dictionary(Font=Dictionary(F1=pdf.make_indirect(made)))
    rows = " ".join(f"<{''.join(f'{code:0{2 * width}x}' for code in line)}> Tj T*" for line in font.lines)
    page.Contents = pdf.make_stream(f"BT /F1 24 Tf 30 TL 50 700 Td {rows} ET".encode())
    pdf.save(path, **further)  # type: ignore[arg-type]
    return path


def _font(pdf: pikepdf.Pdf, data: bytes, embedding: Embedding) -> pikepdf.Dictionary:
    count = TTFont(io.BytesIO(data))["maxp"].numGlyphs
    descriptor = Dictionary(
        Type=Name.FontDescriptor, FontName=Name("/AAAAAA+Test"), Flags=4, FontBBox=[0, -200, 1000, 800],
        ItalicAngle=0, Ascent=800, Descent=-200, CapHeight=700, StemV=80,
    )  # fmt: skip
    if embedding.endswith("cff"):
        kind = "CIDFontType0C" if embedding.startswith("composite") else "Type1C"
        descriptor.FontFile3 = pdf.make_stream(as_cff(data), Subtype=Name(f"/{kind}"))
    else:
        descriptor.FontFile2 = pdf.make_stream(data)
    descriptor = pdf.make_indirect(descriptor)
    if embedding.startswith("composite"):
        info = Dictionary(Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0)
        subtype = Name.CIDFontType0 if embedding.endswith("cff") else Name.CIDFontType2
        below = Dictionary(
            Type=Name.Font, Subtype=subtype, BaseFont=Name("/AAAAAA+Test"), CIDSystemInfo=info,
            FontDescriptor=descriptor, DW=600,
        )  # fmt: skip
        return Dictionary(
            Type=Name.Font, Subtype=Name.Type0, BaseFont=Name("/AAAAAA+Test"), Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(below)]),
        )  # fmt: skip
    made = Dictionary(
        Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name("/AAAAAA+Test"), FirstChar=0, LastChar=count - 1,
        Widths=Array([600] * count), FontDescriptor=descriptor,
    )  # fmt: skip
    if embedding.endswith("cff"):
        made.Subtype = Name.Type1
        names = [Name(f"/{name}") for name in TTFont(io.BytesIO(data)).getGlyphOrder()]
        made.Encoding = Dictionary(Type=Name.Encoding, Differences=Array([0, *names]))
    return made


def _subset(path: Path, gids: list[int]) -> tuple[bytes, dict[int, int]]:
    """TrueType with .notdef and these glyphs, a symbol cmap code = new glyph number; and the new number of each."""
    font = TTFont(path)
    before = font.getGlyphOrder()
    options = subset.Options(notdef_outline=True, layout_features=[], glyph_names=False, drop_tables=["FFTM"])
    subsetter = subset.Subsetter(options)
    subsetter.populate(gids=gids)
    subsetter.subset(font)
    after = font.getGlyphOrder()
    table = newTable("cmap")
    table.tableVersion, table.tables = 0, [CmapSubtable.newSubtable(4)]
    (symbol,) = table.tables
    symbol.platformID, symbol.platEncID, symbol.language = 3, 0, 0
    symbol.cmap = {0xF000 + number: name for number, name in enumerate(after) if number}
    font["cmap"] = table
    stream = io.BytesIO()
    font.save(stream)
    return stream.getvalue(), {gid: after.index(before[gid]) for gid in gids}
