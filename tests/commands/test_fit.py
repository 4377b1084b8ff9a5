"""``fit``: a model of one's own characters from a few pictures of each; what cannot be learnt from is named."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glyphlens.commands.fit import fitted_bytes, require_free, require_room
from glyphlens.core.errors import InputError, OutputError
from glyphlens.core.storage import load_json, sha256_file
from glyphlens.inference.recognizer import Recognizer
from glyphlens.tracks.zero_shot.descriptions.candidates import draw_descriptions
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER, DescriptionEncoder
from tests.tracks.zero_shot.gates.forged_export import LABELS, RULE

Run = Callable[..., tuple[int, str, str]]
OWN = LABELS[-4:]


def write_examples(folder: Path, export: Path, count: int = 6) -> Path:
    """Plain drawings of four characters, each with its own blots."""
    known, rng = DescriptionEncoder.load(export / FOLDER).known, np.random.default_rng(0)
    for label, picture in zip(OWN, draw_descriptions([known[each] for each in OWN], RULE), strict=True):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            paper = np.pad(picture, 12).astype(np.int64)
            for row, column in rng.integers(16, 64, (5, 2)):
                paper[row : row + 8, column : column + 8] = 255
            Image.fromarray((255 - paper).astype(np.uint8)).save(folder / label / f"{number}.png")
    return folder


@pytest.fixture
def examples(tmp_path: Path, drawn_export: Path) -> Path:
    return write_examples(tmp_path / "examples", drawn_export)


@pytest.fixture
def fit(glyphlens: Run, drawn_export: Path, tmp_path: Path) -> Run:
    model = drawn_export / "int8.onnx"
    return lambda folder: glyphlens("fit", folder, "--model", model, "--out", tmp_path / "mine")


def test_a_model_of_ones_own_characters_is_used_like_any_other(
    fit: Run, glyphlens: Run, examples: Path, drawn_export: Path, tmp_path: Path
) -> None:
    status, out, err = fit(examples)
    assert status == 0 and "4 classes, 24 pictures; 5-fold cross-validation names 100.0 % right (24 of 24)" in out
    assert "mine: model written" in err
    recognizer = Recognizer.load(tmp_path / "mine", threads=1)
    assert [entry.label for entry in recognizer.classes] == sorted(OWN)
    assert sha256_file(recognizer.path) == sha256_file(drawn_export / "int8.onnx")
    assert load_json(tmp_path / "mine/measured.json") == {"classes": 4, "examples": 24, "held_out_top1": 1.0}
    picture = examples / OWN[1] / "0.png"
    status, out, _ = glyphlens("predict", picture, "--model", tmp_path / "mine", "-f", "json")
    [answer] = json.loads(out)
    assert status == 0 and answer["top"][0]["label"] == OWN[1] and answer["top"][0]["confidence"] > 0.5


def test_errors_of_cross_validation_are_named(fit: Run, examples: Path) -> None:
    """A picture of another character: held out, it is named what it shows."""
    strange = examples / OWN[0] / "strange.png"
    shutil.move(examples / OWN[2] / "5.png", strange)
    status, out, _ = fit(examples)
    assert status == 0 and "(23 of 24)" in out and f"strange.png: {OWN[0]}, named {OWN[2]}" in out


def test_too_few_examples_are_refused_by_class(fit: Run, examples: Path, tmp_path: Path) -> None:
    for number in (4, 5):
        (examples / OWN[1] / f"{number}.png").unlink()
    (examples / "nothing").mkdir()
    status, out, err = fit(examples)
    assert (status, out) == (2, "") and "2 classes with fewer than 5 pictures" in err
    assert f"{OWN[1]} has 4" in err and "nothing has 0" in err and not (tmp_path / "mine").exists()


def test_one_picture_saved_twice_is_refused(fit: Run, examples: Path) -> None:
    """Smaller and compressed, and as another character."""
    with Image.open(examples / OWN[0] / "3.png") as picture:
        picture.resize((150, 150)).save(examples / OWN[3] / "again.jpg", quality=80)
    status, _, err = fit(examples)
    assert status == 2 and "1 times one picture was saved twice" in err
    assert f"{OWN[0]}/3.png" in err and f"{OWN[3]}/again.jpg" in err


def test_what_cannot_be_read_is_refused(fit: Run, examples: Path) -> None:
    (examples / OWN[0] / "text.png").write_text("no picture")
    Image.new("L", (90, 90), 255).save(examples / OWN[1] / "paper.png")
    status, _, err = fit(examples)
    assert status == 2 and "2 pictures that cannot be used" in err
    assert "text.png: not an image" in err and "paper.png: nothing to see" in err


def test_a_folder_of_no_or_one_class_is_refused(fit: Run, examples: Path, tmp_path: Path) -> None:
    assert "gone: no such folder" in fit(tmp_path / "gone")[2]
    assert "0 different classes in 0 folders" in fit(examples / OWN[0])[2]


def test_a_model_is_not_written_among_the_examples(examples: Path) -> None:
    for out in (examples, examples / "mine", examples / "deep/mine"):
        with pytest.raises(InputError, match="lies among the examples"):
            require_free(out, examples)


def test_a_model_is_not_written_over(fit: Run, examples: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    status, _, err = fit(examples)
    assert status == 2 and "mine: is there already" in err


def test_whether_it_can_be_written_is_asked_before_the_work(glyphlens: Run, drawn_export: Path, tmp_path: Path) -> None:
    """The folder of examples is not even there: the place of the model is refused first."""
    (tmp_path / "file").touch()
    options = ("--model", drawn_export / "int8.onnx", "--out", tmp_path / "file/mine")
    status, _, err = glyphlens("fit", tmp_path / "gone", *options)
    assert status == 2 and "file/mine: cannot be written" in err and "no such folder" not in err
    with pytest.raises(OutputError, match=r"mine: the model takes 1,152,921,504,606\.8 MB, .* are free"):
        require_room(tmp_path / "mine", 1 << 60)
    needed = fitted_bytes(Recognizer.load(drawn_export / "int8.onnx", threads=1))
    assert needed > (drawn_export / "int8.onnx").stat().st_size
    require_room(tmp_path / "mine", 1)


def test_a_model_of_fixed_classes_is_refused(
    glyphlens: Run, model_folder: Path, examples: Path, tmp_path: Path
) -> None:
    status, _, err = glyphlens("fit", examples, "--model", model_folder, "--out", tmp_path / "mine")
    assert status == 2 and "fit: needs a model with the decoder 'prototypes'" in err


def test_new_candidates_need_descriptions(fit: Run, glyphlens: Run, examples: Path, tmp_path: Path) -> None:
    fit(examples)
    picture = examples / OWN[1] / "0.png"
    status, _, err = glyphlens("predict", picture, "--model", tmp_path / "mine", "--candidates", "all")
    assert status == 2 and "descriptions: missing; without descriptions" in err


def test_fitting_needs_no_training_library(drawn_export: Path, examples: Path, tmp_path: Path) -> None:
    words = ["glyphlens", "fit", examples, "--model", drawn_export / "int8.onnx", "--out", tmp_path / "mine"]
    code = (
        f"import sys; sys.argv = {list(map(str, words))!r}\nfrom glyphlens import cli\n"
        "try: cli.main()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "assert not {'torch', 'lightning', 'mlflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
