"""ETL records to pixels and to prepared pictures, against a loop over records with struct and Pillow.

N records · H×W pixels
"""

import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.etl_files import write_file
from benchmarks.etl_plain import Label, Way, one_prepared, read_plainly
from benchmarks.ratio import Ratio, timed
from glyphlens.imaging.handwriting import HandwritingParams, prepare
from glyphlens.sources.etl.finding import EtlFile
from glyphlens.sources.etl.reading import read

SIDE_PX = 64
HANDWRITING = HandwritingParams(
    image_px=SIDE_PX, box_px=56, edge_share=0.125, speck_share=0.0008, min_contrast=30, blur_sigma_px=0.5
)
# Largest mean difference from the plain way's pictures, of 255 (of other drawings': about 75): the plain preparation
# finds paper and box in a simpler way.
ALIKE = 20.0
# The plain way of preparing is slow: it is timed on the first records only.
PREPARED_RECORDS = 2_000


class Case(NamedTuple):
    """A file to write, how many records, where a plain reader finds code and writer, and what scales its greys."""

    file: str
    records: int
    scale: int
    label: Callable[[bytes], Label]


CASES = (
    Case("ETL9G_01", 12_144, 17, lambda raw: struct.unpack_from(">2H", raw)[::-1]),
    Case("ETL1C_01", 11_560, 17, lambda raw: (raw[6], struct.unpack_from(">H", raw, 4)[0])),
    Case("ETL2_1", 9_056, 4, lambda raw: ((raw[21] << 8 | raw[22]) >> 4, -1)),
    Case("ETL8B2C1", 51_200, 255, lambda raw: struct.unpack_from(">2H", raw)[::-1]),
)


def as_recorded(pixels_NHW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pixels as they are."""
    return pixels_NHW


def prepared(pixels_NHW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What the recognisers see."""
    return prepare(pixels_NHW, HANDWRITING)


def ours(file: EtlFile, way: Way, out_NHW: NDArray[np.uint8], *, scaled: bool) -> NDArray[np.int64]:
    """(N, 2) code and writer of every record; the pictures go to ``out_NHW``, whose length says how many."""
    labels = []
    start = 0
    for records in read(file):
        count = min(len(records), len(out_NHW) - start)
        out_NHW[start : start + count] = way(records.pixels(scaled=scaled)[:count])
        labels.append(np.stack([records.codes, records.writers], axis=1)[:count])
        start += count
        if start == len(out_NHW):
            break
    return np.concatenate(labels)


def measure() -> list[Ratio]:
    """Both ways read the same files, which lie in the system's cache, to the same pictures."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        return [
            ratio
            for case in CASES
            for ratio in measure_file(write_file(Path(folder), case.file, case.records, rng), case)
        ]


def measure_file(file: EtlFile, case: Case) -> Iterator[Ratio]:
    """Decoding, decoding and preparing."""
    record, side = file.etl_set.record, (SIDE_PX, SIDE_PX)
    whole = (record.height_px, record.width_px)
    yield compare("decode", file, case, as_recorded, as_recorded, (case.records, *whole), 7, 0)
    plainly = one_prepared(case.scale, HANDWRITING)
    yield compare("decode and prepare", file, case, plainly, prepared, (PREPARED_RECORDS, *side), 4, ALIKE)


def compare(
    name: str,
    file: EtlFile,
    case: Case,
    plainly: Way,
    fast: Way,
    shape: tuple[int, int, int],
    target: float,
    far: float,
) -> Ratio:
    """Time both and compare labels and pictures, which may be ``far`` grey levels apart on average."""
    # Filled, so that no time is that of the system handing out memory.
    plain_NHW, fast_NHW = np.full(shape, 1, np.uint8), np.full(shape, 2, np.uint8)
    scaled = fast is not as_recorded
    plain_s, expected = timed(lambda: read_plainly(file, case.label, plainly, plain_NHW))
    fast_s, found = timed(lambda: ours(file, fast, fast_NHW, scaled=scaled), repeats=3)
    apart = float(np.abs(plain_NHW.astype(np.int16) - fast_NHW).mean())
    if not np.array_equal(found, np.array(expected)) or apart > far:
        raise AssertionError(f"{case.file}, {name}: labels differ, or pictures are {apart:.2f} grey levels apart")
    count = shape[0]
    note = f"{count / fast_s / 1e3:.0f}k records/s, plain {count / plain_s / 1e3:.1f}k"
    return Ratio(f"etl: {file.etl_set.name} {name}, by record and Pillow", plain_s, fast_s, target, note)
