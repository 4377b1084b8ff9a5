"""glyphlens from Python: the same answers as the commands give, from paths, bytes, arrays and Pillow's images.

``load`` opens a model; its methods give answers as frozen dataclasses, and ``to_frame`` makes a table of any of them.
"""

from glyphlens.api.loading import LoadedModel, load
from glyphlens.api.results import (
    Answers,
    GlyphAnswer,
    Guess,
    PageAnswer,
    PdfFontAnswer,
    PictureAnswer,
    TextLine,
    to_frame,
)
from glyphlens.api.sources import FontSource, PictureSource
from glyphlens.inference.line_answers import LineAnswer

__all__ = [
    "Answers",
    "FontSource",
    "GlyphAnswer",
    "Guess",
    "LineAnswer",
    "LoadedModel",
    "PageAnswer",
    "PdfFontAnswer",
    "PictureAnswer",
    "PictureSource",
    "TextLine",
    "load",
    "to_frame",
]
