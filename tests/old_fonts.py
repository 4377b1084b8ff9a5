"""Type 1, bare CFF and dfont files, made in code from rectangles or from a TrueType font."""

import io
import struct
from collections.abc import Mapping, Sequence

from fontTools.fontBuilder import FontBuilder
from fontTools.misc import eexec
from fontTools.misc.psCharStrings import T1CharString
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTFont

Box = tuple[int, int, int, int]
ADVANCE = 700
CHARSTRING_KEY, EEXEC_KEY = 4330, 55_665


def type1_font(shapes: Mapping[str, Sequence[Box]], encoding: Mapping[int, str]) -> bytes:
    """A pfa; glyph 0 is .notdef."""
    codes = "".join(f"dup {code} /{name} put\n" for code, name in encoding.items())
    clear = (
        "%!PS-AdobeFont-1.0: Test\n/FontName /Test def\n/FontType 1 def\n/PaintType 0 def\n"
        "/FontMatrix [0.001 0 0 0.001 0 0] readonly def\n/FontBBox {0 -200 1000 800} readonly def\n"
        f"/Encoding 256 array 0 1 255 {{1 index exch /.notdef put}} for\n{codes}readonly def\ncurrentfile eexec\n"
    )
    private = b"dup /Private 8 dict dup begin\n/RD {string currentfile exch readstring pop} executeonly def\n"
    private += b"/ND {noaccess def} executeonly def\n/NP {noaccess put} executeonly def\n/lenIV 4 def\n"
    private += b"/BlueValues [] def\n/password 5839 def\n2 index /CharStrings %d dict dup begin\n" % len(shapes)
    for name, boxes in shapes.items():
        code = eexec.encrypt(bytes(4) + _charstring(boxes), CHARSTRING_KEY)[0]
        private += b"/%s %d RD " % (name.encode(), len(code)) + code + b" ND\n"
    private += (
        b"end\nend\nreadonly put\nnoaccess put\ndup /FontName get exch definefont pop\nmark currentfile closefile\n"
    )
    secret = eexec.encrypt(bytes(4) + private, EEXEC_KEY)[0].hex().upper()
    lines = "\n".join(secret[place : place + 64] for place in range(0, len(secret), 64))
    zeros = ("0" * 64 + "\n") * 8
    return f"{clear}{lines}\n{zeros}cleartomark\n".encode("latin-1")


def as_pfb(pfa: bytes) -> bytes:
    """The same font in segments."""
    start = pfa.index(b"eexec") + len(b"eexec\n")
    end = pfa.index(b"0" * 64)
    secret = bytes.fromhex(pfa[start:end].decode())
    parts = ((1, pfa[:start]), (2, secret), (1, pfa[end:]))
    return b"".join(struct.pack("<BBI", 0x80, kind, len(part)) + part for kind, part in parts) + b"\x80\x03"


def as_cff(truetype: bytes) -> bytes:
    """A bare CFF with the same glyphs under the same names."""
    font = TTFont(io.BytesIO(truetype))
    glyphs = font.getGlyphSet()
    builder = FontBuilder(font["head"].unitsPerEm, isTTF=False)
    builder.setupGlyphOrder(font.getGlyphOrder())
    charstrings = {}
    for name in font.getGlyphOrder():
        pen = T2CharStringPen(glyphs[name].width, glyphs)
        glyphs[name].draw(pen)
        charstrings[name] = pen.getCharString()
    builder.setupCFF("Test", {"FontBBox": [0, -200, 1000, 800]}, charstrings, {})
    return bytes(builder.font["CFF "].compile(builder.font))


def as_dfont(faces: Sequence[bytes], kind: bytes = b"sfnt") -> bytes:
    """A Macintosh resource file, all in the data fork (Inside Macintosh: More Macintosh Toolbox, chapter 1)."""
    data = b"".join(struct.pack(">I", len(face)) + face for face in faces)
    starts = [sum(4 + len(face) for face in faces[:number]) for number in range(len(faces))]
    references = b"".join(struct.pack(">hhII", 128 + number, -1, start, 0) for number, start in enumerate(starts))
    types = struct.pack(">h4shh", 0, kind, len(faces) - 1, 10)
    names_at = 28 + len(types) + len(references)
    resource_map = bytes(16) + struct.pack(">IHHhh", 0, 0, 0, 28, names_at) + types + references
    return struct.pack(">IIII", 256, 256 + len(data), len(data), len(resource_map)) + bytes(240) + data + resource_map


def _charstring(boxes: Sequence[Box]) -> bytes:
    program: list[object] = [0, ADVANCE, "hsbw"]
    x = y = 0
    for left, bottom, right, top in boxes:
        program += [left - x, bottom - y, "rmoveto", right - left, "hlineto", top - bottom, "vlineto"]
        program += [left - right, "hlineto", "closepath"]
        x, y = left, top
    charstring = T1CharString(program=[*program, "endchar"])
    charstring.compile()
    return bytes(charstring.bytecode)
