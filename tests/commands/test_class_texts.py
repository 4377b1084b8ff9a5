from glyphlens.commands.class_texts import class_texts, folded, is_arabic, plain_letters
from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.folder import ExportFolder
from tests.checkout import ROOT


def test_presentation_forms_are_spelt_out():
    assert plain_letters("\ufefb\ufe91") == "\u0644\u0627\u0628" and plain_letters("ab\u0628") == "ab\u0628"
    assert plain_letters("\ufe76") == "\u064e" and plain_letters("\ufd3e") == "\ufd3e"


def test_texts_of_one_shape_are_folded_alike():
    assert folded("\ufe91") == folded("\u0628") == folded("\u0640\u0628") and folded("\u0640") == "\u0640"


def test_texts_are_of_the_script_or_not():
    assert is_arabic("\u0644\u0627") and is_arabic("\u0663") and not is_arabic("A\u0628") and not is_arabic(" .")


def test_a_class_is_written_in_letters_and_knows_its_look_alikes():
    entry = CharacterClass("kaf.fina", ("U+0643",), "fina", ("kaf.fina", "keheh.fina"), ("swash_kaf.fina",))
    (found,) = class_texts([entry])
    assert found.text == "\u0643" and found.alike == {"\u0643", "\u06a9", "\u06aa"} and found.joins == (True, False)


def test_no_class_of_the_release_is_written_in_presentation_forms_that_are_letters():
    classes = ExportFolder(ROOT / "models/arabic/release").manifest.classes
    texts = [entry.text for entry in class_texts(classes)]
    assert [entry.label for entry, text in zip(classes, texts, strict=True) if not text] == ["other"]
    assert all(plain_letters(text) == text for text in texts)


def test_every_label_of_a_class_is_alike_though_no_candidate():
    (found,) = class_texts([CharacterClass("x.fina", ("U+0644", "U+0649"), "fina", ("x.fina", "lam_farsi_yeh.fina"))])
    assert found.alike == {"\u0644\u0649", "\u0644\u06cc"}
