import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.sources.pdf.cmaps import CMapError, format_cmap, parse_cmap

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=4)


def parsed(text: bytes):
    pdf = pikepdf.new()
    return parse_cmap(pdf.make_stream(text))


@given(st.dictionaries(st.integers(0, 0xFFFF), TEXTS, max_size=250))
def test_what_is_written_is_read_again(texts):
    found = parsed(format_cmap(texts, 2).encode("ascii"))
    assert found.texts == texts and found.code_bytes == 2


def test_ranges_count_up_or_list_their_texts():
    found = parsed(b"1 beginbfrange <01> <03> <0628> <05> <06> [<06440627> <0041>] endbfrange")
    assert found.texts == {1: "\u0628", 2: "\u0629", 3: "\u062a", 5: "\u0644\u0627", 6: "A"}


def test_codes_are_mapped_to_cids():
    found = parsed(b"begincmap 1 begincidrange <0010> <0012> 7 endcidrange 1 begincidchar <0020> 99 endcidchar")
    assert found.cids == {0x10: 7, 0x11: 8, 0x12: 9, 0x20: 99}


def test_what_follows_the_end_belongs_to_no_map():
    text = format_cmap({1: "\u0628"}, 1).encode() + b"1 beginbfchar <01> <0041> endbfchar \xff"
    assert parsed(text).texts == {1: "\u0628"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"<00000000> <FFFFFFFF> <0041> endbfrange", "more than"),
        (b"/Other usecmap", "another CMap"),
        (b"1 2 endbfchar", "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_named(text, message):
    with pytest.raises(CMapError, match=message):
        parsed(text)


def test_texts_of_one_byte_count_up_and_an_empty_one_stays_empty():
    found = parsed(b"2 beginbfrange <01> <03> <FE> <0100> <0300> <> endbfrange")
    assert [found.texts[code] for code in (1, 2, 3)] == ["\u00fe", "\u00ff", "\0"]
    assert found.texts[0x100] == found.texts[0x300] == ""


def test_a_glyph_name_is_the_text_that_it_stands_for():
    assert parsed(b"1 beginbfchar <01> /afii57415 endbfchar").texts == {1: "\u0627"}
