from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from glyphlens.commands.model import open_model, releases
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.folder import ExportFolder, Manifest
from glyphlens.tracks.arabic.members import class_members
from glyphlens.tracks.arabic.prior import (
    LESS_LIKELY,
    coverage_prior,
    font_probabilities,
    language_prior,
    require_language,
    reweighted,
)

CLASSES = (
    CharacterClass("kaf.init", ("U+0643",), "init", ("kaf.init", "keheh.init")),
    CharacterClass("kaf.isol", ("U+0643",), "isol", ("kaf.isol",)),
    CharacterClass("tteh.isol", ("U+0679",), "isol", ("tteh.isol",)),
)
MANIFEST = Manifest(preparation={}, classes=CLASSES, coverage=(1.0, 0.5, 0.25))


def test_a_class_is_as_likely_as_fonts_with_it_are_common():
    assert coverage_prior(MANIFEST, 1).tolist() == [1, 0.5, 0.25]
    assert coverage_prior(MANIFEST.model_copy(update={"coverage": ()}), 1).tolist() == [1, 1, 1]


def test_the_more_classes_a_font_has_the_less_it_matters_that_one_is_rare():
    priors = [coverage_prior(MANIFEST, found) for found in range(5)]
    assert all((more >= less).all() for less, more in pairwise(priors))
    assert 2 <= priors[2].sum() < 2.2 and priors[3].tolist() == priors[4].tolist() == [1, 1, 1]


def test_a_font_is_weighed_by_the_classes_that_it_surely_has():
    sure = np.eye(3, dtype=np.float32) * 0.9 + 0.1 / 3
    doubtful = np.array([[0.35, 0.2, 0.45]], np.float32)
    members = class_members(CLASSES)
    small, large = (
        font_probabilities(np.concatenate([shown, doubtful]), MANIFEST, members, None)[-1] for shown in (sure[:1], sure)
    )
    assert small.argmax() == 0 and large.argmax() == 2
    assert font_probabilities(doubtful, MANIFEST, members, "ur").argmax() == 0


def test_coverage_of_other_classes_is_refused():
    with pytest.raises(InputError, match="coverage of 1 classes, found 3"):
        coverage_prior(MANIFEST.model_copy(update={"coverage": (1.0,)}), 1)


def test_classes_are_less_likely_the_less_a_language_needs_them():
    members = class_members(CLASSES)
    np.testing.assert_allclose(language_prior(members, "fa"), [1, 1 / LESS_LIKELY[1], 1 / LESS_LIKELY[2]])
    assert language_prior(members, "ur").tolist()[2] == 1 and language_prior(members, None).tolist() == [1, 1, 1]


def test_a_rare_look_alike_needs_more_evidence():
    found = reweighted(np.array([[0.4, 0.0, 0.6], [0, 0, 0]], np.float32), coverage_prior(MANIFEST, 1))
    assert found.argmax(axis=1).tolist() == [0, 0] and not found[1].any()
    np.testing.assert_allclose(found[0], np.array([0.4, 0, 0.15]) / 0.55, rtol=1e-6)


@given(arrays.arrays(np.float32, (4, 3), elements=st.floats(0.0009765625, 1, width=32)))
def test_rows_stay_distributions_and_an_even_prior_changes_nothing(powers):
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(reweighted(probabilities, coverage_prior(MANIFEST, 1)).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(reweighted(probabilities, np.full(3, 0.3, np.float32)), probabilities, rtol=1e-5)


def test_a_language_is_for_models_of_the_script():
    require_language(open_model(releases()["arabic"], 1), "fa")
    with pytest.raises(InputError, match="--language is for models of the Arabic script"):
        require_language(open_model(releases()["kanji"], 1), "fa")


def test_the_release_says_how_many_fonts_have_a_class():
    manifest = ExportFolder(releases()["arabic"]).manifest
    coverage = dict(zip((entry.label for entry in manifest.classes), manifest.coverage, strict=True))
    assert coverage["fatha"] > coverage["small_fatha"] > 0 and coverage["alef.isol"] == 1
