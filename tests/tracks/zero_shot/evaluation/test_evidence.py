"""Maps of what speaks for a character: they add up to the score, and paper that was paper before changes nothing."""

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.tracks.zero_shot.evaluation.evidence import cover_map, hardest, place_map


def test_a_map_adds_up_to_its_levels_part_of_the_score_and_keeps_its_places() -> None:
    products = np.random.default_rng(0).normal(size=40).astype(np.float32)
    found = place_map(products, slice(4, 36), 4)
    assert found.shape == (4, 4) and found.sum() == pytest.approx(products[4:36].sum(), rel=1e-5)
    assert found[1, 2] == pytest.approx(products[4 + 6] + products[4 + 16 + 6])  # channel by channel, row by row
    with pytest.raises(InputError, match="a level of 10 numbers has not 4 × 4 places"):
        place_map(products, slice(0, 10), 4)


def test_covering_ink_costs_what_it_gave_and_covering_paper_nothing() -> None:
    picture = np.zeros((64, 64), np.uint8)
    picture[8:16, 24:32] = 200

    def embed(pictures_NHW: np.ndarray) -> np.ndarray:
        mean_N1 = pictures_NHW.reshape(len(pictures_NHW), -1).mean(axis=1, keepdims=True)
        return np.concatenate([mean_N1, -mean_N1], axis=1).astype(np.float32)

    found = cover_map(picture, embed, np.array([2, 5], np.float32), slice(0, 1))
    assert found[1, 3] == pytest.approx(2 * picture.mean()) and np.count_nonzero(found) == 1


def test_the_hardest_are_unsure_right_answers_and_sure_errors_of_different_classes() -> None:
    table = pd.DataFrame(
        {
            "top1": [True, True, True, False, False, False],
            "confidence": [0.9, 0.3, 0.4, 0.8, 0.7, 0.6],
            "label": list("甲乙乙丙丙丁"),
            "row": range(6),
        }
    )
    assert hardest(table, 4)["row"].tolist() == [1, 0, 3, 5]
    assert hardest(table[table["top1"]], 9)["row"].tolist() == [1, 0]
