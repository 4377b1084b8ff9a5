"""The first answers ordered again by their radicals: what the weight does, and that validation alone chooses it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.inference.folder import ExportFolder, Manifest
from glyphlens.inference.prototypes import Prototypes, of_length_1
from glyphlens.tracks.zero_shot.evaluation.contenders import Contender
from glyphlens.tracks.zero_shot.evaluation.reranking import (
    Asked,
    level_numbers,
    reranked_top1,
    reranking_scores,
    reranking_table,
)

# Numbers 0-1: another level, 2-3: radicals. The picture is nearer to class 0 as a whole, to class 1 by its radicals.
VECTORS = of_length_1(np.array([[1, 0, 1, 0], [0.2, 1, 0, 1], [-1, 0, 0, 2]], np.float32))
PICTURE = of_length_1(np.array([[2, 0, 0.4, 0.6]], np.float32))
TABLE = Prototypes(tuple("甲乙丙"), VECTORS, np.zeros(3, np.float32), 20.0)


def asked(truth: int, candidates: list[int]) -> Asked:
    return Asked(Contender(PICTURE, TABLE), np.array([truth]), np.array(candidates))


def test_a_weight_lets_radicals_decide_among_the_first_answers_only() -> None:
    weights = [0.0, 5.0]
    assert reranked_top1(asked(0, [0, 1, 2]), slice(2, 4), 2, weights).tolist() == [1, 0]
    assert reranked_top1(asked(1, [0, 1, 2]), slice(2, 4), 2, weights).tolist() == [0, 1]
    assert reranked_top1(asked(1, [0, 1, 2]), slice(2, 4), 1, weights).tolist() == [0, 0]  # only the first is looked at
    assert reranked_top1(asked(2, [0, 2]), slice(2, 4), 9, weights).tolist() == [0, 1]  # fewer candidates than first


def test_no_picture_is_no_number() -> None:
    nothing = Asked(Contender(PICTURE[:0], TABLE), np.zeros(0, np.int64), np.arange(3))
    assert np.isnan(reranked_top1(nothing, slice(2, 4), 2, [0.0])).all()


def test_validation_alone_chooses_and_ties_leave_it_off() -> None:
    val, test = asked(0, [0, 1, 2]), asked(1, [0, 1, 2])
    parts = {"val_unseen": val, "val_seen": val, "unseen": test, "seen": test}
    table = reranking_table(parts, slice(2, 4), 2, [0.01, 3.0])
    assert table["weight"].tolist() == [0, 0.01, 3] and table["unseen_top1"].tolist() == [0, 0, 1]
    assert reranking_scores(table) == {
        "weight": 0.0,
        "tried": 0.01,
        "off_val_mean": 1.0,
        "off_unseen_top1": 0.0,
        "on_val_mean": 1.0,
        "on_unseen_top1": 0.0,
    }
    helped = reranking_scores(table.assign(val_mean=pd.Series([0.5, 0.4, 0.6])))
    assert helped["weight"] == helped["tried"] == 3.0 and helped["on_unseen_top1"] == 1


def test_the_manifest_says_where_a_level_lies(tmp_path: Path) -> None:
    ExportFolder(tmp_path).save_models(Manifest(preparation={}, levels={"stroke": 4, "radical": 3, "character": 2}), {})
    assert level_numbers(tmp_path, "radical") == slice(4, 7)
    ExportFolder(tmp_path).save_models(Manifest(preparation={}), {})
    with pytest.raises(InputError, match=r"labels\.json: no level 'radical' of embeddings \(none\)"):
        level_numbers(tmp_path, "radical")
