"""Fonts, and fonts of PDFs, dropped into the page: in a real browser every glyph is named as by the command."""

from io import BytesIO, StringIO
from pathlib import Path

import pandas as pd
import pikepdf
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from playwright.sync_api import Page
from tqdm import tqdm

from glyphlens.commands.identify import AnswerOptions, identify_font
from glyphlens.commands.model import open_model
from glyphlens.tracks.arabic.font_context import context_of
from tests.page.browser import BROWSER, NO_BROWSER, choose

pytestmark = pytest.mark.skipif(BROWSER is None, reason=NO_BROWSER)
SAME, CLOSE = 0.99, 0.001  # share of glyphs, and what their confidences may differ by: outlines are rounded elsewhere
ANSWER = "#answers .glyphs, #fault:not([hidden])"
LETTERS = "ابجدهوزحطيكلمنسعفصقرشتثخذضظغءپچگی٠١٢٣abcdABCD.,12"


@pytest.fixture(scope="module")
def small_font(tmp_path_factory: pytest.TempPathFactory, font_folder: Path) -> Path:
    """Glyphs of a real font as plain TrueType."""
    font = TTFont(next(iter(sorted(font_folder.glob("cairo-arabic-*.woff2")))))
    font.flavor = None
    subsetter = Subsetter(Options(glyph_names=True, layout_features=["*"]))
    subsetter.populate(text=LETTERS)
    subsetter.subset(font)
    path = tmp_path_factory.mktemp("small") / "small.ttf"
    font.save(path)
    return path


@pytest.fixture(scope="module")
def bare_cff(small_font: Path) -> Path:
    """The same letters, drawn as a CFF without tables around it."""
    font = TTFont(small_font)
    order, shapes = font.getGlyphOrder(), font.getGlyphSet()
    drawings = {}
    for name in order:
        pen = T2CharStringPen(shapes[name].width, shapes)
        shapes[name].draw(pen)
        drawings[name] = pen.getCharString()
    builder = FontBuilder(font["head"].unitsPerEm, isTTF=False)
    builder.setupGlyphOrder(order)
    upem = font["head"].unitsPerEm
    builder.setupCFF("Drawn", {"FontMatrix": [1 / upem, 0, 0, 1 / upem, 0, 0]}, drawings, {})
    path = small_font.with_name("drawn.cff")
    path.write_bytes(builder.font["CFF "].compile(builder.font))
    return path


def told(path: Path) -> pd.DataFrame:
    """What the command says of every glyph."""
    recognizer = open_model(Path("arabic"), 1)
    options = AnswerOptions(context=context_of(recognizer))
    [answers] = identify_font(path, recognizer, tqdm(disable=True), options)
    return answers.table


def found(page: Page, path: Path) -> pd.DataFrame:
    """What the page says, by the table that it saves."""
    page.set_input_files("#file", path)
    page.wait_for_selector(ANSWER)
    assert not page.is_visible("#fault"), page.inner_text("#fault")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    assert download.value.suggested_filename == f"{path.stem}.csv"
    return pd.read_csv(StringIO(Path(download.value.path()).read_text("utf-8")), keep_default_na=False)


def compare(page: Page, path: Path) -> None:
    own, wanted = found(page, path), told(path)
    wanted = pd.read_csv(StringIO(wanted.to_csv(index=False)), keep_default_na=False)
    assert list(own) == list(wanted)
    assert len(own) == len(wanted) > 20
    for column in ("face", "gid", "name", "fault"):
        assert own[column].tolist() == wanted[column].tolist()
    drawn = wanted["fault"] == ""
    for column in ("label", "code_points", "form", "same_shape"):
        assert (own[column] == wanted[column])[drawn].mean() >= SAME, column
    apart = (pd.to_numeric(own["confidence"]) - pd.to_numeric(wanted["confidence"])).abs()[drawn]
    assert (apart <= CLOSE).mean() >= SAME


def test_every_glyph_of_a_real_font_is_named_as_by_the_command(page: Page, font_folder: Path) -> None:
    choose(page, "kanji")  # a font is read by that of Arabic glyphs whatever is chosen
    compare(page, next(iter(sorted(font_folder.glob("cairo-arabic-900-*.woff2")))))
    assert page.is_checked("input[value=arabic]")
    assert "glyphs" in page.inner_text("#status")


@pytest.mark.parametrize("kind", ["ttf", "woff", "cff"])
def test_other_kinds_of_files_likewise(page: Page, small_font: Path, bare_cff: Path, kind: str, tmp_path: Path) -> None:
    path = bare_cff if kind == "cff" else small_font
    if kind == "woff":
        font = TTFont(small_font)
        font.flavor, path = "woff", tmp_path / "small.woff"
        font.save(path)
    compare(page, path)


def test_a_table_is_read_by_keyboard_and_by_ear(page: Page, font_folder: Path) -> None:
    page.set_input_files("#file", next(iter(sorted(font_folder.glob("cairo-arabic-900-*.woff2")))))
    page.wait_for_selector(ANSWER)
    assert page.get_by_role("table").count() == 1
    assert page.get_by_role("columnheader").all_inner_texts() == ["Glyph", "What it is", "Sure", "Next likeliest"]
    assert page.locator("tbody").get_by_role("row").count() == 100
    more = page.get_by_role("button", name="Show 100 more of")
    more.focus()
    page.keyboard.press("Enter")
    assert page.locator("tbody").get_by_role("row").count() == 200
    assert page.locator("tr:focus").get_attribute("data-gid") == "100"
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.locator("html").evaluate("page => page.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 800})


def saved_pdf(path: Path, programs: dict[str, tuple[str, bytes]]) -> Path:
    """A PDF that embeds font programs: {name: (key of the descriptor, bytes)}."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        for name, (key, program) in programs.items():
            stream = pdf.make_stream(program)
            descriptor = pikepdf.Dictionary(
                Type=pikepdf.Name.FontDescriptor, FontName=pikepdf.Name(f"/{name}"), **{key: stream}
            )
            pdf.pages[0][f"/{name}"] = pdf.make_indirect(descriptor)
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return path


def test_fonts_of_a_pdf_are_read_each_for_itself(page: Page, small_font: Path, bare_cff: Path, tmp_path: Path) -> None:
    programs = {
        "AAAAAA+Small": ("FontFile2", small_font.read_bytes()),
        "Drawn": ("FontFile3", bare_cff.read_bytes()),
        "Old": ("FontFile", b"%!PS-AdobeFont-1.0: Old"),
    }
    own = found(page, saved_pdf(tmp_path / "two.pdf", programs))
    for name, path in (("AAAAAA+Small", small_font), ("Drawn", bare_cff)):
        wanted = told(path)
        assert (own[own["font"] == name]["label"].to_numpy() == wanted["label"].to_numpy()).mean() >= SAME
    assert page.locator("h3").all_inner_texts() == ["AAAAAA+Small", "Drawn", "Old"]
    assert "Type 1" in page.inner_text("#answers .fault")


def _bitmap_font(small_font: Path) -> bytes:
    font = TTFont(small_font)
    del font["glyf"], font["loca"]
    stream = BytesIO()
    font.save(stream)
    return stream.getvalue()


def test_what_cannot_be_read_is_named(page: Page, small_font: Path, tmp_path: Path) -> None:
    whole = small_font.read_bytes()
    cases = {
        "cut.ttf": (whole[: len(whole) // 2], "the file is cut off: its table"),
        "letter.ttf": (b"Dear all", "no font (ttf, otf, woff, woff2, ttc, cff): the file begins with 44 65 61 72"),
        "empty.woff2": (b"", "the file is empty"),
        "broken.woff2": (b"wOF2" + b"\x00\x01\x00\x00" + b"\xff" * 60, "broken.woff2: wOF2 that does not unpack"),
        "hollow.woff2": (b"wOF2" + bytes(60), "hollow.woff2: it has no table of outlines"),
        "broken.woff": (
            b"wOFF" + b"\x00\x01\x00\x00" + b"\xff" * 60,
            "broken.woff: the file is cut off within its table",
        ),
        "broken.cff": (b"\x01\x00\x04\x01" + b"\xff" * 40, "cut off"),
        "shapeless.ttf": (_bitmap_font(small_font), "it has no table of outlines"),
        "old.pfb": (b"\x80\x01%!PS", "a Type 1 font, which the page does not read"),
        "large.ttf": (
            whole + bytes(21 << 20),
            "large.ttf: the file has 21.0 MiB, and the page reads",
        ),
        "broken.pdf": (b"%PDF-1.7 nothing", "PDF"),
        "plain.pdf": (saved_pdf(tmp_path / "p.pdf", {}).read_bytes(), "a PDF without embedded fonts"),
    }
    for name, (content, words) in cases.items():
        (tmp_path / name).write_bytes(content)
        page.click("#clear")
        page.set_input_files("#file", tmp_path / name)
        page.wait_for_selector("#fault:not([hidden])")
        assert words in page.inner_text("#fault"), name
        assert page.inner_text("#status") == "No answer.", name


def test_reading_can_be_stopped_and_the_page_goes_on(page: Page, arabic_font_path: Path) -> None:
    page.set_input_files("#file", arabic_font_path)
    page.get_by_role("button", name="Stop").click()
    assert page.inner_text("#status") == "Stopped."
    assert not page.is_visible("#progress")
    page.fill("#text", "ع")
    page.keyboard.press("Enter")
    page.wait_for_selector("#answers li")
    assert page.inner_text("#status").startswith("ain.isol")
