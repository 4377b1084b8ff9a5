"""Prepared pictures of characters, read or rendered → the sample set: classes, split by writer, strokes, structure.

N pictures produced · P×P pixels · M of them with strokes · S = 24 strokes · F = 17 numbers a stroke
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_array, save_json, save_table
from glyphlens.data.pictures import PictureRows, save_pictures
from glyphlens.data.produced import STROKE_NUMBERS, STROKES
from glyphlens.data.sample_set import CharacterClass, ImageFormat, save_classes
from glyphlens.data.splits import GroupSplit, split_by_source
from glyphlens.sources.etl.finding import AuditRow, audit_frame
from glyphlens.sources.kanji_params import KanjiParams
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.structure import Structure
from glyphlens.tracks.kanji.samples.classes import FEWEST_CLASSES, kanji_classes


class KanjiSet(NamedTuple):
    """``rows`` of the produced pictures that are kept, ascending; their index without hashes; what was left out."""

    rows: NDArray[np.int64]
    table: pd.DataFrame
    classes: list[CharacterClass]
    split: GroupSplit
    left_out: list[AuditRow]


class StrokeRows(NamedTuple):
    """``sequences_MSF`` float32 of the pictures ``rows_M`` (ascending); none by default."""

    sequences_MSF: NDArray[np.float32] = np.empty((0, STROKES, STROKE_NUMBERS), np.float32)
    rows_M: NDArray[np.int64] = np.empty(0, np.int64)


def build_kanji_set(index: pd.DataFrame, params: KanjiParams) -> KanjiSet:
    """Choose classes and split groups; ``index`` has PRODUCED_COLUMNS.

    Classes with fewer than ``min_samples`` rows, or ``min_train_samples`` of them in training, are left out and named.
    Raises InputError where fewer than two classes or three groups remain.
    """
    enough = index["label"].map(index["label"].value_counts()) >= params.min_samples
    _require_classes(index, enough, params)
    split = split_by_source(index.loc[enough, "group"].unique().tolist(), params.val_share, params.test_share)
    sides = pd.Series(split.of(index.loc[enough, "group"].tolist()), index=index.index[enough], dtype="str")
    trained = index.loc[sides.index[sides == "train"], "label"].value_counts()
    learnt = enough & (index["label"].map(trained).fillna(0) >= params.min_train_samples)
    _require_classes(index, learnt, params)
    left_out = _left_out(index[~enough], f"class with fewer than {params.min_samples} samples")
    left_out += _left_out(index[enough & ~learnt], f"class with fewer than {params.min_train_samples} training samples")
    table = index[learnt].assign(split=sides[learnt[learnt].index])
    classes = kanji_classes(table)
    numbers = {entry.label: number for number, entry in enumerate(classes)}
    rows = np.flatnonzero(learnt.to_numpy())
    table = table.reset_index(drop=True)
    first = {"sample_id": np.arange(len(table)), "class_index": table["label"].map(numbers).astype(np.int64)}
    table = pd.concat([pd.DataFrame(first), table], axis=1)
    return KanjiSet(rows, table, classes, split.restricted(set(table["group"])), left_out)


def save_kanji_set(
    folder: Path,
    pictures: PictureRows,
    found: KanjiSet,
    strokes: StrokeRows,
    kanjivg: KanjiVG,
    audit: pd.DataFrame,
    image_px: int,
) -> None:
    """Write the sample set; pictures pass in chunks, so that memory does not grow with their number."""
    save_json(folder / "splits.json", found.split.manifest())
    save_table(folder / "audit.parquet", pd.concat([audit, audit_frame(found.left_out)], ignore_index=True))
    Structure.of([entry.label for entry in found.classes], kanjivg).save(folder)
    kept_M = np.isin(strokes.rows_M, found.rows)
    save_array(folder / "strokes.npy", strokes.sequences_MSF[kept_M])
    save_array(folder / "stroke_rows.npy", np.searchsorted(found.rows, strokes.rows_M[kept_M]).astype(np.int64))
    hashes = save_pictures(folder / "pixels.npy", [(pictures, found.rows)], image_px)
    save_table(folder / "index.parquet", found.table.assign(image_hash=hashes))
    save_classes(folder, found.classes, ImageFormat(image_px, image_px, 8))


def _require_classes(index: pd.DataFrame, kept: "pd.Series[bool]", params: KanjiParams) -> None:
    """Raise InputError where fewer than two labels are kept."""
    count = index.loc[kept, "label"].nunique()
    if count < FEWEST_CLASSES:
        raise InputError(
            f"{count} of {index['label'].nunique()} characters have {params.min_samples} samples or more, "
            f"{params.min_train_samples} of them in training ({len(index)} samples of {index['group'].nunique()} "
            "writers or fonts); add data, or lower kanji.min_samples and kanji.min_train_samples in params.yaml"
        )


def _left_out(index: pd.DataFrame, reason: str) -> list[AuditRow]:
    """One row a label and set."""
    counts = index.groupby(["set", "label"], sort=True).size().reset_index(name="count")
    return [
        AuditRow(str(row["set"]), "", reason, value=str(row["label"]), count=int(row["count"]))
        for row in counts.to_dict("records")
    ]
