"""The fonts of a PDF file: program, codes in use, their glyphs, and what maps them to text.

Everything is read in a process of its own with bounded time and memory.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import freetype
import pikepdf

from glyphlens.core.errors import InputError
from glyphlens.imaging.font_bytes import SFNT_SIGNATURES, UNPACKING_ERRORS
from glyphlens.imaging.postscript_fonts import is_postscript_font, opentype_bytes
from glyphlens.sources.fonts.isolation import run_isolated
from glyphlens.sources.pdf.cmaps import CMapError, format_cmap, parse_cmap
from glyphlens.sources.pdf.document import LIMITS, opened_pdf, require_changeable, spelled
from glyphlens.sources.pdf.glyph_numbers import composite_glyphs, encoding_names, name_text, simple_glyphs
from glyphlens.sources.pdf.shown_codes import GAP, FontUse, codes_of, fonts_in_use

PROGRAMS = ("/FontFile", "/FontFile2", "/FontFile3")
IDENTITY = ("/Identity-H", "/Identity-V")
NOT_EMBEDDED = "not embedded"
TYPE3 = "Type 3 fonts are not supported: their glyphs are drawings of the page"


@dataclass(frozen=True)
class PdfFont:
    """One font of a PDF. ``number``: its place among the fonts in use; ``program``: that of its font program, or −1.

    ``counts``: how often each code is shown; ``shown``: codes in order, GAP between words where the content tells.
    ``glyphs``: code → glyph number. ``texts``: code → text by ToUnicode; ``named``: by glyph names. ``fault``: why the
    glyphs are not known.
    """

    number: int
    name: str
    kind: str
    page: int
    code_bytes: int = 1
    program: int = -1
    counts: Mapping[int, int] = field(default_factory=dict)
    shown: tuple[int, ...] = ()
    glyphs: Mapping[int, int] = field(default_factory=dict)
    texts: Mapping[int, str] = field(default_factory=dict)
    named: Mapping[int, str] = field(default_factory=dict)
    has_map: bool = False
    fault: str = ""


@dataclass(frozen=True)
class PdfFonts:
    """Fonts in the order of first use, and font programs as plain TrueType/OpenType bytes; fonts may share one."""

    fonts: tuple[PdfFont, ...]
    programs: tuple[bytes, ...]


def read_pdf_fonts(path: Path) -> PdfFonts:
    """The fonts with which a PDF's pages show text; raises InputError that names the file and the reason."""
    (outcome,) = run_isolated(_read, [path], LIMITS, workers=1)
    if outcome.result is None:
        raise InputError(f"{path}: {outcome.reason}")
    return outcome.result


def write_to_unicode(source: Path, target: Path, maps: Mapping[int, Mapping[int, str]]) -> None:
    """Write a copy whose fonts with these numbers have these maps; all other objects stay as they are.

    Raises InputError where the document cannot be read or must not be changed.
    """
    (outcome,) = run_isolated(_write, [(source, target, maps)], LIMITS, workers=1)
    if outcome.result is None:
        raise InputError(f"{source}: {outcome.reason}")


def require_changeable_pdf(path: Path) -> None:
    """Raise InputError for a PDF that may not be changed, before minutes of work."""
    (outcome,) = run_isolated(_require, [path], LIMITS, workers=1)
    if outcome.result is None:
        raise InputError(f"{path}: {outcome.reason}")


def _require(path: Path) -> bool:
    with opened_pdf(path) as pdf:
        require_changeable(pdf)
    return True


def _read(path: Path) -> PdfFonts:
    with opened_pdf(path) as pdf:
        shelf = _Shelf()
        fonts = tuple(_read_font(number, use, shelf) for number, use in enumerate(fonts_in_use(pdf)))
        return PdfFonts(fonts, tuple(shelf.plain))


def _write(task: tuple[Path, Path, Mapping[int, Mapping[int, str]]]) -> bool:
    source, target, maps = task
    with opened_pdf(source) as pdf:
        require_changeable(pdf)
        for number, use in enumerate(fonts_in_use(pdf)):
            if number in maps:
                text = format_cmap(maps[number], _code_bytes(use.font))
                use.font["/ToUnicode"] = pdf.make_stream(text.encode("ascii"))
        pdf.save(
            target,
            fix_metadata_version=False,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.preserve,
            linearize=pdf.is_linearized,
        )
    return True


class _Shelf:
    """Font programs, each read once."""

    def __init__(self) -> None:
        self.plain: list[bytes] = []
        self._places: dict[tuple[int, int], tuple[int, bytes]] = {}

    def place(self, stream: pikepdf.Object) -> tuple[int, bytes]:
        """Its number, and the bytes as embedded; raises InputError where they are no font."""
        if stream.objgen not in self._places:
            data = bytes(stream.read_bytes())
            plain = opentype_bytes(data) if is_postscript_font(data) else data
            if plain[:4] not in SFNT_SIGNATURES:
                raise InputError(f"its embedded font begins with {data[:4].hex(' ') or 'nothing'}")
            self._places[stream.objgen] = len(self.plain), data
            self.plain.append(plain)
        return self._places[stream.objgen]


def _read_font(number: int, use: FontUse, shelf: _Shelf) -> PdfFont:
    font = use.font
    kind = spelled(font.get("/Subtype", "/?"))[1:]
    found = PdfFont(number, spelled(font.get("/BaseFont", "/unnamed"))[1:], kind, use.page, _code_bytes(font))
    if kind == "Type3":
        return replace(_with_map(found, font), fault=TYPE3, **_usage(use, found.code_bytes))
    try:
        if kind == "Type0":
            return _read_composite(found, use, shelf)
        return _read_simple(found, use, shelf)
    except InputError as error:
        fault = str(error)
    except (freetype.FT_Exception, pikepdf.PdfError, pikepdf.DataDecodingError, *UNPACKING_ERRORS) as error:
        fault = f"it cannot be read ({type(error).__name__}: {error})"
    return replace(_with_map(found, font), fault=fault, **_usage(use, found.code_bytes))


def _read_simple(found: PdfFont, use: FontUse, shelf: _Shelf) -> PdfFont:
    font = use.font
    usage = _usage(use, 1)
    names = encoding_names(font)
    descriptor = font.get("/FontDescriptor", pikepdf.Dictionary())
    stream = _program(descriptor)
    glyphs: dict[int, int] = {}
    place, fault = -1, NOT_EMBEDDED
    if stream is not None:
        place, data = shelf.place(stream)
        glyphs, names = simple_glyphs(data, names, int(descriptor.get("/Flags", 0)), usage["counts"])
        fault = ""
    named = {code: text for code in usage["counts"] if (text := name_text(names.get(code, "")))}
    return replace(_with_map(found, font), program=place, glyphs=glyphs, named=named, fault=fault, **usage)


def _read_composite(found: PdfFont, use: FontUse, shelf: _Shelf) -> PdfFont:
    font = use.font
    descendant = font.DescendantFonts[0]
    found = replace(found, kind=spelled(descendant.get("/Subtype", "/?"))[1:])
    encoding = font.get("/Encoding")
    usage = _usage(use, found.code_bytes)
    cids: Mapping[int, int] = {code: code for code in usage["counts"]}
    if isinstance(encoding, pikepdf.Stream):
        known = parse_cmap(encoding)
        if not known.code_bytes:
            raise InputError("its codes have different lengths")
        cids = {code: known.cids[code] for code in usage["counts"] if code in known.cids}
    elif spelled(encoding) not in IDENTITY:
        raise InputError(f"its encoding {spelled(encoding)[1:]} is not supported")
    stream = _program(descendant.get("/FontDescriptor", pikepdf.Dictionary()))
    if stream is None:
        raise InputError(NOT_EMBEDDED)
    place, data = shelf.place(stream)
    glyphs = composite_glyphs(data, descendant, cids)
    return replace(_with_map(found, font), program=place, glyphs=glyphs, **usage)


def _with_map(found: PdfFont, font: pikepdf.Object) -> PdfFont:
    """With what ToUnicode says; a map that cannot be read maps nothing."""
    stream = font.get("/ToUnicode")
    if stream is None:
        return found
    if isinstance(stream, pikepdf.Name):  # some writers name a CMap instead: codes are UTF-16
        texts = {code: chr(code) for code in range(0x20, 0xD800)} if spelled(stream) in IDENTITY else {}
        return replace(found, has_map=True, texts=texts)
    try:
        return replace(found, has_map=True, texts=parse_cmap(stream).texts)
    except CMapError:
        return replace(found, has_map=True)


def _usage(use: FontUse, code_bytes: int) -> dict[str, Any]:
    shown = tuple(codes_of(use.strings, code_bytes))
    counts = Counter(code for code in shown if code != GAP)
    for text, times in use.further.items():
        for code in codes_of([text], code_bytes):
            counts[code] += times
    return {"shown": shown, "counts": dict(counts)}


def _code_bytes(font: pikepdf.Object) -> int:
    """2 for composite fonts, 1 for others, and what an embedded CMap says."""
    if font.get("/Subtype") != pikepdf.Name.Type0:
        return 1
    encoding = font.get("/Encoding")
    if not isinstance(encoding, pikepdf.Stream):
        return 2
    try:
        return parse_cmap(encoding).code_bytes or 2
    except CMapError:
        return 2


def _program(descriptor: pikepdf.Object) -> pikepdf.Object | None:
    found = (descriptor.get(key) for key in PROGRAMS)
    return next((stream for stream in found if isinstance(stream, pikepdf.Stream)), None)
