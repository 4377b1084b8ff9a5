"""The page on which a person says what glyphs are: pictures, boxes to tick, and a button that saves the answers as CSV.

H×W pixels
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.commands.output import unwritable
from glyphlens.core.storage import save_text
from glyphlens.tracks.arabic.glyphs.candidates import candidates
from glyphlens.tracks.arabic.glyphs.own_labels import LEFT_OUT

TEMPLATE = "suspect_sheet.html.j2"


class Asked(NamedTuple):
    """A glyph to ask about: what an own label names it by, its picture (H, W), labels offered, what is said of it."""

    font: str
    glyph: str
    pixels_HW: NDArray[np.uint8]
    offered: tuple[str, ...]
    note: str


def save_label_sheet(path: Path, entries: Sequence[Asked], title: str) -> None:
    """Write the page, which needs nothing beside itself; raises OutputError where it cannot be written."""
    from glyphlens.evaluation.pages import render
    from glyphlens.evaluation.pictures import glyph_uri

    asked = [
        {**entry._asdict(), "image": glyph_uri(entry.pixels_HW), "offered": list(dict.fromkeys(entry.offered))}
        for entry in entries
    ]
    labels = sorted({candidate.label for candidate in candidates()})
    page = render(__package__, TEMPLATE, {"title": title, "asked": asked, "labels": labels, "left_out": LEFT_OUT})
    try:
        save_text(path, page)
    except OSError as error:
        raise unwritable(path, error) from error
