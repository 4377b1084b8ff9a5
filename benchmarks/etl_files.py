"""ETL files in the true formats with drawn strokes for characters: the real ones may not be passed on.

N records · B bytes · H×W pixels
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from glyphlens.sources.etl.finding import EtlFile, find_files
from glyphlens.sources.etl.records import RecordType

DRAWINGS = 128


def write_file(folder: Path, name: str, records: int, rng: np.random.Generator) -> EtlFile:
    """A file of so many records and its dummies: random headers, pictures from DRAWINGS drawings in turn."""
    path = folder / name.partition("_")[0] / name
    path.parent.mkdir()
    path.touch()
    (file,) = find_files(path.parent).files
    record = file.etl_set.record
    raw_NB = np.frombuffer(rng.bytes((records + record.dummies) * record.record_bytes), np.uint8)
    raw_NB = raw_NB.reshape(-1, record.record_bytes).copy()
    packed_NB = _packed(_drawings(record, rng), record.depth_bits)
    end = record.image_byte + record.image_bytes
    raw_NB[:, record.image_byte : end] = packed_NB[np.arange(len(raw_NB)) % len(packed_NB)]
    path.write_bytes(raw_NB.tobytes())
    (file,) = find_files(path.parent).files
    return file


def _drawings(record: RecordType, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(DRAWINGS, H, W): six strokes of differing darkness, pieces of neighbours at the left and right edge."""
    shape = np.array([record.width_px, record.height_px])
    images_NHW = np.zeros((DRAWINGS, record.height_px, record.width_px), np.uint8)
    for image_HW in images_NHW:
        strokes = rng.uniform(0.25, 0.75, (6, 3, 2)) * shape
        edges = np.stack([rng.uniform(0.2, 0.8, (2, 3)), rng.uniform(0, 0.06, (2, 3))], axis=2)[:, :, ::-1] * shape
        edges[1, :, 0] = record.width_px - 1 - edges[1, :, 0]
        lines = [line.round().astype(np.int32) for line in (*strokes, *edges)]
        thickness_px = max(1, record.width_px // 32)
        cv2.polylines(image_HW, lines, False, int(rng.integers(90, 256)), thickness_px, cv2.LINE_AA)
    return (images_NHW >> (8 - record.depth_bits)).astype(np.uint8)


def _packed(images_NHW: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """(N, B) the lowest ``bits`` of every pixel, most significant bit first."""
    bits_NP8 = np.unpackbits(images_NHW.reshape(len(images_NHW), -1, 1), axis=2)
    return np.packbits(bits_NP8[:, :, 8 - bits :].reshape(len(images_NHW), -1), axis=1)
