"""The test in numbers: shares of known components, parts, what is left out, which candidates there are."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, save_sample_set
from glyphlens.tracks.zero_shot.descriptions.description import Description
from glyphlens.tracks.zero_shot.evaluation.scores import (
    BESIDE,
    ZeroShotTest,
    baseline,
    confusion_table,
    headline,
    known_share_table,
    known_shares,
    shared_components,
    slices,
    variants,
)
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles, jis_kanji


def described(*names: str) -> Description:
    points = np.zeros((len(names), 5, 2), np.float32)
    return Description(("㇐",) * len(names), points, names, np.arange(len(names)))


DESCRIPTIONS = {"林": described("木", "木"), "相": described("木", "目"), "鑑": described("金", "監", "目")}


def outcomes(hits: list[bool], **columns: Any) -> pd.DataFrame:
    """An outcome table of pictures of 林, all taken for 相 where wrong."""
    count = len(hits)
    table = pd.DataFrame({"top1": hits, "top5": [True] * count, "confidence": [0.5] * count})
    table = table.assign(
        class_index=0, label="林", group=[f"writer/{row % 2}" for row in range(count)], row=range(count)
    )
    table = table.assign(predicted=np.where(hits, 0, 1), shape_top1=hits, **{f"{name}_top1": hits for name in BESIDE})
    table["predicted_label"] = np.where(hits, "林", "相")
    return table.assign(**columns)


def test_known_shares_count_distinct_components_that_seen_classes_have() -> None:
    assert known_shares(DESCRIPTIONS, {"木": 3, "目": 1, "金": 0}, list(DESCRIPTIONS)) == [1, 1, pytest.approx(1 / 3)]


def test_parts_of_known_shares_have_their_own_row_and_all_known_is_the_last() -> None:
    found = known_share_table(outcomes([True, False, True, True], known_share=[0.1, 0.25, 0.99, 1.0]))
    assert found["part"].astype(str).tolist() == ["0 to 25 %", "25 to 50 %", "75 to 100 %", "all of them"]
    assert found["top1"].tolist() == [1, 0, 1, 1] and found["samples"].tolist() == [1] * 4


def test_confusions_name_what_both_characters_are_made_of() -> None:
    found = confusion_table(outcomes([True, False, False]), DESCRIPTIONS, shown=5)
    assert found["shared"].tolist() == ["木"] and found["errors"].tolist() == [2]
    assert shared_components(DESCRIPTIONS, "林", "鑑") == []


def test_headline_joins_both_sides_and_what_has_no_picture_is_left_out() -> None:
    unseen, nothing = outcomes([True, True, True, False], known_share=1.0), outcomes([True]).head(0)
    tables = {"unseen": unseen, "seen": outcomes([True, False]), "level2": nothing, "unseen_among_unseen": unseen}
    assert headline(tables) == {
        "unseen_top1": 0.75,
        "unseen_text_top1": 0.75,
        "seen_top1": 0.5,
        "harmonic_mean": pytest.approx(0.6),
        "shuffled_top1": 0.75,
        "template_top1": 0.75,
    }
    found = slices(tables)
    assert "level2_top1" not in found and "uncomposable_top1" not in found
    assert found["composable_top1"] == found["among_unseen_top1"] == 0.75 and found["worst_group_top1"] == 0.5
    measured = variants(unseen.assign(fp32_top1=True), bins=10)
    assert measured["int8_loss"] == 0.25
    assert baseline(tables) == {"unseen_top1": 0.75, "seen_top1": 0.5, "unseen_among_unseen_top1": 0.75}


@pytest.mark.parametrize(("unseen", "expected"), [(jis_kanji(1)[3:4], 4), (jis_kanji(2)[:2], 6)])
def test_candidates_are_level_1_unless_level_2_is_the_unseen_one(
    unseen: tuple[str, ...], expected: int, tmp_path: Path
) -> None:
    labels = (*jis_kanji(1)[:4], *jis_kanji(2)[:2])
    rows = {"class_index": [0], "label": [labels[0]], "group": ["a"], "split": ["test"], "source": ["rendered"]}
    index = pd.DataFrame({"sample_id": [0], **rows})
    classes = [CharacterClass(label) for label in labels]
    save_sample_set(tmp_path, np.zeros((1, 64, 64), np.uint8), index, classes, ImageFormat(64, 64, 8))
    roles = ClassRoles(labels[:2], labels[2:3], (), unseen, ())
    test = ZeroShotTest(SampleSet.open(tmp_path), roles, np.arange(1), {})
    assert test.candidates_V.tolist() == list(range(expected))
