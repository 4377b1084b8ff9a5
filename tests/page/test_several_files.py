"""Several files, and folders of them, shown to the page at once: each has its place, whatever the others hold."""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from PIL import Image
from playwright.sync_api import Page

from tests.page.browser import BROWSER, NO_BROWSER, choose

pytestmark = pytest.mark.skipif(BROWSER is None, reason=NO_BROWSER)
MOST = 50  # files that are read at a time
Drop = Callable[[Sequence[Path]], None]


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory, font_folder: Path) -> Path:
    """A font of five letters."""
    font = TTFont(next(iter(sorted(font_folder.glob("cairo-arabic-*.woff2")))))
    font.flavor = None
    subsetter = Subsetter(Options(glyph_names=True))
    subsetter.populate(text="ابجعه")
    subsetter.subset(font)
    path = tmp_path_factory.mktemp("letters") / "letters.ttf"
    font.save(path)
    return path


@pytest.fixture
def drop(page: Page) -> Iterator[Drop]:
    """Drops files and folders of this machine on the page, as a person does."""
    session = page.context.new_cdp_session(page)

    def dropped(paths: Sequence[Path]) -> None:
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 300, "data": data})

    yield dropped
    session.detach()


def wait_for(page: Page, words: str) -> None:
    """Until the page says these words of what it did."""
    page.wait_for_selector(f"#status:has-text('{words}')")


def names(page: Page) -> list[str]:
    return page.locator("#answers > h3").all_inner_texts()


def test_each_file_is_read_whatever_the_others_hold(
    page: Page, letters: Path, arabic_files: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "note.ttf").write_bytes(b"Dear all")
    (tmp_path / "empty.png").write_bytes(b"")
    choose(page, "arabic")
    page.set_input_files("#file", [letters, tmp_path / "note.ttf", arabic_files[0], tmp_path / "empty.png", letters])
    wait_for(page, "3 of 5 files were read.")
    assert names(page) == ["letters.ttf", "note.ttf", arabic_files[0].name, "empty.png", "letters.ttf"]
    parts = page.locator("#answers > .part")
    assert "No font (ttf, otf" in parts.nth(1).inner_text()
    assert "not a picture that your browser reads" in parts.nth(3).inner_text()
    assert parts.nth(2).locator(".answers li").count() == 5
    tables = [parts.nth(at).locator("tbody").inner_text() for at in (0, 4)]
    assert tables[0] == tables[1] != ""
    assert not page.is_visible("#progress") and not page.is_visible("#fault")


def test_pictures_are_read_by_what_is_chosen(
    page: Page, arabic_files: list[Path], khmer_pages: Sequence[np.ndarray], tmp_path: Path
) -> None:
    lines = [tmp_path / "one.png", tmp_path / "two.png"]
    for file in lines:
        Image.fromarray(khmer_pages[0]).save(file)
    for track, files in (("khmer", lines), ("scan_lines", arabic_files[:2])):
        choose(page, track)
        page.click("#clear")
        page.set_input_files("#file", files)
        wait_for(page, "2 of 2 files were read.")
        assert page.locator("#answers > .part > .said").count() == 2
    assert "lines" in page.locator(".said").first.inner_text()
    choose(page, "arabic")
    page.wait_for_selector("#answers figure canvas")
    wait_for(page, "2 of 2 files were read.")
    assert page.locator("#answers figure canvas").count() == 2
    page.get_by_role("button", name="Where it looked").last.click()
    page.wait_for_selector("#answers > .part:last-child .looked canvas")


def test_a_folder_is_what_is_in_it(
    page: Page, drop: Drop, letters: Path, arabic_files: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper/b.ttf").write_bytes(letters.read_bytes())
    (folder / "a.png").write_bytes(arabic_files[0].read_bytes())
    (folder / ".hidden.png").write_bytes(b"x")
    (folder / "letter.txt").write_text("Dear all", encoding="utf-8")
    choose(page, "arabic")
    drop([folder, letters])
    wait_for(page, "3 of 3 files were read.")
    assert names(page) == ["mine/a.png", "mine/deeper/b.ttf", "letters.ttf"]
    (tmp_path / "bare").mkdir()
    drop([tmp_path / "bare"])
    page.wait_for_selector("#fault:not([hidden])")
    assert page.inner_text("#fault") == "There is no font, PDF or picture in the folder."


def test_more_files_than_are_read_are_counted(page: Page, drop: Drop, tmp_path: Path) -> None:
    files = [tmp_path / f"{number:02}.png" for number in range(MOST + 2)]
    for file in files:
        Image.new("L", (40, 40), 200).save(file)
    choose(page, "arabic")
    drop(files)
    wait_for(page, f"0 of {MOST} files were read. Only the first {MOST} of {MOST + 2} files were looked at.")
    assert page.locator("#answers .fault").count() == MOST


def test_what_is_dropped_meanwhile_takes_the_place(
    page: Page, drop: Drop, letters: Path, arabic_font_path: Path, arabic_files: list[Path]
) -> None:
    choose(page, "arabic")
    drop([letters, arabic_font_path, arabic_font_path])
    wait_for(page, "Reading 2 of 3")
    drop([arabic_files[0], letters])
    wait_for(page, "2 of 2 files were read.")
    assert names(page) == [arabic_files[0].name, "letters.ttf"]
    drop([letters, arabic_font_path])
    wait_for(page, "Reading 2 of 2")
    page.get_by_role("button", name="Stop").click()
    assert page.inner_text("#status") == "Stopped."
    assert names(page) == ["letters.ttf"]


def test_what_is_no_file_or_too_large_is_said(page: Page, drop: Drop, tmp_path: Path) -> None:
    choose(page, "arabic")
    drop([])
    page.wait_for_selector("#fault:not([hidden])")
    assert page.inner_text("#fault") == "What was dropped is not a file; save it as one, or type it."
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(300 << 20)
    drop([huge])
    page.wait_for_selector("#fault:has-text('300 MiB')")
    assert page.inner_text("#status") == "No answer."
    huge.write_bytes(header_of_png(20_000, 20_000))
    drop([huge])
    page.wait_for_selector("#fault:has-text('The picture has 20000 × 20000 pixels; crop it')")


def header_of_png(width: int, height: int) -> bytes:
    """A picture of a few bytes that claims to have so many pixels."""
    header = struct.pack(">II5B", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1 << 16)))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def test_long_names_do_not_widen_a_phone(page: Page, drop: Drop, tmp_path: Path) -> None:
    files = [tmp_path / f"{letter * 200}.ttf" for letter in "ab"]
    for file in files:
        file.write_bytes(b"Dear all")
    page.set_viewport_size({"width": 390, "height": 800})
    for shown in (files[:1], files):
        drop(shown)
        page.wait_for_selector("#fault:not([hidden]), #answers .fault")
        wait_for(page, "No answer." if len(shown) == 1 else "0 of 2")
        assert page.locator("html").evaluate("page => page.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 800})


def test_other_questions_end_a_reading_of_several(page: Page, drop: Drop, arabic_files: list[Path]) -> None:
    choose(page, "arabic")
    files = arabic_files[:3] * 3
    drop(files)
    wait_for(page, "Reading 2 of 9")
    choose(page, "kanji")
    wait_for(page, "9 of 9 files were read.")
    assert page.locator("#answers > .part").count() == 9
    assert page.locator("#answers .glyph").first.get_attribute("lang") == "ja"
    drop(files)
    wait_for(page, "Reading 2 of 9")
    page.fill("#text", "あ")
    page.locator("#text").press("Enter")
    page.wait_for_selector("#answers > .answers")
    assert page.locator("#answers > .part").count() == 0
    assert not page.is_visible("#progress")
