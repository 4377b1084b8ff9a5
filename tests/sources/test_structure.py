"""Components of classes: shared between similar characters, in writing order, no two classes alike."""

from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_json
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.structure import Structure, components_of, drawn_components
from tests.stroke_data import stroke_folder


@pytest.fixture(scope="module")
def kanjivg() -> KanjiVG:
    return KanjiVG.open(stroke_folder())


@pytest.mark.parametrize(
    ("character", "components"),
    [
        ("あ", ("あ",)),  # no groups
        ("が", ("か", "゛")),
        ("ぱ", ("は", "゜")),
        ("木", ("木",)),  # KanjiVG marks a 丨 in it, which is no component of its own
        ("本", ("木", "㇐")),  # a stroke beside its only component
        ("林", ("木", "木")),
        ("校", ("木", "亠", "父")),
        ("語", ("言", "五", "口")),
        ("街", ("行", "土", "土")),  # 行 is divided, written on both sides
        ("௵", ("௵",)),  # unknown to KanjiVG
    ],
)
def test_components(kanjivg: KanjiVG, character: str, components: tuple[str, ...]) -> None:
    assert components_of(character, kanjivg) == components


@pytest.mark.parametrize("character", "あ木本林校語街国鬱一")
def test_every_stroke_belongs_to_one_component(kanjivg: KanjiVG, character: str) -> None:
    drawn = kanjivg[character]
    components = drawn_components(drawn)
    assert sorted(stroke for _, strokes in components for stroke in strokes) == list(range(len(drawn.paths)))
    assert tuple(name for name, _ in components) == components_of(character, kanjivg)
    firsts = [strokes[0] for _, strokes in components]
    assert firsts == sorted(firsts)


def test_a_divided_component_is_one(kanjivg: KanjiVG) -> None:
    assert drawn_components(kanjivg["街"])[0] == ("行", (0, 1, 2, 9, 10, 11))


def test_similar_classes_share_components_and_none_are_alike(kanjivg: KanjiVG) -> None:
    characters = ["木", "本", "林", "犬", "太", "大", "か", "が", "௵"]
    structure = Structure.of(characters, kanjivg)
    names = [tuple(structure.components[number] for number in sequence) for sequence in structure.sequences]
    assert names[3] != names[4] and names[3][:-1] == names[4][:-1]
    assert len(set(names)) == len(characters)
    assert list(structure.components) == sorted(set(structure.components))
    assert {"木", "大", "か"} <= set(names[1]) | set(names[3]) | set(names[7])


def test_saved_and_loaded_again(kanjivg: KanjiVG, tmp_path: Path) -> None:
    structure = Structure.of("校学あが", kanjivg)
    structure.save(tmp_path)
    assert Structure.load(tmp_path) == structure


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"components": ["木"]}, "no `components` and `sequences`"),
        ({"components": ["木"], "sequences": [[0], [1]]}, r"class 1 has the components \(1,\) of 1"),
        ({"components": ["木"], "sequences": [[]]}, r"class 0 has the components \(\) of 1"),
        ({"components": ["木"], "sequences": [0]}, "no `components` and `sequences`"),
    ],
)
def test_a_structure_that_cannot_be_used(tmp_path: Path, content: object, message: str) -> None:
    save_json(tmp_path / "structure.json", content)
    with pytest.raises(InputError, match=message):
        Structure.load(tmp_path)
