import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from glyphlens.commands.scan import float_lines, open_scanner, picture_lines, scan_answers, text_lines
from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, sha256_file
from glyphlens.inference.line_answers import stopping_rule
from glyphlens.inference.stopping import STOPPING, Promise, StoppingRule
from glyphlens.inference.streams import LineRecognizer
from tests.checkout import ROOT
from tests.commands.scan_model import export_scanner, random_lines
from tests.tracks.scan_lines.scan_networks import LINES, SAMPLES


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return export_scanner(tmp_path_factory.mktemp("scanner"))


@pytest.fixture
def rule(model, tmp_path):
    """It stops at line 5, whatever is answered."""
    threshold_L = np.full(LINES, np.inf)
    threshold_L[4:] = 0.0
    promise = Promise(alpha=0.01, delta=0.05, largest_group_gap=0.05, groups=20, model=sha256_file(model))
    StoppingRule(threshold_L, promise).save(tmp_path / STOPPING)
    return tmp_path / STOPPING


def as_text(lines_LS):
    return "".join(" ".join(map(str, line)) + "\n" for line in lines_LS).encode()


def run(model, content, *options):
    command = [sys.executable, "-m", "glyphlens.cli", "scan", "-", "--model", str(model), *map(str, options)]
    done = subprocess.run(command, input=content, capture_output=True, env=os.environ, timeout=120, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def test_lines_on_standard_input_are_answered_until_it_stops(model, rule):
    status, answers, _ = run(model, as_text(random_lines()), "--rule", rule)
    assert status == 0 and [answer.get("line") for answer in answers] == [1, 2, 3, 4, 5, 5]
    assert [answer.get("stops") for answer in answers] == [False] * 4 + [True, None]
    assert answers[-1]["ended"] == "stopped" and answers[-1]["of"] == LINES
    assert answers[-1]["top"] == answers[-2]["top"] and len(answers[-1]["top"]) == 3


def test_float32_is_read_to_the_last_line_where_all_is_asked_for(model, rule):
    content = random_lines().astype("<f4").tobytes() + b"more than a scan" * 1000
    status, answers, _ = run(model, content, "--rule", rule, "--input", "float32", "--all")
    assert status == 0 and len(answers) == LINES + 1 and answers[-1]["ended"] == "stopped" and answers[-1]["line"] == 5
    whole = LineRecognizer.load(model).probabilities(random_lines()[None])[0]
    assert answers[LINES - 1]["top"][0]["confidence"] == pytest.approx(whole[-1].max(), abs=1e-4)


def test_an_early_end_is_marked_and_no_line_is_an_error(model):
    status, answers, _ = run(model, as_text(random_lines()[:3]))
    assert status == 1 and answers[-1] == {"ended": "early", "line": 3, "of": LINES, "top": answers[-2]["top"]}
    status, answers, told = run(model, b"")
    assert status == 2 and not answers and "no line came" in told


def test_each_answer_comes_before_the_next_line(model):
    """Nothing is held back in a buffer: the first answer can be read while the second line is not yet written."""
    command = [sys.executable, "-m", "glyphlens.cli", "scan", "-", "--model", str(model)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ) as process:
        for number, line in enumerate(random_lines()[:2], start=1):
            process.stdin.write(as_text(line[None]))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["line"] == number
        process.stdin.close()
        assert json.loads(process.stdout.readline())["ended"] == "early"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"1 2 3\n", r"line 1: \(3,\) numbers, expected \(16,\)"),
        (b"1 " * 16 + b"\n" + b"a " * 16, "line 2: not numbers"),
        (b"\n" + b"1 " * 16, r"line 1: empty, expected 16 numbers"),
        (b"1e37 " * 16, r"line 1: a number beyond ±1e\+36; nan stands for one that is missing"),
        (b"1" * 10_000, "line 1: longer than 1,024 bytes"),
    ],
)
def test_bad_lines_are_named(model, content, told):
    with pytest.raises(InputError, match=told):
        list(scan_answers(LineRecognizer.load(model), None, text_lines(io.BytesIO(content), SAMPLES), 3))


def test_missing_lines_are_marked_and_answered(model):
    lines_LS = random_lines()[:3]
    lines_LS[1, 2], lines_LS[2] = np.inf, np.nan
    recognizer = LineRecognizer.load(model)
    answers = list(scan_answers(recognizer, None, text_lines(io.BytesIO(as_text(lines_LS)), SAMPLES), 3))
    assert [answer.plain().get("missing") for answer in answers] == [None, True, True]
    nothing = list(scan_answers(recognizer, None, [np.full(SAMPLES, np.nan, np.float32)], 1))
    assert nothing[0].missing and 0 < nothing[0].confidences[0] < 1


@pytest.mark.parametrize(
    ("ending", "told"),
    [(b"", ""), (b"\n \n", ""), (b"1 2 3", "line 3: ends after 3 of 16 numbers"), (b"1 " * 16, "")],
    ids=["nothing", "empty lines", "part", "no line end"],
)
def test_what_breaks_off_at_the_end_is_left_out_and_said(capsys, ending, told):
    lines = list(text_lines(io.BytesIO(as_text(random_lines()[:2]) + ending), SAMPLES))
    assert len(lines) == (3 if ending.startswith(b"1 1") else 2)
    found = capsys.readouterr().err
    assert told in found if told else found == ""


def test_a_part_of_a_line_of_bytes_is_left_out_and_said(capsys):
    assert len(list(float_lines(io.BytesIO(bytes(68)), SAMPLES))) == 1
    assert "line 2: ends after 4 of 64 bytes" in capsys.readouterr().err


def test_a_cut_stream_has_ended_early(model):
    status, answers, told = run(model, as_text(random_lines()[:3]) + b"0.5 0.5")
    assert status == 1 and answers[-1]["ended"] == "early" and answers[-1]["line"] == 3
    assert "line 4: ends after 2 of 16 numbers; it was left out" in told


@pytest.mark.parametrize("value", ["nan", "7"])
def test_nothing_to_see_stops_nothing(model, rule, value):
    """The rule asks for no confidence at line 5, so that anything would stop there."""
    content = (f"{value} " * SAMPLES + "\n").encode() * LINES
    status, answers, _ = run(model, content, "--rule", rule)
    assert status == 1 and len(answers) == LINES + 1
    assert all(answer["blank"] for answer in answers)
    assert answers[-1]["ended"] == "whole" and answers[-1]["line"] == LINES


def test_a_line_to_see_ends_the_blank_and_may_stop(model, rule):
    lines_LS = random_lines()
    lines_LS[:5] = np.nan
    recognizer = LineRecognizer.load(model)
    answers = list(scan_answers(recognizer, stopping_rule(recognizer, rule), lines_LS, 1))
    assert [answer.blank for answer in answers] == [True] * 5 + [False] * (LINES - 5)
    assert next(answer.line for answer in answers if answer.stops) == 6


def test_an_offset_changes_no_answer(model):
    """5e9 takes all digits of a picture's levels in float32, and none in float64."""
    levels_LS = np.rint(random_lines() * 255).astype(np.float64)
    recognizer = LineRecognizer.load(model)
    plain, moved = (
        [answer.plain() for answer in scan_answers(recognizer, None, text_lines(io.BytesIO(text), SAMPLES), 3)]
        for text in (as_text(levels_LS), as_text(levels_LS + 5e9))
    )
    assert plain == moved


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_other_commands_say_what_the_model_is_for(glyphlens, model, tmp_path, command):
    Image.fromarray(np.zeros((32, 32), np.uint8)).save(tmp_path / "a.png")
    status, _, err = glyphlens(command, tmp_path / "a.png", "--model", model)
    assert status == 2 and "its decoder is 'lines'; use glyphlens scan" in err


def test_options_of_the_other_kind_of_input_are_refused(glyphlens, model, tmp_path):
    (tmp_path / "a.npy").write_bytes(b"")
    assert "--ink is for pictures" in glyphlens("scan", "-", "--model", model, "--ink", "dark")[2]
    assert "are for standard input" in glyphlens("scan", tmp_path / "a.npy", "--model", model, "--all")[2]


def test_endless_input_is_read_no_further_than_a_scan(model):
    class Endless(io.RawIOBase):
        taken = 0

        def readline(self, size=-1):
            self.taken += 1
            return b"1, " * SAMPLES + b"\n"

    endless = Endless()
    assert len(list(scan_answers(LineRecognizer.load(model), None, text_lines(endless, SAMPLES), 3))) == LINES
    assert endless.taken == LINES


def test_another_models_rule_is_refused(model, rule, tmp_path):
    other = export_scanner(tmp_path / "other", "lrcn")
    with pytest.raises(InputError, match="calibrated for another file"):
        open_scanner(other, rule, 1)
    assert open_scanner(other, None, 1)[1] is None


def test_a_recogniser_that_waits_for_the_last_line_reads_no_stream(tmp_path):
    with pytest.raises(InputError, match="it cannot read a stream"):
        list(scan_answers(LineRecognizer.load(export_scanner(tmp_path, "vit")), None, random_lines(), 3))


def test_an_array_is_taken_as_it_is_and_a_character_as_ink(model, tmp_path):
    np.save(tmp_path / "scan.npy", random_lines())
    lines_LS = picture_lines(tmp_path / "scan.npy", LineRecognizer.load(model))
    assert lines_LS.shape == (LINES, SAMPLES) and np.isnan(lines_LS[3]).all() and np.isfinite(lines_LS[4]).all()
    picture = np.full((120, 80), 255, np.uint8)
    picture[20:100, 35:45] = 0
    Image.fromarray(picture).save(tmp_path / "bar.png")
    rule = load_json(ROOT / "models/kanji/release/labels.json")["rule"]
    written = LineRecognizer.load(export_scanner(tmp_path / "ink", preparation=rule))
    ink_LS = picture_lines(tmp_path / "bar.png", written)
    assert ink_LS.shape == (LINES, SAMPLES) and ink_LS[6].max() > 100 and ink_LS[6, 0] == 0, "ink is the high value"


def test_pictures_unlike_those_of_the_training_are_refused(model, tmp_path):
    rule = load_json(ROOT / "models/kanji/release/labels.json")["rule"]
    written = LineRecognizer.load(export_scanner(tmp_path / "ink", preparation=rule))
    dust = np.random.default_rng(0).random((300, 300)) > 0.999
    Image.fromarray(np.where(dust, 0, 255).astype(np.uint8)).save(tmp_path / "dust.png")
    with pytest.raises(InputError, match="only dust"):
        picture_lines(tmp_path / "dust.png", written)
    pages = [Image.fromarray(np.full((40, 40), 255, np.uint8)) for _ in range(2)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(InputError, match="2 pages"):
        picture_lines(tmp_path / "pages.tif", written)
    broken = LineRecognizer.load(export_scanner(tmp_path / "broken", preparation={"side": 3}))
    with pytest.raises(InputError, match="'rule' is"):
        picture_lines(tmp_path / "dust.png", broken)


def test_a_picture_is_replayed_and_drawn(glyphlens, model, rule, tmp_path):
    np.save(tmp_path / "scan.npy", random_lines())
    for name in ("a.png", "a.gif"):
        status, out, err = glyphlens(
            "scan", tmp_path / "scan.npy", "--model", model, "--rule", rule, "--picture", tmp_path / name
        )
        assert status == 0 and "stops here" in out and "after 5 of 12 lines" in out and "picture written" in err
    with Image.open(tmp_path / "a.gif") as moving:
        assert moving.n_frames == LINES


def test_a_rule_that_never_stops_early_promises_nothing(glyphlens, model, tmp_path):
    promise = Promise(alpha=0.01, delta=0.05, largest_group_gap=0.05, groups=4, model=sha256_file(model))
    StoppingRule(np.append(np.full(LINES - 1, np.inf), 0.0), promise).save(tmp_path / STOPPING)
    np.save(tmp_path / "scan.npy", random_lines())
    _, out, _ = glyphlens("scan", tmp_path / "scan.npy", "--model", model, "--rule", tmp_path / STOPPING)
    assert "stops no scan early: 4 groups are too few" in out and "surety" not in out


def test_the_lines_that_answers_rest_on_are_tinted_where_asked(glyphlens, model, rule, tmp_path):
    np.save(tmp_path / "scan.npy", random_lines())
    common = ("scan", tmp_path / "scan.npy", "--model", model, "--rule", rule)
    for name, asked in (("plain.png", ()), ("tinted.png", ("--attention",)), ("tinted.gif", ("--attention",))):
        assert glyphlens(*common, "--picture", tmp_path / name, *asked)[0] == 0
    colours = [np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGB"), int) for name in ("plain", "tinted")]
    plain, tinted = (np.count_nonzero(np.ptp(each[:, :560], axis=2) > 20) for each in colours)
    assert tinted > plain + 10_000, "beside the line where it stops"
    status, _, err = glyphlens(*common, "--attention")
    assert status == 2 and "add --picture" in err


def test_what_cannot_be_replayed_is_named(glyphlens, model, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_text("no picture")
    np.save(tmp_path / "scan.npy", random_lines())
    np.save(tmp_path / "gone.npy", random_lines() * np.nan)
    status, out, err = glyphlens("scan", broken, tmp_path / "gone.npy", tmp_path / "scan.npy", "--model", model)
    assert status == 1 and "broken.png" in err and "no stopping rule" in out
    assert "gone.npy: every line has values that are no numbers" in err
    assert glyphlens("scan", broken, "--model", model)[0] == 2
    assert glyphlens("scan", tmp_path / "scan.npy", "--model", model, "--picture", tmp_path / "a.jpg")[0] == 2
