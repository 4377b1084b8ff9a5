"""In a real browser the page answers as the commands do, for every track; all of it can be done by keyboard."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from glyphlens.commands.model import open_line_reader, open_model
from glyphlens.commands.pages import read_files
from glyphlens.commands.predict import predict_images
from glyphlens.commands.scan import open_scanner, picture_lines, scan_answers
from tests.page.browser import BROWSER, NO_BROWSER, choose

pytestmark = pytest.mark.skipif(BROWSER is None, reason=NO_BROWSER)
FEW = 6  # pictures of a track
EXACT = 0.005  # of a confidence: a pixel at the threshold may fall on either side of it
DYNAMIC = 0.05  # … of the int8 files whose scales depend on the picture, in the browser computed in another order


def answers(page: Page, file: Path) -> list[tuple[str, float]]:
    """(label, confidence) of what the page says of a picture, best first."""
    page.set_input_files("#file", file)
    page.wait_for_selector("#answers li, #fault:not([hidden])")
    assert not page.is_visible("#fault"), page.inner_text("#fault")
    return [
        (str(entry.get_attribute("data-label")), float(entry.get_attribute("data-confidence") or "nan"))
        for entry in page.locator("#answers li").all()
    ]


def compare(page: Page, track: str, files: Sequence[Path], tolerance: float) -> None:
    """Every best label is the command's; wherever both name a class, they are about as sure of it."""
    recognizer = open_model(Path(track), 1)
    choose(page, track)
    for file in files:
        row: dict[Any, Any] = predict_images([file], recognizer, top=5).table.iloc[0].to_dict()
        told = {row["label"]: row["confidence"], **{row[f"label_{n}"]: row[f"confidence_{n}"] for n in range(2, 6)}}
        found = answers(page, file)
        assert len(found) == 5
        assert found[0][0] == row["label"], file
        for label, confidence in found:
            assert confidence == pytest.approx(told.get(label, confidence), abs=tolerance), (file, label)


def test_arabic_glyphs_are_named_as_by_the_command(page: Page, arabic_files: list[Path]) -> None:
    compare(page, "arabic", arabic_files[::3], EXACT)
    assert page.locator(".glyph").first.get_attribute("dir") == "rtl"


@pytest.mark.parametrize("track", ["kanji", "zero_shot"])
def test_japanese_characters_likewise(page: Page, track: str, japanese_files: list[Path]) -> None:
    compare(page, track, japanese_files[: 2 * FEW : 2], DYNAMIC)


def test_lines_of_a_scan_likewise(page: Page, japanese_files: list[Path]) -> None:
    recognizer, rule = open_scanner(None, None, 1)
    choose(page, "scan_lines")
    for file in japanese_files[:2]:
        told = list(scan_answers(recognizer, rule, picture_lines(file, recognizer), 5))
        stop = next(answer for answer in told if answer.stops)
        found = answers(page, file)
        assert page.locator("#line").input_value() == str(stop.line)
        assert [label for label, _ in found][:1] == list(stop.labels[:1])
        assert found[0][1] == pytest.approx(stop.confidences[0], abs=DYNAMIC)
        page.locator("#line").fill("9")
        assert page.locator("#answers li").first.get_attribute("data-label") == told[8].labels[0]


def test_khmer_text_likewise(page: Page, khmer_pages: Sequence[np.ndarray], tmp_path: Path) -> None:
    reader = open_line_reader(None, 1)
    choose(page, "khmer")
    for number, grey in enumerate((khmer_pages[0], *khmer_pages[2:])):
        file = tmp_path / f"{number}.png"
        Image.fromarray(grey).save(file)
        told = next(iter(read_files([file], reader, max_pixels=10**8)))
        page.set_input_files("#file", file)
        page.wait_for_selector("#answers li, #fault:not([hidden])")
        found = page.locator("#answers li").all()
        assert [entry.get_attribute("data-text") for entry in found] == [line.text.text for line in told.lines]
        sure = [float(entry.get_attribute("data-confidence") or "nan") for entry in found]
        assert sure == pytest.approx([line.text.confidence for line in told.lines], abs=DYNAMIC)


def test_a_character_can_be_drawn_and_taken_back(page: Page) -> None:
    choose(page, "kanji")
    page.click("#clear")
    box = page.locator("#pad").bounding_box()
    assert box is not None
    for y in (0.3, 0.5, 0.7):
        page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + y * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + y * box["height"], steps=4)
        page.mouse.up()
    page.wait_for_selector("#answers li")
    assert "sure" in page.inner_text("#status")
    page.click("#clear")
    assert page.locator("#answers li").count() == 0
    assert page.inner_text("#status") == "Nothing shown yet."


def test_everything_can_be_done_by_keyboard(page: Page) -> None:
    page.locator("input[value=kanji]").focus()
    page.keyboard.press("ArrowLeft")
    assert page.is_checked("input[value=arabic]")
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.locator("#text:focus").count():
            break
    page.keyboard.type("ع")
    page.keyboard.press("Enter")
    page.wait_for_selector("#answers li")
    assert page.inner_text("#status").startswith("ain.isol")


def test_what_is_no_picture_is_said_to_be_none(page: Page, tmp_path: Path) -> None:
    broken, blank = tmp_path / "broken.png", tmp_path / "blank.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    Image.new("L", (40, 40), 200).save(blank)
    for track in ("arabic", "khmer"):
        choose(page, track)
        for file, words in ((broken, "not a picture"), (blank, "differ by 0 grey levels")):
            page.set_input_files("#file", file)
            page.wait_for_selector("#fault:not([hidden])")
            assert words in page.inner_text("#fault")


def test_nothing_is_wider_than_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for track in ("arabic", "khmer"):
        choose(page, track)
        box = page.locator("main").bounding_box()
        assert box is not None and box["x"] + box["width"] <= 390
    page.set_viewport_size({"width": 1280, "height": 800})
