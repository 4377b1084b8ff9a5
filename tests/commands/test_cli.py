"""The command line as a person meets it."""

import io
import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from glyphlens import cli


@pytest.fixture
def run(model_folder, glyphlens):
    """The entry point with the tiny model."""

    def call(*arguments: object, model: object = model_folder) -> tuple[int, str, str]:
        return glyphlens(*arguments, "--model", model, "--threads", "1")

    return call


def test_a_table_on_the_screen(run, font_path):
    status, out, err = run("identify", font_path)
    assert status == 0 and "corner.fina" in out and "no outline" in out and "U+0628" in out
    assert err.strip().splitlines()[-1] == "7 glyphs, 1 without an answer"


def test_csv_to_a_pipe_is_nothing_but_csv(run, font_path):
    status, out, _ = run("identify", font_path, "--format", "csv", "--check")
    assert status == 0 and out.splitlines()[0].startswith("font,face,gid,name,label") and len(out.splitlines()) == 8


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_answers_and_sheet_go_to_files(run, font_path, tmp_path, suffix):
    target, sheet = tmp_path / "new" / f"answers.{suffix}", tmp_path / "sheet.png"
    status, out, err = run("identify", font_path, "-o", target, "--sheet", sheet, "--top", 2)
    reader = {"csv": pd.read_csv, "json": pd.read_json, "parquet": pd.read_parquet}[suffix]
    assert status == 0 and out == "" and str(target) in err and len(reader(target)) == 7
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"


def test_the_check_prints_the_agreement(run, font_path):
    status, out, _ = run("identify", font_path, "--check")
    assert status == 0 and "isolated" in out and "marks" in out and "100.0%" in out


def test_blank_glyphs_can_be_left_out(run, font_path, tmp_path):
    target = tmp_path / "drawn.csv"
    status, _, err = run("identify", font_path, "-o", target, "--hide-blank", "--language", "fa")
    assert status == 0 and pd.read_csv(target)["gid"].tolist() == [0, 1, 2, 4, 5, 6]
    assert "7 glyphs, 1 without an answer" in err


def test_all_formats_have_the_same_digits_and_code_points(run, font_path):
    _, out, _ = run("identify", font_path, "--format", "json", "--top", 2)
    _, lines, _ = run("identify", font_path, "--format", "csv", "--top", 2)
    rows = pd.read_csv(io.StringIO(lines), keep_default_na=False, dtype=str).to_dict("records")
    for record, row in zip(json.loads(out), rows, strict=True):
        for rank, answer in enumerate(record["top"]):
            ending = f"_{rank + 1}" if rank else ""
            texts = {name: str(value or "") for name, value in answer.items()} | {
                "confidence": str(answer["confidence"])
            }
            assert texts == {name: row[f"{name}{ending}"] for name in texts}


def test_uncertain_answers_are_left_out_and_counted(run, font_path, tmp_path):
    sure = tmp_path / "sure.json"
    status, _, err = run("identify", font_path, "-o", sure, "--min-confidence", 0.98)
    gids = [entry["gid"] for entry in json.loads(sure.read_text())]
    assert status == 0 and 3 in gids and len(gids) < 7
    assert f"{7 - len(gids)} below the confidence asked for" in err


def test_a_bad_font_is_told_and_the_others_are_done(run, font_path, tmp_path):
    (tmp_path / "bad.otf").write_text("not a font")
    status, out, err = run("identify", tmp_path / "bad.otf", font_path, "-f", "csv")
    assert status == 1 and "bad.otf: no font" in err and len(out.splitlines()) == 8


def test_only_bad_fonts_give_no_table(run, tmp_path):
    status, out, err = run("identify", tmp_path / "gone.ttf")
    assert (status, out) == (2, "") and "gone.ttf: no such file" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "{tmp}/x.txt"], "which format"),
        (["-o", "{tmp}/test.ttf/x.csv"], "cannot be written"),
        (["--sheet", "{tmp}/test.ttf/x.png"], "cannot be written"),
        (["--format", "parquet"], "needs --output"),
    ],
)
def test_outputs_that_cannot_be_are_refused_before_the_work(run, font_path, tmp_path, options, message):
    status, out, err = run("identify", font_path, *(option.format(tmp=tmp_path) for option in options))
    assert (status, out) == (2, "") and message in err and "Traceback" not in err


def test_a_missing_model_is_one_line(run, font_path, tmp_path):
    status, _, err = run("identify", font_path, model=tmp_path / "none")
    assert status == 2 and err.startswith("glyphlens: ") and "no such model" in err


def test_pictures_are_predicted(run, tmp_path):
    bar = np.zeros((90, 60), np.uint8)
    bar[10:80, 20:29] = 255
    Image.fromarray(bar).save(tmp_path / "bar.png")
    (tmp_path / "bad.png").write_text("no picture")
    status, out, err = run("predict", tmp_path / "bar.png", tmp_path / "bad.png", "-f", "json")
    first, second = json.loads(out)
    assert status == 1 and first["label"] == "bar" and second["label"] is None
    assert "bad.png: not an image" in err
    status, out, _ = run("predict", tmp_path / "bar.png")
    assert status == 0 and "bar " in out and "U+0627" in out


@pytest.mark.parametrize("command", ["identify", "predict"])
def test_help_has_examples(command):
    result = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0 and "Examples" in result.output and f"glyphlens {command}" in result.output


def test_help_says_what_the_exit_status_means():
    result = CliRunner().invoke(cli.app, ["--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert re.search(r"Exit status\s+0: .* 1: the answer is no.* 2: it could not be done", result.output)


def test_nothing_heavy_is_imported(font_path, model_folder):
    arguments = ["glyphlens", "identify", str(font_path), "-f", "csv", "--check", "--model", str(model_folder)]
    program = (
        f"import sys; from glyphlens import cli; sys.argv = {arguments!r}\n"
        "try: cli.main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'torch', 'lightning', 'great_expectations', 'mlflow', 'matplotlib', 'sklearn', 'onnx'}\n"
        "sys.exit(f'imported {heavy & set(sys.modules)}' if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 8


def test_a_command_has_one_thread_beside_the_networks(font_path, model_folder):
    """On a busy machine the threads of numpy wait for each other, a hundred times as long as they work."""
    arguments = ["glyphlens", "identify", str(font_path), "-f", "csv", "--model", str(model_folder)]
    program = (
        f"import sys; from glyphlens import cli; sys.argv = {arguments!r}\n"
        "try: cli.main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "from threadpoolctl import threadpool_info\n"
        "sys.exit(f'{threadpool_info()}' if {pool['num_threads'] for pool in threadpool_info()} - {1} else 0)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
