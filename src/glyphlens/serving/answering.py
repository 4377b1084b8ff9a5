"""What was sent → answers as JSON, by opened models; runs in the reading processes.

N pictures · W ways to see them · C classes · E numbers of an embedding
"""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from http import HTTPStatus
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import orjson
from numpy.typing import NDArray

from glyphlens.api.loading import LoadedModel, load
from glyphlens.api.results import GlyphAnswer, PageAnswer
from glyphlens.commands.answers import Names
from glyphlens.commands.candidates import open_candidates
from glyphlens.commands.face_pictures import faces_of, plain_font
from glyphlens.commands.image_pictures import Picture, read_pictures
from glyphlens.commands.page_text import pages_as
from glyphlens.commands.pages import ReadPage, read_files
from glyphlens.commands.predict import Part, picture_feeds, preparation, seen_ways, weighed_ways
from glyphlens.commands.scan import picture_lines
from glyphlens.commands.similar import EVERYTHING, Query, neighbours
from glyphlens.core.errors import InputError
from glyphlens.core.file_names import shown
from glyphlens.core.in_memory import Content, InMemory
from glyphlens.core.storage import BROKEN_ZIP, sha256_file
from glyphlens.imaging.font_bytes import COMPRESSED_SIGNATURES, SFNT_SIGNATURES
from glyphlens.imaging.postscript_fonts import is_mac_font, is_postscript_font
from glyphlens.inference.line_answers import scan_answers
from glyphlens.inference.line_reader import LineReader
from glyphlens.inference.prototypes import Prototypes
from glyphlens.inference.recognizer import BATCH, GEOMETRY, RASTER, Recognizer
from glyphlens.inference.streams import LineRecognizer
from glyphlens.inference.words import WordBreaker
from glyphlens.serving.jobs import Answer, refusal
from glyphlens.serving.limits import Limits
from glyphlens.tracks.arabic.export.manifest import SCRIPT
from glyphlens.tracks.arabic.members import class_members, likely_first
from glyphlens.tracks.arabic.prior import language_prior, require_language

Options = Mapping[str, Any]
Result = TypeVar("Result")
ZIP, PDF, PDF_WITHIN = b"PK\x03\x04", b"%PDF-", 1024
TOO_LARGE = " pixels, at most "  # in the fault of a page that is not read for its size
SENT = "picture"  # what a picture without a name of its own is called
PROBES = (2, 7, 64)  # pictures that are read together to see whether each is read as if alone
VERSION_DIGITS = 12


class TooLarge(InputError):
    """More than the server takes."""


class WrongKind(InputError):
    """A file of another kind than the endpoint reads."""


STATUS = {TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE, WrongKind: HTTPStatus.UNSUPPORTED_MEDIA_TYPE}


@dataclass(frozen=True, eq=False)
class Reading:
    """An opened model under the name that clients call it by."""

    name: str
    version: str
    model: LoadedModel

    @property
    def network(self) -> Recognizer | LineReader | LineRecognizer:
        """What runs."""
        return self.model.network

    @cached_property
    def endpoints(self) -> tuple[str, ...]:
        """The kinds of requests that it answers."""
        if isinstance(self.network, LineReader):
            return ("read",)
        if isinstance(self.network, LineRecognizer):
            return ("scan",)
        is_font_reader = GEOMETRY in self.network.inputs and (self.network.manifest.script or SCRIPT) == SCRIPT
        has_neighbours = self.network.prototypes is not None
        kinds = {"predict": RASTER in self.network.inputs, "identify": is_font_reader, "similar": has_neighbours}
        return tuple(kind for kind, is_answered in kinds.items() if is_answered)

    @property
    def facts(self) -> dict[str, Any]:
        """What the server tells of it."""
        return {
            "name": self.name,
            "version": self.version,
            "endpoints": self.endpoints,
            "answers": len(self.model.labels),
        }

    @property
    def recognizer(self) -> Recognizer:
        """The network of the endpoints for pictures and fonts."""
        return cast(Recognizer, self.network)

    @cached_property
    def batch(self) -> int:
        """How many pictures the network reads at once: 1 unless each is then read exactly as if alone.

        A network that takes its ranges from the batch (dynamic int8) answers one client by what others send.
        """
        return BATCH if _is_alike_together(self.recognizer) else 1

    @cached_property
    def members(self) -> Sequence[Any]:
        """The labels of every class."""
        return class_members(self.recognizer.classes)

    @cached_property
    def names(self) -> Callable[[str | None], Names]:
        """By language: the labels of every class, the likeliest first."""
        return cache(lambda language: likely_first(self.members, language))

    @cached_property
    def everything(self) -> Prototypes:
        """Of all that can be similar."""
        return open_candidates(self.recognizer, "similar").chosen(EVERYTHING)

    @cached_property
    def words(self) -> WordBreaker:
        """The list of words beside it."""
        return WordBreaker.load(self.network.path.parent)


def open_reading(name: str, address: str, version: str) -> Reading:
    """Open a model and let it read once, so that the first client need not wait; raises GlyphlensError."""
    model = load(address)
    opened = Reading(name, version or sha256_file(model.network.path)[:VERSION_DIGITS], model)
    if "predict" in opened.endpoints:
        _ = opened.batch, opened.names(None)
    if "similar" in opened.endpoints:
        _ = opened.everything
    return opened


def answers(
    reading: Reading, kind: str, bodies: Sequence[bytes], options: Sequence[Options], limits: Limits
) -> list[Answer]:
    """One for each body; whatever is wrong with one is its own answer alone."""
    if kind == "predict":
        return _predicted(reading, bodies, options, limits)
    return [
        _guarded(partial(KINDS[kind], reading, body, each, limits)) for body, each in zip(bodies, options, strict=True)
    ]


def _guarded(work: Callable[[], Result]) -> Result | Answer:
    """What the work gives, or an answer that says why it gives nothing."""
    try:
        return work()
    except InputError as error:
        status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), None)
        return refusal(status or HTTPStatus.UNPROCESSABLE_ENTITY, shown(error))
    except MemoryError:
        return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "it needs more memory than a request may have")
    except Exception as error:  # noqa: BLE001 — the border: whatever a stranger's file makes a library stumble over ends here
        return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"it cannot be read ({type(error).__name__})")


def _json(reading: Reading, **content: Any) -> Answer:
    return Answer(HTTPStatus.OK, orjson.dumps({"model": reading.name, "version": reading.version, **content}))


# ── predict ──────────────────────────────────────────────────────────────────────────────────
def _predicted(reading: Reading, bodies: Sequence[bytes], options: Sequence[Options], limits: Limits) -> list[Answer]:
    """Every body is opened by itself, all of their pictures are read together, each is answered by itself."""
    opened = [
        _guarded(partial(_pictures, reading, body, wanted, limits))
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


def _pictures(reading: Reading, body: bytes, wanted: Options, limits: Limits) -> list[Picture]:
    """Every page of a picture, or of every file of a ZIP archive; raises InputError."""
    if _is_pdf(body) or _is_font(body):
        raise WrongKind("not a picture, or a ZIP archive of pictures")
    require_language(reading.recognizer, wanted.get("language"))
    prepare = preparation(reading.recognizer, diacritic=wanted.get("diacritic", False))
    contents = _unzipped(body, limits) if body.startswith(ZIP) else [InMemory(SENT, body)]
    pages = (
        read_pictures(content, prepare, wanted.get("ink", "auto"), max_pixels=limits.pixels) for content in contents
    )
    return _at_most(chain.from_iterable(pages), limits.pages)


def _picture_answers(
    reading: Reading, pictures: Sequence[Picture], likely_WC: NDArray[np.float32], wanted: Options
) -> Answer:
    recognizer, language = reading.recognizer, wanted.get("language")
    if all(picture.fault for picture in pictures):
        raise _of_picture(pictures[0])
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


def _is_alike_together(recognizer: Recognizer) -> bool:
    """Whether random pictures, some faint, get the very same numbers whatever they are read with."""
    generator = np.random.default_rng(0)
    inked_NHW = generator.random((max(PROBES), *recognizer.inputs[RASTER].shape)) < 0.2
    levels_N = generator.integers(40, 256, max(PROBES)).astype(np.uint8)
    pictures_NHW = inked_NHW * levels_N[:, None, None]
    alone_NC = recognizer.logits(picture_feeds(recognizer, pictures_NHW), 1)
    feeds = {count: picture_feeds(recognizer, pictures_NHW[:count]) for count in PROBES}
    return all(np.array_equal(recognizer.logits(feeds[count], count), alone_NC[:count]) for count in PROBES)


# ── the others ───────────────────────────────────────────────────────────────────────────────
def _identify(reading: Reading, body: bytes, wanted: Options, limits: Limits) -> Answer:
    """Every glyph of a font, or the fonts of a PDF."""
    if _is_pdf(body):
        return _json(reading, pdf_fonts=[vars(font) for font in reading.model.identify(body)])
    if not _is_font(body):
        raise WrongKind("neither a font (ttf, otf, woff, woff2, ttc, Type 1) nor a PDF")
    font = plain_font(body)
    glyphs = sum(face.glyph_count for face in faces_of(font))
    if glyphs > limits.glyphs:
        raise TooLarge(f"{glyphs:,} glyphs, at most {limits.glyphs:,} are read")
    found = reading.model.identify(font, **{name: wanted[name] for name in ("top", "language", "alone")})
    return _json(reading, glyphs=[_glyph(cast(GlyphAnswer, glyph)) for glyph in found])


def _glyph(glyph: GlyphAnswer) -> dict[str, Any]:
    subject = {"face": glyph.face, "gid": glyph.gid, "name": glyph.name}
    if glyph.fault:
        return {**subject, "answers": [], "fault": glyph.fault}
    alike = [{"label": label, "code_points": codes.split()} for label, codes in glyph.same_shape]
    return {**subject, "answers": [vars(guess) for guess in glyph.guesses], "form": glyph.form, "same_shape": alike}


def _read(reading: Reading, body: bytes, wanted: Options, limits: Limits) -> Answer:
    """The text of every page."""
    reader = cast(LineReader, reading.network)
    pages = _at_most(read_files([_picture(body)], reader, max_pixels=limits.pixels), limits.pages)
    if all(page.fault for page in pages):
        raise _of_picture(pages[0])
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


def _line(line: Any) -> dict[str, Any]:
    clusters = [{"text": text, "confidence": round(sure, 4), "box": box} for text, sure, box in line.clusters]
    return {**vars(line), "confidence": round(line.confidence, 4), "clusters": clusters}


def _scan(reading: Reading, body: bytes, wanted: Options, limits: Limits) -> Answer:
    """The answer at the line where the model is sure enough, and with ``lines`` those after every line before."""
    scanner = cast(LineRecognizer, reading.network)
    lines = picture_lines(_picture(body), scanner, wanted["ink"], max_pixels=limits.pixels)
    found = []
    for answer in scan_answers(scanner, reading.model.stopping, lines, wanted["top"]):
        found.append(answer.plain())
        if answer.stops:
            break
    every = {"lines": found} if wanted["lines"] else {}
    return _json(reading, line=found[-1]["line"], of=scanner.lines, answers=found[-1]["top"], **every)


def _similar(reading: Reading, body: bytes, wanted: Options, limits: Limits) -> Answer:
    """The characters that are nearest to each picture."""
    pictures = _pictures(reading, body, {}, limits)
    if all(picture.fault for picture in pictures):
        raise _of_picture(pictures[0])
    rows = []
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


# ── what was sent ────────────────────────────────────────────────────────────────────────────
def _picture(body: bytes) -> Content:
    if body.startswith(ZIP) or _is_pdf(body) or _is_font(body):
        raise WrongKind("not a picture")
    return InMemory(SENT, body)


def _of_picture(picture: Picture | ReadPage) -> InputError:
    """What is wrong with a picture, as the kind of error that its answer's status follows from."""
    is_no_picture, is_too_large = picture.fault.startswith("not an image"), TOO_LARGE in picture.fault
    kind = WrongKind if is_no_picture else TooLarge if is_too_large else InputError
    return kind(f"{picture.name}: {picture.fault}")


def _at_most(pages: Iterator[Any], most: int) -> list[Any]:
    """All pages; raises TooLarge, without looking at more, where there are more than ``most``."""
    found = list(islice(pages, most + 1))
    if len(found) > most:
        raise TooLarge(f"more than {most} pages or pictures; at most so many are read")
    return found


def _is_pdf(body: bytes) -> bool:
    return PDF in body[:PDF_WITHIN]


def _is_font(body: bytes) -> bool:
    return body[:4] in (*SFNT_SIGNATURES, *COMPRESSED_SIGNATURES) or is_postscript_font(body) or is_mac_font(body)


def _unzipped(body: bytes, limits: Limits) -> list[InMemory]:
    """The files of an archive, folders left out; raises InputError where they are too many, too large or damaged."""
    found, room = list[InMemory](), limits.body_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > limits.pages:
                raise TooLarge(f"{len(entries):,} files in the archive, at most {limits.pages} are read")
            for entry in entries:
                with archive.open(entry) as file:
                    data = file.read(room + 1)
                room -= len(data)
                if room < 0:
                    raise TooLarge(f"the archive holds more than {limits.body_bytes:,} bytes")
                found.append(InMemory(shown(Path(entry.filename).name), data))
    except (*BROKEN_ZIP, NotImplementedError, ValueError) as error:
        raise InputError(f"the ZIP archive cannot be read ({type(error).__name__})") from error
    if not found:
        raise InputError("the ZIP archive is empty")
    return found
