"""Records packed bit by bit, apart from the code under test, from the offsets that AIST publishes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

T56 = "0123456789[#@:>? ABCDEFGHI&.](<  JKLMNOPQR-$*);'|/STUVWXYZ ,%=\"!"


class BitWriter:
    """A record as a text of 0 and 1, written from left to right."""

    def __init__(self) -> None:
        self.bits = ""

    def number(self, value: int, bits: int) -> "BitWriter":
        assert 0 <= value < 1 << bits
        self.bits += format(value, f"0{bits}b")
        return self

    def ascii(self, text: str, length: int) -> "BitWriter":
        for char in text.ljust(length):
            self.number(ord(char), 8)
        return self

    def t56(self, text: str, length: int) -> "BitWriter":
        for char in text.ljust(length):
            self.number(T56.index(char), 6)
        return self

    def pixels(self, image: np.ndarray, bits: int) -> "BitWriter":
        for value in image.ravel().tolist():
            self.number(value, bits)
        return self

    def until(self, byte: int) -> "BitWriter":
        """Bits that mean nothing, ones and zeros, up to a byte: a reader that looks there must fail."""
        missing = 8 * byte - len(self.bits)
        assert missing >= 0
        self.bits += ("10110" * (missing // 5 + 1))[:missing]
        return self

    def bytes(self, length: int) -> bytes:
        assert len(self.bits) == 8 * length, (len(self.bits) / 8, length)
        return int(self.bits, 2).to_bytes(length, "big")


# image (width, height), bits a pixel, record length
SHAPES = {
    "M": (64, 63, 4, 2052),
    "K": (60, 60, 6, 2745),
    "C": (72, 76, 4, 2952),
    "G8": (128, 127, 4, 8199),
    "G9": (128, 127, 4, 8199),
    "B8": (64, 63, 1, 512),
    "B9": (64, 63, 1, 576),
}


def m_record(image, code, writer, quality=0, sex=1, age=20, serial=1, text="A "):
    out = BitWriter().number(77, 16).ascii(text, 2).number(writer, 16).number(code, 8).number(0xC1, 8)
    out.number(quality, 8).number(2, 8).number(sex, 8).number(age, 8).number(serial, 32)
    out.number(11, 16).number(12, 16).number(7304, 16).number(7401, 16).number(5, 8).number(6, 8).number(3, 8)
    return out.number(15, 8).until(32).pixels(image, 4).until(2052).bytes(2052)


def k_record(image, code, serial=1, mark="A", text="KANJI"):
    """``code`` is the pair of six-bit integers of CO-59."""
    out = BitWriter().number(serial, 36).t56(mark, 1).t56("", 5).t56(text, 6).t56("MINCHO", 6).number(0, 24)
    return out.number(code[0], 6).number(code[1], 6).until(45).pixels(image, 6).bytes(2745)


def c_record(image, code, writer, quality=0, sex=1, age=20, serial=1, text="K KA"):
    out = BitWriter().number(serial, 36).number(writer, 36).number(code, 8).number(0x5555555, 28)
    out.number(0xC1, 8).number(0x5555555, 28).t56(text, 4).number(0, 12)
    for value in (quality, 1, 5, 6, sex, age, 11, 12, 7304, 7401, 72, 76, 16, 3, 99):
        out.number(value, 36)
    return out.until(216).pixels(image, 4).bytes(2952)


def g_record(image, code, writer, quality=0, sex=1, age=20, serial=1, text="AI.MEDER", *, image_byte):
    out = BitWriter().number(writer, 16).number(code, 16).ascii(text, 8).number(serial, 32).number(quality, 8)
    out.number(2, 8).number(sex, 8).number(age, 8).number(11, 16).number(12, 16).number(7304, 16).number(7401, 16)
    return out.number(6, 8).number(5, 8).until(image_byte).pixels(image, 4).until(8199).bytes(8199)


def b_record(image, code, writer, text="AI.M", *, length):
    out = BitWriter().number(writer, 16).number(code, 16).ascii(text, 4).pixels(image, 1)
    return out.until(length).bytes(length)


def blank(kind: str) -> np.ndarray:
    """An image with one corner inked."""
    width, height, bits, _ = SHAPES[kind]
    image = np.zeros((height, width), np.uint8)
    image[0, 0] = (1 << bits) - 1
    return image


def write(path: Path, records: Sequence[bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(records))
    return path
