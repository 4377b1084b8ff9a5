"""Prepared pictures of characters, read or rendered → the sample set: classes, split by writer, strokes, structure.

N pictures produced · P×P pixels · M of them with strokes · S = 24 strokes · F = 17 numbers a stroke
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_array, save_json, save_table, writing
from glyphlens.data.produced import STROKE_NUMBERS, STROKES
from glyphlens.data.sample_set import SPLITS, CharacterClass, ImageFormat
from glyphlens.data.splits import GroupSplit, split_groups
from glyphlens.imaging.handwriting import HandwritingParams
from glyphlens.sources.etl.finding import AuditRow, audit_frame
from glyphlens.sources.kanjivg import KanjiVG
from glyphlens.sources.structure import Structure
from glyphlens.tracks.kanji.samples.classes import FEWEST_CLASSES, kanji_classes

CHUNK = 4096
HASH_DIGITS = 16
# A source with fewer groups than this cannot be on all three sides.
FEWEST_GROUPS = 3


class KanjiParams(HandwritingParams):
    """Section ``kanji`` of params.yaml: which sets, how pictures are prepared, which classes are kept, the split."""

    only: list[str]
    min_samples: int = Field(ge=1)
    min_train_samples: int = Field(ge=1)
    val_share: float = Field(gt=0, lt=1)
    test_share: float = Field(gt=0, lt=1)


class PictureRows(Protocol):
    """Pictures of which consecutive rows can be had: an array, or a file read in slices."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]: ...


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
    split = split_by_source(index.loc[enough, "group"].unique().tolist(), params)
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
    return KanjiSet(rows, table, classes, _with_rows(split, table), left_out)


def split_by_source(groups: Sequence[str], params: KanjiParams) -> GroupSplit:
    """Each source by itself, so that all are learnt and tested: ``ETL9/0012``, ``font/klee-one`` say theirs first.

    A source with fewer than three groups is training as a whole, unless there is no other.
    """
    sources: dict[str, list[str]] = {}
    for group in groups:
        sources.setdefault(group.partition("/")[0], []).append(group)
    large = {name: names for name, names in sources.items() if len(names) >= FEWEST_GROUPS}
    if not large:
        return split_groups(groups, params.val_share, params.test_share)
    splits = [split_groups(names, params.val_share, params.test_share) for names in large.values()]
    small = [group for name, names in sources.items() if name not in large for group in names]
    return GroupSplit(
        train=tuple(sorted([*small, *(group for split in splits for group in split.train)])),
        val=tuple(sorted(group for split in splits for group in split.val)),
        test=tuple(sorted(group for split in splits for group in split.test)),
    )


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
    hashes = _save_pictures(folder / "pixels.npy", pictures, found.rows, image_px)
    save_table(folder / "index.parquet", found.table.assign(image_hash=hashes))
    image = ImageFormat(image_px, image_px, 8)
    save_json(folder / "classes.json", {"image": asdict(image), "classes": [asdict(entry) for entry in found.classes]})


def _require_classes(index: pd.DataFrame, kept: "pd.Series[bool]", params: KanjiParams) -> None:
    """Raise InputError where fewer than two labels are kept."""
    count = index.loc[kept, "label"].nunique()
    if count < FEWEST_CLASSES:
        raise InputError(
            f"{count} of {index['label'].nunique()} characters have {params.min_samples} samples or more, "
            f"{params.min_train_samples} of them in training ({len(index)} samples of {index['group'].nunique()} "
            "writers or fonts); add data, or lower kanji.min_samples and kanji.min_train_samples in params.yaml"
        )


def _save_pictures(path: Path, pictures: PictureRows, rows_n: NDArray[np.int64], image_px: int) -> list[str]:
    """One .npy array of the rows, written chunk by chunk; the hash of every picture."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(rows_n), image_px, image_px)}
    hashes = []
    with writing(path) as partial, partial.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for chunk_nPP in _chunks(pictures, rows_n):
            stream.write(chunk_nPP.tobytes())
            hashes += [hashlib.sha256(picture_PP).hexdigest()[:HASH_DIGITS] for picture_PP in chunk_nPP]
    return hashes


def _chunks(pictures: PictureRows, rows_n: NDArray[np.int64]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(pictures), CHUNK):
        wanted = rows_n[np.searchsorted(rows_n, start) : np.searchsorted(rows_n, start + CHUNK)]
        yield pictures[start : start + CHUNK][wanted - start]


def _left_out(index: pd.DataFrame, reason: str) -> list[AuditRow]:
    """One row a label and set."""
    counts = index.groupby(["set", "label"], sort=True).size().reset_index(name="count")
    return [
        AuditRow(str(row["set"]), "", reason, value=str(row["label"]), count=int(row["count"]))
        for row in counts.to_dict("records")
    ]


def _with_rows(split: GroupSplit, table: pd.DataFrame) -> GroupSplit:
    """Without groups of which no row is left."""
    left = set(table["group"].unique())
    sides = [tuple(group for group in getattr(split, name) if group in left) for name in SPLITS]
    return GroupSplit(*sides)
