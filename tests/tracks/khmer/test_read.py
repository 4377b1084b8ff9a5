"""``glyphlens read`` on drawn pages, with a small recogniser that has learnt their words by heart."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from glyphlens.commands import line_sheet
from glyphlens.inference.folder import LABELS
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.inference.line_reader import LINE_TEMPERATURES
from glyphlens.inference.words import WORDS as WORD_LIST
from tests.inference.khmer_pages import TEXTS as LINES
from tests.inference.khmer_pages import Grey, khmer_font, page, turned
from tests.tracks.khmer.tiny_lines import WORDS

Run = Callable[..., tuple[int, str, str]]
TEXTS = [canonical(word) for word in WORDS]
XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def model(made_lines: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(made_lines / "export/ctc", folder)
    (folder / "fp32.onnx").unlink()
    return folder


@pytest.fixture
def drawn(khmer_font_folder: Path) -> Grey:
    """A page with all words, one a line."""
    return page(WORDS, khmer_font(next(khmer_font_folder.glob("battambang-*400-*")), 34), 60)


def saved(path: Path, grey: Grey) -> Path:
    Image.fromarray(np.ascontiguousarray(grey)).save(path)
    return path


def test_a_page_is_read_line_by_line(glyphlens: Run, model: Path, drawn: Grey, tmp_path: Path) -> None:
    status, out, err = glyphlens("read", saved(tmp_path / "page.png", drawn), "--model", model)
    assert (status, out.splitlines()) == (0, TEXTS), err


@pytest.mark.parametrize("change", [lambda grey: turned(grey, 3), lambda grey: 255 - grey])
def test_askew_and_light_on_dark(glyphlens: Run, model: Path, drawn: Grey, tmp_path: Path, change: Callable) -> None:
    status, out, _ = glyphlens("read", saved(tmp_path / "page.png", change(drawn)), "--model", model)
    assert status == 0
    assert len(set(out.splitlines()) & set(TEXTS)) >= len(TEXTS) - 2


def test_upside_down_is_said_and_read(glyphlens: Run, model: Path, drawn: Grey, tmp_path: Path) -> None:
    path = saved(tmp_path / "page.png", drawn[::-1, ::-1])
    status, out, err = glyphlens("read", path, "--model", model, "-f", "json")
    (read,) = json.loads(out)
    assert (status, [line["text"] for line in read["lines"]]) == (0, TEXTS)
    assert "upside down" in err and "upside down" in read["note"]
    first, last = read["lines"][0]["box"], read["lines"][-1]["box"]
    assert first[1] > last[3], "places are those on the picture as it was given"


def test_pages_of_a_tiff_stand_below_their_names(glyphlens: Run, model: Path, drawn: Grey, tmp_path: Path) -> None:
    first, second = Image.fromarray(drawn), Image.fromarray(drawn[:120])
    first.save(tmp_path / "scan.tif", save_all=True, append_images=[second])
    _, out, _ = glyphlens("read", tmp_path / "scan.tif", "--model", model)
    assert out.splitlines()[0].endswith("scan.tif <==")
    assert out.splitlines()[-2:] == [f"==> {tmp_path}/scan.tif#2 <==", TEXTS[0]]


def test_json_has_places_and_confidence_of_clusters(glyphlens: Run, model: Path, drawn: Grey, tmp_path: Path) -> None:
    _, out, _ = glyphlens("read", saved(tmp_path / "page.png", drawn), "--model", model, "-f", "json")
    (read,) = json.loads(out)
    for line in read["lines"]:
        left, top, right, bottom = line["box"]
        assert [each["text"] for each in line["clusters"]] == clusters(line["text"])
        for each in line["clusters"]:
            x0, y0, x1, y1 = each["box"]
            assert left <= x0 <= x1 <= right and top <= y0 <= y1 <= bottom
            assert 0 <= each["confidence"] <= 1
        assert (drawn[top:bottom, left:right] < 128).any()


def test_hocr_is_whole_xml_with_lines_and_words(glyphlens: Run, model: Path, drawn: Grey, tmp_path: Path) -> None:
    output = tmp_path / "page.hocr"
    status, out, err = glyphlens("read", saved(tmp_path / "page.png", drawn), "--model", model, "-o", output)
    assert (status, out) == (0, "") and f"{len(TEXTS)} lines on 1 page" in err
    spans = list(ElementTree.parse(output).getroot().iter(f"{XHTML}span"))
    lines = [span for span in spans if span.get("class") == "ocr_line"]
    assert ["".join(line.itertext()) for line in lines] == TEXTS
    assert sum(span.get("class") == "ocrx_word" for span in spans) == sum(len(text.split()) for text in TEXTS)


def test_zero_width_spaces_by_the_list_beside_the_model(
    glyphlens: Run, model: Path, drawn: Grey, tmp_path: Path
) -> None:
    path = saved(tmp_path / "page.png", drawn)
    status, _, err = glyphlens("read", path, "--model", model, "--zwsp")
    assert status == 2 and "no list of words" in err
    (model / WORD_LIST).write_text("ទាំង\nអស់\n", encoding="utf-8")
    _, out, _ = glyphlens("read", path, "--model", model, "--zwsp")
    assert out.splitlines()[1] == "ទាំង\u200bអស់"
    assert out.replace("\u200b", "").splitlines() == TEXTS
    _, out, _ = glyphlens("read", path, "--model", model, "--zwsp", "--format", "hocr")
    words = out.count('class="ocrx_word"')
    _, out, _ = glyphlens("read", path, "--model", model, "--format", "hocr")
    assert words > out.count('class="ocrx_word"'), "what parts words in the text parts them in hOCR"


def test_a_sheet_shows_frames_and_text(
    glyphlens: Run, model: Path, drawn: Grey, tmp_path: Path, khmer_font_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_sheet, "FONT_FOLDERS", (khmer_font_folder,))
    sheet = tmp_path / "sheet.png"
    status, _, err = glyphlens("read", saved(tmp_path / "a.png", drawn), "--model", model, "--sheet", sheet)
    assert status == 0, err
    pixels = np.asarray(Image.open(sheet).convert("RGB"))
    assert pixels.shape[0] > drawn.shape[0] and pixels.shape[1] > drawn.shape[1] + 100
    assert (pixels == (192, 57, 43)).all(axis=2).any(), "frames"
    monkeypatch.setattr(line_sheet, "FONT_FOLDERS", ())
    assert glyphlens("read", tmp_path / "a.png", "--model", model, "--sheet", sheet)[0] == 2


def test_samples_of_the_test_are_read(
    glyphlens: Run, model: Path, made_lines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made_lines / "lines", tmp_path / "data/khmer/lines")
    status, out, err = glyphlens("read", "--sample", 3, "--model", model)
    read, unread = out.count("==> "), err.count("nothing on it could be read")
    assert read and read + unread == 3 and status == (unread > 0)
    assert TEXTS[0] in out + err


def test_what_cannot_be_read_is_named_and_the_others_are_read(
    glyphlens: Run, model: Path, drawn: Grey, tmp_path: Path, khmer_font_folder: Path
) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    saved(folder / "a.png", drawn[:120])
    saved(folder / "empty.png", np.full((400, 300), 255, np.uint8))
    lines = page(LINES, khmer_font(next(khmer_font_folder.glob("battambang-*400-*")), 34), 60)
    saved(folder / "side.png", np.rot90(lines))
    (folder / "broken.jpg").write_bytes(b"no picture")
    status, out, err = glyphlens("read", folder, "--model", model)
    assert (status, out.splitlines()) == (1, TEXTS[:1])
    assert "empty.png: no text" in err
    assert "side.png: the text stands on its side" in err
    assert "broken.jpg: not an image" in err
    status, out, err = glyphlens("read", folder / "empty.png", "--model", model, "-o", tmp_path / "none.txt")
    assert (status, out) == (2, "") and not (tmp_path / "none.txt").exists()


def test_doubtful_lines_are_counted_and_can_be_left_out(
    glyphlens: Run, model: Path, drawn: Grey, tmp_path: Path
) -> None:
    labels = json.loads((model / LABELS).read_text(encoding="utf-8"))
    labels["rule"][LINE_TEMPERATURES] = {"int8": 0.001}  # nothing is certain
    (model / LABELS).write_text(json.dumps(labels, ensure_ascii=False), encoding="utf-8")
    path = saved(tmp_path / "page.png", drawn)
    status, out, err = glyphlens("read", path, "--model", model)
    assert (status, out.splitlines()) == (0, TEXTS)
    assert f"{len(TEXTS)} of {len(TEXTS)} lines are less than 50% sure" in err and "is it Khmer print?" in err
    _, out, _ = glyphlens("read", path, "--model", model, "--min-confidence", 0.5)
    assert out == ""


def test_a_broken_model_is_named(glyphlens: Run, model: Path, drawn: Grey, tmp_path: Path) -> None:
    path = saved(tmp_path / "page.png", drawn)
    (model / "int8.onnx").write_bytes((model / "int8.onnx").read_bytes()[:5000])
    status, out, err = glyphlens("read", path, "--model", model)
    assert (status, out) == (2, "") and "int8.onnx" in err
    (model / LABELS).unlink()
    status, _, err = glyphlens("read", path, "--model", model)
    assert (status == 2 and "int8.onnx" in err) or LABELS in err


def test_models_of_other_tracks_are_refused(glyphlens: Run, made_lines: Path, drawn: Grey, tmp_path: Path) -> None:
    status, _, err = glyphlens("read", saved(tmp_path / "page.png", drawn), "--model", "arabic")
    assert status == 2 and "recogniser of lines" in err
    status, _, err = glyphlens("predict", tmp_path / "page.png", "--model", made_lines / "export/ctc/fp32.onnx")
    assert status == 2, "a line is no glyph"


def test_nothing_asked_for_is_an_error(glyphlens: Run) -> None:
    status, _, err = glyphlens("read")
    assert status == 2 and "nothing to read" in err
