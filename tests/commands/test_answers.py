import numpy as np
import pandas as pd

from glyphlens.commands.answers import answer_table, has_outline, is_confident, runners_up, same_shape
from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.reading import Best
from glyphlens.tracks.arabic.members import Member, class_members

CLASSES = [CharacterClass(name, (f"U+062{number}",), "isol") for number, name in enumerate("abc")]


def table() -> pd.DataFrame:
    best = Best(np.array([[2, 0], [1, 2]]), np.array([[0.75, 0.125], [0.5, 0.25]], np.float32))
    names = class_members(CLASSES)
    names[2] = (*names[2], Member("d", ("U+062D", "U+0640")), Member("e", ()))
    return answer_table(pd.DataFrame({"gid": [7, 9]}), best, ["", "no outline"], CLASSES, names, top=2)


def test_the_table_names_the_best_class_and_the_runner_up():
    row = table().iloc[0]
    assert (row["gid"], row["label"], row["code_points"], row["form"]) == (7, "c", "U+0622", "isol")
    assert row["confidence"] == 0.75 and runners_up(row.to_dict()) == [("a", "U+0620", 0.125)]


def test_all_labels_of_the_best_class_are_named():
    row = table().iloc[0].to_dict()
    assert row["same_shape"] == "d U+062D U+0640 | e"
    assert same_shape(row) == [("d", "U+062D U+0640"), ("e", "")]
    assert same_shape(table().iloc[1].to_dict()) == []


def test_confidences_have_the_same_digits_everywhere():
    best = Best(np.array([[0]]), np.array([[0.98321]], np.float32))
    (confidence,) = answer_table(pd.DataFrame({"gid": [1]}), best, [""], CLASSES, class_members(CLASSES), 1)[
        "confidence"
    ]
    assert repr(float(confidence)) == "0.9832"


def test_blank_glyphs_can_be_told_apart():
    assert has_outline(table()).tolist() == [True, False]


def test_a_fault_has_no_answer():
    row = table().iloc[1]
    assert row["label"] == row["code_points"] == row["label_2"] == "" and np.isnan(row["confidence"])


def test_faults_stay_whatever_confidence_is_asked_for():
    assert is_confident(table(), 0.8).tolist() == [False, True]
    assert is_confident(table(), 0.75).tolist() == [True, True]


def test_every_class_may_be_asked_for(recwarn):
    classes = [CharacterClass(f"{number}", (f"U+{number:04X}",), "isol") for number in range(300)]
    best = Best(np.arange(300)[None], np.full((1, 300), 1 / 300, np.float32))
    asked = answer_table(pd.DataFrame({"gid": [7]}), best, [""], classes, class_members(classes), top=10**8)
    assert asked.columns[-4:].tolist() == ["label_300", "code_points_300", "confidence_300", "fault"]
    assert not recwarn
