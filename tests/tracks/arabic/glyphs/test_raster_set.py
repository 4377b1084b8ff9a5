import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import INDEX_COLUMNS
from glyphlens.data.splits import GroupSplit
from glyphlens.imaging.geometry import GEOMETRY
from glyphlens.tracks.arabic.glyphs.glyph_classes import frequent_labels, require_classes
from glyphlens.tracks.arabic.glyphs.raster_set import FACTS, RasterParams, build_raster_set, classes_of, without_leaks

PARAMS = RasterParams(
    diacritic_rule="ratio",
    diacritic_ratio=0.25,
    min_samples=3,
    min_families=3,
    val_share=0.1,
    test_share=0.1,
    shape_share=0.5,
)
SPLIT = GroupSplit(train=("a", "b", "c"), val=("v",), test=("t",))


def drawn(cells: list[tuple[str, str, str]]) -> pd.DataFrame:
    """Rows of (family, label, picture); outlines differ per row unless the picture's name begins with '='."""
    rows = pd.DataFrame(cells, columns=["family", "label", "raster_hash"])
    rows["font_hash"] = "font of " + rows["family"]
    rows["outline_hash"] = [
        picture if picture.startswith("=") else str(number) for number, picture in enumerate(rows["raster_hash"])
    ]
    numbers = {name: 0.0 for name in (*FACTS, *GEOMETRY) if name not in rows}
    return rows.assign(**(numbers | {"glyph_id": np.arange(len(rows))}))


def everywhere(*labels: str) -> list[tuple[str, str, str]]:
    return [(family, label, f"{family} {label}") for family in "abcvt" for label in labels]


def test_labels_need_samples_families_and_training() -> None:
    cells = everywhere("good", "better")
    cells += [("a", "one family", str(number)) for number in range(9)]
    cells += [(family, "two families", "x") for family in "ab"]
    other = GroupSplit(train=("a",), val=("b", "c", "v"), test=("t",))
    cells += [(family, "never trained", family) for family in "bcvt"]
    rows = drawn(cells)
    assert frequent_labels(rows, 3, 3) == ["better", "good", "never trained"]
    assert classes_of(rows, other, PARAMS) == ["better", "good"]


@pytest.mark.parametrize("labels", [[], ["only"]])
def test_too_few_classes_say_what_was_found(labels: list[str]) -> None:
    rows = drawn(everywhere(*labels, "rare")[:6])
    with pytest.raises(InputError, match=r"labels have at least 3 glyphs from 3 font families.*add fonts"):
        require_classes(labels, rows, 3, 3)


def test_rows_are_sorted_numbered_and_complete() -> None:
    rows = drawn(everywhere("beh", "alef")).sample(frac=1, random_state=0)
    found = build_raster_set(rows, SPLIT, {}, PARAMS)
    index = found.rows
    assert tuple(index.columns) == (*INDEX_COLUMNS, *FACTS)
    assert index["sample_id"].tolist() == [*range(10)]
    assert index["group"].tolist() == [family for family in "abctv" for _ in range(2)]
    assert index["label"].tolist() == ["alef", "beh"] * 5
    assert index["class_index"].tolist() == [0, 1] * 5
    assert index["split"].tolist() == ["train"] * 6 + ["test"] * 2 + ["val"] * 2
    assert rows["glyph_id"].to_numpy()[found.order].tolist() == index["glyph_id"].tolist()
    shuffled = build_raster_set(rows.sample(frac=1, random_state=1), SPLIT, {}, PARAMS)
    pd.testing.assert_frame_equal(index, shuffled.rows)


def test_a_design_of_an_earlier_split_is_excluded() -> None:
    cells = [("a", "x", "=1"), ("v", "x", "=1"), ("t", "x", "=1"), ("v", "x", "=2"), ("t", "x", "=2"), ("t", "y", "=1")]
    split = without_leaks(SPLIT.of([family for family, *_ in cells]), drawn(cells))
    assert split.tolist() == ["train", "excluded", "excluded", "val", "excluded", "test"]


def test_classes_carry_descriptions_counts_and_lookalikes() -> None:
    cells = everywhere("fatha", "alef")
    cells += [(family, "kasra", f"{family} fatha" if family in "abc" else f"{family} kasra") for family in "abcvt"]
    described = {
        "fatha": {"code_points": ["U+064E"], "form": "", "members": ["fatha", "small_fatha"], "lookalikes": []}
    }
    alef, fatha, kasra = build_raster_set(drawn(cells), SPLIT, described, PARAMS).classes
    assert (alef.label, alef.members, alef.lookalikes, alef.count) == ("alef", ("alef",), (), 5)
    assert (fatha.code_points, fatha.members, fatha.lookalikes) == (("U+064E",), ("fatha", "small_fatha"), ("kasra",))
    assert kasra.lookalikes == ("fatha",)
    strict = PARAMS.model_copy(update={"shape_share": 0.7})  # they are alike in 3 of 5 fonts
    assert build_raster_set(drawn(cells), SPLIT, described, strict).classes[1].lookalikes == ()


def test_a_broken_description_names_the_label() -> None:
    with pytest.raises(InputError, match="labels.json: the description of 'beh'"):
        build_raster_set(drawn(everywhere("alef", "beh")), SPLIT, {"beh": 7}, PARAMS)  # type: ignore[dict-item]
