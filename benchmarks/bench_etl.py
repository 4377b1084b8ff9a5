"""Decoding of ETL records to labels, writers and pixels, against a loop over records with struct and Pillow.

The files are written here in the true formats, with noise for images; the real ones may not be passed on.
N records · B bytes · H×W pixels
"""

import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.ratio import Ratio, timed
from glyphlens.sources.etl.finding import EtlFile, find_files
from glyphlens.sources.etl.reading import read
from glyphlens.sources.etl.records import RecordType

TARGET = 7.0
Label = tuple[int, int]  # code, writer


class Case(NamedTuple):
    """A file to write, how many records, and where a plain reader finds code and writer in a record."""

    file: str
    records: int
    label: Callable[[bytes], Label]


CASES = (
    Case("ETL9G_01", 12_144, lambda raw: struct.unpack_from(">2H", raw)[::-1]),
    Case("ETL1C_01", 11_560, lambda raw: (raw[6], struct.unpack_from(">H", raw, 4)[0])),
    Case("ETL2_1", 9_056, lambda raw: ((raw[21] << 8 | raw[22]) >> 4, -1)),
    Case("ETL8B2C1", 51_200, lambda raw: struct.unpack_from(">2H", raw)[::-1]),
)


def plain(file: EtlFile, label: Callable[[bytes], Label], out_NHW: NDArray[np.uint8]) -> list[Label]:
    """One record, one unpacking, one Pillow image, as readers of ETL commonly go about it."""
    record = file.etl_set.record
    labels = []
    with file.path.open("rb") as stream:
        stream.seek(record.dummies * record.record_bytes)
        for number in range(file.records):
            raw = stream.read(record.record_bytes)
            labels.append(label(raw))
            out_NHW[number] = one_image(raw, record)
    return labels


def one_image(raw: bytes, record: RecordType) -> NDArray[np.uint8]:
    """Pillow's decoders of packed 1-bit and 4-bit data; for 6 bits, which it has not, numpy's bits."""
    size = record.width_px, record.height_px
    packed = raw[record.image_byte : record.image_byte + record.image_bytes]
    if record.depth_bits == 1:
        return np.asarray(Image.frombytes("1", size, packed, "raw"), np.uint8)
    if record.depth_bits == 4:
        return np.asarray(Image.frombytes("P", size, packed, "raw", "P;4"))
    bits_P6 = np.unpackbits(np.frombuffer(packed, np.uint8)).reshape(-1, 6)
    return np.asarray(Image.frombytes("L", size, (np.packbits(bits_P6, axis=1) >> 2).tobytes()))


def ours(file: EtlFile, check_NHW: NDArray[np.uint8] | None = None) -> list[tuple[NDArray[np.int64], ...]]:
    """Labels and writers; every chunk's pixels are compared where there is something to compare with."""
    labels = []
    start = 0
    for records in read(file):
        pixels_NHW = records.pixels()
        labels.append((records.codes, records.writers))
        if check_NHW is not None and not np.array_equal(pixels_NHW, check_NHW[start : start + len(records)]):
            raise AssertionError(f"{file.name}: pixels from record {records.first} on differ")
        start += len(records)
    return labels


def measure() -> list[Ratio]:
    """Both ways read the same files, which lie in the system's cache, to the same pixels."""
    ratios = []
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            path = Path(folder) / case.file.partition("_")[0] / case.file
            path.parent.mkdir()
            path.touch()
            (file,) = find_files(path.parent).files
            record = file.etl_set.record
            path.write_bytes(rng.bytes((case.records + record.dummies) * record.record_bytes))
            (file,) = find_files(path.parent).files
            # Filled, so that the plain way's time is not that of the system handing out memory.
            expected_NHW = np.full((case.records, record.height_px, record.width_px), 255, np.uint8)
            plain_s, expected = timed(lambda file=file, case=case, out=expected_NHW: plain(file, case.label, out))
            fast_s, _ = timed(lambda file=file: ours(file), repeats=3)
            found = [np.concatenate(parts) for parts in zip(*ours(file, expected_NHW), strict=True)]
            if not np.array_equal(np.stack(found, axis=1), np.array(expected)):
                raise AssertionError(f"{case.file}: labels or writers differ")
            note = f"{case.records / fast_s / 1e3:.0f}k records/s, plain {case.records / plain_s / 1e3:.0f}k"
            ratios.append(Ratio(f"etl: {file.etl_set.name} by record and Pillow", plain_s, fast_s, TARGET, note))
    return ratios
