"""KanjiVG against what is known of characters, and wheels that cannot be used."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.sources.kanjivg import KanjiVG
from tests.stroke_data import stroke_folder

# JIS X 0208 rows 16 to 47, whose last 43 cells are empty: the kanji of level 1
LEVEL_1 = [bytes([0xA0 + row, 0xA0 + cell]) for row in range(16, 48) for cell in range(1, 95) if (row, cell) < (47, 52)]


@pytest.fixture(scope="module")
def kanjivg() -> KanjiVG:
    return KanjiVG.open(stroke_folder())


@pytest.mark.parametrize(
    ("character", "strokes"), [("あ", 3), ("が", 5), ("ぱ", 4), ("ン", 2), ("一", 1), ("学", 8), ("校", 10), ("曜", 18)]
)
def test_stroke_counts(kanjivg: KanjiVG, character: str, strokes: int) -> None:
    assert len(kanjivg[character].paths) == strokes
    assert kanjivg[character].points(16).shape == (strokes, 16, 2)


def test_components_of_a_kanji(kanjivg: KanjiVG) -> None:
    parts = kanjivg["校"].tree.named()
    assert [(part.element, part.position) for part in parts] == [("木", "left"), ("交", "right")]
    assert parts[0].strokes == (0, 1, 2, 3)
    assert parts[1].strokes == tuple(range(4, 10))
    assert [leaf.element for leaf in parts[1].leaves()] == ["亠", "父"]


def test_stroke_types_and_directions(kanjivg: KanjiVG) -> None:
    """十: first the horizontal from left to right, then the vertical from top to bottom, in the drawing's square."""
    drawn = kanjivg["十"]
    assert [kind[0] for kind in drawn.types] == ["㇐", "㇑"]
    (across, down) = np.diff(drawn.points(8)[:, [0, -1]], axis=1)[:, 0]
    assert across[0] > 0.5 and abs(across[1]) < 0.1
    assert down[1] > 0.5 and abs(down[0]) < 0.1
    assert drawn.points(32).min() > 0 and drawn.points(32).max() < 1


def test_every_kanji_of_etl9_is_there_and_read_once(kanjivg: KanjiVG) -> None:
    kanji = [code.decode("euc_jp") for code in LEVEL_1]
    assert len(kanji) == 2965
    assert sum(len(kanjivg[character].tree.named()) > 1 for character in kanji) > 2000
    assert kanjivg["亜"] is kanjivg["亜"]


def test_an_unknown_character_is_named_with_its_code(kanjivg: KanjiVG) -> None:
    assert "௵" not in kanjivg
    with pytest.raises(InputError, match=r"'௵' \(U\+0BF5\)"):
        kanjivg["௵"]


def test_no_wheel_and_two_wheels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found none; run `dvc repro strokes`"):
        KanjiVG.open(tmp_path)
    for name in ("kanjivg-1-py3-none-any.whl", "kanjivg-2-py3-none-any.whl"):
        zipfile.ZipFile(tmp_path / name, "w").close()
    with pytest.raises(InputError, match=r"found kanjivg-1-.*, kanjivg-2-"):
        KanjiVG.open(tmp_path)


def test_a_wheel_that_is_cut_off(tmp_path: Path) -> None:
    wheel = next(stroke_folder().glob("*.whl"))
    (tmp_path / wheel.name).write_bytes(wheel.read_bytes()[:100_000])
    with pytest.raises(InputError, match=r"not a readable wheel"):
        KanjiVG.open(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [("<svg", "not readable"), ("<svg><g><g/></g></svg>", "no stroke in it"), ("<svg></svg>", "not readable")],
)
def test_a_drawing_that_is_broken(tmp_path: Path, content: str, message: str) -> None:
    with zipfile.ZipFile(tmp_path / "kanjivg-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("kanji/03042.svg", content)
    with pytest.raises(InputError, match=message):
        KanjiVG.open(tmp_path)["あ"]


def test_a_path_that_cannot_be_read_names_the_character(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "kanjivg-2-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            "kanji/03042.svg",
            '<svg xmlns="http://www.w3.org/2000/svg"><g><g><path d="M1,1 L2,2"/></g></g></svg>',
        )
    with pytest.raises(InputError, match=r"KanjiVG, 'あ': path 'M1,1 L2,2': 'L' is not expected"):
        KanjiVG.open(tmp_path)["あ"].points(8)
