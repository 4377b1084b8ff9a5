"""Tables of IDS as they are published: ways to write, countries, parts of parts, and what cannot be resolved."""

from pathlib import Path

import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracks.zero_shot.descriptions.description import Description
from glyphlens.tracks.zero_shot.descriptions.ids import describe_ids
from glyphlens.tracks.zero_shot.descriptions.ids_table import IdsTable
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from tests.stroke_data import ROOT

TABLE = """\
# Copyright of somebody
;; another comment
U+4E00	一	一
U+4EDD	仝	⿱人工
U+516E	兮	⿱八丂
U+5451	呑	⿱天口[G]	⿱夭口[TJK]
U+20B9F	𠮟	⿰口七
U+9FA2	龢	⿰龠禾	@apparent=⿰龠禾
U+20000	𠀀	⿱𠀁一
U+20001	𠀁	⿰仝𠀂
U+20002	𠀂	⿱木木
U+20003	𠀃	⿰𠀄一
U+20004	𠀄	⿰𠀃一
&CDP-8BF5;	&CDP-8BF5;	⿰木一
U+20005	𠀅	⿱&CDP-8BF5;口
"""


@pytest.fixture(scope="module")
def known() -> dict[str, Description]:
    return dict(DescriptionTable.load(ROOT / "models/zero_shot/release/descriptions"))


@pytest.fixture
def table(tmp_path: Path) -> IdsTable:
    (tmp_path / "ids.txt").write_text(TABLE, encoding="utf-8")
    return IdsTable.load(tmp_path / "ids.txt")


@pytest.mark.parametrize(
    ("character", "spelled"),
    [
        ("仝", "⿱人工"),
        ("龢", "⿰龠禾"),
        ("呑", "⿱夭口"),  # as in Japan, though that of China stands first
        ("𠀀", "⿱⿰⿱人工⿱木木一"),  # parts of parts
        ("𠀅", "⿱⿰木一口"),  # a part without a code point
    ],
)
def test_what_the_table_spells_is_described_as_if_it_were_typed(
    table: IdsTable, known: dict[str, Description], character: str, spelled: str
) -> None:
    without = {name: description for name, description in known.items() if name != character}
    assert table.describe(character, without).content == describe_ids(spelled, without).content


def test_a_table_of_babelstone_is_read(tmp_path: Path, known: dict[str, Description]) -> None:
    line = "U+5451\t呑\t^⿱天口$(GHT)\t^⿱夭口$(JK)\t*a note\r\n"
    (tmp_path / "ids.txt").write_bytes(line.encode())
    without = {name: description for name, description in known.items() if name != "呑"}
    found = IdsTable.load(tmp_path / "ids.txt").describe("呑", without)
    assert found.content == describe_ids("⿱夭口", without).content


def test_parts_without_end_are_refused_at_once(tmp_path: Path, known: dict[str, Description]) -> None:
    lines = [f"U+{0x20000 + n:X}\t{chr(0x20000 + n)}\t⿰{chr(0x20001 + n) * 10}" for n in range(13)]
    (tmp_path / "ids.txt").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match="parts of parts"):
        IdsTable.load(tmp_path / "ids.txt").describe(chr(0x20000), known)


def test_a_part_that_is_known_is_not_taken_apart(table: IdsTable, known: dict[str, Description]) -> None:
    more = {**known, "仝": known["木"]}
    assert table.describe("𠀁", more).content == describe_ids("⿰木⿱木木", known).content


@pytest.mark.parametrize(
    ("character", "named"),
    [("一", ["'一'", "strokes"]), ("亜", ["ids.txt", "'亜' (U+4E9C)"]), ("兮", ["'丂' (U+4E02)"]), ("𠀃", ["'𠀃'"])],
)
def test_what_cannot_be_resolved_is_named(
    table: IdsTable, known: dict[str, Description], character: str, named: list[str]
) -> None:
    with pytest.raises(InputError) as error:
        table.describe(character, {name: each for name, each in known.items() if name not in "丂𠀃𠀄"})
    assert all(name in str(error.value) for name in named)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (TABLE.encode() + "仝=人+工\n".encode(), ["line 16", "仝=人+工", "U+4EDD"]),
        ("U+4EDD\t仝\t⿱人工\nU+4EDE\t仝\t⿱人工\n".encode(), ["line 2", "U+4EDE", "仝"]),
        (TABLE.encode("utf-16"), ["UTF-8"]),
        (None, ["no such table"]),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes | None, named: list[str]) -> None:
    if content is not None:
        (tmp_path / "ids.txt").write_bytes(content)
    with pytest.raises(InputError) as error:
        IdsTable.load(tmp_path / "ids.txt")
    assert all(name in str(error.value) for name in ["ids.txt", *named])
