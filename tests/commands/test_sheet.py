import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFont

from glyphlens.commands import sheet
from glyphlens.core.errors import OutputError


def table(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "gid": range(count),
            "label": "arabic_ligature_with_a_very_long_name_indeed.isol",
            "code_points": "U+0628 U+0640 U+064E U+0651 U+0652 U+0653",
            "form": "isol",
            "same_shape": "keheh.init U+06A9",
            "confidence": np.linspace(0, 1, count),
            "fault": ["no outline" if number % 5 == 4 else "" for number in range(count)],
        }
    )


def pictures(count: int) -> np.ndarray:
    return np.full((count, 128, 16), 255, np.uint8)


def test_every_glyph_has_a_tile(tmp_path):
    (path,) = sheet.save_sheet(tmp_path / "sheet.png", table(14), pictures(14), "gid", "title")
    page = np.asarray(Image.open(path).convert("L"))
    assert page.shape == (sheet.HEADING_PX + 2 * sheet.TILE_HEIGHT_PX, 12 * sheet.TILE_PX)
    centres = [(number // 12 * sheet.TILE_HEIGHT_PX + 80, number % 12 * sheet.TILE_PX + 68) for number in range(15)]
    assert [page[row, column] < 100 for row, column in centres] == [True] * 14 + [False]


def test_many_glyphs_take_several_pages(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet, "ROWS_A_PAGE", 1)
    paths = sheet.save_sheet(tmp_path / "sheet.png", table(25), pictures(25), "gid", "title")
    assert [path.name for path in paths] == ["sheet.png", "sheet-2.png", "sheet-3.png"]
    assert all(path.stat().st_size for path in paths)


def test_an_empty_glyph_is_an_empty_tile():
    page = sheet.draw_page(table(1).assign(label="", code_points=""), np.zeros((1, 128, 16), np.uint8), "gid", "")
    assert page.getpixel((68, 80)) == (255, 255, 255)


def test_long_names_keep_both_ends_and_fit():
    pen, font = ImageDraw.Draw(Image.new("L", (9, 9))), ImageFont.load_default(12)
    short = sheet._shortened(pen, font, "beginning_and_so_on_and_so_on.end", 90)
    assert short.startswith("beg") and short.endswith("end") and "…" in short
    assert pen.textlength(short, font=font) <= 90
    assert sheet._shortened(pen, font, "beh.init", 90) == "beh.init"
    assert "".join(sheet._wrapped(pen, font, "arabic_letter_beh.init", 60, 2)) == "arabic_letter_beh.init"


def test_an_unwritable_sheet_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        sheet.save_sheet(tmp_path / "file" / "sheet.png", table(1), pictures(1), "gid", "")


def test_a_further_page_takes_the_place_of_an_earlier_one_and_of_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet, "ROWS_A_PAGE", 1)
    for _ in range(2):
        sheet.save_sheet(tmp_path / "sheet.png", table(25), pictures(25), "gid", "title")
    first = (tmp_path / "sheet.png").read_bytes()
    Image.new("L", (9, 9)).save(tmp_path / "sheet-2.png")
    before = (tmp_path / "sheet-2.png").read_bytes()
    with pytest.raises(OutputError, match=r"sheet-2\.png: .*would be written over"):
        sheet.save_sheet(tmp_path / "sheet.png", table(26), pictures(26), "gid", "another title")
    assert (tmp_path / "sheet-2.png").read_bytes() == before and (tmp_path / "sheet.png").read_bytes() == first


def test_no_page_is_written_where_one_cannot_be(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet, "ROWS_A_PAGE", 1)
    (tmp_path / "sheet-3.png").mkdir()
    with pytest.raises(OutputError, match=r"sheet-3\.png"):
        sheet.save_sheet(tmp_path / "sheet.png", table(25), pictures(25), "gid", "title")
    assert [entry.name for entry in tmp_path.iterdir()] == ["sheet-3.png"]
