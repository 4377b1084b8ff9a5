"""A small good sample set of Japanese characters, rendered or as if read from ETL, and ways to spoil it.

C classes · S = 24 strokes · K = 8 points a stroke · H×W = 64×64 pixels
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.storage import save_array, save_json, save_table
from glyphlens.data.produced import STROKE_NUMBERS, STROKE_POINTS, STROKES
from glyphlens.data.sample_set import CharacterClass, save_sample_set
from glyphlens.sources.etl.finding import AUDIT_COLUMNS
from glyphlens.tracks.kanji.gates.sample_data import IMAGE, KanjiSampleData, KanjiSampleLimits
from tests.gates.forgeries import Forge, index_cell, indexed

LABELS = ("い", "へ", "ヘ", "亜", "語")
FORMS = ("hiragana", "hiragana", "katakana", "kanji", "kanji")
LOOKALIKES = {"へ": ("ヘ",), "ヘ": ("へ",)}
STROKE_COUNTS = (3, 4, 5, 6, 7)
PEN_PX, BOX_PX = 3, 56
SPLIT_OF = {0: "test", 1: "val"}  # by the number of the hand; the others are training
HANDS = 6
STRUCTURE: dict[str, list[Any]] = {
    "components": ["い", "へ", "ヘ", "亜", "言", "五", "口"],
    "sequences": [[0], [1], [2], [3], [4, 5, 6]],
}
LIMITS = KanjiSampleLimits(
    ink_level=64,
    min_ink_share=0.02,
    max_ink_share=0.6,
    max_odd_ink_share=0.0,
    min_class_ink=0.05,
    max_class_ink=0.5,
    max_class_ink_factor=1.5,
    box_px=BOX_PX,
    max_box_error_px=3,
    max_centre_error_px=2.0,
    min_placed_share=1.0,
    min_peak=200,
    min_contrast_share=1.0,
    max_margin_level=8.0,
    min_clean_share=1.0,
    checked_rows=200,
    max_repeat_share=0.0,
    max_conflict_share=0.0,
    max_twin_share=0.0,
    near_bits=6,
    max_near_share=0.04,
    max_near_median=0.0,
    near_hands=200,
    min_cleared_cells=3,
    max_cleared_loss=0.05,
    min_classes=5,
    min_groups=12,
    min_class_samples=12,
    min_class_groups=12,
    min_train_samples=8,
    min_held_out_classes=1.0,
    min_split_share=0.15,
    max_split_share=0.18,
    max_odd_fact_share=0.0,
    max_stroke_gap_px=2.0,
    min_stroke_share=0.95,
)


def script() -> list[NDArray[np.float64]]:
    """For every class its strokes (s, K, 2): random walks, the same in every test."""
    rng = np.random.default_rng(3)
    return [np.cumsum(rng.normal(size=(count, STROKE_POINTS, 2)), axis=1) for count in STROKE_COUNTS]


def written(strokes_SK2: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The strokes in another hand, centred, longer side −1 to 1."""
    bent = strokes_SK2 + rng.normal(scale=0.35, size=strokes_SK2.shape)
    low, high = bent.min(axis=(0, 1)), bent.max(axis=(0, 1))
    scaled: NDArray[np.float64] = (bent - (low + high) / 2) * 2 / (high - low).max()
    return scaled


def drawn(strokes_SK2: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(H, W) uint8, the ink's longer side BOX_PX, softened a little."""
    canvas = np.zeros((64, 64), np.uint8)
    pixels = np.rint(31.5 + strokes_SK2 * (BOX_PX - PEN_PX) / 2).astype(np.int32)
    cv2.polylines(canvas, list(pixels), isClosed=False, color=255, thickness=PEN_PX)
    blurred: NDArray[np.uint8] = cv2.GaussianBlur(canvas, (0, 0), 0.5).astype(np.uint8)
    return blurred


def sequence(strokes_SK2: NDArray[np.float64]) -> NDArray[np.float32]:
    """(S, F): the points of every stroke, then 1."""
    found = np.zeros((STROKES, STROKE_NUMBERS), np.float32)
    found[: len(strokes_SK2), :-1] = strokes_SK2.reshape(len(strokes_SK2), -1)
    found[: len(strokes_SK2), -1] = 1
    return found


def hash_of(image: NDArray[np.uint8]) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()[:16]


def write_set(folder: Path, *, rendered: bool = True) -> Path:
    """Twelve hands that write every class once: six fonts and six writers, or six writers of two ETL sets each."""
    kinds = ("font", "strokes") if rendered else ("ETL1", "ETL9G")
    rng = np.random.default_rng(0)
    rows, images, sequences = [], [], []
    for kind in kinds:
        for hand in range(HANDS):
            for number, strokes in enumerate(script()):
                points = written(strokes, rng)
                images.append(drawn(points))
                sequences.append(sequence(points))
                rows.append(facts(kind, hand, number) | {"image_hash": hash_of(images[-1])})
    index = pd.DataFrame(rows).assign(sample_id=np.arange(len(rows)))
    stroke_rows = np.flatnonzero(index["set"] == "strokes")
    save_sample_set(folder, np.stack(images), index, class_list(index), IMAGE)
    save_json(folder / "splits.json", manifest(index))
    save_table(folder / "audit.parquet", audit(index))
    save_json(folder / "structure.json", STRUCTURE)
    save_array(folder / "strokes.npy", np.stack(sequences)[stroke_rows])
    save_array(folder / "stroke_rows.npy", stroke_rows)
    if not rendered:
        save_array(folder / "cleared_rows.npy", np.arange(0, len(rows), 2))
    return folder


# Codes as the sets write them; ETL1 lacks hiragana and kanji, which is no matter here.
CODES = {
    "ETL9G": {"い": "0x2424", "へ": "0x2458", "ヘ": "0x2558", "亜": "0x3021", "語": "0x386C"},
    "ETL1": {"い": "", "へ": "", "ヘ": "0xCD", "亜": "", "語": ""},
}


def facts(kind: str, hand: int, number: int) -> dict[str, object]:
    """The index of one sample."""
    label = LABELS[number]
    base = {"class_index": number, "label": label, "split": SPLIT_OF.get(hand, "train"), "set": kind}
    if kind in ("font", "strokes"):
        group = f"font/{hand}" if kind == "font" else f"writer/{hand:03}"
        drawn = {"source": "rendered", "file": group, "record": -1, "writer": hand if kind == "strokes" else -1}
        return {**base, **drawn, "group": group, "code": "", "quality": -1, "sex": -1, "age": -1}
    # All classes of ETL9G, and the one that ETL1 has under another number each.
    name = kind if CODES[kind][label] else "ETL9G"
    read = {"source": "etl", "set": name, "file": f"{name}C_01" if name == "ETL1" else f"{name}_01"}
    writer = hand + HANDS * (kind == "ETL1")
    place = {"record": number * 100 + writer, "writer": writer, "code": CODES[name][label]}
    return {**base, **read, **place, "group": f"{name[:4]}/{writer:04}", "quality": 0, "sex": 2, "age": 17}


def class_list(index: pd.DataFrame) -> list[CharacterClass]:
    coded = index[index["code"] != ""]
    members = (coded["set"] + ":" + coded["code"]).groupby(coded["label"]).unique()
    return [
        CharacterClass(
            label=label,
            code_points=(f"U+{ord(label):04X}",),
            form=form,
            members=tuple(sorted(members.get(label, ()))),
            lookalikes=LOOKALIKES.get(label, ()),
            count=int((index["label"] == label).sum()),
        )
        for label, form in zip(LABELS, FORMS, strict=True)
    ]


def manifest(index: pd.DataFrame) -> dict[str, list[str]]:
    return {name: sorted(set(index.loc[index["split"] == name, "group"])) for name in ("train", "val", "test")}


def audit(index: pd.DataFrame) -> pd.DataFrame:
    """One file of each set is there, and the audit says so."""
    rows = []
    for name, missing in (("ETL1", 12), ("ETL9G", 49)):
        there = index[index["set"] == name]
        if len(there):
            place = f"somewhere/{there['file'].iloc[0].lower()}"
            rows.append((name, "…", "files missing", -1, "", missing, ""))
            rows.append((name, place, "other count", -1, str(len(there)), 1, ""))
    return pd.DataFrame(rows, columns=list(AUDIT_COLUMNS))


# ── ways to spoil it ─────────────────────────────────────────────────────────────────────────
def cell(column: str, value: Any, row: int = 7) -> Forge:
    return index_cell(column, value, row)


def cells(rows: slice, **values: Any) -> Forge:
    """Several columns of several rows."""

    def forge(data: KanjiSampleData) -> KanjiSampleData:
        index = data.index.copy()
        for column, value in values.items():
            index.loc[rows, column] = value
        return indexed(data, index)

    return forge


def pictures(change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]], *rows: int) -> Forge:
    """Change some pictures and record their hashes, so that only what they show is wrong."""

    def forge(data: KanjiSampleData) -> KanjiSampleData:
        images = np.array(data.samples.pixels)
        index = data.index.copy()
        for row in rows:
            images[row] = change(images[row])
            index.loc[row, "image_hash"] = hash_of(images[row])
        return replace(data, samples=replace(data.samples, pixels=images, index=index))

    return forge


def copied(to: int, of: int, change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = np.copy) -> Forge:
    """One row shows another row's picture, perhaps changed a little."""
    return lambda data: pictures(lambda _: change(np.array(data.samples.pixels[of])), to)(data)


def strokes(change: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Forge:
    return lambda data: replace(data, strokes_MSF=change(np.array(data.strokes_MSF)))


def audited(**columns: object) -> Forge:
    """One more row of the audit."""

    def forge(data: KanjiSampleData) -> KanjiSampleData:
        row = {"set": "", "file": "", "reason": "", "record": -1, "value": "", "count": 1, "detail": ""} | columns
        return replace(data, audit=pd.concat([data.audit, pd.DataFrame([row])], ignore_index=True))

    return forge
