"""Pictures of other hands move a prototype as far as validation says, and never the prototypes of other classes."""

from pathlib import Path

import numpy as np
import pytest

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.prototypes import Prototypes
from glyphlens.tracks.zero_shot.evaluation.contenders import Contender
from glyphlens.tracks.zero_shot.evaluation.examples import Examples, few_shot_scores, few_shot_table, with_examples
from glyphlens.tracks.zero_shot.evaluation.reranking import Asked
from tests.tracks.zero_shot.gates import forged_export as forgery

EYE = np.eye(4, dtype=np.float32)
# The prototypes of the first two classes are exchanged; the first hand writes what is meant, the second nonsense.
TABLE = Prototypes(tuple("甲乙丙丁"), EYE[[1, 0, 2, 3]], np.zeros(4, np.float32), 1.0)
EXAMPLES = Examples(EYE[[0, 1, 2, 2, 2]], np.array([0, 1, 0, 1, 2]), np.array([0, 0, 1, 1, 1]))


def asked(*classes: int) -> Asked:
    return Asked(Contender(EYE[list(classes)], TABLE), np.array(classes), np.arange(4))


def test_a_share_moves_the_shown_classes_alone_to_the_mean_of_the_first_hands() -> None:
    moved = with_examples(TABLE, EXAMPLES, np.array([0]), shots=1, share=0.75).vectors_CE
    assert moved[0] == pytest.approx(np.array([3, 1, 0, 0]) / np.sqrt(10))
    assert (moved[1:] == TABLE.vectors_CE[1:]).all()
    both = with_examples(TABLE, EXAMPLES, np.array([0]), shots=2, share=1.0).vectors_CE
    assert both[0] == pytest.approx(np.array([1, 0, 1, 0]) / np.sqrt(2))
    assert (with_examples(TABLE, EXAMPLES, np.array([0, 1, 2]), 2, 0.0).vectors_CE == TABLE.vectors_CE).all()


def test_validation_alone_chooses_the_share_and_ties_leave_it_off() -> None:
    parts = {"val_unseen": asked(0, 1), "val_seen": asked(3), "unseen": asked(0, 1), "seen": asked(3, 3)}
    table = few_shot_table(parts, EXAMPLES, [1], [0.2, 0.9])
    assert table[["shots", "share", "val_mean", "unseen_top1", "seen_top1"]].to_numpy().tolist() == [[1, 0.9, 1, 1, 1]]
    assert few_shot_scores(table) == {"shots1_top1": 1.0}
    no_help = {**parts, "val_unseen": asked(3), "unseen": asked(0)}
    table = few_shot_table(no_help, EXAMPLES, [1], [0.2, 0.9])
    assert table["share"].tolist() == [0] and table["unseen_top1"].tolist() == [0]


def test_as_many_hands_as_pictures_are_asked_for(tmp_path: Path) -> None:
    samples = SampleSet.open(forgery.write_samples(tmp_path / "samples"))
    with pytest.raises(InputError, match=r"shots: 9 pictures of a class, .*examples has 3; raise zero_shot.example_wr"):
        Examples.of(tmp_path, samples, 9)
