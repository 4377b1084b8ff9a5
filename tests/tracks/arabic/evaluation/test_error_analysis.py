"""Errors get the right subject, lie in the right group, cost what they cost in text; families find their nearest."""

import numpy as np
import pandas as pd
import pytest

from glyphlens.data.sample_set import SampleSet, save_sample_set
from glyphlens.tracks.arabic.evaluation.error_analysis import (
    error_groups,
    error_subject,
    family_failures,
    nearest_families,
    subject_table,
    weighed_confusions,
    with_subjects,
)
from glyphlens.tracks.arabic.evaluation.results import text_weighted_top1


@pytest.mark.parametrize(
    ("label", "predicted", "subject"),
    [
        ("beh.init", "teh.init", "dots"),
        ("beh.init", "beh.medi", "form"),
        ("beh.init", "teh.medi", "form"),  # body right, form wrong: the dots are the lesser matter
        ("beh.init", "seen.init", "base"),
        ("beh.init", "seen.fina", "body and form"),
        ("feh_yeh.isol", "qaf_yeh.isol", "base"),
        ("jeem_meem.init", "hah_meem.init", "dots"),
        ("fatha", "kasra", "sign"),
        ("alef.isol", "arabic_indic_digit_one", "sign"),
    ],
)
def test_what_an_error_is_about(label, predicted, subject):
    assert error_subject(label, predicted, alike=False) == subject
    assert error_subject(label, predicted, alike=True) == "style"


def test_subjects_of_all_errors(outcomes):
    errors = with_subjects(outcomes)
    assert dict(zip(errors["label"], errors["subject"], strict=True)) == {
        "beh.init": "style",
        "beh.medi": "form",
        "fatha": "sign",
    }
    table = subject_table(errors)
    assert table["errors"].sum() == len(errors) and table["share"].sum() == pytest.approx(1)
    assert subject_table(errors.head(0))["share"].isna().all()


def test_errors_that_lie_together_are_one_group(outcomes):
    errors = with_subjects(pd.concat([outcomes] * 3, ignore_index=True))
    errors["row"] = np.arange(len(errors))
    places = {"beh.init": [1, 0, 0], "beh.medi": [0, 1, 0], "fatha": [0, 0, 1]}
    vectors = np.array([places[label] for label in errors["label"]], np.float32)
    groups = error_groups(errors, vectors, 2)
    assert len(groups.table) == 2 and groups.table["errors"].tolist() == [3, 3]
    assert (groups.table["purity"] == 1).all() and all(len(rows) == 3 for rows in groups.rows)
    assert set(groups.table["name"]) <= {"beh.init → teh.init", "beh.medi → beh.init", "fatha → lam_alef.isol"}
    assert error_groups(errors.head(0), vectors[:0], 2).rows == []
    assert len(error_groups(errors.head(1), vectors[:1], 2).rows) == 1


def test_costs_are_what_running_text_loses(outcomes):
    costs = weighed_confusions(outcomes, 10)
    assert costs["cost"].sum() == pytest.approx(1 - text_weighted_top1(outcomes))
    assert (costs["cost"].diff().dropna() <= 0).all() and "fatha" not in set(costs["label"])  # no letter of the text


def test_the_nearest_family_is_the_one_with_the_same_glyphs(samples):
    vectors = np.eye(len(samples.index), dtype=np.float32)
    for family, twin in (("mada", "cairo"), ("qahiri", "amiri")):
        for label in samples.index["label"].unique():
            own, other = (
                np.flatnonzero((samples.index["group"] == name) & (samples.index["label"] == label))
                for name in (family, twin)
            )
            if len(own) and len(other):
                vectors[own] = vectors[other]
    found = nearest_families(samples, vectors).set_index("group")
    assert found["nearest"].to_dict() == {"mada": "cairo", "qahiri": "amiri"}
    assert found["similarity"].tolist() == pytest.approx([1, 1])


def test_failures_of_a_family(outcomes):
    group = str(outcomes.loc[~outcomes["top1"], "group"].iloc[0])
    table = family_failures(outcomes, group, 5)
    own = outcomes[(outcomes["group"] == group) & ~outcomes["top1"]]
    assert set(table["label"]) == set(own["label"]) and (table["errors"] <= table["samples"]).all()


def test_families_of_other_glyphs_have_no_section_of_errors(samples, tmp_path):
    index = samples.index.copy()
    vectors = np.eye(len(index), dtype=np.float32)
    is_icons = (index["group"] == "qahiri").to_numpy()
    index.loc[is_icons, "char_class"] = "other"
    mixed = (index["group"] == "mada") & (index["label"] == "fatha")
    index.loc[mixed, "char_class"] = "latin"
    save_sample_set(tmp_path / "mixed", np.asarray(samples.pixels), index, samples.classes, samples.image)
    found = nearest_families(SampleSet.open(tmp_path / "mixed"), vectors)
    assert found["group"].tolist() == ["mada"]
    assert found["shared_classes"].tolist() == [3]
