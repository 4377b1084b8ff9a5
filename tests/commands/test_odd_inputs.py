"""Whatever is named on the command line: the rest is answered, what is bad is named at the end."""

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import brotli
import numpy as np
import pandas as pd
import pytest
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.DefaultTable import DefaultTable
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from glyphlens import __version__
from tests.too_deep import too_deep

ODD_NAMES = (b"no\xffutf8", b"two\nlines", b"\x1b[31mred", b"[bold]loud", b"-dash", "خط‌نسخ".encode(), b"x" * 240)


@pytest.fixture
def run(model_folder, glyphlens):
    """The entry point with the tiny model."""
    return lambda *arguments: glyphlens(*arguments, "--model", model_folder)


def picture(shape: str = "bar") -> Image.Image:
    pixels = np.full((90, 90), 255, np.uint8)
    pixels[10:80, 10:19] = 0
    if shape == "corner":
        pixels[71:80, 10:80] = 0
    return Image.fromarray(pixels)


def blank_png(width: int, height: int) -> bytes:
    """A few kilobytes that unpack to width × height pixels."""
    rows = zlib.compress(bytes((width + 1) * height), 9)
    parts = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


# ── file names ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("form", ["table", "csv", "json", "parquet"])
def test_odd_names_of_fonts_lose_no_answer(run, tmp_path, font_bytes, form):
    folder = tmp_path / "fonts"
    folder.mkdir()
    for name in ODD_NAMES:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name + b".ttf")).write_bytes(font_bytes())
    target = tmp_path / f"answers.{form}"
    options = ["-f", "table"] if form == "table" else ["-o", target]
    status, out, err = run("identify", folder, *options, "--sheet", tmp_path / "sheet.png")
    assert (status, (tmp_path / "sheet.png").is_file()) == (0, True), err
    shown = {r"no\xffutf8", r"two\nlines", r"\x1b[31mred", "[bold]loud", "-dash", "خط‌نسخ", "x" * 240}
    if form == "table":
        whole = out.replace("\n", "")
        assert all(f"{name}.ttf" in whole for name in shown) and "\x1b[31mred" not in out
        return
    reader = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}[form]
    table = reader(target)
    assert {Path(name).stem for name in table["font"]} == shown and len(table) == 7 * len(shown)


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_odd_names_of_pictures_lose_no_answer(run, tmp_path, form):
    for name in ODD_NAMES:
        with open(os.fsencode(tmp_path) + b"/" + name + b".png", "wb") as file:  # noqa: PTH123
            picture().save(file, "PNG")
    status, out, err = run("predict", tmp_path, "-f", form, "--sheet", tmp_path.with_suffix(".png"))
    assert status == 0 and out.count("alef") + out.count("bar") >= len(ODD_NAMES), err
    assert "\x1b[31mred" not in out + err


def test_messages_escape_names_too(run, tmp_path):
    status, _, err = run("identify", tmp_path / os.fsdecode(b"\xff\x1b[31m.ttf"))
    assert status == 2 and r"\xff\x1b[31m.ttf: no such file" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("identify", "NAME.ttf"), ("predict", "NAME.png"), ("identify", "x.ttf", "-o", "NAME"), ("etl", "NAME"),
        ("identify", "x.ttf", "--sheet", "NAME"), ("identify", "x.ttf", "--model", "NAME"),
        ("history", "NAME", "-o", "x.png"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_line_break_in_a_name_breaks_no_line(glyphlens, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    status, _, err = glyphlens(*(word.replace("NAME", "two\nlines\x1b[31m") for word in arguments))
    assert status == 2 and r"two\nlines\x1b[31m" in err and "\nlines" not in err


def test_an_answer_survives_a_terminal_of_ascii(font_path, model_folder):
    command = [sys.executable, "-m", "glyphlens.cli", "identify", font_path, "--model", model_folder]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=False)
    assert done.returncode == 0 and b"corner.fina" in done.stdout, done.stderr


# ── folders and pages ────────────────────────────────────────────────────────────────────────
def test_an_unreadable_folder_is_named_and_the_rest_answered(run, tmp_path, font_bytes):
    (tmp_path / "a.ttf").write_bytes(font_bytes())
    with too_deep(tmp_path):
        status, out, err = run("identify", tmp_path, "-f", "csv")
    assert status == 1 and len(out.splitlines()) == 8
    assert "this folder was skipped (File name too long)" in err.splitlines()[-1]


def test_a_folder_without_fonts_does_not_refuse_the_others(run, tmp_path, font_path):
    (tmp_path / "empty").mkdir()
    status, out, err = run("identify", tmp_path / "empty", font_path, "-f", "csv")
    assert status == 1 and len(out.splitlines()) == 8 and "empty: no file of the right kind" in err


def test_a_folder_of_pictures_is_read(run, tmp_path):
    (tmp_path / "scans/deep").mkdir(parents=True)
    picture().save(tmp_path / "scans/b.png")
    picture("corner").save(tmp_path / "scans/deep/A.JPG")
    (tmp_path / "scans/notes.txt").write_text("no picture")
    status, out, _ = run("predict", tmp_path / "scans", "-f", "json")
    assert status == 0
    assert [(Path(row["image"]).name, row["label"]) for row in json.loads(out)] == [
        ("b.png", "bar"),
        ("A.JPG", "corner.fina"),
    ]


@pytest.mark.parametrize("suffix", ["tif", "gif", "webp", "png"])
def test_every_page_is_read(run, tmp_path, suffix):
    path = tmp_path / f"pages.{suffix}"
    pages = [picture("corner"), picture(), picture("corner")]
    pages[0].save(path, save_all=True, append_images=pages[1:], lossless=True)
    status, out, _ = run("predict", path, "-f", "json")
    rows = json.loads(out)
    assert status == 0
    assert [row["image"].removeprefix(str(path)) for row in rows] == ["", "#2", "#3"]
    assert [row["label"] for row in rows] == ["corner.fina", "bar", "corner.fina"]


def test_a_page_that_is_cut_off_is_named_and_the_others_answered(run, tmp_path):
    path = tmp_path / "cut.gif"
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90), dtype=np.uint8))
    picture().save(path, save_all=True, append_images=[noisy])
    path.write_bytes(path.read_bytes()[:-3000])
    status, out, err = run("predict", path, "-f", "json")
    first, second = json.loads(out)
    assert (status, first["label"], second["label"]) == (1, "bar", None)
    assert f"glyphlens: {path}#2: the image cannot be read" in err


def test_pages_without_end_are_not_all_read(run, tmp_path, monkeypatch):
    monkeypatch.setattr("glyphlens.commands.image_pictures.MAX_PAGES", 2)
    picture().save(
        tmp_path / "long.gif", save_all=True, append_images=[picture("corner"), picture(), picture("corner")]
    )
    status, out, err = run("predict", tmp_path / "long.gif", "-f", "csv")
    assert status == 1 and len(out.splitlines()) == 4 and "long.gif#3: more than 2 pages" in err


def test_the_hidden_picture_of_a_phone_is_no_page(run, tmp_path):
    picture().convert("RGB").save(
        tmp_path / "photo.jpg", "MPO", save_all=True, append_images=[picture("corner").convert("RGB")]
    )
    status, out, _ = run("predict", tmp_path / "photo.jpg", "-f", "csv")
    assert status == 0 and len(out.splitlines()) == 2


# ── what is no input ─────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("arguments", [("identify", ""), ("predict", ""), ("identify", "x.ttf", "-o", ""), ("etl", "")])
def test_an_empty_name_is_not_the_working_folder(glyphlens, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = glyphlens(*arguments)
    assert (status, out) == (2, "") and "the name is empty" in err


def unprivileged(*command: object, shell: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """A run of the command that may not read what it is not permitted to, whoever runs the tests."""
    prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*shell, *prefix, sys.executable, "-m", "glyphlens.cli", *command], capture_output=True, text=True, check=False
    )


def test_an_unreadable_file_does_not_refuse_the_others(font_path, model_folder, tmp_path):
    (tmp_path / "locked.ttf").write_bytes(font_path.read_bytes())
    (tmp_path / "locked.ttf").chmod(0)
    done = unprivileged("identify", tmp_path / "locked.ttf", font_path, "-f", "csv", "--model", model_folder)
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 8
    assert done.stderr.splitlines()[-1].endswith("locked.ttf: cannot be read (Permission denied)")


LONG = "a" * 300
PLACES = [
    ("etl", "PLACE"),
    ("history", "PLACE", "-o", "chart.png"),
    ("history", "curves", "-o", "PLACE.png"),
    ("verify", "PLACE"),
    ("identify", "FONT", "-o", "PLACE.csv"),
    ("identify", "FONT", "--sheet", "PLACE.png"),
    ("evaluate", "--model", "MODEL", "--samples", "PLACE"),
]


@pytest.mark.parametrize("arguments", PLACES, ids=" ".join)
@pytest.mark.parametrize("place", [LONG, "locked/inside"], ids=["too long", "locked"])
def test_a_place_that_the_system_refuses_is_one_line(font_path, model_folder, tmp_path, arguments, place):
    (tmp_path / "locked").mkdir(mode=0)
    place = str(tmp_path / place)
    named = {"FONT": str(font_path), "MODEL": str(model_folder)}
    done = unprivileged(*(named.get(word, word.replace("PLACE", place)) for word in arguments))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith(f"glyphlens: {place}") or "-o" in arguments


@pytest.mark.parametrize(("model", "script"), [([], "chmod 0 ."), (["--model", "MODEL"], "rmdir ../here")])
def test_a_working_folder_that_is_closed_or_gone_costs_no_answer(font_path, model_folder, tmp_path, model, script):
    (tmp_path / "here").mkdir()
    options = [str(model_folder) if word == "MODEL" else word for word in model]
    shell = ["sh", "-c", f'cd {tmp_path}/here && {script} && exec "$@"', "sh"]
    done = unprivileged("identify", ".", font_path, "-f", "csv", *options, shell=shell)
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 8, done.stderr
    assert len(done.stderr.splitlines()) == 1 and "glyphlens: .: " in done.stderr


def end_of_outlines(font: bytes) -> int:
    """Where the table glyf of a font ends in its bytes."""
    records = (struct.unpack_from(">4sIII", font, 12 + 16 * number) for number in range(font[5]))
    return next(begin + length for tag, _, begin, length in records if tag == b"glyf")


@pytest.fixture
def ordered_font(font_bytes):
    """The test font with its outlines behind what opening a font needs, as fonts are usually laid out."""
    stream = io.BytesIO()
    TTFont(io.BytesIO(font_bytes())).save(stream, reorderTables=True)
    return stream.getvalue()


@pytest.mark.parametrize("bytes_left", [300, 20, 1])
def test_a_cut_off_font_says_so(run, tmp_path, ordered_font, bytes_left):
    end = end_of_outlines(ordered_font)
    (tmp_path / "cut.ttf").write_bytes(ordered_font[: end - bytes_left])
    status, out, err = run("identify", tmp_path / "cut.ttf", "-f", "csv")
    assert (status, out) == (2, "") and "bitmap" not in err and "cut.ttf: the file is cut off: its table" in err
    assert bytes_left > 100 or f"glyf ends at byte {end:,}, the file at {end - bytes_left:,}" in err


def test_a_bitmap_font_is_called_one_and_no_other(run, tmp_path, font_bytes):
    font = TTFont(io.BytesIO(font_bytes()))
    for tag in ("glyf", "loca"):
        del font[tag]
    font.save(tmp_path / "none.ttf")
    font["CBDT"] = DefaultTable("CBDT")
    font["CBDT"].data = bytes(9)
    font.save(tmp_path / "bitmaps.ttf")
    _, _, err = run("identify", tmp_path / "none.ttf", tmp_path / "bitmaps.ttf")
    assert "none.ttf: " in err and "it has no table of outlines" in err
    assert "a bitmap font (CBDT) without outlines" in err


def test_numbers_that_are_none_are_a_fault(run, tmp_path, recwarn):
    levels = np.asarray(picture(), np.float32)
    levels[3, 3] = np.nan
    Image.fromarray(levels).save(tmp_path / "nan.tif")
    status, _, err = run("predict", tmp_path / "nan.tif")
    assert status == 2 and "1 of 8,100 pixels are no numbers" in err
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]


def test_there_is_a_version(glyphlens):
    assert glyphlens("--version")[:2] == (0, f"glyphlens {__version__}\n")


# ── bombs ────────────────────────────────────────────────────────────────────────────────────
def test_a_picture_that_unpacks_to_gigabytes_is_refused(run, tmp_path):
    (tmp_path / "bomb.png").write_bytes(blank_png(13_000, 13_000))
    assert (tmp_path / "bomb.png").stat().st_size < 200_000
    picture().save(tmp_path / "fine.png")
    status, out, err = run("predict", tmp_path / "bomb.png", tmp_path / "fine.png", "-f", "csv")
    assert status == 1 and "bar" in out
    assert "13,000 × 13,000 pixels, at most 64,000,000 are read" in err and "--max-pixels" in err
    status, _, err = run("predict", tmp_path / "fine.png", "--max-pixels", 8099)
    assert status == 2 and "90 × 90 pixels, at most 8,099" in err


@pytest.mark.parametrize("later_page", [False, True])
def test_a_large_page_anywhere_is_refused(run, tmp_path, later_page):
    pages = [picture(), Image.new("L", (300, 300), 255)]
    path = tmp_path / "pages.tif"
    pages[later_page - 1].save(path, save_all=True, append_images=[pages[later_page]])
    status, _, err = run("predict", path, "--max-pixels", 50_000)
    assert status == (1 if later_page else 2) and f"pages.tif{'#2' if later_page else ''}: " in err and "50" in err


def test_memory_is_that_of_what_is_shown(tmp_path, model_folder):
    """64 million pixels of a bomb, once as grey levels, once with transparency: 1 and 4 bytes a pixel at least."""
    large = Image.new("LA", (8000, 8000), (255, 255))
    large.paste((0, 255), (3000, 1000, 3800, 7000))
    large.save(tmp_path / "alpha.png")
    large.getchannel("L").save(tmp_path / "grey.png")
    program = (
        "import sys; from glyphlens import cli\n"
        "sys.argv[0] = 'glyphlens'\n"
        "try: cli.main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(int(peak.split()[1]) >> 10, file=sys.stderr)"
    )
    peaks = {}
    for name in ("grey.png", "alpha.png"):
        command = [sys.executable, "-c", program, "predict", tmp_path / name, "-f", "csv", "--model", model_folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "bar" in done.stdout, done.stderr
        peaks[name] = int(done.stderr.splitlines()[-1])
    assert peaks["grey.png"] < 600 and peaks["alpha.png"] < 1100, peaks


def test_other_formats_are_not_let_at_a_decoder(run, tmp_path):
    (tmp_path / "drawing.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    picture().save(tmp_path / "icon.ico")
    status, _, err = run("predict", tmp_path / "drawing.png", tmp_path / "icon.ico")
    assert (
        status == 2 and err.count("not an image of a format that is read (PNG, JPEG, TIFF, GIF, WEBP, BMP, PPM)") == 2
    )


def test_a_font_that_unpacks_to_gigabytes_is_refused(run, tmp_path, font_path):
    packed = brotli.compress(bytes(1 << 31), quality=1)
    header = (b"wOF2", 0x10000, 48 + len(packed), 0, 0, 0, len(packed), 1, 0, 0, 0, 0, 0, 0)
    (tmp_path / "bomb.woff2").write_bytes(struct.pack(">4sIIHHIIHHIIIII", *header) + packed)
    assert (tmp_path / "bomb.woff2").stat().st_size < 500_000
    status, out, err = run("identify", tmp_path / "bomb.woff2", font_path, "-f", "csv")
    assert status == 1 and len(out.splitlines()) == 8 and "bomb.woff2: needs more than 1024 MiB" in err


def test_more_threads_than_cores_are_refused(run, font_path):
    """Thousands of threads wait for each other, and the machine for them."""
    status, _, err = run("identify", font_path, "--threads", 9999)
    assert status == 2
    assert "--threads" in err


@pytest.mark.parametrize(
    "damage", [TypeError("Missing dimensions"), IndexError("out of range"), struct.error("buffer")]
)
def test_a_decoder_that_fails_in_its_own_way_costs_one_page(run, tmp_path, monkeypatch, damage):
    picture().save(tmp_path / "good.png")
    picture().save(tmp_path / "bad.tif")

    def load(image):
        raise damage

    monkeypatch.setattr(TiffImageFile, "load", load)
    status, out, err = run("predict", tmp_path / "bad.tif", tmp_path / "good.png", "-f", "csv")
    assert status == 1 and len(out.splitlines()) == 3
    assert f"bad.tif: the image cannot be read ({damage})" in err


@pytest.mark.parametrize(("command", "suffix"), [("predict", ".png"), ("identify", ".ttf")])
def test_a_name_that_is_too_long_costs_no_other_answer(run, tmp_path, font_path, command, suffix):
    picture().save(tmp_path / "good.png")
    good = {".png": tmp_path / "good.png", ".ttf": font_path}[suffix]
    status, out, err = run(command, f"{'a' * 300}{suffix}", good, "-f", "csv")
    assert status == 1 and len(out.splitlines()) > 1
    assert "File name too long" in err and "Traceback" not in err


def test_a_model_of_too_long_a_name_is_no_model(glyphlens, font_path):
    status, _, err = glyphlens("identify", font_path, "--model", "a" * 300)
    assert status == 2 and "no such model" in err


@pytest.mark.parametrize(("command", "name"), [("predict", "pipe.png"), ("identify", "pipe.ttf")])
def test_a_pipe_inside_a_folder_is_named_and_not_waited_for(run, tmp_path, font_path, command, name):
    picture().save(font_path.with_name("good.png"))
    os.mkfifo(tmp_path / name)
    status, out, err = run(command, tmp_path, "-f", "csv")
    assert status == 1 and len(out.splitlines()) > 1 and f"{name}: skipped" in err


@pytest.mark.parametrize(
    "options",
    [["--sheet", "in.png"], ["-o", "in.png", "-f", "csv"], ["-o", "new.png", "-f", "csv", "--sheet", "new.png"]],
)
def test_no_file_is_written_over_that_is_read_or_was_just_written(run, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    picture().save("in.png")
    before = Path("in.png").read_bytes()
    status, _, err = run("predict", "in.png", *options)
    assert status == 2 and "would be written over" in err
    assert Path("in.png").read_bytes() == before and not Path("new.png").exists()


@pytest.mark.parametrize("name", ["tiny.onnx", "labels.json"])
@pytest.mark.parametrize("command", ["identify", "predict"])
def test_the_model_is_not_written_over(glyphlens, model_folder, font_path, tmp_path, name, command):
    shutil.copytree(model_folder, tmp_path / "model")
    picture().save(tmp_path / "in.png")
    before = (tmp_path / "model" / name).read_bytes()
    asked = {"identify": font_path, "predict": tmp_path / "in.png"}[command]
    output = tmp_path / "model" / ".." / "model" / name
    status, _, err = glyphlens(command, asked, "--model", tmp_path / "model", "-o", output, "-f", "json")
    assert status == 2 and "would be written over" in err
    assert (tmp_path / "model" / name).read_bytes() == before


@pytest.mark.parametrize("command", ["identify", "predict"])
@pytest.mark.parametrize("options", [["-f", "json"], ["-f", "table"], ["-o", "old.csv"], ["--sheet", "old.png"]])
def test_where_nothing_is_answered_nothing_is_written(run, tmp_path, monkeypatch, command, options):
    monkeypatch.chdir(tmp_path)
    for name in ("old.csv", "old.png", "bad.ttf", "bad.png"):
        Path(name).write_text("as it was")
    status, out, err = run(command, "bad.ttf", "bad.png", "gone.ttf", *options)
    assert (status, out) == (2, "")
    assert err.count("bad.ttf: ") == err.count("gone.ttf: no such file") == 1
    assert err.splitlines()[-1] == "glyphlens: nothing was answered, so nothing was written"
    assert {path.read_text() for path in tmp_path.glob("old.*")} == {"as it was"}


@pytest.mark.parametrize("command", ["identify", "predict"])
def test_help_tells_the_exit_statuses(glyphlens, command):
    out = " ".join(glyphlens(command, "--help")[1].split())
    assert "1 where some" in out and "where none could, it is 2 and nothing is written" in out


def test_a_collection_cut_off_within_its_list_of_faces_is_named(run, tmp_path):
    header = struct.pack(">4sIIIIII", b"ttcf", 0x10000, 4, 28, 28, 28, 28)
    for length in range(4, 28):
        (tmp_path / "cut.ttc").write_bytes(header[:length])
        status, out, err = run("identify", tmp_path / "cut.ttc")
        assert (status, out) == (2, "") and "cut.ttc" in err and "Traceback" not in err, (length, err)
