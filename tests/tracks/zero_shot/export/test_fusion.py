"""The share of descriptions and the penalty of seen classes are those that score best, by the prototypes themselves."""

from itertools import product

import numpy as np
import pytest

from glyphlens.tracks.zero_shot.export.fusion import (
    PENALTIES,
    TEXT_SHARES,
    ClassViews,
    Floats,
    Fusion,
    Held,
    _Scored,
    choose_fusion,
    fused,
    harmonic_mean,
    top1_of,
)

CLASSES, SEEN, NUMBERS = 30, 20, 12


def unit(values: Floats) -> Floats:
    """Rows of length 1."""
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def noisy(values: Floats, noise: float, rng: np.random.Generator) -> Floats:
    return unit(values + noise * rng.normal(size=values.shape))


def problem(seed: int = 0, text_noise: float = 0.2, exemplar_noise: float = 0.2) -> tuple[ClassViews, Held, Held]:
    """Classes around which pictures lie, of which descriptions and templates are more or less right."""
    rng = np.random.default_rng(seed)
    centres_CE = unit(rng.normal(size=(CLASSES, NUMBERS)))
    labels = tuple(f"c{number}" for number in range(CLASSES))
    is_seen_C = np.arange(CLASSES) < SEEN
    text_CE, exemplar_CE = (noisy(centres_CE, noise, rng) for noise in (text_noise, exemplar_noise))
    views = ClassViews(labels, text_CE, exemplar_CE, is_seen_C)
    targets = np.arange(SEEN, CLASSES).repeat(9), np.arange(SEEN).repeat(5)
    unseen, seen = (Held(noisy(centres_CE[target], 0.3, rng), target) for target in targets)
    return views, unseen, seen


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_compared_are_the_prototypes_own_scores(seed: int) -> None:
    views, unseen, seen = problem(seed)
    views.exemplar_CE[3] = 0  # a class without templates
    for share, penalty in product(TEXT_SHARES, PENALTIES):
        fusion = Fusion(share, penalty, 1.0)
        for held in (unseen, seen):
            assert _Scored.of(views, held).top1(fusion) == pytest.approx(top1_of(fused(views, fusion), held))


def test_the_chosen_one_is_the_best_of_all() -> None:
    views, unseen, seen = problem(2)
    chosen = choose_fusion(views, unseen, seen)
    reached = {
        (share, penalty): harmonic_mean(
            *(top1_of(fused(views, Fusion(share, penalty, 1.0)), held) for held in (unseen, seen))
        )
        for share, penalty in product(TEXT_SHARES, PENALTIES)
    }
    assert reached[chosen.text_share, chosen.seen_penalty] == pytest.approx(max(reached.values()))


def test_the_better_view_weighs_more() -> None:
    assert choose_fusion(*problem(text_noise=0.02, exemplar_noise=2.0)).text_share >= 0.7
    assert choose_fusion(*problem(text_noise=2.0, exemplar_noise=0.02)).text_share <= 0.3
    assert choose_fusion(*problem(text_noise=2.0, exemplar_noise=0.02), (1.0,)).text_share == 1.0


def test_of_equals_the_smaller_penalty_and_the_larger_share() -> None:
    views, unseen, seen = problem(text_noise=0.0, exemplar_noise=0.0)
    easy = [held._replace(embedding_NE=views.text_CE[held.targets_N]) for held in (unseen, seen)]
    chosen = choose_fusion(views, *easy)
    assert (chosen.text_share, chosen.seen_penalty) == (1.0, 0.0)


def test_prototypes_have_length_1_and_only_seen_classes_a_penalty() -> None:
    views, _, _ = problem()
    found = fused(views, Fusion(0.4, 0.05, 30.0))
    np.testing.assert_allclose(np.linalg.norm(found.vectors_CE, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(found.bias_C, np.where(views.is_seen_C, -1.5, 0), rtol=1e-6)
    assert found.labels == views.labels and found.scale == 30.0


def test_the_penalty_does_not_change_its_meaning_with_the_scale() -> None:
    views, unseen, seen = problem(3)
    for held in (unseen, seen):
        answers = [
            fused(views, Fusion(0.5, 0.05, scale)).logits(held.embedding_NE).argmax(axis=1) for scale in (1.0, 40.0)
        ]
        assert np.array_equal(*answers)
