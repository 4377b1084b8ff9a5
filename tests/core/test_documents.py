"""Differences name the key, and tell a value that is not there from one that is null."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.documents import ABSENT, differences, json_mapping, yaml_mapping
from glyphlens.core.errors import InputError

NAMES = st.text(alphabet="abc", min_size=1, max_size=2)
VALUES = st.integers(0, 3)
MAPPINGS = st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, max_size=3), max_size=4)


def test_yaml_1_2_numbers() -> None:
    assert yaml_mapping(b"lr: 3e-4", "x") == {"lr": 0.0003}


def test_a_merge_conflict_is_named_with_the_way_out() -> None:
    conflict = b"schema: '2.0'\n<<<<<<< HEAD\nstages: {}\n=======\nstages: {a: {}}\n>>>>>>> side\n"
    with pytest.raises(InputError, match=r"^dvc\.lock: in a merge conflict \(line 2: <<<<<<< HEAD\).*CONTRIBUTING\.md"):
        yaml_mapping(conflict, "dvc.lock")
    with pytest.raises(InputError, match=r"^metrics/a\.json: in a merge conflict \(line 2: <<<<<<< HEAD\)"):
        json_mapping(b'{\n<<<<<<< HEAD\n"a": 1\n', "metrics/a.json")


def test_a_section_that_one_side_lacks_is_one_difference() -> None:
    assert list(differences({"a": 1}, {"a": 1, "b": {"c": 1, "d": 2}})) == [("b", ABSENT, {"c": 1, "d": 2})]
    assert list(differences({"a": None}, {})) == [("a", None, ABSENT)]
    assert list(differences({"a": {"x": [1]}}, {"a": {"x": [2]}})) == [("a.x", [1], [2])]


@given(MAPPINGS, MAPPINGS)
def test_no_difference_means_equal(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert (list(differences(before, after)) == []) == (before == after)
    forth = [found.key for found in differences(before, after)]
    assert forth == [found.key for found in differences(after, before)]
