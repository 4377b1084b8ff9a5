import pytest

from glyphlens.sources.etl.codes import CO59_AXIS, T56, UNREADABLE, characters, co59_cells, code_text, fault_of
from tests.sources.etl import etl_records


def test_jis_x_0208():
    table = characters("jis_x_0208")
    assert [table[code] for code in (0x2422, 0x2473, 0x2522, 0x3021, 0x4F53)] == ["あ", "ん", "ア", "亜", "腕"]
    assert not any(table[code] for code in (0, 0x2121 - 1, 0x247F, 0x2922, 0x7F7F, 0xA4A2, 0xFFFF))
    # 6,879 characters in JIS X 0208:1990
    known = [char for char in table if char]
    assert len(known) == len(set(known)) == 6_879


def test_jis_x_0201_is_full_width_katakana_and_ascii():
    table = characters("jis_x_0201")
    assert "".join(table[0x30:0x3A]) == "0123456789" and table[0x5C] == "¥" and table[0x7E] == "‾"
    assert (
        "".join(table[0xB1:0xDE])
        == "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
    )
    assert table[0xA6] == "ヲ" and table[0xA8] == "ィ" and table[0xB0] == "ー" and table[0xDE] == "゛"
    assert not any(table[code] for code in (0x00, 0x20, 0x7F, 0x80, 0xA0, 0xE0, 0xFF))


def test_wi_and_we_have_the_codes_of_small_i_and_e():
    assert [characters("jis_x_0201_wi_we")[code] for code in (0xA8, 0xAA, 0xB2, 0x41)] == ["ヰ", "ヱ", "イ", "A"]
    assert [characters("katakana")[code] for code in (0xA8, 0xAA, 0xB2, 0x41)] == ["ヰ", "ヱ", "イ", ""]
    assert [characters("hiragana")[code] for code in (0xA8, 0xAA, 0xB2, 0x41)] == ["ゐ", "ゑ", "い", ""]


def test_katakana_codes_of_the_hiragana_sets():
    table = characters("hiragana")
    assert (
        "".join(table[0xB1:0xDE])
        == "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわん"
    )
    assert table[0xA6] == "を" and table[0xDF] == "゜"


def test_co59():
    table = characters("co59")
    for pair, char in {(4, 4): "上", (5, 12): "あ", (5, 49): "Ｍ", (9, 47): "ぱ", (59, 59): "亀"}.items():
        assert table[pair[0] << 6 | pair[1]] == char
    cells = co59_cells()
    assert len(cells) == 2_304 and sum(char == UNREADABLE for char in cells.values()) == 124
    assert sum(1 for char in table if char) == 2_180 and min(CO59_AXIS) == 4 and 28 not in CO59_AXIS
    assert table[5 << 6 | 19] == "" and fault_of("co59", 5 << 6 | 19) == "unreadable CO-59 cell"
    assert table[3 << 6 | 4] == "" and fault_of("co59", 3 << 6 | 4) == "unknown code"


def test_t56_has_a_character_for_every_code():
    assert len(T56) == 64 and T56 == etl_records.T56
    assert {char: T56.index(char) for char in "0A JSZ"} == {"0": 0, "A": 17, " ": 16, "J": 33, "S": 50, "Z": 57}


@pytest.mark.parametrize(
    ("repertoire", "code", "text"), [("jis_x_0208", 0x2422, "0x2422"), ("hiragana", 7, "0x07"), ("co59", 339, "5,19")]
)
def test_codes_are_written_as_their_standard_does(repertoire, code, text):
    assert code_text(repertoire, code) == text
