import numpy as np

from glyphlens.tracks.arabic.evaluation.context_scores import (
    SUBSET,
    context_losses,
    context_scores,
    read_alone,
    shuffled,
    subsets,
)
from tests.tracks.arabic.forged_context import forged_font, save_forged_context

FONTS = [forged_font(seed=1), forged_font(33, seed=2)]


def test_a_network_that_changes_nothing_gains_and_loses_nothing(tmp_path):
    (tmp_path / "glyphs.onnx").touch()
    scores = context_scores(save_forged_context(tmp_path / "context", tmp_path / "glyphs.onnx"), FONTS)
    assert len(scores) == 6 and 0.5 < scores["alone_top1"] == scores["context_top1"] == scores["shuffled_top1"]
    assert scores["subset_alone_top1"] == scores["subset_top1"] == scores["alone_top1"]
    assert set(context_losses(scores).values()) == {0}


def test_a_loss_is_what_context_takes_away():
    scores = {
        "alone_top1": 0.8, "context_top1": 0.9, "shuffled_top1": 0.75, "subset_alone_top1": 0.7, "subset_top1": 0.7,
    }  # fmt: skip
    losses = {name: round(loss, 3) for name, loss in context_losses(scores).items()}
    assert losses == {"whole fonts": -0.1, "shuffled fonts": 0.05, "ten glyphs": 0.0}


def test_every_known_glyph_is_in_one_subset_and_shuffling_keeps_all():
    for fonts in (list(subsets(FONTS)), list(shuffled(FONTS))):
        assert sum(int(font.known_G.sum()) for font in fonts) == sum(int(font.known_G.sum()) for font in FONTS)
        assert read_alone(fonts).top1 == read_alone(FONTS).top1
    assert max(len(font.known_G) for font in subsets(FONTS)) == SUBSET
    assert not (next(iter(shuffled(FONTS))).classes_GK == FONTS[0].classes_GK).all()
    assert all(np.isfinite(font.log_p_GK).all() for font in FONTS)
