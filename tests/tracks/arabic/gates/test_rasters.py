"""gate_rasters: a small good sample set passes; each forgery fails the one check that is about it."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_json, save_table
from glyphlens.data.sample_set import CharacterClass, ImageFormat, SampleSet, pack_bits, save_sample_set, unpack_bits
from glyphlens.tracks.arabic.gates.rasters import (
    EM_SIDES,
    GATE,
    RasterData,
    RasterLimits,
    RasterPaths,
    count_holes,
    measure_pixels,
)
from tests.gates.forgeries import Forge, forgeries, index_cell, reclassed, swapped_classes

LABELS = ("fatha", "meem.isol", "waw.isol")
SPLITS = {"train": ["a", "b"], "val": ["c"], "test": ["d"]}
SPLIT_OF = {family: split for split, families in SPLITS.items() for family in families}
LIMITS = RasterLimits(
    min_ink_share=0.01,
    max_ink_share=0.9,
    max_odd_ink_share=0.0,
    min_anchored_share=0.95,
    max_offset_px=2,
    max_far_share=0.0,
    max_side_error_px=1,
    min_true_side_share=0.95,
    max_em_offset=10.0,
    hole_labels=["meem.isol", "waw.isol"],
    min_hole_share=0.8,
    min_classes=3,
    min_families=4,
    min_class_samples=4,
    min_class_families=4,
    min_train_samples=2,
    min_tested_classes=1.0,
    min_split_share=0.2,
    max_split_share=0.3,
    max_excluded_share=0.1,
    max_twin_share=0.1,
    max_undrawn_share=0.0,
)


def ring(number: int, side_px: int) -> NDArray[np.uint8]:
    """A square ring of its own thickness, anchored top-left."""
    image = np.zeros((128, 128), np.uint8)
    image[:side_px, :side_px] = 1
    thick = 5 + number
    image[thick : side_px - thick, thick : side_px - thick] = 0
    return image


def images_of(index: pd.DataFrame) -> NDArray[np.uint8]:
    return np.stack([ring(row, side) for row, side in enumerate(index["target_dim"])])


def index_table() -> pd.DataFrame:
    rows = [
        {
            "group": family,
            "font_hash": f"font {family}",
            "class_index": number,
            "label": label,
            "split": SPLIT_OF[family],
        }
        for family in SPLIT_OF
        for number, label in enumerate(LABELS)
    ]
    table = pd.DataFrame(rows).sort_values(["group", "label"], ignore_index=True)
    is_diacritic = table["label"] == "fatha"
    target = np.where(is_diacritic, 64, 128)
    ids = np.arange(len(table))
    table = table.assign(sample_id=ids, glyph_id=ids + 1, source="font", is_diacritic=is_diacritic, target_dim=target)
    box = {"bbox_min_x": 0.0, "bbox_min_y": 0.0, "bbox_max_x": 1000.0, "bbox_max_y": 1000.0}
    table = table.assign(form="isol", char_class="letter", alt_label=table["label"], advance=600.0)
    table = table.assign(**box, scale_factor=target / 1000, major_dim_ratio=0.5, **dict.fromkeys(EM_SIDES, 0.5))
    hashes = [hashlib.sha256(bytes([row])).hexdigest()[:32] for row in ids]
    return table.assign(outline_hash=hashes, raster_hash=hashes)


@pytest.fixture
def good(tmp_path: Any) -> RasterData:
    index = index_table()
    packed = pack_bits(images_of(index))
    index = index.assign(ink_share=measure_pixels(packed)["ink_share"].astype(np.float32))
    classes = [CharacterClass(label, count=4) for label in LABELS]
    save_sample_set(tmp_path, packed, index, classes, ImageFormat(128, 128, 1))
    save_json(tmp_path / "splits.json", SPLITS)
    save_table(tmp_path / "audit.parquet", pd.DataFrame(columns=["glyph_id", "font_hash", "label", "reason"]))
    return GATE.open(RasterPaths(tmp_path), LIMITS)


def test_good_rasters_pass(good: RasterData, verdicts: Any) -> None:
    assert verdicts(GATE, good, LIMITS) == {}


def cell(column: str, value: object, row: int = 4) -> Forge:
    return index_cell(column, value, row)


def picture(change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]], row: int = 4) -> Forge:
    """Change one picture and record its ink share, so that only its drawing is wrong."""

    def forge(data: RasterData) -> RasterData:
        images = unpack_bits(np.asarray(data.samples.pixels))
        images[row] = change(images[row])
        packed = pack_bits(images)
        index = data.samples.index.assign(ink_share=measure_pixels(packed)["ink_share"].astype(np.float32))
        return replace(data, samples=replace(data.samples, pixels=packed, index=index))

    return forge


def blotted(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image = image.copy()
    image[2:127, 2:127] = 1
    image[4, 4] = image[100, 100] = 0
    return image


def smaller(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return ring(5, 100)


def filled(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ring opened to the right: no hole is left."""
    image = image.copy()
    image[60:64, 64:] = 0
    return image


def cropped(rows_px: int) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    """The first rows wiped; the width stays what it was."""

    def crop(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = image.copy()
        image[:rows_px] = 0
        return image

    return crop


def narrow_box(data: RasterData) -> RasterData:
    return cell("bbox_max_x", 900.0)(data)


def leaked_family(data: RasterData) -> RasterData:
    """A validation family's row moved to train, and the manifest made to agree."""
    return replace(cell("split", "train", row=7)(data), manifest={**data.manifest, "train": ["a", "b", "c"]})


def same(column: str, one: int, other: int) -> Forge:
    return lambda data: cell(column, data.samples.index[column][one], row=other)(data)


def unsorted(data: RasterData) -> RasterData:
    order = [1, 0, *range(2, 12)]
    index = data.samples.index.iloc[order].reset_index(drop=True).assign(sample_id=range(12))
    pixels = np.asarray(data.samples.pixels)[order]
    return replace(data, samples=replace(data.samples, index=index, pixels=pixels))


def excluded(data: RasterData) -> RasterData:
    return cell("split", "excluded", row=8)(data)


def undrawn(data: RasterData) -> RasterData:
    row = {"glyph_id": 99, "font_hash": "x", "label": "fatha", "reason": "no ink"}
    return replace(data, audit=pd.DataFrame([row]))


@forgeries(
    ("ink-share", picture(blotted)),
    ("ink-share-recorded", cell("ink_share", 0.5)),
    ("anchored-share", picture(cropped(2), row=0)),
    ("anchored-offset", picture(cropped(3), row=0), {"min_anchored_share": 0.0}),
    ("target-side", cell("is_diacritic", True)),
    ("major-side", picture(smaller)),
    ("inside-box", narrow_box),
    ("holes-kept", picture(filled)),
    ("undrawn-share", undrawn),
    ("families-disjoint", leaked_family),
    ("outlines-disjoint", same("outline_hash", 0, 9)),
    ("outlines-disjoint", same("outline_hash", 6, 9)),
    ("twin-share", same("raster_hash", 0, 9)),
    ("manifest", lambda data: replace(data, manifest={**data.manifest, "test": []})),
    ("excluded-share", excluded),
    ("class-map", swapped_classes),
    ("class-counts", reclassed(**{"meem.isol": {"count": 5}})),
    ("labels-agree", cell("class_index", 2)),
    ("rows-sorted", unsorted),
    ("sample-once", cell("sample_id", 5)),
    ("sample-range", cell("sample_id", 400)),
    ("glyph-once", cell("glyph_id", 1)),
    ("split-known", lambda data: replace(cell("split", "dev", row=7)(data), manifest={**data.manifest, "dev": ["c"]})),
    ("source-font", cell("source", "pen")),
    ("outline-hash-form", cell("outline_hash", "none")),
    ("raster-hash-form", cell("raster_hash", "")),
    ("scale-positive", cell("scale_factor", float("inf"))),
    ("major-ratio-range", cell("major_dim_ratio", 0.0)),
    ("em-top-range", cell("em_top", 50.0)),
    ("index-em_advance-not-null", cell("em_advance", float("nan"))),
    ("index-raster_hash-not-null", cell("raster_hash", None)),
    ("index-char_class-not-null", cell("char_class", None)),
    ("index-form-not-null", cell("form", None)),
    ("index-alt_label-not-null", cell("alt_label", None)),
)
def test_a_forgery_fails_exactly_its_check(
    good: RasterData, verdicts: Any, check: str, forge: Forge, limits: dict[str, Any]
) -> None:
    assert set(verdicts(GATE, forge(good), LIMITS.model_copy(update=limits))) == {check}


@pytest.mark.parametrize(
    ("limit", "value", "check"),
    [
        ("min_classes", 4, "classes"),
        ("min_families", 5, "classes"),
        ("min_class_samples", 5, "class-support"),
        ("min_class_families", 5, "class-support"),
        ("min_train_samples", 3, "classes-trained"),
        ("max_split_share", 0.24, "split-shares"),
    ],
)
def test_a_tighter_limit_fails_exactly_its_check(
    good: RasterData, verdicts: Any, limit: str, value: float, check: str
) -> None:
    assert set(verdicts(GATE, good, LIMITS.model_copy(update={limit: value}))) == {check}


def test_an_advance_need_not_be_known(good: RasterData, verdicts: Any) -> None:
    assert not verdicts(GATE, cell("advance", float("nan"))(good), LIMITS)


def test_twins_only_warn(good: RasterData, verdicts: Any) -> None:
    assert verdicts(GATE, same("raster_hash", 0, 9)(good), LIMITS) == {"twin-share": "WARN"}


def test_a_class_without_test_samples_is_counted(good: RasterData, verdicts: Any) -> None:
    limits = LIMITS.model_copy(update={"max_excluded_share": 1.0})
    assert set(verdicts(GATE, cell("split", "excluded", row=9)(good), limits)) == {"classes-tested"}


def test_a_label_twice_in_a_font_fails(good: RasterData, verdicts: Any) -> None:
    assert "font-label-once" in verdicts(GATE, cell("label", "fatha")(good), LIMITS)


def test_an_index_outside_the_classes_fails(good: RasterData, verdicts: Any) -> None:
    assert set(verdicts(GATE, cell("class_index", 7)(good), LIMITS)) == {"class-range"}


def test_a_box_without_height_fails(good: RasterData, verdicts: Any) -> None:
    assert set(verdicts(GATE, cell("bbox_max_y", 0.0)(good), LIMITS)) == {"box-height", "inside-box"}


def test_a_blank_picture_fails(good: RasterData, verdicts: Any) -> None:
    assert "ink-share" in verdicts(GATE, picture(np.zeros_like)(good), LIMITS)


def test_pixel_facts_agree_with_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    images = (rng.random((6, 16, 16)) < 0.05).astype(np.uint8)
    images[5] = 0
    facts = measure_pixels(pack_bits(images))
    for row, image in enumerate(images[:5]):
        y, x = np.nonzero(image)
        assert tuple(facts.loc[row, ["top", "left", "bottom", "right"]]) == (y.min(), x.min(), y.max() + 1, x.max() + 1)
        assert facts.loc[row, "ink_share"] == image.mean()
    assert facts.loc[5].eq(0).all()


def test_holes_are_regions_that_ink_encloses() -> None:
    assert count_holes(ring(0, 64) * np.uint8(255)) == 1
    assert count_holes(np.zeros((8, 8), np.uint8)) == 0
    open_to_the_edge = np.ones((8, 8), np.uint8)
    open_to_the_edge[0:3, 4] = 0
    assert count_holes(open_to_the_edge) == 0


def test_grey_pictures_are_refused(good: RasterData, tmp_path: Any) -> None:
    grey = SampleSet.open(tmp_path)
    save_sample_set(tmp_path, np.zeros((12, 128, 128), np.uint8), grey.index, grey.classes, ImageFormat(128, 128, 8))
    with pytest.raises(InputError, match="8 bits a pixel"):
        GATE.open(RasterPaths(tmp_path), LIMITS)


@pytest.mark.parametrize("content", [[], {"train": "a"}])
def test_a_manifest_of_another_form_is_refused(good: RasterData, tmp_path: Any, content: object) -> None:
    save_json(tmp_path / "splits.json", content)
    with pytest.raises(InputError, match=r"splits\.json"):
        GATE.open(RasterPaths(tmp_path), LIMITS)
