"""Descriptions of real characters: strokes, types, components and their numbers; SVG files as KanjiVG's are."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.tracks.zero_shot.descriptions.description import (
    LEVELS,
    MARGIN,
    STROKE_TYPES,
    cut_out,
    describe_drawing,
    describe_svg,
)
from tests.stroke_data import stroke_folder


@pytest.fixture(scope="module")
def kanjivg() -> KanjiVG:
    return KanjiVG.open(stroke_folder())


@pytest.mark.parametrize(
    ("character", "names", "owners"),
    [
        ("木", ("木",), [0, 0, 0, 0]),
        ("本", ("木", "㇐"), [0, 0, 0, 0, 1]),
        ("林", ("木", "木"), [0, 0, 0, 0, 1, 1, 1, 1]),
        ("国", ("囗", "王", "丶"), [0, 0, 1, 1, 1, 1, 2, 0]),  # closed last
        ("街", ("行", "土", "土"), [0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0]),  # 行 is divided
    ],
)
def test_components_own_their_strokes(kanjivg: KanjiVG, character: str, names: tuple[str, ...], owners: object) -> None:
    description = describe_drawing(kanjivg[character])
    assert description.names == names
    assert description.owners_S.tolist() == owners


def test_types_have_no_variants(kanjivg: KanjiVG) -> None:
    assert {"㇐a", "㇑a", "㇕b"} & set(kanjivg["禺"].types + kanjivg["国"].types)
    assert describe_drawing(kanjivg["本"]).types == ("㇐", "㇑", "㇒", "㇏", "㇐")
    assert "６" in kanjivg["禺"].types  # a slip of KanjiVG's: unknown
    assert describe_drawing(kanjivg["禺"]).types[kanjivg["禺"].types.index("６")] == ""


def test_points_are_whole_255ths(kanjivg: KanjiVG) -> None:
    points = describe_drawing(kanjivg["鬱"]).points_SP2
    assert points.shape == (29, 5, 2) and points.dtype == np.float32
    assert points.min() >= 0 and points.max() <= 1
    levels = points.astype(np.float64) * LEVELS
    assert np.abs(levels - np.rint(levels)).max() < 1e-4


def test_numbers_say_where_a_component_is_and_how_much_of_the_ink_it_has(kanjivg: KanjiVG) -> None:
    left, right = describe_drawing(kanjivg["明"]).numbers_K5
    assert left[0] < 0.35 < 0.55 < right[0]
    assert left[2] < left[3] and right[3] > 0.7
    assert left[4] < right[4] and left[4] + right[4] == pytest.approx(1, abs=1e-6)
    # an unbroken line: no height, all of the ink
    alone = describe_drawing(kanjivg["一"]).numbers_K5[0]
    assert alone[2] > 0.7 and alone[3] < 0.1 and alone[4] == pytest.approx(1)


def test_a_file_is_described_as_the_character_of_the_wheel(kanjivg: KanjiVG, tmp_path: Path) -> None:
    path = tmp_path / "any name.svg"
    with zipfile.ZipFile(kanjivg.path) as wheel:
        path.write_bytes(wheel.read("kanji/056fd.svg"))
    assert describe_svg(path).content == describe_drawing(kanjivg["国"]).content


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "not readable"),
        ("<html/>", "not readable"),
        ("<svg xmlns='http://www.w3.org/2000/svg'><g><g/></g></svg>", "no stroke in it"),
        (
            "<svg xmlns='http://www.w3.org/2000/svg'><g><g><path d='M1,1c1,1,2,2,3,3'/></g></g></svg>",
            "its character has no name",
        ),
        (
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:kvg='http://kanjivg.tagaini.net'>"
            "<g><g kvg:element='一'><path d='M1,1 L5,5'/></g></g></svg>",
            "'L' is not expected there",
        ),
    ],
)
def test_another_file_is_refused_by_its_name(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "odd.svg"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=rf"odd\.svg: .*{told}"):
        describe_svg(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.svg"):
        describe_svg(tmp_path / "none.svg")


def test_a_component_cut_out_fills_the_square(kanjivg: KanjiVG) -> None:
    host = describe_drawing(kanjivg["校"])
    part = cut_out(host, 0)
    assert part.names == ("木",) and part.types == host.types[:4]
    low, high = part.points_SP2.min(axis=(0, 1)), part.points_SP2.max(axis=(0, 1))
    assert (high - low).max() == pytest.approx(1 - 2 * MARGIN, abs=2 / LEVELS)
    assert (low + high) / 2 == pytest.approx(0.5, abs=1 / LEVELS)


def test_types_are_there_once() -> None:
    assert len(set(STROKE_TYPES)) == len(STROKE_TYPES) == 28
