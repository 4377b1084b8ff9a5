"""Pieces of fonts and the noise in their answers: what stays true of an answer, and that both are the same again."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glyphlens.tracks.arabic.glyphs.class_relations import class_relations
from glyphlens.tracks.arabic.training.context_answers import load_answers, save_answers
from glyphlens.tracks.arabic.training.context_batches import (
    ContextBatches,
    ContextParams,
    ContextTask,
    FontPiece,
    fit_disturbance,
    piece_rows,
)
from tests.tracks.arabic.forged_context import CLASSES, forged_font, forged_network

FONTS = [forged_font(seed=seed, family=f"family-{seed % 3}", split="train") for seed in range(6)]
PARAMS = ContextParams(
    fonts_per_family=2, candidates=5, hidden=8, rounds=2, dropout=0.0, max_loss=0.0, batch=20, steps=4, lr=0.01,
    weight_decay=0.0, warmup_share=0.0, schedule="cosine", smoothing=0.0, clip=1.0, ema_decay=0.0,
    precision="32-true", validate_every=2, patience=2, keep_last=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def disturbance():
    return fit_disturbance(FONTS, class_relations(CLASSES), 0.6, seed=1)


def test_disturbed_answers_are_right_as_often_as_asked(disturbance):
    rng = np.random.default_rng(5)
    noisy = [disturbance.disturb(font, disturbance.level, rng) for font in FONTS for _ in range(4)]
    right_N = np.concatenate([font.right_GK[font.known_G, 0] for font in noisy])
    assert np.mean([font.right_GK[font.known_G, 0].mean() for font in FONTS]) > 0.75
    assert right_N.mean() == pytest.approx(0.6, abs=0.15)
    sure = np.concatenate([font.p_GK[font.known_G, 0] for font in noisy]).mean()
    assert sure == pytest.approx(right_N.mean(), abs=0.15)


@settings(max_examples=20, deadline=None)
@given(strength=st.floats(0, 2), seed=st.integers(0, 9))
def test_disturbed_answers_are_answers(disturbance, strength, seed):
    font = FONTS[0]
    noisy = disturbance.disturb(font, strength, np.random.default_rng(seed))
    assert (np.diff(noisy.p_GK, axis=1) <= 1e-6).all()
    np.testing.assert_allclose(noisy.p_GK.sum(1), 1, atol=1e-5)
    assert (np.sort(noisy.classes_GK, 1) == np.sort(font.classes_GK, 1)).all()
    for one, other in zip(font.right_GK.any(1), noisy.right_GK.any(1), strict=True):
        assert one == other
    assert (noisy.classes_GK[noisy.right_GK] == font.classes_GK[font.right_GK]).all()


@settings(max_examples=50, deadline=None)
@given(count=st.integers(1, 400), most=st.integers(2, 60), seed=st.integers(0, 99))
def test_a_piece_has_glyphs_of_the_font_once_each(count, most, seed):
    rows = piece_rows(count, most, np.random.default_rng(seed))
    assert 1 <= len(rows) <= min(count, most) and len(set(rows.tolist())) == len(rows)
    assert rows.min() >= 0 and rows.max() < count


def test_the_batch_of_a_step_is_the_same_again(disturbance):
    source, again = (ContextBatches(FONTS, disturbance, PARAMS, seed=3) for _ in range(2))
    for step in (0, 7):
        first, second = source.batch(step), again.batch(step)
        assert all(torch.equal(one, other) for one, other in zip(first.inputs, second.inputs, strict=True))
    assert not torch.equal(source.batch(0).right_GK, source.batch(7).right_GK)


def test_the_loss_teaches_known_glyphs_alone():
    network, task, piece = forged_network(), ContextTask(0.0), FontPiece.of(FONTS[0])
    loss = task.loss(network, piece, 0)
    assert loss.isfinite() and loss > 0
    assert task.loss(network, piece._replace(right_GK=torch.zeros_like(piece.right_GK)), 0) == 0


def test_answers_come_back_from_their_file(tmp_path):
    save_answers(tmp_path / "answers.npz", FONTS)
    for font, read in zip(FONTS, load_answers(tmp_path / "answers.npz"), strict=True):
        assert (font.family, font.split) == (read.family, read.split)
        assert (font.classes_GK == read.classes_GK).all() and (font.p_GK == read.p_GK).all()
        assert (font.right_GK == read.right_GK).all() and (font.known_G == read.known_G).all()
