"""What the page makes of pictures and scores, run by Node without a browser, is what Python makes of them."""

import base64
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glyphlens.commands.image_pictures import LARGE_PX, MAX_PIXELS, _pages
from glyphlens.core.errors import InputError
from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.imaging.picture_ink import ink_readings
from glyphlens.inference.beam import BeamSettings, read_beam
from glyphlens.inference.decoding import read_greedy
from glyphlens.inference.khmer_text import canonical, clusters
from glyphlens.inference.line_reader import ReadCluster, placed
from glyphlens.inference.ngram import CharacterNgram
from glyphlens.inference.page import read_lines
from glyphlens.page.site import OWN_FILES
from glyphlens.tracks.arabic.reader import fit_canvas
from tests.inference.khmer_pages import TEXTS

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="Node.js is not installed here")
RULE = {
    "edge_share": 0.0, "speck_share": 0.0008, "min_contrast": 30, "image_px": 64, "box_px": 56, "blur_sigma_px": 0.5,
}  # fmt: skip
SHARE = 0.01  # of how probable a reading is
GREY = 8  # grey levels: a stretch of contrast may differ by one level of 32
FLIPPED = 0.002  # of a glyph's pixels: those whose grey is next to the threshold
Grey = np.ndarray


def asked_of_the_page(site: Path = OWN_FILES, **what: Any) -> dict[str, Any]:
    """Answers of the page's functions."""
    assert NODE
    program = Path(__file__).with_name("compare.mjs")
    answer = subprocess.run(
        [NODE, str(program), str(site)], input=json.dumps(what), capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def packed(grey_HW: Grey) -> dict[str, Any]:
    height, width = grey_HW.shape
    return {"width": width, "height": height, "data": base64.b64encode(grey_HW.tobytes()).decode()}


def opened(picture: dict[str, Any]) -> Grey:
    pixels = np.frombuffer(base64.b64decode(picture["data"]), np.uint8)
    return pixels.reshape(picture["height"], picture["width"])


def greys(files: Sequence[Path]) -> list[Grey]:
    pages = [next(_pages(file, MAX_PIXELS, LARGE_PX)) for file in files]
    return [np.ascontiguousarray(page.grey_HW[page.card]) for page in pages]


def test_every_way_to_see_a_worn_picture_is_the_same(arabic_files: list[Path], japanese_files: list[Path]) -> None:
    rng = np.random.default_rng(0)
    odd = [rng.integers(0, 255, shape).astype(np.uint8) for shape in ((1, 1), (3, 90), (90, 3), (7, 8))]
    pictures = [*greys(arabic_files), *greys(japanese_files), *odd, np.full((30, 40), 128, np.uint8)]
    answers = asked_of_the_page(rule=RULE, characters=list(map(packed, pictures)))["characters"]
    compared, faults = 0, []
    for grey_HW, answer in zip(pictures, answers, strict=True):
        try:
            readings = ink_readings(grey_HW)
            written = prepare(np.stack([readings[0].ink_hw]), HandwritingParams(**RULE))
            if not written.any():
                continue
        except InputError as error:
            faults.append((answer, {"fault": str(error)}))
            continue
        assert [(own["tone"], own["isCleared"]) for own in answer] == [(own.tone, own.is_cleared) for own in readings]
        for own, reading in zip(answer, readings, strict=True):
            assert own["share"] == pytest.approx(reading.share, abs=SHARE)
            assert (opened(own["glyph"]) != fit_canvas(reading.ink_hw)).mean() <= FLIPPED
            prepared = prepare(reading.ink_hw[None], HandwritingParams(**RULE))[0]
            assert np.abs(opened(own["written"]).astype(int) - prepared).max() <= GREY
            compared += 1
    assert compared >= 40
    assert [answer for answer, _ in faults] == [wanted for _, wanted in faults]


def test_lines_of_pages_are_cut_alike(khmer_pages: Sequence[Grey]) -> None:
    pages = [*khmer_pages, np.full((50, 60), 200, np.uint8), np.tile(np.uint8([[0, 255]]), (60, 40))]
    answers = asked_of_the_page(pages=list(map(packed, pages)))["pages"]
    faults = []
    for grey_HW, answer in zip(pages, answers, strict=True):
        try:
            lines = [line.pixels_hw for line in read_lines(grey_HW)]
        except InputError as error:
            faults.append((answer, {"fault": str(error)}))
            continue
        assert [opened(own).shape for own in answer] == [line.shape for line in lines]
        for own, line in zip(answer, lines, strict=True):
            assert np.abs(opened(own).astype(int) - line).max() <= GREY
    assert [answer for answer, _ in faults] == [wanted for _, wanted in faults]


def test_text_is_put_in_the_same_canonical_order() -> None:
    rng = np.random.default_rng(0)
    marks = [chr(code) for code in range(0x1780, 0x17DE)]
    texts = [*TEXTS, "", "AI  10 ", "é\u200bក\u00ad"] + ["".join(rng.choice(marks, 9)) for _ in range(3000)]
    answers = asked_of_the_page(texts=texts)["texts"]
    assert answers == [{"canonical": canonical(text), "clusters": clusters(text)} for text in texts]


def test_scores_are_decoded_alike() -> None:
    rng = np.random.default_rng(1)
    charset, settings = ["ក", "ខ", "ក\u17d2ខ", " ", "1"], BeamSettings(4, 0.35, 0.5)
    ngram = CharacterNgram.of_texts(["កខ កក1", "ខក\u17d2ខ ក", "1 ខខ"], 3, 1)
    lines = [rng.normal(0, 3, (frames, 6)).astype(np.float32) for frames in (1, 2, 9, 30, 30, 30)]
    for logits in lines[-2:]:
        logits[::2, 0] += 20  # nothing but the blank is likely
    entry = {"charset": charset, "ngram": ngram.content(), "beam": settings._asdict()}
    answers = asked_of_the_page(lines=[{**entry, "frames": logits.tolist()} for logits in lines])["lines"]
    for logits, answer in zip(lines, answers, strict=True):
        [greedy] = read_greedy(logits[None], np.array([len(logits)]), charset)
        assert [own["text"] for own in answer["tokens"]] == [token.text for token in greedy.tokens]
        sure = [token.confidence for token in greedy.tokens]
        assert [own["confidence"] for own in answer["tokens"]] == pytest.approx(sure)
        assert answer["confidence"] == pytest.approx(greedy.confidence)
        assert answer["texts"] == read_beam(logits, charset, ngram, settings)


def test_texts_find_their_confidence_alike() -> None:
    rng = np.random.default_rng(2)
    pairs = []
    for _ in range(300):
        known = [ReadCluster(str(rng.choice(list("abc"))), float(rng.random()), 0, 0) for _ in range(rng.integers(9))]
        pairs.append(([str(each) for each in rng.choice(list("abcd"), rng.integers(9))], known))
    asked = [
        {"texts": texts, "known": [{"text": each.text, "confidence": each.confidence} for each in known]}
        for texts, known in pairs
    ]
    for (texts, known), answer in zip(pairs, asked_of_the_page(matches=asked)["matches"], strict=True):
        wanted = placed(texts, known)
        assert [each["text"] for each in answer] == [each.text for each in wanted]
        assert [each["confidence"] for each in answer] == pytest.approx([each.confidence for each in wanted])
