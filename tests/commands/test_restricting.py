"""``predict --characters``: answers of a list only, for every kind of recogniser; what it does not know is named."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glyphlens.commands.restricting import allowed_classes
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass
from glyphlens.tracks.zero_shot.descriptions.encoder import FOLDER, DescriptionEncoder
from tests.commands.drawn_export import save_drawing

Run = Callable[..., tuple[int, str, str]]

CLASSES = (
    CharacterClass("beh.isol", ("U+0628",), "isol"),
    CharacterClass("beh.init", ("U+0628",), "init"),
    CharacterClass("lam_alef.isol", ("U+0644", "U+0627"), "isol"),
    CharacterClass("alef_maksura.isol", ("U+0649",), "isol", ("alef_maksura.isol", "farsi_yeh.isol")),
    CharacterClass("か", ("U+304B",), "hiragana"),
    CharacterClass("が", ("U+304C",), "hiragana"),
    CharacterClass("my own"),
)


@pytest.mark.parametrize(
    ("wanted", "classes"),
    [
        ("ب", [0, 1]),
        ("beh.init", [1]),
        ("beh", [0, 1]),
        ("لا", [2]),
        ("ی", [3]),
        ("かが", [4, 5]),
        ("が\nب  か", [0, 1, 4, 5]),
        ("か\u3099", [5]),
    ],
)
def test_a_character_allows_all_its_classes(wanted: str, classes: list[int]) -> None:
    found = allowed_classes(wanted, CLASSES)
    assert found.classes_A.tolist() == classes and found.unknown == ()


def test_a_list_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("\ufeffか ゑ\nب\nか", encoding="utf-8")
    found = allowed_classes(str(tmp_path / "list.txt"), CLASSES)
    assert found.classes_A.tolist() == [0, 1, 4] and found.unknown == ("ゑ",)


def test_a_list_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--characters: no class .* \(ゑ \(U\+3091\), ヱ \(U\+30F1\)\)"):
        allowed_classes("ゑヱ", CLASSES)
    with pytest.raises(InputError, match="the list is empty"):
        allowed_classes("", CLASSES)
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not a text in UTF-8"):
        allowed_classes(str(tmp_path / "list.txt"), CLASSES)


@pytest.fixture
def bar(tmp_path: Path) -> Path:
    grey = np.full((90, 60), 255, np.uint8)
    grey[10:80, 20:29] = 0
    Image.fromarray(grey).save(tmp_path / "bar.png")
    return tmp_path / "bar.png"


def test_confidences_are_among_the_list(glyphlens: Run, model_folder: Path, bar: Path) -> None:
    def top(*arguments: str) -> dict[str, float]:
        status, out, err = glyphlens("predict", bar, "--model", model_folder, "-f", "json", "--top", 9, *arguments)
        assert status == 0, err
        return {answer["label"]: answer["confidence"] for answer in json.loads(out)[0]["top"]}

    everything = top()
    best, second, *others = everything
    few = top("--characters", f"{second} {best}")
    assert list(few) == [best, second] and others
    for label, confidence in few.items():
        assert confidence == pytest.approx(everything[label] / (everything[best] + everything[second]), abs=2e-3)


def test_unknown_characters_are_named(glyphlens: Run, model_folder: Path, bar: Path) -> None:
    status, out, err = glyphlens("predict", bar, "--model", model_folder, "-f", "csv", "--characters", "bar 石")
    assert status == 1 and ",bar," in out
    assert "--characters: the model knows no 石 (U+77F3)" in err


def test_a_model_with_prototypes_is_restricted_too(glyphlens: Run, drawn_export: Path, tmp_path: Path) -> None:
    picture = save_drawing(tmp_path / "mute.png", DescriptionEncoder.load(drawn_export / FOLDER).known["唖"])
    status, out, err = glyphlens(
        "predict", picture, "--model", drawn_export / "int8.onnx", "-f", "json", "--top", 9, "--characters", "唖娃"
    )
    assert status == 0, err
    assert {answer["label"] for answer in json.loads(out)[0]["top"]} == {"唖", "娃"}
