"""What the Python API answers with: frozen dataclasses, and tables of them.

A table has the columns that ``glyphlens … --format csv`` writes; one of pages has a row per line of text.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

import pandas as pd

from glyphlens.commands.answers import BETWEEN, Row, runners_up, same_shape

if TYPE_CHECKING:
    from glyphlens.commands.pages import PageLine, ReadPage
    from glyphlens.inference.page import Box


class Tabular(Protocol):
    """An answer that gives rows of a table."""

    def rows(self) -> Iterator[Row]:
        """Column → value, a row at a time."""
        ...


Entry = TypeVar("Entry", bound=Tabular, covariant=True)


class Answers(Sequence[Entry], Generic[Entry]):
    """Answers in the order of what was asked about."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)

    def to_frame(self) -> pd.DataFrame:
        """The table of these answers."""
        return to_frame(self)

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> "Answers[Entry]": ...
    def __getitem__(self, place: int | slice) -> "Entry | Answers[Entry]":
        return Answers(self._entries[place]) if isinstance(place, slice) else self._entries[place]

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Answers) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self._entries)

    def __repr__(self) -> str:
        return f"Answers({list(self._entries)!r})"


def to_frame(answers: Iterable[Tabular]) -> pd.DataFrame:
    """The table of any answers, such as those of ``LoadedModel.scan``; what an answer lacks is missing in its row."""
    rows = [row for answer in answers for row in answer.rows()]
    longest: Row = max(rows, key=len, default={})  # which has the columns of all, in their order
    return pd.DataFrame(rows, columns=list(longest))


@dataclass(frozen=True)
class Guess:
    """A label such as ``beh.init`` or ``石``, the code points that it stands for, and the calibrated probability."""

    label: str
    code_points: tuple[str, ...]
    confidence: float

    @property
    def text(self) -> str:
        """The characters of the code points."""
        return "".join(chr(int(code.removeprefix("U+"), 16)) for code in self.code_points)


@dataclass(frozen=True)
class _Named:
    """What is shown: guesses, the best first, or none and why, the ``fault``.

    ``form``: how an Arabic letter joins. ``same_shape``: labels drawn alike, each with its code points.
    """

    guesses: tuple[Guess, ...]
    form: str
    same_shape: tuple[tuple[str, str], ...]
    fault: str

    @property
    def label(self) -> str:
        """That of the best guess; empty where there is none."""
        return self.guesses[0].label if self.guesses else ""

    @property
    def text(self) -> str:
        """The characters of the best guess; empty where there is none."""
        return self.guesses[0].text if self.guesses else ""

    @property
    def confidence(self) -> float:
        """That of the best guess, 0 to 1; NaN where there is none."""
        return self.guesses[0].confidence if self.guesses else math.nan

    def _columns(self) -> Row:
        columns: Row = {}
        for rank, guess in enumerate(self.guesses or (Guess("", (), math.nan),), start=1):
            ending = f"_{rank}" if rank > 1 else ""
            columns |= {f"label{ending}": guess.label, f"code_points{ending}": " ".join(guess.code_points)}
            if rank == 1:
                columns |= {"form": self.form, "same_shape": BETWEEN.join(map(" ".join, self.same_shape))}
            columns[f"confidence{ending}"] = guess.confidence
        return columns


@dataclass(frozen=True)
class PictureAnswer(_Named):
    """What a picture shows. ``image``: its name, ``#2`` and on behind it for further pages; ``note``: how it was seen,
    where that is not sure."""

    image: str
    note: str = ""

    def rows(self) -> Iterator[Row]:
        """One row."""
        yield {"image": self.image, **self._columns(), "note": self.note, "fault": self.fault}

    @classmethod
    def of(cls, row: Row) -> "PictureAnswer":
        """From a row of ``commands.predict``."""
        return cls(*_named(row), row["image"], row["note"])


@dataclass(frozen=True)
class GlyphAnswer(_Named):
    """What a glyph of a font is: glyph number ``gid`` of a ``face`` of ``font``, which calls it ``name``."""

    font: str
    face: int
    gid: int
    name: str

    def rows(self) -> Iterator[Row]:
        """One row."""
        subject = {"font": self.font, "face": self.face, "gid": self.gid, "name": self.name}
        yield {**subject, **self._columns(), "fault": self.fault}

    @classmethod
    def of(cls, row: Row) -> "GlyphAnswer":
        """From a row of ``commands.identify``."""
        return cls(*_named(row), row["font"], row["face"], row["gid"], row["name"])


def _named(row: Row) -> tuple[tuple[Guess, ...], str, tuple[tuple[str, str], ...], str]:
    if row["fault"]:
        return (), "", (), row["fault"]
    found = [(row["label"], row["code_points"], row["confidence"]), *runners_up(row)]
    guesses = tuple(Guess(label, tuple(codes.split()), confidence) for label, codes, confidence in found)
    return guesses, row["form"], tuple(same_shape(row)), ""


@dataclass(frozen=True)
class PdfFontAnswer:
    """A font with which a PDF shows text, first on ``page``.

    ``map``: its map to text is "present", "names" (by glyph names), "none" or "wrong". Of the ``shown`` characters,
    ``unmapped`` have no text, ``forms`` are mapped to presentation forms, ``other`` to other letters than their shapes.
    """

    pdf: str
    font: str
    type: str
    page: int
    shown: int
    map: str
    unmapped: int
    forms: int
    other: int
    note: str

    def rows(self) -> Iterator[Row]:
        """One row."""
        yield dict(vars(self))

    @classmethod
    def of(cls, row: Row) -> "PdfFontAnswer":
        """From a row of ``commands.pdf``."""
        return cls(**{str(name): value for name, value in row.items()})


@dataclass(frozen=True)
class TextLine:
    """A line of text, canonical; ``confidence``: the calibrated chance that all of it is right.

    ``box``: left, top, right, bottom on the picture as it was given, in pixels; ``outline``: its corners there.
    ``clusters``: each cluster with its confidence and its box.
    """

    text: str
    confidence: float
    box: "Box"
    outline: tuple[tuple[float, float], ...]
    angle: float
    clusters: tuple[tuple[str, float, "Box"], ...]


@dataclass(frozen=True)
class PageAnswer:
    """A page of so many pixels, its lines in reading order, or none and why, the ``fault``; ``note``: what was done to
    it."""

    image: str
    width: int
    height: int
    lines: tuple[TextLine, ...]
    note: str
    fault: str

    @property
    def text(self) -> str:
        """All lines, each ended by a line feed."""
        return "".join(f"{line.text}\n" for line in self.lines)

    def rows(self) -> Iterator[Row]:
        """A row per line; one alone, without text, for a page that has a fault."""
        subject: dict[str, Any] = {"image": self.image}
        if self.fault:
            yield {**subject, "line": 0, "text": "", "confidence": math.nan, "fault": self.fault}
        for number, line in enumerate(self.lines, start=1):
            place = dict(zip(("left", "top", "right", "bottom"), line.box, strict=True))
            yield {**subject, "line": number, "text": line.text, "confidence": line.confidence, "fault": "", **place}

    @classmethod
    def of(cls, page: "ReadPage") -> "PageAnswer":
        """From what ``commands.pages`` reads."""
        height, width = page.grey_HW.shape
        lines = tuple(map(_text_line, page.lines))
        return cls(page.name, width, height, lines, page.note, page.fault)


def _text_line(line: "PageLine") -> TextLine:
    image, text = line.image, line.text
    clusters = ((each.text, each.confidence, image.part(each.x0, each.x1)) for each in text.clusters)
    return TextLine(text.text, text.confidence, image.box, image.outline, image.angle, tuple(clusters))
