"""Answers and pictures into pipes and standard output, files before a screen that may close, suffixes that fit."""

import io
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

COMMAND = [sys.executable, "-m", "glyphlens.cli"]


@pytest.fixture
def run(model_folder, glyphlens):
    return lambda *arguments: glyphlens(*arguments, "--model", model_folder)


@pytest.mark.parametrize(
    ("options", "read"), [([], pd.read_csv), (["-f", "csv"], pd.read_csv), (["-f", "json"], pd.read_json)]
)
@pytest.mark.parametrize("name", ["-", "/proc/self/fd/1"])
def test_answers_go_to_standard_output_and_nothing_else_does(
    run, font_path, tmp_path, monkeypatch, options, read, name
):
    monkeypatch.chdir(tmp_path)
    if name != "-" and not options:
        options = ["-f", "csv"]
    status, out, err = run("identify", font_path, "-o", name, *options, "--check")
    assert status == 0 and len(read(io.StringIO(out))) == 7
    assert "standard output: 7 glyphs" in err and "Agreement" in err
    assert [entry.name for entry in tmp_path.iterdir()] == [font_path.name]


def test_parquet_and_sheets_go_through_pipes(font_path, model_folder):
    options = ["identify", font_path, "--model", model_folder]
    done = subprocess.run([*COMMAND, *options, "-o", "-", "-f", "parquet"], capture_output=True, check=True)
    assert len(pd.read_parquet(io.BytesIO(done.stdout))) == 7
    done = subprocess.run([*COMMAND, *options, "--sheet", "-"], capture_output=True, check=True)
    with Image.open(io.BytesIO(done.stdout)) as sheet:
        assert sheet.format == "PNG" and b"corner.fina" in done.stderr


def test_a_file_that_is_called_dash_can_be_named(run, font_path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("identify", font_path, "-o", "./-", "-f", "csv")[0] == 0
    assert len(pd.read_csv(tmp_path / "-")) == 7


def test_two_things_do_not_go_to_one_output(run, font_path):
    status, out, err = run("identify", font_path, "-o", "-", "--sheet", "-")
    assert (status, out) == (2, "") and "cannot both go to standard output" in err


@pytest.mark.parametrize("option", ["-o", "--sheet"])
def test_a_named_pipe_is_written_and_stays(run, font_path, tmp_path, option):
    pipe = tmp_path / ("answers.json" if option == "-o" else "sheet.png")
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    status, _, _ = run("identify", font_path, option, pipe)
    reader.join(timeout=600)
    assert status == 0 and stat.S_ISFIFO(pipe.stat().st_mode)
    assert len(json.loads(read[0])) == 7 if option == "-o" else read[0].startswith(b"\x89PNG")


def test_a_link_is_written_through(run, font_path, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "answers.csv").symlink_to("kept/answers.csv")
    assert run("identify", font_path, "-o", tmp_path / "answers.csv")[0] == 0
    assert (tmp_path / "answers.csv").is_symlink() and len(pd.read_csv(tmp_path / "kept/answers.csv")) == 7


def test_a_sheet_of_several_pages_does_not_fit_into_a_pipe(run, font_path, monkeypatch):
    monkeypatch.setattr("glyphlens.commands.sheet.COLUMNS", 1)
    monkeypatch.setattr("glyphlens.commands.sheet.ROWS_A_PAGE", 2)
    status, _, err = run("identify", font_path, "--sheet", "-")
    assert status == 2 and "6 glyphs fill 3; name a file" in err


def test_files_are_there_before_the_screen_closes(font_path, model_folder, tmp_path):
    """As `glyphlens identify … --sheet s.png | head` does, which may end before anything is printed."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    options = ["identify", font_path, "--model", model_folder, "--sheet", tmp_path / "s.png"]
    with os.fdopen(write_end, "w") as closed:
        done = subprocess.run([*COMMAND, *options], stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (tmp_path / "s.png").is_file() and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sheet", "s.pdf"], "s.pdf: the picture is a PNG"),
        (["--sheet", "sheet"], "sheet: the picture is a PNG"),
        (["-o", "answers.csv", "-f", "json"], "answers.csv: which format"),
    ],
)
def test_a_suffix_means_its_format(run, font_path, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("identify", font_path, *options)
    assert (status, out) == (2, "") and message in err
    assert [entry.name for entry in tmp_path.iterdir()] == [font_path.name]


def test_a_history_goes_through_a_pipe(glyphlens, tmp_path):
    curves = {"train_loss": np.linspace(2, 1, 9).tolist(), "val_loss": np.linspace(2, 1.2, 9).tolist()}
    (tmp_path / "[bold]h$x$.json").write_text(json.dumps(curves))
    command = [*COMMAND, "history", tmp_path / "[bold]h$x$.json", "-o", "-", "--dpi", "50"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"\x89PNG") and b"standard output: [bold]h$x$ at 50 DPI" in done.stderr


@pytest.mark.parametrize("command", ["compare", "history", "experiments"])
def test_a_place_that_cannot_be_written_is_one_line(glyphlens, tmp_path, command):
    (tmp_path / "file").write_text("")
    arguments = {"compare": ["HEAD", "HEAD"], "history": [tmp_path / "file"], "experiments": ["val_top1"]}[command]
    status, _, err = glyphlens(command, *arguments, "-o", tmp_path / "file" / "x.png")
    assert status == 2 and "x.png: cannot be written" in err and len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("options", [["-f", "json"], ["-o", "-"]])
def test_answers_that_do_not_fit_are_no_success(font_path, model_folder, options):
    """Into /dev/full nothing can be written; a program that writes without a buffer would not hear of it."""
    command = [*COMMAND, "identify", font_path, "--model", model_folder, *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "glyphlens: standard output: cannot be written (No space left on device)"


@pytest.mark.parametrize(("options", "status"), [([], 0), (["-o", "-"], 2)])
def test_a_closed_output_is_no_traceback(font_path, model_folder, options, status):
    command = [*COMMAND, "identify", font_path, "--model", model_folder, *options]
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == status and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("7 glyphs" if not options else "glyphlens: standard output: cannot")


def test_interrupted_leaves_nothing_behind(font_path, model_folder, tmp_path):
    """Ctrl-C in the middle: one status, no traceback, no half file."""
    many = [font_path] * 3000
    command = [*COMMAND, "identify", *many, "--model", model_folder, "-o", tmp_path / "out" / "answers.csv"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "out").is_dir():
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130 and "Traceback" not in err and list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("place", ["/dev/stdout", "/dev/fd/1", "link"])
def test_standard_output_has_many_names(run, font_path, tmp_path, place):
    if place == "link":
        place = tmp_path / "link"
        place.symlink_to("/dev/stdout")
    status, out, _ = run("identify", font_path, "-o", place)
    assert status == 0 and len(out.splitlines()) == 8 and out.startswith("font,")
    status, _, err = run("identify", font_path, "-o", "-", "--sheet", place)
    assert status == 2 and "cannot both go to standard output" in err


def test_a_sheet_that_fails_costs_no_answer(run, font_path, tmp_path, monkeypatch):
    monkeypatch.setattr("glyphlens.commands.sheet.COLUMNS", 1)
    monkeypatch.setattr("glyphlens.commands.sheet.ROWS_A_PAGE", 2)
    (tmp_path / "sheet-2.png").mkdir()
    status, out, err = run("identify", font_path, "--sheet", tmp_path / "sheet.png")
    assert status == 2 and "sheet-2.png" in err
    assert "U+0628" in out


@pytest.mark.parametrize("arguments", [["identify", "FONT"], ["--help"], ["--version"]])
def test_a_screen_without_room_is_one_line(font_path, model_folder, arguments):
    words = [str(font_path) if word == "FONT" else word for word in arguments]
    model = ["--model", str(model_folder)] if "FONT" in arguments else []
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run([*COMMAND, *words, *model], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "standard output: cannot be written (No space left on device)" in done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


def test_a_full_temporary_folder_is_not_blamed_on_standard_output(font_path, model_folder, tmp_path):
    """What goes into a stream is made whole elsewhere before; the limit on a file's size stands for a full disk."""
    command = [*COMMAND, "identify", font_path, "--model", model_folder, "-o", "-"]
    limited = ["sh", "-c", 'ulimit -f 1 && exec "$@"', "sh", *command]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(limited, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert f"{tmp_path}: the temporary folder cannot be written (File too large" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("test.ttf/x.csv", "test.ttf is no folder"),
        ("/dev/fd/77", "/dev/fd/77: cannot be written (Bad file descriptor)"),
    ],
)
def test_why_a_place_cannot_be_written_is_true(run, font_path, monkeypatch, place, message):
    monkeypatch.chdir(font_path.parent)
    status, out, err = run("identify", font_path, "-o", place, "-f", "csv")
    assert (status, out) == (2, "") and message in err


@pytest.mark.parametrize("command", ["identify", "predict"])
@pytest.mark.parametrize("through", ["pipe", "file"])
def test_dash_is_standard_input(font_path, model_folder, tmp_path, command, through):
    Image.fromarray(np.pad(np.zeros((70, 9), np.uint8), 10, constant_values=255)).save(tmp_path / "in.png")
    source = {"identify": font_path, "predict": tmp_path / "in.png"}[command]
    words = [*COMMAND, command, "-", "--model", model_folder, "-f", "csv"]
    if through == "pipe":
        done = subprocess.run(words, input=source.read_bytes(), capture_output=True, check=False)
    else:
        with source.open("rb") as file:
            done = subprocess.run(words, stdin=file, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == {"identify": 8, "predict": 2}[command]
    assert done.stdout.splitlines()[1].startswith(b"/dev/stdin,")


def test_one_glyph_is_no_glyphs(run, tmp_path):
    Image.fromarray(np.pad(np.zeros((70, 9), np.uint8), 10, constant_values=255)).save(tmp_path / "in.png")
    assert run("predict", tmp_path / "in.png")[2].splitlines()[-1] == "1 glyph"


@pytest.mark.parametrize("command", ["identify", "predict"])
def test_help_tells_how_a_name_with_a_dash_is_given(glyphlens, command):
    assert "behind --" in " ".join(glyphlens(command, "--help")[1].replace("│", " ").split())
