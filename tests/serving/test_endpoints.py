"""Every endpoint on the released models, and what others ask meanwhile changes no answer."""

import io
import json
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli
import pikepdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.pdf_files import ARABIC, drawn, write_pdf
from tests.serving.running_server import RunningServer

CLIENTS = 64
Drawing = Callable[..., bytes]


def written(text: str) -> bytes:
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).text((60, 20), text, font=ImageFont.truetype(str(ARABIC), 110), fill=0)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_it_is_ready_and_says_which_models_answer_what(server: RunningServer) -> None:
    assert server.ask("GET", "/health").json == {"status": "alive"}
    found = {model["name"]: model["endpoints"] for model in server.ask("GET", "/ready").json["models"]}
    assert found == {
        "arabic": ["predict", "identify"], "kanji": ["predict"], "zero_shot": ["predict", "similar"],
        "khmer": ["read"], "scan_lines": ["scan"],
    }  # fmt: skip


def test_a_picture_is_answered_as_from_python(server: RunningServer) -> None:
    import glyphlens

    body = written("ب")
    answer = server.post("/v1/predict?top=3", body).json
    [expected] = glyphlens.load("arabic").predict(body, top=3)
    [found] = answer["pictures"]
    assert answer["model"] == "arabic" and found["answers"][0]["label"].startswith("beh")
    assert [(each["label"], each["confidence"]) for each in found["answers"]] == [
        (guess.label, guess.confidence) for guess in expected.guesses
    ]


def test_a_zip_and_pages_are_several_pictures(server: RunningServer, drawing: Drawing) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/a.png", drawing(1))
        archive.writestr("b.txt", b"no picture")
    found = server.post("/v1/predict?model=kanji", packed.getvalue()).json["pictures"]
    assert [each["picture"] for each in found] == ["a.png", "b.txt"] and "not an image" in found[1]["fault"]
    paged = server.post("/v1/predict?model=kanji", drawing(1, form="TIFF", pages=2)).json["pictures"]
    assert len(paged) == 2 and paged[0]["answers"] == found[0]["answers"]


def test_a_font_and_a_pdf_are_identified(server: RunningServer, tmp_path: Path) -> None:
    font = drawn().data
    found = server.post("/v1/identify?top=2", font).json["glyphs"]
    assert len(found) > 10 and sum(bool(glyph["answers"]) for glyph in found) > 10
    write_pdf(tmp_path / "a.pdf", drawn(), None)
    fonts = server.post("/v1/identify", (tmp_path / "a.pdf").read_bytes()).json["pdf_fonts"]
    assert [font["map"] for font in fonts] == ["none"]


def test_similar_scan_and_read(server: RunningServer, drawing: Drawing) -> None:
    near = server.post("/v1/similar?top=4", drawing(2)).json["pictures"][0]["neighbours"]
    assert len(near) == 4 and near[0]["similarity"] >= near[3]["similarity"]
    scan = server.post("/v1/scan?lines=true", drawing(2)).json
    assert 1 <= scan["line"] == len(scan["lines"]) <= scan["of"] and scan["lines"][-1]["stops"]
    page = server.post("/v1/read", written("a")).json["pages"][0]
    assert page["width"] == 200 and page["lines"][0]["text"]
    assert server.post("/v1/read?format=hocr", written("a")).content.startswith(b"<?xml")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/predict?model=khmer", 404), ("/v1/predict?top=0", 422), ("/v1/read?format=pdf", 422), ("/v1/x", 404),
        ("/v1/predict?model=kanji&language=ar", 422), ("/v1/predict?model=kanji&diacritic=true", 422),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(server: RunningServer, drawing: Drawing, path: str, status: int) -> None:
    answer = server.post(path, drawing())
    assert answer.status == status and answer.json["detail"]


def test_64_clients_get_the_very_answers_that_they_get_alone(server: RunningServer, drawing: Drawing) -> None:
    """Two models in turn, and among them pictures that cannot be read."""
    bodies = [b"no picture" if number % 16 == 5 else drawing(number) for number in range(CLIENTS)]
    paths = [f"/v1/predict?top=2&model={('arabic', 'kanji')[number % 2]}" for number in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        together = list(clients.map(server.post, paths, bodies))
    alone = [server.post(path, body) for path, body in zip(paths, bodies, strict=True)]
    assert [each.content for each in together] == [each.content for each in alone]
    assert len({each.content for each in together}) > CLIENTS // 2
    assert {each.status for each in together} == {200, 415}
    metrics = server.ask("GET", "/metrics").content.decode()
    readings = float(metrics.partition('glyphlens_read_together_count{kind="predict"} ')[2].split()[0])
    read = float(metrics.partition('glyphlens_read_together_sum{kind="predict"} ')[2].split()[0])
    assert read > 1.2 * readings  # some were read together


def test_the_page_describes_bodies_and_the_log_has_no_contents(server: RunningServer, drawing: Drawing) -> None:
    described = server.ask("GET", "/openapi.json").json["paths"]["/v1/predict"]["post"]
    assert described["requestBody"]["content"].keys() == {"image/*", "application/zip"}
    assert "429" in described["responses"] and server.ask("GET", "/docs").status == 200
    server.post("/v1/predict?model=kanji&language=ar", drawing(6))
    deadline = time.monotonic() + 20
    asked = {"bytes": len(drawing(6)), "status": 422, "path": "/v1/predict"}
    while not (logged := [event for event in server.events if asked.items() <= event.items()]):
        assert time.monotonic() < deadline  # a request is logged once it is answered
    assert logged[0]["seconds"] > 0
    assert "language" not in json.dumps(logged)


def woff2_bomb(size: int) -> bytes:
    """A few kilobytes that unpack to ``size`` bytes."""
    packed = brotli.compress(bytes(size), quality=1)
    header = (b"wOF2", 0x10000, 48 + len(packed), 0, 0, 0, len(packed), 1, 0, 0, 0, 0, 0, 0)
    return struct.pack(">4sIIHHIIHHIIIII", *header) + packed


def pdf_bomb(folder: Path, size: int) -> bytes:
    """A page whose operators unpack to ``size`` bytes."""
    pdf = pikepdf.open(write_pdf(folder / "small.pdf", drawn(), None))
    pdf.pages[0].Contents = pdf.make_stream(zlib.compress(b"q Q " * (size // 4)), Filter=pikepdf.Name.FlateDecode)
    pdf.save(folder / "bomb.pdf")
    return (folder / "bomb.pdf").read_bytes()


@pytest.mark.parametrize("size", [1 << 25, pytest.param(1 << 31, marks=pytest.mark.full)])
def test_fonts_and_pdfs_that_unpack_to_much_do_no_harm(server: RunningServer, tmp_path: Path, size: int) -> None:
    before = server.readers
    for bomb in (woff2_bomb(size), pdf_bomb(tmp_path, min(size, 1 << 28) // 8)):
        assert len(bomb) < 1_000_000
        assert server.post("/v1/identify", bomb).status in (200, 413, 422, 504)
    assert server.post("/v1/identify", drawn().data).status == 200
    assert server.readers == before  # it was their own children that unpacked
