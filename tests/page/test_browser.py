"""In a real browser the page answers as the commands do, for every track; all of it can be done by keyboard.

R×C parts of a picture · H×W pixels · V views of it
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page

from glyphlens.commands.explain import open_subject
from glyphlens.commands.image_pictures import read_pictures
from glyphlens.commands.model import open_line_reader, open_model
from glyphlens.commands.pages import read_files
from glyphlens.commands.predict import picture_feeds, predict_images, preparation
from glyphlens.commands.scan import open_scanner, picture_lines, scan_answers
from glyphlens.tracks.arabic.evaluation.occlusion import CELL_PX, occlude
from glyphlens.tracks.zero_shot.evaluation.evidence import COVERS
from tests.page.browser import BROWSER, NO_BROWSER, choose

pytestmark = pytest.mark.skipif(BROWSER is None, reason=NO_BROWSER)
FEW = 6  # pictures of a track
TELLING, LARGE = 15, 13  # of the pictures: one whose parts matter to all tracks, one of many parts
EXACT = 0.005  # of a confidence: a pixel at the threshold may fall on either side of it
LINE = 0.05  # … of a whole line, over all of its columns


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
    compare(page, track, japanese_files[: 2 * FEW : 2], EXACT)


def ask_where(page: Page) -> Locator:
    """The button that asks where the recogniser looked."""
    return page.get_by_role("button", name="Where it looked")


def explained(file: Path) -> NDArray[np.float64]:
    """(R, C) what `glyphlens explain` says of the parts of an Arabic glyph."""
    recognizer = open_model(Path("arabic"), 1)
    subject = open_subject(file, recognizer, face=0, diacritic=False)
    found = occlude(recognizer, subject.image_HW, subject.geometry_F)
    return found.heat_RC(found.answer)


def covered(track: str, file: Path) -> NDArray[np.float64]:
    """(R, C) what the best answer's probability loses when a part is covered with paper, those without ink included."""
    recognizer = open_model(Path(track), 1)
    picture_HW = next(read_pictures(file, preparation(recognizer, diacritic=False))).pixels_hw
    assert picture_HW is not None and picture_HW.shape == (CELL_PX * COVERS, CELL_PX * COVERS)
    views_VHW = np.repeat(picture_HW[None], 1 + COVERS**2, axis=0)
    for part, view_HW in enumerate(views_VHW[1:]):
        top, left = (CELL_PX * place for place in divmod(part, COVERS))
        view_HW[top : top + CELL_PX, left : left + CELL_PX] = 0
    likely_VC = recognizer.probabilities(picture_feeds(recognizer, views_VHW)).astype(np.float64)
    best_V = likely_VC[:, likely_VC[0].argmax()]
    return np.asarray((best_V[0] - best_V[1:]).reshape(COVERS, COVERS))


def compare_parts(page: Page, wanted_RC: NDArray[np.float64]) -> None:
    """The page colours what Python says, and some of it matters."""
    told = page.locator(".looked canvas").get_attribute("data-effects") or ""
    np.testing.assert_allclose(np.fromstring(told, sep=",").reshape(wanted_RC.shape), wanted_RC, atol=EXACT)
    assert wanted_RC.max() > 0.3
    said = re.match(r"For [^:]+: [a-z ]+ \(([\d.]+) points less sure", page.inner_text(".looked [role=status]"))
    assert said and float(said[1]) == pytest.approx(100 * wanted_RC.max(), abs=100 * EXACT)


def test_where_it_looked_is_as_the_command_explains_and_asked_by_keyboard(page: Page, arabic_files: list[Path]) -> None:
    choose(page, "arabic")
    answers(page, arabic_files[TELLING])
    assert page.locator(".looked canvas").count() == 0
    page.locator("#mark").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".looked canvas")
    compare_parts(page, explained(arabic_files[TELLING]))
    page.keyboard.press("Space")
    assert not page.is_visible(".looked canvas")
    assert ask_where(page).get_attribute("aria-expanded") == "false"


@pytest.mark.parametrize("track", ["kanji", "zero_shot"])
def test_where_it_looked_in_handwriting(page: Page, track: str, japanese_files: list[Path]) -> None:
    choose(page, track)
    answers(page, japanese_files[TELLING])
    ask_where(page).click()
    page.wait_for_selector(".looked canvas")
    compare_parts(page, covered(track, japanese_files[TELLING]))


def test_another_picture_ends_the_looking(page: Page, arabic_files: list[Path]) -> None:
    choose(page, "arabic")
    answers(page, arabic_files[LARGE])
    ask_where(page).click()
    progress = page.wait_for_selector(".looked progress")
    answers(page, arabic_files[TELLING])
    assert progress is not None and progress.evaluate("bar => bar.value") < 1
    assert page.locator(".looked canvas, .looked progress").count() == 0
    assert ask_where(page).get_attribute("aria-expanded") == "false"


def test_lines_of_a_scan_likewise(page: Page, japanese_files: list[Path]) -> None:
    recognizer, rule = open_scanner(None, None, 1)
    choose(page, "scan_lines")
    for file in japanese_files[:2]:
        told = list(scan_answers(recognizer, rule, picture_lines(file, recognizer), 5))
        stop = next(answer for answer in told if answer.stops)
        found = answers(page, file)
        assert page.locator("#line").input_value() == str(stop.line)
        assert [label for label, _ in found][:1] == list(stop.labels[:1])
        assert found[0][1] == pytest.approx(stop.confidences[0], abs=EXACT)
        assert ask_where(page).count() == 0
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
        assert ask_where(page).count() == 0
        found = page.locator("#answers li").all()
        assert [entry.get_attribute("data-text") for entry in found] == [line.text.text for line in told.lines]
        sure = [float(entry.get_attribute("data-confidence") or "nan") for entry in found]
        assert sure == pytest.approx([line.text.confidence for line in told.lines], abs=LINE)


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
            assert ask_where(page).count() == 0


def test_nothing_is_wider_than_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for track in ("arabic", "khmer"):
        choose(page, track)
        box = page.locator("main").bounding_box()
        assert box is not None and box["x"] + box["width"] <= 390
    page.set_viewport_size({"width": 1280, "height": 800})
