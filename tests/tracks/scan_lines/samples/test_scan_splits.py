"""Groups stand in one split, whatever else there is; copies and classes of one group are left out, or refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass, SampleSet
from glyphlens.data.splits import split_by_source
from glyphlens.tracks.scan_lines.samples.scan_reading import read_scans
from glyphlens.tracks.scan_lines.samples.scan_splits import (
    CALIBRATION,
    SIDES,
    numbered,
    repeats_across_splits,
    split_groups_of_scans,
    split_scans,
)
from glyphlens.tracks.scan_lines.samples.sources import scanned_characters
from tests.tracks.scan_lines.samples.small_scans import GROUPS, small_params, write_characters, write_scans

NUMBERS = st.sets(st.integers(0, 999), min_size=4, max_size=40)


@given(NUMBERS, NUMBERS)
def test_every_group_has_one_side_and_every_kind_all_sides(writers: set[int], fonts: set[int]) -> None:
    groups = [*(f"writer/{each}" for each in writers), *(f"font/{each}" for each in fonts)]
    sides = split_groups_of_scans(groups, small_params())
    assert set(sides) == set(groups)
    for kind in ("writer", "font"):
        assert {side for group, side in sides.items() if group.startswith(kind)} == set(SIDES)
    assert split_groups_of_scans(reversed(groups * 2), small_params()) == sides
    split = split_by_source(groups, 0.1, 0.1)
    assert {side for group in split.train for side in [sides[group]]} == {"train", CALIBRATION}
    assert all(sides[group] == "test" for group in split.test) and all(sides[group] == "val" for group in split.val)


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(InputError, match=r"1 group\(s\) of scans \(scan/only\), at least 4 groups"):
        split_groups_of_scans(["scan/only"] * 50, small_params())
    with pytest.raises(InputError, match="4 groups leave none for calibration, at least 4 groups of one kind"):
        split_groups_of_scans(["font/1", "font/2", "font/3", "writer/1"], small_params())


def test_a_kind_that_is_not_tested_is_learnt() -> None:
    sides = split_groups_of_scans(["writer/1", "writer/2", *(f"font/{each}" for each in range(9))], small_params())
    assert sides["writer/1"] == sides["writer/2"] == "train"


def test_the_users_scans(tmp_path: Path) -> None:
    found = read_scans(write_scans(tmp_path), small_params())
    split = split_scans(found, small_params())
    assert [entry.label for entry in split.classes] == ["bad", "good"] and split.left_out == []
    assert split.numbers_N.tolist() == list(range(len(found.table)))
    assert split.table.groupby("group")["split"].nunique().max() == 1
    assert sorted(group for groups in split.manifest.values() for group in groups) == [
        f"scan/{each}" for each in GROUPS
    ]


def test_copies_in_another_split_are_left_out_and_named(tmp_path: Path) -> None:
    write_scans(tmp_path)
    params = small_params()
    sides = split_groups_of_scans([f"scan/{group}" for group in GROUPS], params)
    by_side = {side: group.removeprefix("scan/") for group, side in sides.items()}
    scan = np.load(tmp_path / "good" / by_side["train"] / "0.npy")
    for side in ("train", "val", CALIBRATION, "test"):
        np.save(tmp_path / "bad" / by_side[side] / "copy.npy", 3 * scan + 7)  # another gain is the same scan
    split = split_scans(read_scans(tmp_path, params), params)
    assert {row.file for row in split.left_out} == {
        f"bad/{by_side[side]}/copy.npy" for side in ("val", CALIBRATION, "test")
    }
    assert {row.reason for row in split.left_out} == {"the same lines stand in another split"}
    assert not repeats_across_splits(split.table).any()
    assert f"bad/{by_side['train']}/copy.npy" in split.table["file"].tolist()


def test_a_class_of_one_group_is_refused(tmp_path: Path) -> None:
    write_scans(tmp_path)
    write_scans(tmp_path, ("odd",), GROUPS[:1])
    with pytest.raises(
        InputError,
        match=r"fewer than 2 groups in training .*: odd \(scan/tip0\); a class of one group.*"
        r"scan_samples\.min_train_groups and gates\.scan_samples\.min_train_groups",
    ):
        split_scans(read_scans(tmp_path, small_params()), small_params())


def test_one_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1 class\(es\) with 2 groups or more in training, at least 2"):
        split_scans(read_scans(write_scans(tmp_path, ("good",)), small_params()), small_params())


@pytest.mark.parametrize("copies", [1, 2, 9])
def test_a_group_of_a_sample_set_has_so_many_scans_of_a_class(tmp_path: Path, copies: int) -> None:
    samples = SampleSet.open(write_characters(tmp_path / "characters", groups=8))
    samples.index["group"] = [f"font/{row // 12}" for row in range(len(samples))]  # three scans of a class in each
    found = scanned_characters(samples, small_params(source="kanji", labels=[], copies=copies))
    assert set(found.table.groupby(["label", "group"]).size()) == {min(copies, 3), min(copies, 2)}
    assert found.pictures.images(np.arange(len(found.table))).shape[0] == len(found.table)


def test_characters_are_chosen_by_their_names(tmp_path: Path) -> None:
    samples = SampleSet.open(write_characters(tmp_path / "set"))
    for labels, expected in (([], "あいウ木"), (["HIRAGANA"], "あい"), (["KATAKANA", "CJK"], "ウ木")):
        params = small_params(source="kanji", labels=labels, lines=16, samples=16)
        found = scanned_characters(samples, params)
        assert "".join(entry.label for entry in split_scans(found, params).classes) == expected
        rows = found.table["record"].to_numpy()
        np.testing.assert_array_equal(found.pictures.images(np.arange(len(rows))), samples.images(rows))
    with pytest.raises(InputError, match=r"none of its 4 classes is named ARABIC…; set scan_samples\.labels"):
        scanned_characters(samples, small_params(source="kanji", labels=["ARABIC"]))


def test_look_alikes_are_classes_too(tmp_path: Path) -> None:
    samples = SampleSet.open(write_characters(tmp_path / "set"))
    for labels, alike in (([], ("木",)), (["HIRAGANA"], ())):
        params = small_params(source="kanji", labels=labels)
        assert split_scans(scanned_characters(samples, params), params).classes[0].lookalikes == alike


def test_glyphs_are_resampled_and_split_as_fonts(tmp_path: Path) -> None:
    samples = SampleSet.open(write_characters(tmp_path / "set", bits=1))
    params = small_params(source="arabic", labels=[], lines=8, samples=8)
    found = scanned_characters(samples, params)
    assert set(found.table["source"]) == {"glyph"} and found.table["group"].str.startswith("font/").all()
    blocks = samples.images(slice(None)).reshape(-1, 8, 2, 8, 2).mean(axis=(2, 4))
    np.testing.assert_array_equal(found.pictures.images(np.arange(len(samples))), np.rint(blocks))


def test_a_class_with_too_few_groups_of_a_sample_set_is_left_out(tmp_path: Path) -> None:
    samples = SampleSet.open(write_characters(tmp_path / "set"))
    params = small_params(source="kanji", labels=[])
    found = scanned_characters(samples, params)
    trained = split_scans(found, params)
    groups = trained.manifest["train"][:1]
    kept = ((found.table["label"] != "木") | found.table["group"].isin(groups)).to_numpy()
    part = found._replace(table=found.table[kept].reset_index(drop=True))
    split = split_scans(part, params)
    assert [entry.label for entry in split.classes] == ["あ", "い", "ウ"]
    assert [(row.label, row.reason, row.count) for row in split.left_out] == [
        ("木", "class with too few groups in training", 1)
    ]


def test_rows_of_a_part_are_numbered_anew() -> None:
    table = pd.DataFrame({"label": ["い", "あ", "い"]}, index=[4, 7, 9])
    index, classes = numbered(table, [CharacterClass(each, count=99) for each in "あいう"])
    assert index["sample_id"].tolist() == [0, 1, 2] and index["class_index"].tolist() == [1, 0, 1]
    assert [entry.count for entry in classes] == [1, 2, 0]
