import json
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pypdf
import pytest
from pdfminer.high_level import extract_text

from glyphlens.commands.model import open_model
from glyphlens.commands.pdf import decision_table, judge_pdf, mend_pdf
from glyphlens.core.storage import load_json, save_json
from glyphlens.sources.pdf import document
from tests.checkout import ROOT
from tests.pdf_files import LATIN, TEXT, drawn, write_pdf

EMBEDDINGS = ("composite", "composite cff", "simple", "simple cff")
ENGLISH = ("The quick brown fox jumps over the lazy dog", "and nobody here has read a word of Arabic so far")
LEAST = 0.5


@pytest.fixture(scope="module")
def recognizer():
    return open_model(ROOT / "models/arabic/release", 1)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory) -> Path:
    """The PDF as it should be."""
    return write_pdf(tmp_path_factory.mktemp("pdf") / "mapped.pdf", drawn(), drawn().texts)


def texts_of(path: Path) -> tuple[str, str]:
    """The text by two extractors."""
    return pypdf.PdfReader(path).pages[0].extract_text(), extract_text(str(path))


def shuffled() -> dict[int, str]:
    """Every letter mapped to another one."""
    letters = {code: text for code, text in drawn().texts.items() if text != " "}
    codes = sorted(letters)
    return {code: letters[other] for code, other in zip(codes, [*codes[7:], *codes[:7]], strict=True)}


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_text_without_a_map_is_mended(tmp_path, recognizer, mapped, embedding):
    source, target = write_pdf(tmp_path / "old.pdf", drawn(), None, embedding), tmp_path / "new.pdf"
    before = source.read_bytes()
    assert all(wanted not in text for wanted in TEXT for text in texts_of(source))
    (font,) = mend_pdf(source, target, recognizer, LEAST)
    assert font.map == "none" and font.font.kind in ("CIDFontType2", "CIDFontType0", "TrueType", "Type1")
    assert texts_of(target) == texts_of(mapped)
    assert source.read_bytes() == before
    assert [each.map for each in judge_pdf(target, recognizer, LEAST)] == ["present"]


def test_what_is_refused_is_not_written(tmp_path, recognizer):
    source = write_pdf(tmp_path / "old.pdf", drawn(), None)
    shutil.copytree(recognizer.path.parent, tmp_path / "strict")
    manifest = load_json(tmp_path / "strict/labels.json")
    manifest["rule"]["known_threshold"] = 1.0
    save_json(tmp_path / "strict/labels.json", manifest)
    (font,) = judge_pdf(source, recognizer, LEAST)
    assert font.changes
    (font,) = judge_pdf(source, open_model(tmp_path / "strict", 1), LEAST)
    assert {each.label for each in font.decisions} <= {"other", ""} and not font.changes


@pytest.mark.parametrize("command", [("pdftotext", "{}", "-"), ("mutool", "draw", "-q", "-F", "txt", "{}")])
def test_other_extractors_read_the_same(tmp_path, recognizer, mapped, command):
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    target = tmp_path / "new.pdf"
    mend_pdf(write_pdf(tmp_path / "old.pdf", drawn(), None), target, recognizer, LEAST)

    def text(path: Path) -> str:
        words = [word.format(path) for word in command]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    assert text(target) == text(mapped) != ""


def test_a_wrong_map_is_seen_and_replaced(tmp_path, recognizer, mapped):
    source, target = write_pdf(tmp_path / "old.pdf", drawn(), {1: " ", **shuffled()}), tmp_path / "new.pdf"
    (font,) = mend_pdf(source, target, recognizer, LEAST)
    assert font.map == "wrong" and "are other letters" in font.note
    replaced = {one.code: one.becomes for one in font.decisions if one.verdict == "replaced"}
    assert len(replaced) > 15 and all(drawn().texts[code] == text for code, text in replaced.items())


def test_a_right_map_stays_as_it_is(tmp_path, recognizer, mapped):
    target = tmp_path / "new.pdf"
    (font,) = mend_pdf(mapped, target, recognizer, LEAST)
    assert font.map == "present" and not font.changes and {one.verdict for one in font.decisions} == {"kept"}
    assert texts_of(target) == texts_of(mapped)
    with pikepdf.open(mapped) as old, pikepdf.open(target) as new:
        assert [each.unparse() for each in old.objects] == [each.unparse() for each in new.objects]


def test_presentation_forms_become_letters(tmp_path, recognizer, mapped):
    forms = {
        code: {"لا": "\ufefb", "ك": "\ufedb", "م": "\ufee3"}.get(text, text) for code, text in drawn().texts.items()
    }
    source, target = write_pdf(tmp_path / "old.pdf", drawn(), forms), tmp_path / "new.pdf"
    (font,) = mend_pdf(source, target, recognizer, LEAST)
    assert font.map == "present" and {one.verdict for one in font.decisions} == {"kept", "letters"}
    assert texts_of(target) == texts_of(mapped)


def test_lam_alef_in_the_wrong_order_is_put_right(tmp_path, recognizer, mapped):
    turned = {code: text[::-1] for code, text in drawn().texts.items()}
    source, target = write_pdf(tmp_path / "old.pdf", drawn(), turned), tmp_path / "new.pdf"
    mend_pdf(source, target, recognizer, LEAST)
    assert texts_of(target) == texts_of(mapped)


@pytest.mark.parametrize("has_map", [True, False])
def test_fonts_of_another_script_stay_as_they_are(tmp_path, recognizer, has_map):
    english = drawn(ENGLISH, LATIN)
    source = write_pdf(tmp_path / "old.pdf", english, english.texts if has_map else None)
    (font,) = mend_pdf(source, tmp_path / "new.pdf", recognizer, LEAST)
    assert font.map == ("present" if has_map else "none") and not font.changes
    assert font.note.startswith("its map is not of the Arabic" if has_map else "no text in Arabic letters")
    assert texts_of(tmp_path / "new.pdf") == texts_of(source)


def test_nothing_but_the_map_changes(tmp_path, recognizer):
    source = write_pdf(tmp_path / "old.pdf", drawn(), None, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    mend_pdf(source, tmp_path / "new.pdf", recognizer, LEAST)
    with pikepdf.open(source) as old, pikepdf.open(tmp_path / "new.pdf") as new:
        fonts = [pdf.pages[0].Resources.Font.F1 for pdf in (old, new)]
        assert set(fonts[1].keys()) - set(fonts[0].keys()) == {"/ToUnicode"}
        for read in (lambda font: font.DescendantFonts[0].FontDescriptor.FontFile2.read_raw_bytes(),):
            assert read(fonts[0]) == read(fonts[1])
        assert old.pages[0].Contents.read_raw_bytes() == new.pages[0].Contents.read_raw_bytes()
        assert len(list(new.objects)) <= len(list(old.objects)) + 2


def test_fonts_that_share_a_program_are_mended_both(tmp_path, recognizer):
    source = write_pdf(tmp_path / "old.pdf", drawn(), None)
    with pikepdf.open(source, allow_overwriting_input=True) as pdf:
        fonts = pdf.pages[0].Resources.Font
        fonts.F2 = pdf.make_indirect(pikepdf.Dictionary(fonts.F1))
        content = pdf.pages[0].Contents.read_bytes()
        pdf.pages[0].Contents = pdf.make_stream(content + content.replace(b"/F1", b"/F2"))
        pdf.save(source)
    fonts = mend_pdf(source, tmp_path / "new.pdf", recognizer, LEAST)
    assert [font.font.program for font in fonts] == [0, 0] and fonts[0].changes == fonts[1].changes != {}


def test_type_3_and_fonts_that_are_not_embedded_are_named(tmp_path, recognizer):
    source = write_pdf(tmp_path / "old.pdf", drawn(), None, "simple")
    with pikepdf.open(source, allow_overwriting_input=True) as pdf:
        fonts = pdf.pages[0].Resources.Font
        fonts.F1 = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type3)
        fonts.F2 = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
        content = pdf.pages[0].Contents.read_bytes()
        pdf.pages[0].Contents = pdf.make_stream(content + b" BT /F2 9 Tf (words) Tj ET")
        pdf.save(source)
    type3, plain = judge_pdf(source, recognizer, LEAST)
    assert type3.map == "none" and "Type 3 fonts are not supported" in type3.note
    assert plain.note == "not embedded" and not plain.changes


def test_the_commands_answer_by_exit_status(tmp_path, glyphlens, mapped):
    old, new, report = write_pdf(tmp_path / "old.pdf", drawn(), None), tmp_path / "new.pdf", tmp_path / "report.json"
    status, out, _ = glyphlens("identify", old)
    assert status == 1 and "none" in out and "AAAAAA+Test" in out
    assert glyphlens("identify", mapped)[0] == 0
    status, out, err = glyphlens("identify", old, mapped, "-f", "json")
    assert status == 1 and [row["map"] for row in json.loads(out)] == ["none", "present"]
    status, _, err = glyphlens("fix", old, "-o", new, "--report", report)
    assert status == 0 and "entries written in 1 of 1 fonts" in err
    rows = json.loads(report.read_text(encoding="utf-8"))
    assert {row["verdict"] for row in rows} == {"written"} and "لا" in {row["becomes"] for row in rows}
    assert glyphlens("fix", old, "-o", old)[0] == 2
    assert glyphlens("identify", old, ROOT / "params.yaml")[0] == 2


@pytest.mark.parametrize("options", [["--check"], ["--language", "fa"], ["--hide-blank"], ["--write", "new.otf"]])
def test_options_of_fonts_are_refused_with_pdfs(glyphlens, mapped, options):
    status, out, err = glyphlens("identify", mapped, *options)
    assert (status, out) == (2, "") and "without --check, --alone, --sheet, --language" in err


@pytest.mark.parametrize("fault", ["encrypted", "damaged", "cut", "large", "signed", "gone", "folder", "no pdf"])
def test_what_may_not_be_changed_is_refused_by_name(tmp_path, glyphlens, monkeypatch, fault):
    source, target = tmp_path / "old.pdf", tmp_path / "new.pdf"
    write_pdf(source, drawn(), None)
    with pikepdf.open(source, allow_overwriting_input=True) as pdf:
        if fault == "encrypted":
            pdf.save(source, encryption=pikepdf.Encryption(owner="owner", user="user"))
        if fault == "signed":
            pdf.Root.AcroForm = pikepdf.Dictionary(SigFlags=3)
            pdf.save(source)
    data = source.read_bytes()
    if fault in ("damaged", "cut"):
        source.write_bytes(data[:-200] if fault == "cut" else data[:400] + b"\0" * 300 + data[900:])
    if fault == "no pdf":
        source.write_bytes(b"%PDF-1.7 but no more than that")
    if fault in ("gone", "folder"):
        source.unlink()
    if fault == "folder":
        source.mkdir()
    if fault == "large":
        monkeypatch.setattr(document, "MAX_PDF_BYTES", 1000)
    words = {
        "encrypted": "encrypted",
        "signed": "signed",
        "large": "MiB",
        "gone": "No such file",
        "folder": "directory",
    }
    status, _, err = glyphlens("fix", source, "-o", target)
    assert (
        status == 2 and words.get(fault, fault if fault.endswith("ed") else "damaged") in err and "Traceback" not in err
    )
    assert not target.exists() and sorted(path.name for path in tmp_path.iterdir()) in (["old.pdf"], [])


def test_every_decision_is_in_the_table(tmp_path, recognizer):
    source = write_pdf(tmp_path / "old.pdf", drawn(), None)
    fonts = judge_pdf(source, recognizer, LEAST)
    table = decision_table(source, fonts)
    assert len(table) == len(drawn().texts) and table["shown"].sum() == sum(map(len, drawn().lines))
    assert dict(zip(table["code"], table["becomes"], strict=True)) == {
        f"{code:04X}": text for code, text in drawn().texts.items()
    }
