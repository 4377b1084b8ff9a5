from pathlib import Path

import pikepdf
import pytest

from glyphlens.sources.pdf.fonts import read_pdf_fonts
from tests.pdf_files import Drawn, drawn, write_pdf
from tests.tiny_fonts import tiny_font

SHOWN = sum(map(len, drawn().lines))


@pytest.fixture
def path(tmp_path) -> Path:
    return write_pdf(tmp_path / "odd.pdf", drawn(), None)


@pytest.mark.parametrize("odd", ["1 Tm", "Td", "/a /b TD", "[/x 3 null] TJ"])
def test_operators_whose_operands_are_wrong_are_passed_over(path, odd):
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        content = pdf.pages[0].Contents.read_bytes()
        pdf.pages[0].Contents = pdf.make_stream(content.replace(b"30 TL", b"30 TL " + odd.encode()) + odd.encode())
        pdf.save(path)
    found = read_pdf_fonts(path).fonts[0]
    assert not found.fault and sum(found.counts.values()) == SHOWN


@pytest.mark.parametrize("fault", ["no descendant", "damaged program"])
def test_a_damaged_font_is_named_and_the_others_are_read(path, fault):
    table = b"OTTO\0\1" + bytes(6) + b"CFF " + bytes(4) + (28).to_bytes(4, "big") + (8).to_bytes(4, "big")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        fonts = pdf.pages[0].Resources.Font
        fonts.F2 = pdf.make_indirect(pikepdf.Dictionary(fonts.F1))
        if fault == "no descendant":
            del fonts.F2["/DescendantFonts"]
        else:
            below = pikepdf.Dictionary(fonts.F2.DescendantFonts[0])
            below.FontDescriptor = pikepdf.Dictionary(FontFile2=pdf.make_stream(table + b"\1\0\4\1" + bytes(4)))
            fonts.F2.DescendantFonts = pikepdf.Array([below])
        content = pdf.pages[0].Contents.read_bytes()
        pdf.pages[0].Contents = pdf.make_stream(content + content.replace(b"/F1", b"/F2"))
        pdf.save(path)
    whole, damaged = read_pdf_fonts(path).fonts
    assert not whole.fault and damaged.fault.startswith("it cannot be read (") and damaged.counts == whole.counts


@pytest.mark.parametrize("place", ["name", "kind", "key"])
def test_names_in_latin_1_cost_no_font(tmp_path, place):
    font = Drawn(tiny_font(), ((1, 2, 4),), {})
    write_pdf(tmp_path / "old.pdf", font, None, "simple", static_id=True, compress_streams=False)
    data = (tmp_path / "old.pdf").read_bytes()
    old = {"name": b"/AAAAAA+Test", "kind": b"/Subtype /TrueType", "key": b"/F1 "}[place]
    assert data.count(old)
    (tmp_path / "old.pdf").write_bytes(data.replace(old, old[:-2] + b"\xe9" + old[-1:]))
    (found,) = read_pdf_fonts(tmp_path / "old.pdf").fonts
    assert sum(found.counts.values()) == 3
    assert place != "name" or found.name == "AAAAAA+Teét"
