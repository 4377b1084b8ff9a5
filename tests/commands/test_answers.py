import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glyphlens.commands.answers import Best, answer_table, best_classes, is_confident, runners_up
from glyphlens.samples import CharacterClass

CLASSES = [CharacterClass(name, (f"U+062{number}",), "isol") for number, name in enumerate("abc")]


@settings(deadline=None)
@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(0, 5), st.integers(1, 9)), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])
    ),
    st.integers(1, 12),
)
def test_best_classes_are_the_largest_in_order(probabilities_NC, count):
    best = best_classes(probabilities_NC, count)
    width = min(count, probabilities_NC.shape[1])
    order = np.argsort(-probabilities_NC, axis=1, kind="stable")[:, :width]
    assert best.classes_NK.shape == (len(probabilities_NC), width)
    assert np.array_equal(best.confidence_NK, np.take_along_axis(probabilities_NC, order, axis=1))
    assert np.array_equal(best.confidence_NK, np.take_along_axis(probabilities_NC, best.classes_NK, axis=1))
    assert all(len(set(row)) == width for row in best.classes_NK.tolist())


def table() -> pd.DataFrame:
    best = Best(np.array([[2, 0], [1, 2]]), np.array([[0.75, 0.125], [0.5, 0.25]], np.float32))
    return answer_table(pd.DataFrame({"gid": [7, 9]}), best, ["", "no outline"], CLASSES, top=2)


def test_the_table_names_the_best_class_and_the_runner_up():
    row = table().iloc[0]
    assert (row["gid"], row["label"], row["code_points"], row["form"]) == (7, "c", "U+0622", "isol")
    assert row["confidence"] == 0.75 and runners_up(row.to_dict()) == [("a", 0.125)]


def test_a_fault_has_no_answer():
    row = table().iloc[1]
    assert row["label"] == row["code_points"] == row["label_2"] == "" and np.isnan(row["confidence"])


def test_faults_stay_whatever_confidence_is_asked_for():
    assert is_confident(table(), 0.8).tolist() == [False, True]
    assert is_confident(table(), 0.75).tolist() == [True, True]
