import pytest

from glyphlens.data.sample_set import CharacterClass
from glyphlens.tracks.arabic.evaluation.text_weights import glyphs_of_text, text_occurrences, text_weights


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("بب", {"beh.init": 1, "beh.fina": 1}),
        ("دبب ب", {"dal.isol": 1, "beh.init": 1, "beh.fina": 1, "beh.isol": 1}),
        ("بِبْب", {"beh.init": 1, "beh.medi": 1, "beh.fina": 1}),
        ("لا بلأ", {"lam_alef.isol": 1, "beh.init": 1, "lam_alef_with_hamza_above.fina": 1}),
        ("بءب", {"beh.isol": 2, "hamza.isol": 1}),
        ("A 1 ،", {}),
    ],
)
def test_letters_take_the_forms_that_their_neighbours_leave_them(text, labels):
    assert dict(glyphs_of_text(text)) == labels


def test_the_labels_of_a_class_count_together():
    classes = [
        CharacterClass("alef_maksura.fina", members=("alef_maksura.fina", "yeh.fina")),
        CharacterClass("tteh.isol"),
    ]
    counts = text_occurrences()
    assert text_weights(classes).tolist() == [counts["alef_maksura.fina"] + counts["yeh.fina"], 0]
