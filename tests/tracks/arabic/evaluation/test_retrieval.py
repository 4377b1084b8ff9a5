"""Looking up: ranks and precision as plain loops over sorted pairs give them; new classes from a few examples."""

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.inference.prototypes import of_length_1
from glyphlens.tracks.arabic.evaluation import retrieval
from glyphlens.tracks.arabic.evaluation.retrieval import (
    class_means,
    draw_few,
    few_shot_metrics,
    few_shot_ranks,
    look_up,
    prototype_top1,
    retrieval_metrics,
)

RNG = np.random.default_rng(3)
LABELS = np.array([4, 1, 1, 7, 4, 4, 1, 7, 9, 4])
INDEXED = of_length_1(RNG.normal(size=(10, 6)).astype(np.float32))
WANTED = np.array([4, 9, 1, 7, 7, 4])
QUERIES = of_length_1(RNG.normal(size=(6, 6)).astype(np.float32))


def plain(query: np.ndarray, wanted: int, indexed: np.ndarray) -> tuple[int, int, float]:
    """One query by sorting, a glyph of another label first among equals."""
    similar, own_rows = indexed @ query, np.flatnonzero(wanted == LABELS)
    order = sorted(range(len(LABELS)), key=lambda row: (-similar[row], row in own_rows))
    is_own = (wanted == LABELS).tolist()
    hits = [is_own[row] for row in order]
    first = hits.index(True)
    others = {LABELS[row] for row in order[:first]}
    precisions = []
    for row in np.flatnonzero(is_own):
        near = similar >= similar[row]
        precisions.append((near & is_own).sum() / near.sum())
    return first, len(others), float(np.mean(precisions))


@pytest.mark.parametrize("chunk", [1, 4, 256])
def test_ranks_and_precision_are_those_of_sorted_pairs(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(retrieval, "CHUNK", chunk)
    looked = look_up(QUERIES, WANTED, INDEXED, LABELS)
    expected = [plain(query, wanted, INDEXED) for query, wanted in zip(QUERIES, WANTED, strict=True)]
    glyphs, labels, precision = map(list, zip(*expected, strict=True))
    assert looked.glyphs_ahead_Q.tolist() == glyphs and looked.labels_ahead_Q.tolist() == labels
    np.testing.assert_allclose(looked.precision_Q, precision)
    metrics = retrieval_metrics(looked)
    assert metrics["recall_at_1"] == np.mean([rank == 0 for rank in glyphs]) and metrics["recall_at_10"] == 1
    assert metrics["mean_average_precision"] == pytest.approx(np.mean(precision))


def test_a_tie_with_another_label_is_lost() -> None:
    equal = np.repeat(INDEXED[:1], len(LABELS), axis=0)
    looked = look_up(equal[:1], np.array([9]), equal, LABELS)
    assert (looked.glyphs_ahead_Q[0], looked.labels_ahead_Q[0], looked.precision_Q[0]) == (9, 3, 0.1)


def test_separation_is_that_of_all_pairs() -> None:
    found = look_up(QUERIES, WANTED, INDEXED, LABELS).separation
    pairs, same = QUERIES @ INDEXED.T, WANTED[:, None] == LABELS[None]
    spread = np.sqrt((pairs[same].var() + pairs[~same].var()) / 2)
    assert found.same_mean == pytest.approx(pairs[same].mean(), abs=1e-6)
    assert found.difference == pytest.approx(pairs[same].mean() - pairs[~same].mean(), abs=1e-6)
    assert found.effect == pytest.approx(found.difference / spread, rel=1e-4)
    assert found.same_B.sum() == pytest.approx(1)


def test_a_label_that_is_not_in_the_index_is_named() -> None:
    with pytest.raises(InputError, match=r"no indexed glyph has: \[5\]"):
        look_up(QUERIES, np.array([4, 5, 1, 7, 7, 4]), INDEXED, LABELS)
    with pytest.raises(InputError, match="no query"):
        look_up(QUERIES[:0], WANTED[:0], INDEXED, LABELS)


def test_class_means_point_where_the_glyphs_do_on_average() -> None:
    labels, means = class_means(INDEXED, LABELS)
    assert labels.tolist() == [1, 4, 7, 9]
    np.testing.assert_allclose(means[0], of_length_1(INDEXED[LABELS == 1].mean(axis=0)[None])[0], rtol=1e-5)
    assert prototype_top1(means, labels, (labels, means)) == 1


TABLE = pd.DataFrame(
    {
        "label": ["a"] * 6 + ["b"] * 6 + ["few"] * 2 + ["one family"] * 6,
        "family": ["x", "x", "y", "y", "z", "z"] * 2 + ["x", "y"] + ["x"] * 6,
    }
)


def test_examples_and_what_is_asked_about_are_of_different_families() -> None:
    draws = [draw_few(TABLE, 3, seed) for seed in range(8)]
    for draw in draws:
        for label in "ab":
            examples, asked = (TABLE.iloc[rows][TABLE["label"].iloc[rows] == label] for rows in draw)
            assert len(examples) == 3 and len(asked) == 2 and not set(examples["family"]) & set(asked["family"])
        assert set(TABLE["label"].iloc[draw.examples]) == {"a", "b"}
    assert len({tuple(draw.examples.tolist()) for draw in draws}) > 1
    again = draw_few(TABLE, 3, 5)
    assert again.examples.tolist() == draws[5].examples.tolist()


def test_new_classes_are_ranked_among_known_ones_and_alone() -> None:
    labels = -1 - pd.factorize(TABLE["label"], sort=True)[0].astype(np.int64)
    places = of_length_1(np.eye(6, dtype=np.float32)[-1 - labels] + 0.01)
    draw = draw_few(TABLE, 3, 1)
    known = (np.array([0, 1]), np.eye(6, dtype=np.float32)[[4, 5]])
    among_all, alone = few_shot_ranks(places, labels, draw, known)
    assert among_all.tolist() == alone.tolist() == [0] * 4
    nearer = (np.array([0]), places[:1])  # a known class that lies where the new class a does
    among_all, alone = few_shot_ranks(places, labels, draw, nearer)
    assert sorted(among_all.tolist()) == [0, 0, 1, 1] and not alone.any()
    assert few_shot_metrics(places, TABLE, nearer, [draw, draw]) == {
        "few_shot_top1": 0.5, "few_shot_top5": 1, "few_shot_alone_top1": 1, "classes": 2,
    }  # fmt: skip


def test_without_a_class_of_enough_glyphs_there_is_nothing_to_say() -> None:
    draw = draw_few(TABLE, 9, 1)
    assert few_shot_metrics(np.zeros((20, 6), np.float32), TABLE, (np.array([0]), INDEXED[:1]), [draw]) == {}
