"""What the recogniser says of every glyph that a PDF shows: each font program is opened, drawn and read once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from glyphlens.commands.check import TOP
from glyphlens.commands.class_texts import ClassText, class_texts
from glyphlens.commands.face_pictures import face_pictures, faces_of
from glyphlens.commands.identify import recognize
from glyphlens.core.errors import InputError
from glyphlens.imaging.shaping import FontFace
from glyphlens.inference.recognizer import Recognizer
from glyphlens.sources.pdf.fonts import PdfFont, PdfFonts
from glyphlens.tracks.arabic.reader import drawing_rule

NOTDEF = 0


class Reading(NamedTuple):
    """A glyph's answer: label, text, confidence; ``same``: folded texts of that shape; ``alike``: of the top five's.

    ``label`` is empty for a blank glyph, whose ``text`` is a space where it moves the text on.
    """

    label: str
    text: str
    confidence: float
    same: frozenset[str]
    alike: frozenset[str]
    joins: tuple[bool, bool] | None


class ReadFont(NamedTuple):
    """A font and the readings of its codes; ``fault`` where it has none."""

    font: PdfFont
    readings: Mapping[int, Reading]
    fault: str


def read_fonts(found: PdfFonts, recognizer: Recognizer) -> list[ReadFont]:
    """Readings of all fonts, in their order; a font that cannot be drawn has a fault and no readings."""
    asked: defaultdict[int, set[int]] = defaultdict(set)
    for font in found.fonts:
        if not font.fault:
            asked[font.program].update(font.glyphs.values())
    texts = class_texts(recognizer.classes)
    answers: dict[int, dict[int, Reading]] = {}
    faults: dict[int, str] = {}
    for program in tqdm(sorted(asked), unit="font", desc="identify", disable=None, leave=False):
        try:
            face = faces_of(found.programs[program])[0]
            gids = sorted(gid for gid in asked[program] if NOTDEF < gid < face.glyph_count)
            answers[program] = _readings(face, gids, recognizer, texts)
        except InputError as error:
            faults[program] = str(error)
    return [_read_font(font, answers.get(font.program, {}), faults.get(font.program, "")) for font in found.fonts]


def _read_font(font: PdfFont, answers: Mapping[int, Reading], fault: str) -> ReadFont:
    readings = {code: answers[gid] for code, gid in font.glyphs.items() if gid in answers}
    return ReadFont(font, {} if font.fault else readings, font.fault or fault)


def _readings(
    face: FontFace, gids: Sequence[int], recognizer: Recognizer, texts: Sequence[ClassText]
) -> dict[int, Reading]:
    found: dict[int, Reading] = {}
    for pictures in face_pictures(face, drawing_rule(recognizer), gids=gids):
        best = recognize(recognizer, pictures, TOP)
        for row, gid in enumerate(pictures.gids_G.tolist()):
            if gid in pictures.faults:
                found[gid] = Reading("", " " if face.advance(gid) > 0 else "", 1.0, frozenset(), frozenset(), None)
                continue
            ranked = best.classes_NK[row].tolist()
            first, entry = texts[ranked[0]], recognizer.classes[ranked[0]]
            alike = frozenset().union(*(texts[number].alike for number in ranked))
            confidence = float(np.round(best.confidence_NK[row, 0], 4))
            found[gid] = Reading(entry.label, first.text, confidence, first.alike, alike, first.joins)
    return found
