"""What does not belong to a font's outlines changes no answer: line spacing nothing at all, advances little."""

import numpy as np
import pandas as pd
import pytest
from fontTools.ttLib import TTFont

from glyphlens.commands.identify import identify_fonts
from glyphlens.commands.model import open_model


@pytest.fixture(scope="module")
def recognizer():
    return open_model(None, 1)


@pytest.fixture(scope="module")
def real_font(font_folder):
    """The smallest of the fonts."""
    return min(font_folder.glob("*.woff2"), key=lambda path: path.stat().st_size)


@pytest.fixture(scope="module")
def unchanged(real_font, recognizer) -> pd.Series:
    return identify_fonts([real_font], recognizer, top=1).table["label"]


def test_the_line_spacing_changes_no_answer(tmp_path, real_font, recognizer, unchanged):
    font = TTFont(real_font)
    font.flavor = None
    upem = font["head"].unitsPerEm
    font["hhea"].ascent = font["OS/2"].sTypoAscender = font["OS/2"].usWinAscent = 2 * upem
    font["hhea"].descent = font["OS/2"].sTypoDescender = -upem // 2
    font["hhea"].lineGap = upem
    font.save(tmp_path / "spaced.ttf")
    assert identify_fonts([tmp_path / "spaced.ttf"], recognizer, top=1).table["label"].equals(unchanged)


@pytest.mark.parametrize("width", [0, 600])
def test_advances_that_are_all_equal_change_hardly_an_answer(tmp_path, real_font, recognizer, unchanged, width):
    font = TTFont(real_font)
    font.flavor = None
    bearings = font["hmtx"].metrics
    font["hmtx"].metrics = {name: (width, bearing) for name, (_, bearing) in bearings.items()}
    font.save(tmp_path / "even.ttf")
    found = identify_fonts([tmp_path / "even.ttf"], recognizer, top=1).table["label"]
    is_drawn = (unchanged != "").to_numpy()
    assert np.mean((found == unchanged)[is_drawn]) >= 0.97
