import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.data.splits import split_by_source, split_groups

names = st.sets(st.text(min_size=1, max_size=12), min_size=3, max_size=60)


@settings(deadline=None)
@given(names)
def test_every_group_is_on_exactly_one_side(groups: set[str]) -> None:
    split = split_groups(groups, 0.1, 0.1)
    assert sorted(split.train + split.val + split.test) == sorted(groups)
    assert min(len(split.train), len(split.val), len(split.test)) >= 1


@settings(deadline=None)
@given(names, st.randoms())
def test_order_and_repetition_do_not_matter(groups: set[str], random) -> None:
    shuffled = [*groups, *groups]
    random.shuffle(shuffled)
    assert split_groups(shuffled, 0.1, 0.2) == split_groups(sorted(groups), 0.1, 0.2)


@pytest.mark.parametrize(
    ("families", "share", "expected"),
    [(44, 0.1, 5), (50, 0.1, 5), (30, 0.1, 3), (3, 0.1, 1), (20, 0.3, 6), (10, 0.01, 1)],
)
def test_shares_are_rounded_up_to_whole_families(families: int, share: float, expected: int) -> None:
    split = split_groups([f"f{number}" for number in range(families)], share, share)
    assert (len(split.val), len(split.test)) == (expected, expected)


def test_rank_of_sha256_decides() -> None:
    groups = [f"family {number}" for number in range(44)]
    ranked = sorted(groups, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    split = split_groups(groups, 0.1, 0.1)
    assert set(split.test) == set(ranked[:5])
    assert set(split.val) == set(ranked[5:10])
    assert split.manifest()["test"] == sorted(ranked[:5])
    assert split.of([ranked[0], ranked[5], ranked[10], ranked[0]]).tolist() == ["test", "val", "train", "test"]


@pytest.mark.parametrize(("groups", "share"), [([], 0.1), (["a", "b"], 0.1), (["a", "b", "c", "d"], 0.5)])
def test_nothing_left_for_training_is_an_error(groups: list[str], share: float) -> None:
    with pytest.raises(InputError, match="add fonts or lower val_share"):
        split_groups(groups, share, share)


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(KeyError):
        split_groups("abc", 0.1, 0.1).of(["z"])


ETL9 = [f"ETL9/{number:04d}" for number in range(10)]


def test_every_source_is_learnt_and_tested() -> None:
    fonts, writers = [f"font/{number}" for number in range(5)], [f"writer/{number:03d}" for number in range(40)]
    split = split_by_source([*fonts, *writers], 0.2, 0.2)
    for groups, held_out in ((fonts, 1), (writers, 8)):
        sides = [len(set(groups) & set(side)) for side in (split.train, split.val, split.test)]
        assert sides == [len(groups) - 2 * held_out, held_out, held_out]
    alone = split_by_source(writers, 0.2, 0.2)
    assert set(alone.test) == {group for group in split.test if group.startswith("writer")}


def test_a_source_of_two_writers_is_training() -> None:
    split = split_by_source([*ETL9, "ETL3/0001", "ETL3/0002"], 0.2, 0.2)
    assert {"ETL3/0001", "ETL3/0002"} <= set(split.train)
    with pytest.raises(InputError, match="2 groups cannot be split"):
        split_by_source(["ETL3/0001", "ETL3/0002"], 0.2, 0.2)
