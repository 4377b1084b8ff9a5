"""``glyphlens history`` as a person meets it."""

import json
from pathlib import Path

import pytest
from PIL import Image

from glyphlens.commands.history import distinct_names
from glyphlens.core.errors import InputError
from tests.forged_curves import write_curves


def curves(folder: Path, name: str) -> Path:
    return write_curves(folder / name / "curves")


def test_several_histories_become_one_chart(glyphlens, tmp_path):
    target = tmp_path / "new" / "curves.png"
    folders = [curves(tmp_path, name) for name in ("cnn", "hiercode")]
    status, out, err = glyphlens("history", *folders, "-o", target)
    assert (status, err) == (0, "") and "cnn, hiercode at 300 DPI" in out
    with Image.open(target) as picture:
        assert picture.format == "PNG" and round(picture.info["dpi"][0]) == 300


def test_a_coarser_chart(glyphlens, tmp_path):
    status, out, _ = glyphlens("history", curves(tmp_path, "cnn"), "-o", tmp_path / "a.png", "--dpi", 80)
    with Image.open(tmp_path / "a.png") as picture:
        assert status == 0 and "80 DPI" in out and picture.width < 1000


@pytest.mark.parametrize(
    ("content", "message"),
    [({"val_acc": [1, "x"]}, "bad.json: val_acc[1]: 'x' is not a number"), ({"a": 1}, "bad.json: no curve in it")],
)
def test_a_bad_file_is_one_line_that_names_it(glyphlens, tmp_path, content, message):
    (tmp_path / "bad.json").write_text(json.dumps(content), encoding="utf-8")
    status, out, err = glyphlens("history", tmp_path / "bad.json", "-o", tmp_path / "a.png")
    assert (status, out) == (2, "") and message in err and "Traceback" not in err
    assert not (tmp_path / "a.png").exists()


def test_a_folder_without_curves_is_one_line_that_names_it(glyphlens, tmp_path):
    status, out, err = glyphlens("history", curves(tmp_path, "cnn").parent, "-o", tmp_path / "a.png")
    assert (status, out) == (2, "") and "cnn: no learning curves there" in err and "Traceback" not in err


def test_another_suffix_is_refused(glyphlens, tmp_path):
    status, _, err = glyphlens("history", curves(tmp_path, "cnn"), "-o", tmp_path / "a.pdf")
    assert status == 2 and "name it .png" in err


def test_files_are_called_by_what_tells_them_apart():
    assert distinct_names([Path("models/cnn/curves"), Path("models/t2t/curves")]) == ["cnn", "t2t"]
    assert distinct_names([Path("a/x/curves"), Path("b/x/curves")]) == ["a/x", "b/x"]
    assert distinct_names([Path("flat.json"), Path("b/nested.json")]) == ["flat", "nested"]
    assert distinct_names([Path("curves")]) == ["curves"]
    with pytest.raises(InputError, match="the same file twice"):
        distinct_names([Path("a/curves"), Path("a/curves")])
