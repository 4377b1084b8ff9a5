"""Characters in the hands of simulated writers, as cells of ETL records: grey in a grid, or black and cropped."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.sources.etl.etl_records import b_record, g_record, m_record

# Strokes in a square of 100.
STROKES = {
    "う": [[(38, 2), (60, 7)], [(20, 38), (55, 28), (80, 45), (70, 75), (40, 98)]],
    "は": [
        [(7, 5), (3, 55), (9, 98)],
        [(35, 30), (98, 27)],
        [(70, 3), (70, 80), (50, 97), (35, 85), (50, 75), (98, 95)],
    ],
    "ほ": [
        [(7, 5), (3, 55), (9, 98)],
        [(38, 6), (95, 5)],
        [(36, 38), (97, 35)],
        [(68, 6), (68, 80), (50, 97), (36, 86), (52, 75), (97, 95)],
    ],
    "い": [[(8, 15), (12, 70), (30, 88), (38, 74)], [(75, 20), (92, 70)]],
    "へ": [[(2, 65), (38, 30), (98, 75)]],
    "三": [[(12, 8), (85, 5)], [(20, 50), (78, 48)], [(2, 95), (98, 93)]],
    "口": [[(10, 12), (14, 90)], [(10, 12), (90, 10), (86, 90)], [(14, 86), (88, 84)]],
    "十": [[(2, 45), (98, 42)], [(50, 2), (50, 98)]],
    "ラ": [[(18, 8), (80, 6)], [(4, 38), (92, 36), (70, 75), (32, 98)]],
    "ノ": [[(80, 4), (60, 60), (15, 98)]],
}
CODES = {"う": 0x2426, "は": 0x244F, "ほ": 0x245B, "い": 0x2424, "三": 0x3B30, "へ": 0x2458, "口": 0x387D, "十": 0x3D3D}
# Sheets of ETL1: one displaced, one whose labels are those of others, and one with a wrong label.
SHEETS, DISPLACED, SHUFFLED, SWAPPED = 18, 7, 11, 3
Image = NDArray[np.uint8]


def hand(char: str, writer: int, *, side: float = 0) -> Image:
    """(127, 128) grey cell: the character of 62 to 84 pixels somewhere in the middle, in this writer's hand."""
    rng = np.random.default_rng([writer, ord(char)])
    side = side or rng.uniform(62, 84)
    slant, at = rng.normal(0, 0.06), (127 - side) / 2 + rng.uniform(-3, 3, 2)
    image = np.zeros((127, 128), np.uint8)
    for stroke in STROKES[char]:
        points = np.array(stroke, float) + rng.normal(0, 2.2, (len(stroke), 2)) + rng.normal(0, 2.0, 2)
        points[:, 0] += slant * (50 - points[:, 1])
        placed = np.rint((points * side / 100 + at) * 16).astype(np.int32)
        cv2.polylines(image, [placed], False, int(rng.integers(10, 16)) * 17, int(rng.integers(4, 8)), cv2.LINE_AA, 4)
    return np.asarray(image // 17 * 17, np.uint8)


def cropped(image: Image) -> Image:
    """(63, 64) of 0 and 255: a square around the ink, as large as it, black and white."""
    y, x = np.nonzero(image >= 100)
    side = max(np.ptp(y), np.ptp(x)) + 1
    top, left = 100 + (y.min() + y.max() + 1 - side) // 2, 100 + (x.min() + x.max() + 1 - side) // 2
    square = np.pad(image, 100)[top : top + side, left : left + side]
    small = cv2.resize(square, (64, 63), interpolation=cv2.INTER_AREA)
    return np.where(small >= 80, 255, 0).astype(np.uint8)


def soiled(image: Image, writer: int) -> Image:
    """Pieces of other characters at the left and the right border, and often a ruled line, within the outer eighth."""
    rng = np.random.default_rng(writer)
    dirty, height = image.copy(), image.shape[0]
    for side in (np.s_[:], np.s_[:, ::-1]):
        top = int(rng.integers(0, height - height // 3))
        wide = int(rng.integers(height // 25, height // 9))
        view = dirty[side]
        view[top : top + height // 4, : max(2, wide // 2)] = 238
        view[top + height // 10 : top + height // 8, :wide] = 238
    if rng.random() < 0.4:
        dirty[rng.integers(0, 3)] = 221
    return dirty


def displaced(upper: Image, lower: Image) -> Image:
    """A cell of a sheet that lay half a cell too high: the lower half of one character above the upper of another."""
    half = upper.shape[0] // 2
    return np.concatenate([upper[half:], lower[:half]])


def noise(seed: int, shape: tuple[int, int] = (63, 64)) -> Image:
    """Grey grainy paper of 16 levels without a character."""
    rng = np.random.default_rng(seed)
    levels = rng.uniform(2, 5) + rng.uniform(0.8, 1.6) * rng.normal(size=shape)
    return (np.clip(np.rint(levels), 0, 15) * 17).astype(np.uint8)


def halved(image: Image) -> Image:
    """(63, 64) grey, as cells of ETL1 are."""
    return np.asarray(cv2.resize(image, (64, 63), interpolation=cv2.INTER_AREA) // 17 * 17, np.uint8)


def etl8b(image: Image, char: str, writer: int) -> bytes:
    return b_record(image // 255, CODES[char], writer, length=512)


def etl9g(image: Image, char: str, writer: int) -> bytes:
    return g_record(image // 17, CODES[char], writer, image_byte=64)


def etl1(image: Image, code: int, writer: int) -> bytes:
    return m_record(image // 17, code, writer)


def sheets_of_etl1() -> list[bytes]:
    """Every character once a sheet, under codes of katakana: any will do, what is written is what counts."""
    records = []
    for sheet in range(SHEETS):
        cells = [halved(hand(char, sheet)) for char in STROKES]
        if sheet == DISPLACED:
            cells = [displaced(first, second) for first, second in zip(cells, [*cells[1:], cells[0]], strict=True)]
        if sheet == SHUFFLED:
            cells = [*cells[3:], *cells[:3]]
        if sheet == SWAPPED:
            cells[1] = cells[6]
        records += [etl1(cell, 0xB1 + 2 * number, sheet) for number, cell in enumerate(cells)]
    return records
