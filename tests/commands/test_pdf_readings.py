import pytest

from glyphlens.commands.class_texts import class_texts
from glyphlens.commands.pdf_readings import ReadFont, Reading, in_own_letters
from glyphlens.inference.folder import ExportFolder
from glyphlens.sources.pdf.fonts import PdfFont
from tests.checkout import ROOT

LABELS = (
    "kaf.init",
    "keheh.fina",
    "alef_maksura.fina",
    "lam_alef_maksura.fina",
    "arabic_indic_digit_three",
    "beh.init",
)


@pytest.mark.parametrize(
    ("others", "texts"),
    [
        ("peh.init", ["ک", "ک", "ی", "لی", "۳", "ب"]),
        ("beh.fina", ["ك", "ک", "ى", "لى", "٣", "ب"]),
    ],
)
def test_the_other_letters_of_a_document_tell_the_language(others, texts):
    classes = ExportFolder(ROOT / "models/arabic/release").manifest.classes
    known = {entry.label: text for entry, text in zip(classes, class_texts(classes), strict=True)}
    labels = [*LABELS, others]
    readings = {
        code: Reading(label, known[label].text, 1.0, known[label].alike, known[label].alike, known[label].joins)
        for code, label in enumerate(labels)
    }
    blank = {len(labels): Reading("", " ", 1.0, frozenset(), frozenset(), None)}
    font = PdfFont(0, "font", "Type1", 1, counts=dict.fromkeys(range(len(labels) + 1), 1))
    (found,) = in_own_letters([ReadFont(font, readings | blank, "")], classes)
    assert [found.readings[code].text for code in range(len(LABELS))] == texts
    assert found.readings[len(labels)].text == " "
