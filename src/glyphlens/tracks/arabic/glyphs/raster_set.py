"""Drawn glyphs → the rows and classes of the rasters' sample set: label filter, family split, look-alikes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import INDEX_COLUMNS, SPLITS, CharacterClass
from glyphlens.data.splits import GroupSplit
from glyphlens.imaging.geometry import GEOMETRY
from glyphlens.imaging.raster import DiacriticRule
from glyphlens.tracks.arabic.glyphs.glyph_classes import frequent_labels, require_classes
from glyphlens.tracks.arabic.glyphs.glyph_drawing import BOX
from glyphlens.tracks.arabic.glyphs.lookalikes import merge_lookalikes

SHAPE_MIN_FONTS = 3  # fonts that have to have both classes before their pictures are compared
EXCLUDED = "excluded"
FACTS = (
    *("glyph_id", "font_hash", "alt_label", "form", "char_class", "is_diacritic"),
    *(*BOX, "scale_factor", "major_dim_ratio", "target_dim", "ink_share", "advance"),
    *(*GEOMETRY, "outline_hash", "raster_hash"),
)


class RasterParams(DiacriticRule):
    """Section ``rasters`` of params.yaml."""

    min_samples: int = Field(ge=1)
    min_families: int = Field(ge=1)
    val_share: float = Field(gt=0, lt=1)
    test_share: float = Field(gt=0, lt=1)
    shape_share: float = Field(gt=0, le=1)


class RasterSet(NamedTuple):
    """``rows`` of index.parquet; ``order``: which of the drawn glyphs each of them shows."""

    order: NDArray[np.int64]
    rows: pd.DataFrame
    classes: list[CharacterClass]


def build_raster_set(
    rows: pd.DataFrame, split: GroupSplit, descriptions: Mapping[str, Mapping[str, Any]], params: RasterParams
) -> RasterSet:
    """Filter, split, sort and number the drawn glyphs.

    ``rows`` as ``draw_glyphs`` describes them; ``descriptions`` is labels.json. Raises InputError where fewer than
    two classes remain.
    """
    labels = classes_of(rows, split, params)
    rows = rows.assign(group=rows["family"], source="font", position=np.arange(len(rows)))
    rows = rows[rows["label"].isin(labels)].sort_values(["family", "font_hash", "label", "glyph_id"], kind="stable")
    rows = rows.reset_index(drop=True)
    rows["sample_id"] = np.arange(len(rows))
    rows["class_index"] = np.searchsorted(np.array(labels, dtype=object), rows["label"].to_numpy(object))
    rows["split"] = without_leaks(split.of(rows["family"].tolist()), rows)
    index = rows[[*INDEX_COLUMNS, *FACTS]].astype({"advance": np.float32})
    return RasterSet(rows["position"].to_numpy(np.int64), index, _classes(index, labels, descriptions, params))


def classes_of(rows: pd.DataFrame, split: GroupSplit, params: RasterParams) -> list[str]:
    """Sorted labels with enough samples from enough families, at least one of them in training."""
    frequent = frequent_labels(rows, params.min_samples, params.min_families)
    trained = set(rows.loc[rows["family"].isin(split.train), "label"])
    labels = [label for label in frequent if label in trained]
    require_classes(labels, rows, params.min_samples, params.min_families)
    return labels


def labels_left_out(glyphs: pd.DataFrame, classes: list[CharacterClass]) -> pd.DataFrame:
    """label, samples, families of every label of the database that is no class: too rare, or never in training."""
    others = glyphs[~glyphs["label"].isin([entry.label for entry in classes])]
    found = others.groupby("label", sort=True)["family"].agg(samples="size", families="nunique")
    return found.reset_index()


def without_leaks(split_N: NDArray[np.object_], rows: pd.DataFrame) -> NDArray[np.object_]:
    """The split with ``excluded`` for every row whose label and outline an earlier split has already.

    Families borrow glyphs from each other: training comes before validation, validation before test.
    """
    result = split_N.copy()
    keys = pd.Series(list(zip(rows["label"], rows["outline_hash"], strict=True)), dtype=object)
    for number, name in enumerate(SPLITS[1:], start=1):
        earlier = set(keys[np.isin(split_N, SPLITS[:number])])
        result[(split_N == name) & keys.isin(earlier).to_numpy()] = EXCLUDED
    return result


def _classes(
    index: pd.DataFrame, labels: list[str], descriptions: Mapping[str, Mapping[str, Any]], params: RasterParams
) -> list[CharacterClass]:
    fonts, pictures = (pd.factorize(index[name])[0].astype(np.int64) for name in ("font_hash", "raster_hash"))
    shape_C = merge_lookalikes(
        index["class_index"].to_numpy(np.int64), fonts, pictures, share=params.shape_share, min_fonts=SHAPE_MIN_FONTS
    )
    counts_C = np.bincount(index["class_index"], minlength=len(labels))
    return [
        _class(label, descriptions.get(label, {}), lookalikes, int(count))
        for label, lookalikes, count in zip(labels, _others(labels, shape_C), counts_C, strict=True)
    ]


def _others(labels: list[str], shape_C: NDArray[np.int64]) -> list[list[str]]:
    """For every class the other classes of its shape."""
    groups: dict[int, list[str]] = {}
    for label, shape in zip(labels, shape_C.tolist(), strict=True):
        groups.setdefault(shape, []).append(label)
    return [
        [other for other in groups[shape] if other != label]
        for label, shape in zip(labels, shape_C.tolist(), strict=True)
    ]


def _class(label: str, description: Mapping[str, Any], lookalikes: list[str], count: int) -> CharacterClass:
    try:
        return CharacterClass(
            label=label,
            code_points=tuple(description.get("code_points", ())),
            form=description.get("form", ""),
            members=tuple(description.get("members", (label,))),
            lookalikes=tuple(lookalikes),
            count=count,
        )
    except (TypeError, AttributeError) as error:
        raise InputError(f"labels.json: the description of '{label}' is no mapping of lists ({error})") from error
