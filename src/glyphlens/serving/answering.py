"""What was sent → answers as JSON, by opened models; runs in the reading processes.

N pictures · W ways to see them · C classes · E numbers of an embedding
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from itertools import chain
from typing import Any, TypeVar, cast

import numpy as np
import orjson
from numpy.typing import NDArray

from glyphlens.api.results import GlyphAnswer, PageAnswer, TextLine
from glyphlens.commands.answers import Names
from glyphlens.commands.face_pictures import faces_of, plain_font
from glyphlens.commands.image_pictures import Picture, read_pictures
from glyphlens.commands.page_text import pages_as
from glyphlens.commands.pages import read_files
from glyphlens.commands.predict import Part, picture_feeds, preparation, seen_ways, weighed_ways
from glyphlens.commands.scan import picture_lines
from glyphlens.commands.similar import Query, neighbours
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.in_memory import InMemory
from glyphlens.inference.line_answers import scan_answers
from glyphlens.inference.line_reader import LineReader
from glyphlens.inference.recognizer import RASTER, Recognizer
from glyphlens.inference.streams import LineRecognizer
from glyphlens.serving.contents import (
    SENT,
    ZIP,
    SeveralPictures,
    TooLarge,
    WrongKind,
    all_of,
    fault_of_picture,
    is_font_sent,
    is_pdf_sent,
    picture_sent,
    unzipped,
)
from glyphlens.serving.jobs import ALONE, Answer, refusal
from glyphlens.serving.limits import ServerLimits
from glyphlens.serving.logs import say
from glyphlens.serving.opened import OpenModel
from glyphlens.tracks.arabic.prior import language_prior, require_language

Options = Mapping[str, Any]
Result = TypeVar("Result")
STATUS = {TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE, WrongKind: HTTPStatus.UNSUPPORTED_MEDIA_TYPE}


def answers(
    reading: OpenModel,
    kind: str,
    bodies: Sequence[bytes],
    options: Sequence[Options],
    limits: ServerLimits,
    most: int | None = None,
) -> list[Answer]:
    """One for each body; whatever is wrong with one is its own answer alone.

    ALONE for a body that ``predict`` is asked about with more than ``most`` pictures, by default as many as are
    allowed: the others are not to wait for it.
    """
    if kind == "predict":
        return _predicted(reading, bodies, options, limits, limits.pages if most is None else most)
    return [
        _guarded(partial(KINDS[kind], reading, body, each, limits)) for body, each in zip(bodies, options, strict=True)
    ]


def _guarded(work: Callable[[], Result]) -> Result | Answer:
    """What the work gives, or an answer that says why it gives nothing."""
    try:
        return work()
    except SeveralPictures:
        return ALONE
    except InputError as error:
        status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), None)
        return refusal(status or HTTPStatus.UNPROCESSABLE_ENTITY, shown(error))
    except MemoryError:
        return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "it needs more memory than a request may have")
    except Exception as error:  # noqa: BLE001 — the border: whatever a stranger's file makes a library stumble over ends here
        say("reading failed", logging.ERROR, exc_info=True)
        return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"it cannot be read ({type(error).__name__})")


def _json(reading: OpenModel, **content: Any) -> Answer:
    head = {"model": reading.name, "version": reading.version}
    return Answer(HTTPStatus.OK, orjson.dumps({**head, **content}, option=orjson.OPT_SERIALIZE_NUMPY))


# ── predict ──────────────────────────────────────────────────────────────────────────────────
def _predicted(
    reading: OpenModel, bodies: Sequence[bytes], options: Sequence[Options], limits: ServerLimits, most: int
) -> list[Answer]:
    """Every body is opened by itself, all of their pictures are read together, each is answered by itself."""
    opened = [
        _guarded(partial(_pictures, reading, body, wanted, limits, most))
        for body, wanted in zip(bodies, options, strict=True)
    ]
    several = [[] if isinstance(each, Answer) else each for each in opened]
    seen_WHW = seen_ways(reading.recognizer, list(chain.from_iterable(several)))
    likely_WC = reading.recognizer.probabilities(picture_feeds(reading.recognizer, seen_WHW), reading.batch)
    found, first = list[Answer](), 0
    for each, pictures, wanted in zip(opened, several, options, strict=True):
        own = slice(first, first := first + sum(len(picture.ways) for picture in pictures))
        work = partial(_picture_answers, reading, pictures, likely_WC[own], wanted)
        found.append(each if isinstance(each, Answer) else _guarded(work))
    return found


def _pictures(reading: OpenModel, body: bytes, wanted: Options, limits: ServerLimits, most: int) -> list[Picture]:
    """Every page of a picture, or of every file of a ZIP archive; raises InputError, and SeveralPictures."""
    if is_pdf_sent(body) or is_font_sent(body):
        raise WrongKind("not a picture, or a ZIP archive of pictures")
    require_language(reading.recognizer, wanted.get("language"))
    prepare = preparation(reading.recognizer, diacritic=wanted.get("diacritic", False))
    contents = unzipped(body, limits) if body.startswith(ZIP) else [InMemory(SENT, body)]
    pages = (
        read_pictures(content, prepare, wanted.get("ink", "auto"), max_pixels=limits.pixels) for content in contents
    )
    if len(contents) > most:
        raise SeveralPictures
    return all_of(chain.from_iterable(pages), limits.pages, most)


def _picture_answers(
    reading: OpenModel, pictures: Sequence[Picture], likely_WC: NDArray[np.float32], wanted: Options
) -> Answer:
    recognizer, language = reading.recognizer, wanted.get("language")
    if all(picture.fault for picture in pictures):
        raise fault_of_picture(pictures[0])
    prior_C = None if language is None else language_prior(reading.members, language)
    every_A, shape = np.arange(len(recognizer.classes)), recognizer.inputs[RASTER].shape
    part = weighed_ways(pictures, likely_WC, shape, every_A, prior_C, wanted["top"])
    names = reading.names(language)
    rows = [
        {"picture": picture.name, "answers": [], "fault": picture.fault}
        if picture.fault
        else {"picture": picture.name, **_named(recognizer, part, row, names), "note": part.notes[row]}
        for row, picture in enumerate(pictures)
    ]
    return _json(reading, pictures=rows)


def _named(recognizer: Recognizer, part: Part, row: int, names: Names) -> dict[str, Any]:
    numbers, sure = part.best.classes_NK[row].tolist(), part.best.confidence_NK[row].tolist()
    guesses = [
        {"label": names[number][0].label, "code_points": names[number][0].code_points, "confidence": round(each, 4)}
        for number, each in zip(numbers, sure, strict=True)
    ]
    best = numbers[0]
    alike = [{"label": member.label, "code_points": member.code_points} for member in names[best][1:]]
    return {"answers": guesses, "form": recognizer.classes[best].form, "same_shape": alike}


# ── the others ───────────────────────────────────────────────────────────────────────────────
def _identify(reading: OpenModel, body: bytes, wanted: Options, limits: ServerLimits) -> Answer:
    """Every glyph of a font, or the fonts of a PDF."""
    if is_pdf_sent(body):
        return _json(reading, pdf_fonts=[vars(font) for font in reading.model.identify_pdf(body)])
    if not is_font_sent(body):
        raise WrongKind("neither a font (ttf, otf, woff, woff2, ttc, Type 1) nor a PDF")
    font = plain_font(body)
    glyphs = sum(face.glyph_count for face in faces_of(font))
    if glyphs > limits.glyphs:
        raise TooLarge(f"{glyphs:,} glyphs, at most {limits.glyphs:,} are read")
    found = reading.model.identify(font, **{name: wanted[name] for name in ("top", "language", "alone")})
    return _json(reading, glyphs=[_glyph(glyph) for glyph in found])


def _glyph(glyph: GlyphAnswer) -> dict[str, Any]:
    subject = {"face": glyph.face, "gid": glyph.gid, "name": glyph.name}
    if glyph.fault:
        return {**subject, "answers": [], "fault": glyph.fault}
    alike = [{"label": label, "code_points": codes.split()} for label, codes in glyph.same_shape]
    return {**subject, "answers": [vars(guess) for guess in glyph.guesses], "form": glyph.form, "same_shape": alike}


def _read(reading: OpenModel, body: bytes, wanted: Options, limits: ServerLimits) -> Answer:
    """The text of every page."""
    reader = cast(LineReader, reading.network)
    pages = all_of(read_files([picture_sent(body)], reader, max_pixels=limits.pixels), limits.pages)
    if all(page.fault for page in pages):
        raise fault_of_picture(pages[0])
    pages = [page.least(wanted["min_confidence"]) for page in pages]
    if wanted["zwsp"]:
        pages = [page.broken(reading.words) for page in pages]
    if wanted["format"] == "json":
        return _json(reading, pages=[_page(PageAnswer.of(page)) for page in pages])
    media_type = {"text": "text/plain; charset=utf-8", "hocr": "application/xhtml+xml; charset=utf-8"}
    return Answer(HTTPStatus.OK, pages_as(wanted["format"], pages).encode(), media_type[wanted["format"]])


def _page(page: PageAnswer) -> dict[str, Any]:
    content = {"picture": page.image, "width": page.width, "height": page.height, "note": page.note}
    if page.fault:
        return {**content, "lines": [], "fault": page.fault}
    return {**content, "lines": [_line(line) for line in page.lines]}


def _line(line: TextLine) -> dict[str, Any]:
    clusters = [{"text": text, "confidence": round(sure, 4), "box": list(box)} for text, sure, box in line.clusters]
    return {**vars(line), "confidence": round(line.confidence, 4), "box": list(line.box), "clusters": clusters}


def _scan(reading: OpenModel, body: bytes, wanted: Options, limits: ServerLimits) -> Answer:
    """The answer at the line where the model is sure enough, and with ``lines`` those after every line before."""
    scanner = cast(LineRecognizer, reading.network)
    lines = picture_lines(picture_sent(body), scanner, wanted["ink"], max_pixels=limits.pixels)
    found = []
    for answer in scan_answers(scanner, reading.model.stopping, lines, wanted["top"]):
        found.append(answer.plain())
        if answer.stops:
            break
    every = {"lines": found} if wanted["lines"] else {}
    return _json(reading, line=found[-1]["line"], of=scanner.lines, answers=found[-1]["top"], **every)


def _similar(reading: OpenModel, body: bytes, wanted: Options, limits: ServerLimits) -> Answer:
    """The characters that are nearest to each picture."""
    pictures = _pictures(reading, body, {}, limits, limits.pages)
    if all(picture.fault for picture in pictures):
        raise fault_of_picture(pictures[0])
    rows: list[dict[str, Any]] = []
    for picture in pictures:
        if picture.pixels_hw is None:
            rows.append({"picture": picture.name, "neighbours": [], "fault": picture.fault})
            continue
        vector_E = reading.recognizer.embeddings({RASTER: picture.pixels_hw[None]})[0]
        table = neighbours([Query(picture.name, vector_E, picture.pixels_hw)], reading.everything, wanted["top"])
        near = table[["label", "similarity"]].to_dict("records")
        rows.append({"picture": picture.name, "neighbours": near})
    return _json(reading, pictures=rows)


KINDS = {"identify": _identify, "read": _read, "scan": _scan, "similar": _similar}
