"""What the recogniser says of every glyph that a PDF shows: each font program is opened, drawn and read once."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tqdm import tqdm

from glyphlens.commands.check import TOP
from glyphlens.commands.class_texts import ClassText, class_texts, label_texts
from glyphlens.commands.face_pictures import face_pictures, faces_of
from glyphlens.commands.identify import recognize
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass
from glyphlens.imaging.shaping import FontFace
from glyphlens.inference.reading import best_classes
from glyphlens.inference.recognizer import Recognizer
from glyphlens.sources.pdf.fonts import PdfFont, PdfFonts
from glyphlens.tracks.arabic.reader import drawing_rule
from glyphlens.tracks.arabic.refusal import Refused

NOTDEF = 0
PERSIAN, COMMON = "\u067e\u0686\u0698\u06af", "\u0628\u062c\u0632\u0643\u06a9"  # پ چ ژ گ beside ب ج ز ك ک
LEAST_PERSIAN = 0.1
SURE = 0.9
RANKS = 20  # classes whose confidences are added up where their text is the same


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
    reads = [_read_font(font, answers.get(font.program, {}), faults.get(font.program, "")) for font in found.fonts]
    return in_own_letters(reads, recognizer.classes)


def in_own_letters(reads: Sequence[ReadFont], classes: Sequence[CharacterClass]) -> list[ReadFont]:
    """With the letters and digits of Persian where the document has others of its own.

    Kaf and keheh, yeh and Farsi yeh share most of their shapes; which one is meant, no single glyph tells.
    """
    counts: Counter[str] = Counter()
    for read in reads:
        for code, reading in read.readings.items():
            if reading.confidence >= SURE:
                counts[reading.text] += read.font.counts[code]
    is_persian = sum(counts[text] for text in PERSIAN) > LEAST_PERSIAN * sum(counts[text] for text in COMMON)
    texts = label_texts(classes, "fa" if is_persian else "ar")
    return [
        read._replace(
            readings={
                code: reading._replace(text=texts.get(reading.label, reading.text))
                for code, reading in read.readings.items()
            }
        )
        for read in reads
    ]


def _read_font(font: PdfFont, answers: Mapping[int, Reading], fault: str) -> ReadFont:
    readings = {code: answers[gid] for code, gid in font.glyphs.items() if gid in answers}
    return ReadFont(font, {} if font.fault else readings, font.fault or fault)


def _readings(
    face: FontFace, gids: Sequence[int], recognizer: Recognizer, texts: Sequence[ClassText]
) -> dict[int, Reading]:
    found: dict[int, Reading] = {}
    for pictures in face_pictures(face, drawing_rule(recognizer), gids=gids):
        probabilities_GC = recognize(recognizer, pictures)
        best, refused = best_classes(probabilities_GC, RANKS), Refused.of(recognizer, probabilities_GC)
        refused.put_first(best, probabilities_GC)
        for row, gid in enumerate(pictures.gids_G.tolist()):
            if gid in pictures.faults:
                found[gid] = Reading("", " " if face.advance(gid) > 0 else "", 1.0, frozenset(), frozenset(), None)
                continue
            ranked, confidence_K = best.classes_NK[row].tolist(), best.confidence_NK[row].tolist()
            is_refused = row in refused.rows_R
            ranked, confidence = (ranked, confidence_K[0]) if is_refused else _by_text(ranked, confidence_K, texts)
            first, alike = texts[ranked[0]], frozenset[str]().union(*(texts[number].alike for number in ranked[:TOP]))
            label = recognizer.classes[ranked[0]].label
            found[gid] = Reading(label, first.text, confidence, first.alike, alike, first.joins)
    return found


def _by_text(ranked: list[int], confidence_K: list[float], texts: Sequence[ClassText]) -> tuple[list[int], float]:
    """The classes, those of the likeliest text first, and its confidence: a map to text needs no form.

    Running text is written in everyday letters far more often than in others, and more often than in digits.
    """
    sums: defaultdict[str, float] = defaultdict(float)
    for number, confidence in zip(ranked, confidence_K, strict=True):
        sums[texts[number].text] += confidence * texts[number].weight
    best = max(sums, key=sums.__getitem__)
    share = sums[best] / sum(sums.values()) * sum(confidence_K)
    return sorted(ranked, key=lambda number: texts[number].text != best), round(share, 4)
