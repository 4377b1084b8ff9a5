"""The released models by their names, asked with paths, bytes, arrays and images."""

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from typer.testing import CliRunner

import glyphlens
from glyphlens.api import LoadedModel, PictureAnswer
from glyphlens.cli import app
from glyphlens.core.errors import InputError
from tests.pdf_files import drawn, write_pdf

Array = NDArray[Any]


@pytest.fixture(scope="module")
def arabic() -> LoadedModel:
    return glyphlens.load("arabic")


@pytest.fixture(scope="module")
def kanji() -> LoadedModel:
    return glyphlens.load("kanji")


@pytest.fixture(scope="module")
def scanner() -> LoadedModel:
    return glyphlens.load("scan_lines")


@pytest.fixture(scope="module")
def cross() -> Image.Image:
    picture = Image.new("L", (120, 120), 255)
    pen = ImageDraw.Draw(picture)
    pen.line((20, 60, 100, 60), fill=0, width=9)
    pen.line((60, 20, 60, 100), fill=0, width=9)
    return picture


def png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


# ── fonts ────────────────────────────────────────────────────────────────────────────────────
def test_a_font_is_named_alike_from_a_path_and_from_bytes(arabic: LoadedModel, tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(drawn().data)
    of_path, of_bytes = arabic.identify(tmp_path / "font.ttf"), arabic.identify(drawn().data)
    assert {glyph.font for glyph in of_bytes} == {"font"}
    assert [glyph.guesses for glyph in of_path] == [glyph.guesses for glyph in of_bytes]
    assert [glyph.gid for glyph in of_path] == list(range(len(of_path)))
    named = next(glyph for glyph in of_path if glyph.label == "seen.init")
    assert (named.text, named.form) == ("س", "init") and 0.5 < named.confidence <= 1


def test_the_table_is_the_one_that_the_command_writes(arabic: LoadedModel, tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(drawn().data)
    font, written = tmp_path / "font.ttf", tmp_path / "answers.csv"
    ran = CliRunner().invoke(app, ["identify", str(font), "-o", str(written), "--top", "2"])
    assert ran.exit_code == 0
    found = arabic.identify(font, top=2).to_frame()
    assert found.to_csv(index=False, lineterminator="\n") == written.read_text(encoding="utf-8")


def test_glyphs_without_an_outline_say_so(arabic: LoadedModel) -> None:
    blank = [glyph for glyph in arabic.identify(drawn().data) if glyph.fault]
    assert blank and all(glyph.label == glyph.text == "" and np.isnan(glyph.confidence) for glyph in blank)


def test_the_fonts_of_a_pdf_are_judged_from_bytes(arabic: LoadedModel, tmp_path: Path) -> None:
    write_pdf(tmp_path / "book.pdf", drawn(), drawn().texts)
    (font,) = arabic.identify_pdf((tmp_path / "book.pdf").read_bytes())
    assert (font.pdf, font.map) == ("font", "present")
    assert arabic.identify_pdf(tmp_path / "book.pdf").to_frame()["map"].tolist() == ["present"]


# ── pictures ─────────────────────────────────────────────────────────────────────────────────
SEEN_AS: dict[str, Callable[[Image.Image], Any]] = {
    "bytes": png,
    "bytearray": lambda picture: bytearray(png(picture)),
    "image": lambda picture: picture,
    "image with a palette": lambda picture: picture.convert("P"),
    "array": np.asarray,
    "array of colours": lambda picture: np.asarray(picture.convert("RGB")),
    "array with transparency": lambda picture: np.asarray(picture.convert("RGBA")),
    "truth values": lambda picture: np.asarray(picture) > 127,
    "float64": lambda picture: np.asarray(picture) / 255,
    "every second row": lambda picture: np.asarray(picture).repeat(2, axis=0)[::2],
}


@pytest.mark.parametrize("kind", SEEN_AS)
def test_a_picture_is_read_alike_however_it_is_given(kanji: LoadedModel, cross: Image.Image, kind: str) -> None:
    (expected,), (found,) = kanji.predict(png(cross)), kanji.predict(SEEN_AS[kind](cross))
    assert (found.image, found.text) == ("picture 1", "十")
    assert found.guesses == expected.guesses


def test_an_image_is_turned_as_its_camera_noted(kanji: LoadedModel) -> None:
    tilted = Image.new("L", (120, 120), 255)
    ImageDraw.Draw(tilted).line((60, 20, 60, 100), fill=0, width=9)  # 一 on its side
    tilted.getexif()[0x0112] = 6
    assert kanji.predict(tilted)[0].label in "一ー"


def test_several_pictures_have_an_answer_or_a_fault_each(
    kanji: LoadedModel, cross: Image.Image, tmp_path: Path
) -> None:
    cross.save(tmp_path / "cross.png")
    found = kanji.predict([tmp_path / "cross.png", b"no picture", cross, tmp_path / "nowhere.png"], top=2)
    assert [answer.label for answer in found] == ["十", "", "十", ""]
    assert [bool(answer.fault) for answer in found] == [False, True, False, True]
    assert [len(answer.guesses) for answer in found] == [2, 0, 2, 0]
    assert found.to_frame()["image"].tolist() == [
        str(tmp_path / "cross.png"),
        "picture 2",
        "picture 3",
        str(tmp_path / "nowhere.png"),
    ]
    assert len(kanji.predict([])) == 0 and kanji.predict([]).to_frame().empty


def test_answers_can_be_restricted_and_candidates_named(kanji: LoadedModel, cross: Image.Image) -> None:
    assert {guess.text for guess in kanji.predict(cross, characters="あいう")[0].guesses} == set("あいう")
    found = glyphlens.load("zero_shot").predict(cross, candidates="十\n一\nmine: ⿰石本")[0]
    assert {guess.label for guess in found.guesses} == {"十", "一", "mine"} and found.label == "十"


def test_answers_are_a_sequence(kanji: LoadedModel, cross: Image.Image) -> None:
    found = kanji.predict([cross] * 3)
    assert found == kanji.predict([cross] * 3) and hash(found) == hash(kanji.predict([cross] * 3))
    assert isinstance(found[0], PictureAnswer) and len(found[1:]) == 2
    assert repr(found[:1]).startswith("Answers([PictureAnswer(")


def test_threads_have_the_same_answers_and_leave_the_process_as_it_was(kanji: LoadedModel, cross: Image.Image) -> None:
    tilted = [cross.rotate(2 * number, fillcolor=255) for number in range(8)]
    alone = [kanji.predict(picture) for picture in tilted]
    before = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(kanji.predict, tilted)) == alone
    assert (Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before


# ── lines ────────────────────────────────────────────────────────────────────────────────────
def test_a_scan_is_answered_line_by_line_as_it_arrives(scanner: LoadedModel, cross: Image.Image) -> None:
    answers = list(scanner.scan(cross, top=2))
    assert [answer.line for answer in answers] == list(range(1, 33))
    assert sum(answer.stops for answer in answers) == 1 and {len(answer.labels) for answer in answers} == {2}
    taken: list[int] = []

    def arriving() -> Iterator[Array]:
        for number in range(32):
            taken.append(number)
            yield np.zeros(32)

    first = next(scanner.scan(arriving()))
    assert first.line == 1 and taken == [0]
    table = glyphlens.to_frame(scanner.scan(np.full((3, 32), np.nan)))
    assert table["missing"].all() and table["line"].tolist() == [1, 2, 3]


# ── what cannot be ───────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda model: model.identify(3), "font: int, expected a path or the bytes of a font"),
        (lambda model: model.identify(""), "font: an empty name, expected a path"),
        (lambda model: model.identify(b""), "font: no font .*the file is empty"),
        (lambda model: model.identify(b"%PDF-1.7"), "font: a PDF; identify_pdf"),
        (lambda model: model.identify_pdf(b"%PDF-1.7"), "font: the PDF is damaged"),
        (lambda model: model.identify(b"", language="xx"), "language: 'xx', expected one of ar, "),
        (lambda model: model.predict([None]), "picture 1: NoneType, expected a path, the bytes"),
        (lambda model: model.predict(5), "pictures: int, expected"),
        (
            lambda model: model.predict(np.zeros((2, 8, 8, 3))),
            r"picture 1: float64 \(2, 8, 8, 3\), expected .*as a list",
        ),
        (lambda model: model.predict(np.zeros((0, 8))), r"picture 1: float64 \(0, 8\)"),
        (lambda model: model.predict(np.array([["a"]])), "picture 1: <U1"),
        (lambda model: model.predict(b"", ink="blue"), "ink: 'blue', expected one of auto, dark, light"),
        (lambda model: model.predict(b"", top=0), "top: 0, expected at least 1"),
        (lambda model: model.read(b""), "arabic: does not read; its decoder is 'softmax': use predict"),
        (lambda model: model.scan([]), "arabic: does not scan; its decoder is 'softmax': use predict"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    arabic: LoadedModel, ask: Callable[[Any], object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ask(arabic)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([np.zeros(3)], r"line 1: \(3,\) numbers, expected \(32,\)"),
        ([["a"]], "line 1: not numbers"),
        (5, "lines: int, expected"),
        (b"no picture", "picture: not an image"),
    ],
)
def test_lines_that_are_none_are_refused(scanner: LoadedModel, lines: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(scanner.scan(lines))  # type: ignore[arg-type]


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"arabix: no such model; .*\(arabic, kanji, khmer, scan_lines, zero_shot\)"):
        glyphlens.load("arabix")


def test_a_folder_is_a_model_too(arabic: LoadedModel) -> None:
    assert glyphlens.load(arabic.network.path.parent).labels == arabic.labels


def test_only_names_of_the_api_are_found_at_the_top() -> None:
    assert {"load", "to_frame", "Answers", "LoadedModel"} <= set(dir(glyphlens))
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        glyphlens.lode  # noqa: B018
