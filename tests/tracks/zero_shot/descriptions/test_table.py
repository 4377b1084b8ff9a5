"""All kanji of JIS levels 1 and 2 described, told apart, stored and read again; padded arrays."""

import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from glyphlens.core.errors import InputError
from glyphlens.core.storage import load_json, save_json
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.tracks.zero_shot.descriptions.arrays import ComponentVocabulary, padded
from glyphlens.tracks.zero_shot.descriptions.description import LEVELS, STROKE_TYPES, Description
from glyphlens.tracks.zero_shot.descriptions.ids import describe_ids
from glyphlens.tracks.zero_shot.descriptions.table import ARRAYS, NAMES, DescriptionTable
from glyphlens.tracks.zero_shot.samples.roles import jis_kanji
from tests.changed_bytes import with_changed_bytes
from tests.stroke_data import stroke_folder


@pytest.fixture(scope="module")
def table() -> DescriptionTable:
    return DescriptionTable.of([*jis_kanji(1), *jis_kanji(2)], KanjiVG.open(stroke_folder()))


def test_all_kanji_are_described_and_no_two_alike(table: DescriptionTable) -> None:
    kanji = [*jis_kanji(1), *jis_kanji(2)]
    assert len(kanji) == 6355 and list(table)[:6355] == kanji
    assert len({table[character].content for character in kanji}) == 6355


def test_every_component_is_described_too(table: DescriptionTable) -> None:
    named = {name for description in table.values() for name in description.names} - set(STROKE_TYPES)
    assert named <= set(table)
    assert table["𠂉"].names == ("𠂉",)  # of which KanjiVG has no drawing
    assert describe_ids("⿱𠂉口", table).names == ("𠂉", "口")


def test_stored_and_read_again_it_is_the_same(table: DescriptionTable, tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        table.save(folder)
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in (ARRAYS, NAMES))
    assert sum((tmp_path / "a" / file).stat().st_size for file in (ARRAYS, NAMES)) < 1_000_000
    again = DescriptionTable.load(tmp_path / "a")
    assert list(again) == list(table)
    assert all(again[name].content == table[name].content for name in table)
    assert all(np.array_equal(again[name].points_SP2, table[name].points_SP2) for name in list(table)[::50])


@st.composite
def descriptions(draw: st.DrawFn) -> Description:
    strokes = draw(st.integers(1, 6))
    levels = draw(arrays(np.uint8, (strokes, 5, 2)))
    owners = draw(st.lists(st.integers(0, 5), min_size=strokes, max_size=strokes))
    order = {owner: number for number, owner in enumerate(dict.fromkeys(owners))}
    names = draw(st.lists(st.sampled_from(["木", "口", "㇐", "CDP-8BD0"]), min_size=len(order), max_size=len(order)))
    types = draw(st.lists(st.sampled_from(STROKE_TYPES), min_size=strokes, max_size=strokes))
    points = (levels.astype(np.float64) / LEVELS).astype(np.float32)
    return Description(tuple(types), points, tuple(names), np.array([order[owner] for owner in owners]))


@given(each=st.lists(descriptions(), min_size=1, max_size=5))
def test_any_descriptions_are_stored_whole(each: list[Description], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("table")
    DescriptionTable(dict(zip("abcde", each, strict=False))).save(folder)
    again = DescriptionTable.load(folder)
    shutil.rmtree(folder)
    assert [again[name].content for name in again] == [description.content for description in each]
    assert all(np.array_equal(again[name].points_SP2, one.points_SP2) for name, one in zip("abcde", each, strict=False))


@given(each=st.lists(descriptions(), min_size=1, max_size=5))
def test_padded_arrays_hold_the_descriptions_and_zeros(each: list[Description]) -> None:
    vocabulary = ComponentVocabulary({"木": 2, "口": 1, "㇐": 0})
    found = padded(each, vocabulary)
    for row, description in enumerate(each):
        strokes, components = len(description.types), len(description.names)
        types = [STROKE_TYPES[number - 1] for number in found.stroke_types_NS[row, :strokes]]
        assert tuple(types) == description.types
        assert found.component_ids_NK[row, :components].tolist() == [
            {"木": 2, "口": 3}.get(name, 1) for name in description.names
        ]
        assert np.array_equal(found.stroke_points_NSP2[row, :strokes], description.points_SP2)
        assert np.array_equal(found.component_numbers_NK5[row, :components], description.numbers_K5)
        assert np.array_equal(found.stroke_owners_NS[row, :strokes] - 1, description.owners_S)
        assert not any(array[row, strokes:].any() for array in (found.stroke_types_NS, found.stroke_points_NSP2))
        assert not any(array[row, components:].any() for array in (found.component_ids_NK, found.component_numbers_NK5))


def test_the_vocabulary_counts_seen_classes(table: DescriptionTable, tmp_path: Path) -> None:
    vocabulary = ComponentVocabulary.of(table, "林本校鬱")
    assert vocabulary.seen["木"] == 4 and vocabulary.seen["父"] == 1 and vocabulary.seen["石"] == 0
    assert next(iter(vocabulary.seen)) == "木" and vocabulary.number("木") == 2
    assert vocabulary.number("石") == vocabulary.number("no such component") == 1
    assert sorted(vocabulary.numbers.values()) == list(range(2, len(vocabulary)))
    vocabulary.save(tmp_path)
    assert ComponentVocabulary.load(tmp_path).numbers == vocabulary.numbers
    save_json(tmp_path / "components.json", ["木"])
    with pytest.raises(InputError, match=r"components\.json: expected a count"):
        ComponentVocabulary.load(tmp_path)


def test_files_that_do_not_fit_are_refused(table: DescriptionTable, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"descriptions\.json"):
        DescriptionTable.load(tmp_path)
    few = DescriptionTable({name: table[name] for name in "林本校"})
    few.save(tmp_path)
    content = load_json(tmp_path / NAMES)
    for broken in (
        {**content, "characters": [*content["characters"], "木"]},
        {**content, "characters": content["characters"][:2]},
        {**content, "names": content["names"][:1]},
        [],
    ):
        save_json(tmp_path / NAMES, broken)
        with pytest.raises(InputError, match=r"descriptions\.npz: not the descriptions"):
            DescriptionTable.load(tmp_path)
    save_json(tmp_path / NAMES, content)
    for _ in with_changed_bytes(tmp_path / ARRAYS, 2):
        with suppress(InputError):  # any other error fails
            DescriptionTable.load(tmp_path)
    (tmp_path / ARRAYS).write_bytes((tmp_path / ARRAYS).read_bytes()[:300])
    with pytest.raises(InputError, match=r"descriptions\.npz: not the descriptions"):
        DescriptionTable.load(tmp_path)
