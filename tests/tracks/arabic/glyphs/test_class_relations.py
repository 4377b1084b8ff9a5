import numpy as np

from glyphlens.data.sample_set import CharacterClass
from glyphlens.tracks.arabic.glyphs.class_relations import class_relations, family_coverage

CLASSES = [
    CharacterClass("beh.init", ("U+0628",), "init"),
    CharacterClass("beh.isol", ("U+0628",), "isol"),
    CharacterClass("teh_marbuta.isol", ("U+0629",), "isol"),
    CharacterClass("fatha", ("U+064E",), ""),
    CharacterClass("lam_alef.isol", ("U+0644", "U+0627"), "isol"),
    CharacterClass("my_own"),
]


def test_forms_share_the_letter_and_kinds_the_group():
    relations = class_relations(CLASSES)
    letter, group = relations.letter_C.tolist(), relations.group_C.tolist()
    assert letter[0] == letter[1] != letter[2] and len(set(letter)) == 5
    assert group[1] == group[2] != group[0] and group[4] not in group[:4] and group[5] not in group[:5]


def test_neighbours_have_the_next_code_point_and_the_same_form():
    relations = class_relations(CLASSES)
    assert relations.next_C.tolist() == [6, 2, 6, 6, 6, 6]
    assert relations.previous_C.tolist() == [7, 7, 1, 7, 7, 7]


def test_what_more_families_have_is_likelier():
    coverage = family_coverage(np.array([0, 0, 1, 0]), ["a", "a", "a", "b"], 3)
    assert coverage[0] > coverage[1] > coverage[2] and np.isfinite(coverage).all()
    np.testing.assert_allclose(np.exp(coverage), [2.5 / 3, 1.5 / 3, 0.5 / 3], rtol=1e-6)
