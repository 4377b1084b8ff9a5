"""Protocols: which kanji are seen, pretended unseen and tested, and what is drawn of them in which split."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.core.params import load_params
from glyphlens.core.storage import save_json
from glyphlens.tracks.zero_shot.samples.roles import (
    ClassRoles,
    Protocol,
    ProtocolParams,
    ZeroShotParams,
    characters_of_splits,
    evenly_spread,
    jis_kanji,
    roles_of,
)
from tests.checkout import ROOT

SHIPPED = load_params(ZeroShotParams, "zero_shot", ROOT / "params.yaml")
LEVEL_1, LEVEL_2 = jis_kanji(1), jis_kanji(2)


def roles(components: Mapping[str, tuple[str, ...]] | None = None, **changes: object) -> ClassRoles:
    return roles_of(LEVEL_1, LEVEL_2, components or {}, SHIPPED.roles.model_copy(update=changes))


def test_kanji_are_those_of_the_standard_in_its_order() -> None:
    assert (len(LEVEL_1), len(LEVEL_2)) == (2965, 3390)
    assert (LEVEL_1[0], LEVEL_1[-1], LEVEL_2[0], LEVEL_2[-1]) == ("亜", "腕", "弌", "熙")
    for level in (LEVEL_1, LEVEL_2):
        codes = [character.encode("euc_jp") for character in level]
        assert codes == sorted(codes)


def test_the_shipped_protocol() -> None:
    found = roles()
    assert (len(found.seen), len(found.val), len(found.unseen), len(found.level2)) == (1815, 150, 1000, 3390)
    assert found.unseen == LEVEL_1[-1000:] and not found.unused
    assert set(found.seen) | set(found.val) == set(LEVEL_1[:1965])
    places = [LEVEL_1.index(character) for character in found.val]
    assert {after - before for before, after in pairwise(places)} == {13}


def test_what_is_neither_trained_nor_tested_is_unused() -> None:
    found = roles(seen=500, val_classes=50)
    assert found.unused == LEVEL_1[500:1965] and len(found.seen) == 450


def test_level_1_to_level_2() -> None:
    found = roles(protocol="level")
    assert found.unseen == LEVEL_2 and not found.level2 and not found.unused
    assert len(found.seen) + len(found.val) == 2965


def test_characters_of_rare_components_are_unseen() -> None:
    names = {
        character: ("common", "rare") if number % 100 == 0 else ("common",) for number, character in enumerate(LEVEL_1)
    }
    found = roles(names, protocol="components", fewest=31)
    assert found.unseen == LEVEL_1[::100] and len(found.seen) + len(found.val) == 2965 - 30
    assert not roles(names, protocol="components", fewest=30).unseen


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seen": 1966}, "1966 seen and 1000 unseen characters are more than the 2965"),
        ({"seen": 100}, "100 characters may be trained on, too few to take out 150"),
        ({"protocol": "components", "fewest": 3000}, "0 characters may be trained on"),
    ],
)
def test_too_few_characters_are_told(changes: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        roles({character: (character,) for character in LEVEL_1}, **changes)


def protocols() -> st.SearchStrategy[ProtocolParams]:
    names: st.SearchStrategy[Protocol] = st.sampled_from(["code_order", "level", "components"])
    return st.builds(
        ProtocolParams,
        protocol=names,
        seen=st.integers(2, 60),
        unseen=st.integers(1, 40),
        val_classes=st.integers(1, 30),
        fewest=st.integers(1, 30),
    )


@given(params=protocols(), names=st.lists(st.sampled_from("abcdef"), min_size=100, max_size=100))
def test_every_character_has_one_role_in_code_order(params: ProtocolParams, names: list[str]) -> None:
    first, second = LEVEL_1[:100], LEVEL_2[:20]
    try:
        found = roles_of(first, second, {each: (name,) for each, name in zip(first, names, strict=True)}, params)
    except InputError:
        return
    lists = [found.seen, found.val, found.unused, found.unseen, found.level2]
    assert sorted(character for each in lists for character in each) == sorted([*first, *second])
    order = {character: number for number, character in enumerate([*first, *second])}
    assert all(list(each) == sorted(each, key=order.__getitem__) for each in lists)
    assert len(found.val) == params.val_classes


@given(params=protocols(), counts=st.tuples(st.integers(1, 50), st.integers(1, 50), st.integers(0, 50)))
def test_nothing_unseen_is_drawn_before_the_test(params: ProtocolParams, counts: tuple[int, int, int]) -> None:
    shipped = SHIPPED.model_copy(update=dict(zip(("val_seen", "test_seen", "test_level2"), counts, strict=True)))
    try:
        found = roles_of(LEVEL_1[:100], LEVEL_2[:20], dict.fromkeys(LEVEL_1, ("a",)), params)
    except InputError:
        return
    drawn = characters_of_splits(found, shipped)
    assert drawn["train"] == found.seen
    assert set(found.val) <= set(drawn["val"]) <= set(found.val) | set(found.seen)
    assert set(found.unseen) <= set(drawn["test"]) <= set(found.unseen) | set(found.seen) | set(found.level2)
    assert all(len(set(characters)) == len(characters) for characters in drawn.values())


@given(labels=st.text(max_size=40), count=st.integers(0, 60))
def test_evenly_spread_labels_are_some_in_their_order(labels: str, count: int) -> None:
    numbered = [f"{number}{label}" for number, label in enumerate(labels)]
    found = evenly_spread(numbered, count)
    assert len(found) == min(count, len(labels))
    assert list(found) == [label for label in numbered if label in found]


def test_saved_and_read_again(tmp_path: Path) -> None:
    roles().save(tmp_path)
    assert ClassRoles.load(tmp_path) == roles()
    save_json(tmp_path / "roles.json", {"seen": []})
    with pytest.raises(InputError, match=r"roles\.json: expected lists"):
        ClassRoles.load(tmp_path)
