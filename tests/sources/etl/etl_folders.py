"""Small folders as AIST's archives unpack, with a few records of characters that can be told apart."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.sources.etl.etl_records import SHAPES, b_record, c_record, g_record, k_record, m_record, write


def drawn(kind: str, code: int, writer: int) -> NDArray[np.uint8]:
    """A picture of the record type: two lines that depend on the code, in a hand that depends on the writer."""
    width, height, bits, _ = SHAPES[kind]
    rng = np.random.default_rng(code)
    ends = rng.uniform(0.2, 0.8, (2, 2, 2)) + np.random.default_rng(writer).uniform(-0.03, 0.03, (2, 2, 2))
    lines = [line.round().astype(np.int32) for line in ends * (width, height)]
    image = np.zeros((height, width), np.uint8)
    cv2.polylines(image, lines, False, 255, max(2, width // 24), cv2.LINE_AA)
    return np.asarray(image >> (8 - bits))


def etl7(folder: Path, writers: list[int], codes: list[int]) -> None:
    """Every code twice: large and small on the same sheet."""
    for name in ("ETL7LC_1", "ETL7SC_1"):
        records = [m_record(drawn("M", code, writer), code, writer) for writer in writers for code in codes]
        write(folder / "ETL7" / name, records)


def etl8(folder: Path, writers: list[int], codes: list[int], *, model: bool = False) -> None:
    """Binary and grey cells of the same writers; ETL8B class by class behind a dummy, ETL8G with a model file."""
    binary = [b_record(drawn("B8", code, writer), code, writer, length=512) for code in codes for writer in writers]
    write(folder / "ETL8B" / "ETL8B2C1", [bytes(512), *binary])
    write(folder / "ETL8G" / "ETL8G_01", [grey("G8", code, writer) for writer in writers for code in codes])
    if model:
        write(folder / "ETL8G" / "ETL8G_33", [grey("G8", code, 999) for code in codes])


def etl9b(folder: Path, writers: list[int], codes: list[int]) -> None:
    """Binary cells behind a dummy."""
    records = [b_record(drawn("B9", code, writer), code, writer, length=576) for writer in writers for code in codes]
    write(folder / "ETL9B" / "ETL9B_1", [bytes(576), *records])


def etl2(folder: Path, codes: list[tuple[int, int]], marks: str) -> None:
    """Printed characters of several typefaces."""
    records = [k_record(drawn("K", code[0] << 6 | code[1], 1), code, mark=mark) for mark in marks for code in codes]
    write(folder / "ETL2" / "ETL2_1", records)


def etl4(folder: Path, writers: list[int], codes: list[int]) -> None:
    """Hiragana in katakana codes."""
    write(folder / "etl4c", [c_record(drawn("C", code, writer), code, writer) for writer in writers for code in codes])


def grey(kind: str, code: int, writer: int) -> bytes:
    """A record of ETL8G or ETL9G."""
    return g_record(drawn(kind, code, writer), code, writer, image_byte=60 if kind == "G8" else 64)
