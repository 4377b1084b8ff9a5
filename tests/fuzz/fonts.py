"""Fonts of every kind and PDFs, in this process and through the door behind which the commands read them."""

import io
from functools import partial
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont

from glyphlens.commands.face_pictures import face_pictures, faces_of, open_font
from glyphlens.core.in_memory import InMemory
from glyphlens.imaging.font_bytes import uncompressed
from glyphlens.imaging.postscript_fonts import opentype_bytes
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.imaging.shaping import FAMILY_NAMES, FontFace
from glyphlens.sources.fonts.files import describe
from glyphlens.sources.pdf import fonts as pdf_fonts
from tests.fuzz.on_disk import file_in
from tests.fuzz.repairs import woff2_packed, woff2_tables
from tests.fuzz.trial import Generator, Seed, Target
from tests.old_fonts import as_cff, as_dfont, as_pfb, type1_font
from tests.pdf_files import Drawn, drawn, write_pdf
from tests.tiny_fonts import tiny_font

RULE = DiacriticRule(diacritic_rule="ratio", diacritic_ratio=0.25)
SHAPED = (0x644, 0x627, 0x628, 0x64E)
BOXES = {".notdef": [(0, 0, 400, 700)], "alef": [(50, 0, 150, 700)], "beh": [(0, 0, 600, 200), (200, -200, 300, -100)]}


def fonts(_: Path) -> Target:
    """What FreeType and HarfBuzz read as it is: TrueType, OpenType with a CFF, collections."""

    def attempt(name: str, data: bytes) -> None:
        for face in open_font(InMemory(name, data)):
            _look_at(face)

    return Target("fonts", _plain_seeds(), attempt)


def own_fonts(folder: Path) -> Target:
    """What is asked of the files in data/own_fonts."""

    def attempt(name: str, data: bytes) -> None:
        with file_in(folder, name, data) as path:
            describe(path)

    return Target("own fonts", [*_plain_seeds(), *_packed_seeds()], attempt, says=lambda _: ("",))


def packed_fonts(_: Path) -> Target:
    """woff and woff2, unpacked in this process; whoever opens the door adds the file's name."""

    def attempt(_: str, data: bytes) -> None:
        for face in faces_of(uncompressed(data)):
            _look_at(face)

    return Target("packed fonts", _packed_seeds(), attempt, says=lambda _: ("",))


def old_fonts(_: Path) -> Target:
    """Type 1, bare CFF and dfont, put into OpenType's tables in this process; as above."""

    def attempt(_: str, data: bytes) -> None:
        for face in faces_of(opentype_bytes(data)):
            _look_at(face)

    return Target("old fonts", _old_seeds(), attempt, says=lambda _: ("",))


def font_door(_: Path) -> Target:
    """The same two through a process of their own each."""

    def attempt(name: str, data: bytes) -> None:
        for face in open_font(InMemory(name, data)):
            _look_at(face)

    return Target("fonts, apart", [*_packed_seeds(), *_old_seeds()], attempt)


def pdfs(folder: Path) -> Target:
    """PDFs in this process: what they hold, and a copy with other maps; whoever opens the door adds the name."""
    (folder / "copy").mkdir(exist_ok=True)

    def attempt(name: str, data: bytes) -> None:
        with file_in(folder, name, data) as path:
            found = pdf_fonts._read(path)
            maps = {font.number: dict.fromkeys(font.counts, "ا") for font in found.fonts}
            pdf_fonts._write((path, folder / "copy" / "copy.pdf", maps))

    return Target("PDFs", _pdf_seeds(folder), attempt, says=lambda _: ("",))


def pdf_door(folder: Path) -> Target:
    """The same through a process of its own each."""

    def attempt(name: str, data: bytes) -> None:
        with file_in(folder, name, data) as path:
            pdf_fonts.read_pdf_fonts(path)

    return Target("PDFs, apart", _pdf_seeds(folder), attempt)


def _look_at(face: FontFace) -> None:
    """All that commands ask of a face."""
    for pictures in face_pictures(face, RULE):
        assert len(pictures.packed_GHB) == len(pictures.gids_G)
    face.name(FAMILY_NAMES)
    face.code_points()
    face.shape(SHAPED)
    for gid in range(min(face.glyph_count, 100)):
        face.glyph_name(gid)


def _plain_seeds() -> list[Seed]:
    plain, real = tiny_font(), drawn(("لا",)).data
    return [
        Seed("tiny.ttf", plain),
        Seed("real.ttf", real),
        Seed("tiny.otf", opentype_bytes(as_cff(plain))),
        Seed("tiny.ttc", _collection(plain, tiny_font("Second"))),
    ]


def _collection(*faces: bytes) -> bytes:
    collection, stream = TTCollection(), io.BytesIO()
    collection.fonts = [TTFont(io.BytesIO(face)) for face in faces]
    collection.save(stream)
    return stream.getvalue()


def _packed_seeds() -> list[Seed]:
    woff, woff2 = tiny_font(flavor="woff"), tiny_font(flavor="woff2")
    head, tables = woff2_tables(woff2)
    return [
        Seed("tiny.woff", woff),
        Seed("tiny.woff2", woff2),
        Seed("tables.woff2", tables, pack=partial(_with_head, head)),
        Seed("tables too.woff2", tables, pack=partial(_with_head, head)),
    ]


def _with_head(head: bytes, tables: bytes, _: Generator) -> bytes:
    return woff2_packed(head, tables)


def _old_seeds() -> list[Seed]:
    plain = tiny_font()
    type1 = type1_font(BOXES, {1: "alef", 2: "beh"})
    return [
        Seed("tiny.pfa", type1, is_text=True),
        Seed("tiny.pfb", as_pfb(type1)),
        Seed("tiny.cff", as_cff(plain)),
        Seed("tiny.dfont", as_dfont([plain])),
    ]


def _pdf_seeds(folder: Path) -> list[Seed]:
    few = Drawn(tiny_font(), ((1, 2, 4), (5, 9)), {})
    texts = {1: "ا", 2: "ب", 4: "لا", 5: "ت"}
    options = {"static_id": True, "compress_streams": False}
    seeds = []
    for number, kind in enumerate(("composite", "composite cff", "simple", "simple cff")):
        path = write_pdf(folder / "made.pdf", few, texts if number % 2 else None, kind, **options)
        seeds.append(Seed(f"{kind}.pdf", path.read_bytes(), is_text=number == 0))
        path.unlink()
    return seeds
