"""Files of pictures → the text on their pages, line by line, with where it stands and how sure it is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glyphlens.commands.image_pictures import Picture, read_greys
from glyphlens.core.errors import InputError
from glyphlens.core.in_memory import Content
from glyphlens.inference.line_reader import LineReader, LineText
from glyphlens.inference.page import LineImage, read_lines
from glyphlens.inference.words import WordBreaker

DOUBTFUL = 0.9  # a line by itself of less confidence is tried upside down, and of every page …
TRIED_LINES = 6  # … so many of the longest lines; …
UPSIDE_DOWN_GAIN = 1.2  # … it is read so where that gives so many times more text that is certain
UPSIDE_DOWN = "upside down; it was turned by 180° to be read"


@dataclass(frozen=True)
class PageLine:
    """A line on its page, and what it says."""

    image: LineImage
    text: LineText


@dataclass(frozen=True)
class ReadPage:
    """A page, called as in ``read_greys``: its lines in reading order, or why it has none.

    ``grey_HW`` is the picture as it was given, and so are the places of lines; ``note``: what was done to it.
    """

    name: str
    grey_HW: NDArray[np.uint8]
    lines: tuple[PageLine, ...]
    note: str = ""
    fault: str = ""

    def least(self, confidence: float) -> "ReadPage":
        """The page without the lines that are less certain."""
        return replace(self, lines=tuple(line for line in self.lines if line.text.confidence >= confidence))

    def broken(self, words: WordBreaker) -> "ReadPage":
        """The page with zero-width spaces between words."""
        lines = (replace(line, text=line.text._replace(text=words.broken(line.text.text))) for line in self.lines)
        return replace(self, lines=tuple(lines))


def read_files(files: Iterable[Content], reader: LineReader, *, max_pixels: int) -> Iterator[ReadPage]:
    """Every page of every file, read."""
    for file in files:
        for picture in read_greys(file, max_pixels=max_pixels):
            yield read_page(picture, reader)


def read_page(picture: Picture, reader: LineReader) -> ReadPage:
    """A page with its lines read; one without text, or that is no picture, has a fault."""
    grey_HW = picture.pixels_hw
    if grey_HW is None:
        return ReadPage(picture.name, np.zeros((0, 0), np.uint8), (), fault=picture.fault)
    try:
        images = read_lines(grey_HW)
        texts = _texts(images, reader)
        note = ""
        is_doubtful = len(texts) > 1 or texts[0].confidence < DOUBTFUL
        if is_doubtful and _is_upside_down(images, texts, reader):
            note, images = UPSIDE_DOWN, read_lines(np.ascontiguousarray(grey_HW[::-1, ::-1]))
            texts = _texts(images, reader)
            images = [_turned_back(image, grey_HW.shape) for image in images]
    except InputError as error:
        return ReadPage(picture.name, grey_HW, (), fault=str(error))
    lines = tuple(PageLine(image, text) for image, text in zip(images, texts, strict=True) if text.text)
    fault = "" if lines else "no text: nothing on it could be read"
    return ReadPage(picture.name, grey_HW, lines, note, fault)


def _texts(images: Sequence[LineImage], reader: LineReader) -> list[LineText]:
    return reader.read([image.pixels_hw for image in images])


def _is_upside_down(images: Sequence[LineImage], texts: Sequence[LineText], reader: LineReader) -> bool:
    longest = sorted(range(len(images)), key=lambda number: -images[number].pixels_hw.shape[1])[:TRIED_LINES]
    turned = reader.read([np.ascontiguousarray(images[number].pixels_hw[::-1, ::-1]) for number in longest])
    return _certain_text(turned) > UPSIDE_DOWN_GAIN * _certain_text([texts[number] for number in longest])


def _certain_text(texts: Sequence[LineText]) -> float:
    """How many characters are read, each as far as it is certain."""
    return sum(len(each.text) * each.confidence for text in texts for each in text.clusters)


def _turned_back(image: LineImage, shape: tuple[int, ...]) -> LineImage:
    """A line of the page turned by 180° on the page as it was given."""
    height, width = shape
    return replace(image, outline=tuple((width - x, height - y) for x, y in image.outline))
