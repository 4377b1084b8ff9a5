"""Who names a test picture: exchanged descriptions, ranks among candidates."""

from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.core.storage import save_json
from glyphlens.inference.prototypes import Prototypes
from glyphlens.tracks.zero_shot.evaluation.contenders import (
    Contender,
    Fusions,
    rank_pictures,
    shuffled,
    untrained_groups,
)
from glyphlens.tracks.zero_shot.export.fusion import ClassViews
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles

LABELS = tuple("甲乙丙丁戊")
EYE = np.eye(5, dtype=np.float32)
TABLE = Prototypes(LABELS, EYE, np.zeros(5, np.float32), 10.0)


def test_descriptions_change_places_within_their_group_alone() -> None:
    views = ClassViews(LABELS, EYE, EYE, np.zeros(5, np.bool_))
    found = shuffled(views, [np.array([0, 1, 2]), np.array([3, 4])], seed=1).text_CE
    assert not (found == EYE).all(axis=1).any()
    assert found[:3].sum(axis=0).tolist() == [1, 1, 1, 0, 0] and found[3:].tolist() == EYE[[4, 3]].tolist()
    assert (shuffled(views, [], 1).text_CE == EYE).all() and (views.text_CE == EYE).all()


def test_groups_are_of_what_was_not_trained_on() -> None:
    roles = ClassRoles(("甲",), (), (), ("丁", "乙"), ("戊",))
    assert [group.tolist() for group in untrained_groups(LABELS, roles)] == [[3, 1]]


def test_answers_are_class_indices_and_ranks_are_among_the_candidates() -> None:
    pictures = np.array([[0.9, 0.5, 0.1, 0.7, 0.2], [0.1, 0.2, 0.3, 0.4, 0.5], [0, 1, 0, 0, 0]], np.float32)
    candidates = np.array([1, 3, 4])
    found = rank_pictures(Contender(pictures, TABLE), np.array([0, 1]), candidates, np.array([1, 4]))
    assert found.predicted_n.tolist() == [3, 4] and found.rank_n.tolist() == [1, 0]
    powers = np.exp(10 * pictures[1, candidates])
    assert found.confidence_n[1] == pytest.approx(powers.max() / powers.sum())
    assert rank_pictures(Contender(pictures, TABLE), np.arange(0), candidates, np.arange(0)).rank_n.shape == (0,)


@pytest.mark.parametrize("content", [{}, {"int8": {"fusion": {"text_share": 1}}}, {"int8": None}])
def test_measurements_without_weights_are_named(content: object, tmp_path: Path) -> None:
    save_json(tmp_path / "measured.json", content)
    with pytest.raises(InputError, match=r"measured\.json: no weights of int8"):
        Fusions.load(tmp_path, "int8")
