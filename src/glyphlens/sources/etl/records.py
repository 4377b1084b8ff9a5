"""The record types of the ETL Character Database as data: where each field and the image lie, bit by bit.

Source: AIST's format pages, http://etlcdb.db.aist.go.jp/specification-of-etl-1 and following. All records have a
fixed length, are big-endian, and count bits from the most significant one.
"""

from typing import Literal, NamedTuple

Kind = Literal["number", "ascii", "t56"]
CHARACTER_BITS: dict[Kind, int] = {"number": 0, "ascii": 8, "t56": 6}


class Field(NamedTuple):
    """``bits`` bits from bit ``bit`` of the record: an unsigned number, or text in 8-bit ASCII or 6-bit T56."""

    name: str
    bit: int
    bits: int
    kind: Kind = "number"


class RecordType(NamedTuple):
    """One record: its length, its fields, and an image of ``depth_bits`` a pixel, rows top to bottom, unpadded.

    The first ``dummies`` records of a file are not data. The label is the field ``code``, the writer ``sheet``.
    """

    name: str
    record_bytes: int
    image_byte: int
    width_px: int
    height_px: int
    depth_bits: int
    fields: tuple[Field, ...]
    dummies: int = 0

    @property
    def image_bytes(self) -> int:
        """Length of the packed image."""
        return self.width_px * self.height_px * self.depth_bits // 8

    @property
    def has_writers(self) -> bool:
        """Whether records say who wrote them; those of machine-printed sets do not."""
        return any(field.name == "sheet" for field in self.fields)


def _bytes(name: str, first: int, last: int, kind: Kind = "number") -> Field:
    """A field from byte ``first`` to byte ``last``, both included, as AIST's tables give them."""
    return Field(name, 8 * first, 8 * (last - first + 1), kind)


def _word(name: str, number: int, bits: int = 36, kind: Kind = "number") -> Field:
    """The leftmost ``bits`` of a 36-bit word."""
    return Field(name, 36 * number, bits, kind)


M = RecordType(
    "M", 2052, 32, 64, 63, 4,
    (
        _bytes("data_number", 0, 1),
        _bytes("text", 2, 3, "ascii"),
        _bytes("sheet", 4, 5),
        _bytes("code", 6, 6),
        _bytes("ebcdic", 7, 7),
        _bytes("quality", 8, 8),
        _bytes("group_quality", 9, 9),
        _bytes("sex", 10, 10),
        _bytes("age", 11, 11),
        _bytes("serial", 12, 15),
        _bytes("industry", 16, 17),
        _bytes("occupation", 18, 19),
        _bytes("collected", 20, 21),
        _bytes("scanned", 22, 23),
        _bytes("position_y", 24, 24),
        _bytes("position_x", 25, 25),
        _bytes("minimum", 26, 26),
        _bytes("maximum", 27, 27),
    ),
)  # fmt: skip

K = RecordType(
    "K", 2745, 45, 60, 60, 6,
    (
        Field("serial", 0, 36),
        Field("mark", 36, 6, "t56"),
        Field("text", 72, 36, "t56"),
        Field("style", 108, 36, "t56"),
        Field("code", 168, 12),
    ),
)  # fmt: skip

C = RecordType(
    "C", 2952, 216, 72, 76, 4,
    (
        _word("serial", 0),
        _word("sheet", 1),
        _word("code", 2, 8),
        _word("ebcdic", 3, 8),
        _word("text", 4, 24, "t56"),
        _word("quality", 5),
        _word("group_quality", 6),
        _word("position_y", 7),
        _word("position_x", 8),
        _word("sex", 9),
        _word("age", 10),
        _word("industry", 11),
        _word("occupation", 12),
        _word("collected", 13),
        _word("scanned", 14),
        _word("width_px", 15),
        _word("height_px", 16),
        _word("grey_levels", 17),
        _word("magnification", 18),
        _word("old_serial", 19),
    ),
)  # fmt: skip

_G_FIELDS = (
    _bytes("sheet", 0, 1),
    _bytes("code", 2, 3),
    _bytes("text", 4, 11, "ascii"),
    _bytes("serial", 12, 15),
    _bytes("quality", 16, 16),
    _bytes("group_quality", 17, 17),
    _bytes("sex", 18, 18),
    _bytes("age", 19, 19),
    _bytes("industry", 20, 21),
    _bytes("occupation", 22, 23),
    _bytes("collected", 24, 25),
    _bytes("scanned", 26, 27),
    _bytes("position_x", 28, 28),  # x before y: the opposite of M
    _bytes("position_y", 29, 29),
)
G8 = RecordType("G8", 8199, 60, 128, 127, 4, _G_FIELDS)
# Four bytes later than in ETL8G. AIST marks some of its header fields without saying why: rely on sheet and code.
G9 = RecordType("G9", 8199, 64, 128, 127, 4, _G_FIELDS)

_B_FIELDS = (_bytes("sheet", 0, 1), _bytes("code", 2, 3), _bytes("text", 4, 7, "ascii"))
B8 = RecordType("B8", 512, 8, 64, 63, 1, _B_FIELDS, dummies=1)
B9 = RecordType("B9", 576, 8, 64, 63, 1, _B_FIELDS, dummies=1)
