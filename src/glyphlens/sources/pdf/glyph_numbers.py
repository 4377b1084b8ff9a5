"""Codes of a PDF font → glyph numbers of the embedded font program, and the text that glyph names stand for.

ISO 32000-1, 9.6.6 (simple fonts) and 9.7.4.2 (composite fonts).
"""

import io
from collections.abc import Iterable, Mapping
from typing import Any

import freetype
import pikepdf
from fontTools import agl
from fontTools.encodings.MacRoman import MacRoman
from fontTools.encodings.StandardEncoding import StandardEncoding

from glyphlens.imaging.postscript_fonts import cids_of, read_cff
from glyphlens.sources.pdf.document import spelled

SYMBOLIC, NONSYMBOLIC = 4, 32  # bits of a font descriptor's flags
NOTDEF = ".notdef"
MS_SYMBOL, MS_UNICODE, MAC_ROMAN = (3, 0), (3, 1), (1, 0)  # platform and encoding of a cmap
SYMBOL_AREAS = (0x0000, 0xF000, 0xF100, 0xF200)


def _win_ansi() -> list[str]:
    decoded = (bytes([code]).decode("cp1252", errors="ignore") for code in range(256))
    return [agl.UV2AGL.get(ord(text), NOTDEF) if text else "bullet" for text in decoded]


BASES: Mapping[str, list[str]] = {
    "/WinAnsiEncoding": _win_ansi(),
    "/MacRomanEncoding": MacRoman,
    "/StandardEncoding": StandardEncoding,
}


def encoding_names(font: pikepdf.Object) -> dict[int, str]:
    """Code → glyph name as a simple font's Encoding says; empty where it leaves that to the font program."""
    encoding = font.get("/Encoding")
    if isinstance(encoding, pikepdf.Name):
        return _named(BASES.get(spelled(encoding), ()))
    if not isinstance(encoding, pikepdf.Dictionary):
        return {}
    found = _named(BASES.get(spelled(encoding.get("/BaseEncoding", "")), ()))
    differences = encoding.get("/Differences")
    code = 0
    for entry in list(differences) if isinstance(differences, pikepdf.Array) else []:
        if isinstance(entry, pikepdf.Name):
            found[code] = spelled(entry)[1:]
            code += 1
        else:
            code = int(entry)
    return found


def name_text(name: str) -> str:
    """The text of a glyph name by the Adobe Glyph List; empty for names that say nothing."""
    return "" if name == NOTDEF else str(agl.toUnicode(name))


def simple_glyphs(
    program: bytes, names: Mapping[int, str], flags: int, codes: Iterable[int]
) -> tuple[dict[int, int], dict[int, str]]:
    """({code: gid}, {code: glyph name, the program's own where the Encoding gives none}) of a simple font's codes."""
    face = freetype.Face(io.BytesIO(program))
    by_platform = {(charmap.platform_id, charmap.encoding_id): charmap for charmap in face.charmaps}
    is_truetype = bool(face.is_sfnt) and program[:4] != b"OTTO"
    own = next((each for each in face.charmaps if each.encoding != freetype.FT_ENCODING_UNICODE), None)
    glyphs: dict[int, int] = {}
    found: dict[int, str] = {}
    for code in codes:
        name = names.get(code, "")
        if is_truetype:
            gid = _truetype_glyph(face, by_platform, code, name, is_symbolic=_is_symbolic(flags, names))
        else:
            gid = face.get_name_index(name.encode("latin-1", "replace")) if name else _mapped(face, own, code)
            if not name and gid and face.has_glyph_names:
                name = face.get_glyph_name(gid).decode("latin-1")
        if name:
            found[code] = name
        if gid:
            glyphs[code] = int(gid)
    return glyphs, found


def composite_glyphs(program: bytes, descendant: pikepdf.Object, cids: Mapping[int, int]) -> dict[int, int]:
    """{code: gid} of a composite font's codes, whose CIDs are given."""
    table = descendant.get("/CIDToGIDMap")
    if isinstance(table, pikepdf.Stream):
        gids = bytes(table.read_bytes())
        return {code: int.from_bytes(gids[2 * cid : 2 * cid + 2], "big") for code, cid in cids.items()}
    cff = _cff_of(program)
    gid_of = {cid: gid for gid, cid in cids_of(read_cff(cff)).items()} if cff else {}
    return {code: gid_of[cid] for code, cid in cids.items() if cid in gid_of} if gid_of else dict(cids)


def _cff_of(program: bytes) -> bytes:
    """A bare CFF, or the table of an OpenType font; empty for TrueType."""
    if program[:4] != b"OTTO":
        return program if program[:1] == b"\x01" else b""
    for record in range(12, 12 + 16 * int.from_bytes(program[4:6], "big"), 16):
        if program[record : record + 4] == b"CFF ":
            begin, length = (int.from_bytes(program[at : at + 4], "big") for at in (record + 8, record + 12))
            return program[begin : begin + length]
    return b""


def _is_symbolic(flags: int, names: Mapping[int, str]) -> bool:
    return not names or bool(flags & SYMBOLIC and not flags & NONSYMBOLIC)


def _truetype_glyph(
    face: freetype.Face, charmaps: Mapping[tuple[int, int], Any], code: int, name: str, *, is_symbolic: bool
) -> int:
    """As ISO 32000-1, 9.6.6.4 looks it up; what one way does not find, the other may."""
    ways = (_by_code, _by_name) if is_symbolic else (_by_name, _by_code)
    return next((gid for way in ways if (gid := way(face, charmaps, code, name))), 0)


def _by_code(face: freetype.Face, charmaps: Mapping[tuple[int, int], Any], code: int, _: str) -> int:
    symbol = charmaps.get(MS_SYMBOL)
    found = next((gid for area in SYMBOL_AREAS if (gid := _mapped(face, symbol, area + code))), 0)
    return found or _mapped(face, charmaps.get(MAC_ROMAN), code)


def _by_name(face: freetype.Face, charmaps: Mapping[tuple[int, int], Any], _: int, name: str) -> int:
    text = name_text(name)
    if len(text) == 1 and (gid := _mapped(face, charmaps.get(MS_UNICODE), ord(text))):
        return gid
    if name in MacRoman and (gid := _mapped(face, charmaps.get(MAC_ROMAN), MacRoman.index(name))):
        return gid
    return int(face.get_name_index(name.encode("latin-1", "replace"))) if name else 0


def _mapped(face: freetype.Face, charmap: Any, code: int) -> int:
    if charmap is None:
        return 0
    face.set_charmap(charmap)
    return int(face.get_char_index(code))


def _named(names: Iterable[str]) -> dict[int, str]:
    return {code: name for code, name in enumerate(names) if name != NOTDEF}
