"""Which fonts are drawn with: those that have kanji, and of several with the very same shapes one."""

from pathlib import Path

import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_table, save_table
from glyphlens.sources.fonts.files import MANIFEST
from glyphlens.tracks.zero_shot.samples.pictures import font_files
from tests.sources.standin.japanese_font import BOXES, font_folder


def fonts(folder: Path, families: dict[str, dict[str, list[tuple[int, int, int, int]]]]) -> Path:
    manifests = []
    for family, boxes in families.items():
        font_folder(folder, family, {".notdef": BOXES[".notdef"], **boxes})
        manifests.append(load_table(folder / MANIFEST))
    save_table(folder / MANIFEST, pd.concat(manifests, ignore_index=True))
    return folder


def test_families_that_share_their_kanji_are_one(tmp_path: Path) -> None:
    """They differ in their kana alone, and would be learnt, validated and tested at once."""
    kanji = {each: BOXES[each] for each in "一十校"}
    other = {**kanji, "校": BOXES["校"][:2]}
    folder = fonts(tmp_path, {"a": {**kanji, "こ": BOXES["こ"]}, "b": {**kanji, "こ": BOXES["こ"][:1]}, "c": other})
    assert [(font.path.name, font.group) for font in font_files(folder, "一十校")] == [
        ("a.ttf", "font/a"),
        ("c.ttf", "font/c"),
    ]


def test_fonts_without_kanji_are_left_out(tmp_path: Path) -> None:
    folder = fonts(tmp_path, {"kana": {"こ": BOXES["こ"]}, "kanji": {"一": BOXES["一"]}})
    assert [font.group for font in font_files(folder, "一十校")] == ["font/kanji"]
    with pytest.raises(InputError, match="no font in it has one of the 2 kanji"):
        font_files(folder, "十校")
