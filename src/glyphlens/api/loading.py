"""A model opened by name, and what it says: ``load`` and the methods of ``LoadedModel``.

L lines of a scan · S samples of a line
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from glyphlens.api.results import Answers, GlyphAnswer, PageAnswer, PdfFontAnswer, PictureAnswer
from glyphlens.api.sources import (
    FontSource,
    PictureSource,
    as_file,
    font_content,
    is_picture_source,
    picture_content,
    picture_contents,
    several,
)
from glyphlens.core.errors import InputError
from glyphlens.core.extras import naming_extras
from glyphlens.core.file_names import shown

if TYPE_CHECKING:
    from glyphlens.inference.line_answers import LineAnswer
    from glyphlens.inference.line_reader import LineReader
    from glyphlens.inference.recognizer import Recognizer
    from glyphlens.inference.stopping import StoppingRule
    from glyphlens.inference.streams import LineRecognizer

    Network = Recognizer | LineReader | LineRecognizer

MAX_PIXELS = 64_000_000
Ink = Literal["auto", "dark", "light"]


def load(model: str | PathLike[str] = "arabic", *, threads: int = 1) -> "LoadedModel":
    """Open a released model by its track's name (arabic, kanji, zero_shot, khmer, scan_lines), or one of your own: a
    folder, an .onnx file, or ``models:/<name>@<alias>`` of MLflow's registry.

    ``threads``: processor cores for the network. Raises InputError where there is no such model, and
    MissingPackageError where a package is missing, naming the extra of glyphlens that brings it.
    """
    with naming_extras():
        from glyphlens.commands.model import located_model
        from glyphlens.inference.folder import ExportFolder
        from glyphlens.tracks import flagship

        with located_model(Path(model), flagship()) as place:
            decoder = ExportFolder(place if place.is_dir() else place.parent).manifest.decoder
            return LoadedModel(str(model), *_opened(place, decoder, threads))


def _opened(place: Path, decoder: str, threads: int) -> "tuple[Network, StoppingRule | None]":
    """The network as its decoder wants it to be opened, and the rule beside it that says when to stop."""
    if decoder in ("ctc", "attention"):
        from glyphlens.inference.line_reader import LineReader

        return LineReader.load(place, threads=threads, decoding="beam"), None
    if decoder == "lines":
        from glyphlens.inference.line_answers import stopping_rule
        from glyphlens.inference.streams import LineRecognizer

        scanner = LineRecognizer.load(place, threads=threads)
        return scanner, stopping_rule(scanner)
    from glyphlens.inference.recognizer import Recognizer

    return Recognizer.load(place, threads=threads), None


@dataclass(frozen=True)
class LoadedModel:
    """An opened model; which methods it has something to say to depends on what it was trained on.

    ``identify``: Arabic glyphs. ``predict``: glyphs and characters. ``read``: lines of text. ``scan``: pictures that
    arrive line by line. The others raise InputError, as does whatever cannot be used. One model may be used by several
    threads at once.
    """

    name: str
    network: "Network"
    stopping: "StoppingRule | None" = None

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can answer: its classes, or the characters that it reads."""
        manifest = self.network.manifest
        return tuple(entry.label for entry in manifest.classes) or manifest.charset

    def identify(
        self, font: FontSource, *, top: int = 5, language: str | None = None, alone: bool = False
    ) -> Answers[GlyphAnswer]:
        """What every glyph of a font is, by glyph number, one face after the other.

        ``top``: guesses per glyph. ``language``: ar, fa, ur, ug, ku, ps or sd; characters that it does not need become
        less likely. ``alone``: read every glyph by itself, not the font as a whole. A glyph that is likely to be none
        of those that the model knows is ``other``, with the best guess behind it. Raises InputError where the font
        cannot be used.
        """
        with naming_extras():
            from tqdm import tqdm

            from glyphlens.commands.identify import AnswerOptions, identify_font
            from glyphlens.sources.arabic_languages import LANGUAGES
            from glyphlens.sources.pdf.signature import is_pdf
            from glyphlens.tracks.arabic.font_context import context_of

            recognizer, content = self._recognizer("identify"), font_content(font)
            if is_pdf(content):
                raise InputError(f"{shown(content)}: a PDF; identify_pdf tells the state of its fonts")
            _require_known("language", language, (None, *LANGUAGES))
            options = AnswerOptions(_at_least_one(top), language, (), None if alone else context_of(recognizer))
            with tqdm(disable=True) as silent:
                faces = identify_font(content, recognizer, silent, options)
            return Answers(GlyphAnswer.of(row) for face in faces for row in face.table.to_dict("records"))

    def identify_pdf(self, pdf: FontSource, *, min_confidence: float = 0.0) -> Answers[PdfFontAnswer]:
        """Every font with which a PDF shows text: whether its text can be searched, by its shapes.

        Raises InputError where the document cannot be used.
        """
        with naming_extras():
            from glyphlens.commands.pdf import font_table, judge_pdf

            recognizer, content = self._recognizer("identify_pdf"), font_content(pdf)
            with as_file(content) as path:
                fonts = judge_pdf(path, recognizer, min_confidence)
            rows = font_table(path, fonts).assign(pdf=shown(content)).to_dict("records")
            return Answers(PdfFontAnswer.of(row) for row in rows)

    def predict(
        self,
        images: PictureSource | Iterable[PictureSource],
        *,
        top: int = 5,
        ink: Ink = "auto",
        diacritic: bool = False,
        language: str | None = None,
        characters: str | None = None,
        candidates: str | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> Answers[PictureAnswer]:
        """What each picture shows, one answer per page; a picture that cannot be used has a ``fault``.

        ``ink``: whether the glyph is dark or light. ``diacritic``: the pictures show Arabic marks. ``language``: as for
        ``identify``. ``characters``: answer with these only. ``candidates``: what a zero-shot model chooses among, a
        candidate per line, such as 石 or "mine: ⿰石本". Pictures of more than ``max_pixels`` are not read.
        """
        with naming_extras():
            from glyphlens.commands.candidates import with_candidates
            from glyphlens.commands.predict import predict_images
            from glyphlens.commands.restricting import allowed_classes
            from glyphlens.sources.arabic_languages import LANGUAGES

            recognizer = self._recognizer("predict")
            _require_known("language", language, (None, *LANGUAGES))
            _require_known("ink", ink, get_args(Ink))
            if candidates is not None:
                recognizer = with_candidates(recognizer, candidates)
            allowed = None if characters is None else allowed_classes(characters, recognizer.classes).classes_A
            found = predict_images(
                picture_contents(images), recognizer, top=_at_least_one(top), ink=ink, diacritic=diacritic,
                language=language, max_pixels=max_pixels, allowed_A=allowed,
            )  # fmt: skip
            return Answers(map(PictureAnswer.of, found.table.to_dict("records")))

    def read(self, page: PictureSource, *, max_pixels: int = MAX_PIXELS) -> Answers[PageAnswer]:
        """The text on a picture of a line or a page, an answer per page of the file; one without text has a ``fault``.

        Lines are in reading order, straightened and turned if need be, and their text is canonical.
        """
        with naming_extras():
            from glyphlens.inference.line_reader import LineReader

            if not isinstance(self.network, LineReader):
                raise self._cannot("read")
            from glyphlens.commands.pages import read_files

            pages = read_files([picture_content(page, "picture")], self.network, max_pixels=max_pixels)
            return Answers(map(PageAnswer.of, pages))

    def scan(
        self, lines: "PictureSource | Iterable[ArrayLike]", *, top: int = 3, ink: Ink = "auto"
    ) -> "Iterator[LineAnswer]":
        """An answer after every line, as lines arrive; ``stops`` is true where the model is sure enough to end there.

        ``lines``: numbers (S,) each, NaN where one is missing, from any iterable, such as an array (L, S) or a
        generator; or a picture, as a path, bytes or an image, that is replayed line by line.
        """
        with naming_extras():
            from glyphlens.inference.line_answers import scan_answers
            from glyphlens.inference.streams import LineRecognizer

            if not isinstance(self.network, LineRecognizer):
                raise self._cannot("scan")
            _require_known("ink", ink, get_args(Ink))
            if is_picture_source(lines) and not isinstance(lines, np.ndarray):
                from glyphlens.commands.scan import picture_lines

                arriving: Iterable[ArrayLike] = picture_lines(picture_content(lines, "picture"), self.network, ink)
            else:
                arriving = several(lines, "lines", "an array, an iterable of lines, or a picture")
            return scan_answers(self.network, self.stopping, arriving, _at_least_one(top))

    def _recognizer(self, method: str) -> "Recognizer":
        from glyphlens.inference.recognizer import Recognizer

        if not isinstance(self.network, Recognizer):
            raise self._cannot(method)
        return self.network

    def _cannot(self, method: str) -> InputError:
        decoder = self.network.manifest.decoder
        able = {"ctc": "read", "attention": "read", "lines": "scan"}.get(decoder, "predict")
        return InputError(f"{self.name}: does not {method}; its decoder is '{decoder}': use {able}")


def _at_least_one(top: int) -> int:
    if top < 1:
        raise InputError(f"top: {top}, expected at least 1")
    return top


def _require_known(name: str, value: str | None, known: Collection[str | None]) -> None:
    if value not in known:
        raise InputError(f"{name}: {value!r}, expected one of {', '.join(filter(None, known))}")
