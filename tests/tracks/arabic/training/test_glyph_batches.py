"""Glyphs beside Arabic script come on top of a step's batch."""

import numpy as np
import pytest

from glyphlens.tracks.arabic.training.glyph_batches import MixedSampler
from glyphlens.tracks.arabic.training.glyph_training import GlyphParams, words_of
from glyphlens.training.batches import BalancedSampler
from tests.training.settings import COMMON, GLYPH

CLASSES = np.repeat(np.arange(6), [20, 10, 5, 9, 3, 30])
PARTS = np.where(CLASSES < 3, "arabic", np.where(CLASSES < 5, "companions", "refused")).astype(object)


@pytest.fixture
def params() -> GlyphParams:
    return GlyphParams.model_validate({**COMMON, **GLYPH})


def test_each_part_has_its_rows(params: GlyphParams) -> None:
    sampler = MixedSampler(CLASSES, PARTS, params, seed=3)
    picked = sampler.draw(sampler.generator(5))
    assert len(picked) == sampler.rows == params.batch + params.companion_rows + params.other_rows
    counts = dict(zip(*np.unique(PARTS[picked], return_counts=True), strict=True))
    assert counts == {"arabic": params.batch, "companions": params.companion_rows, "refused": params.other_rows}


def test_arabic_script_is_drawn_as_if_there_were_no_others(params: GlyphParams) -> None:
    alone = BalancedSampler(CLASSES[CLASSES < 3], params.class_balance, 3)
    sampler = MixedSampler(CLASSES, PARTS, params, seed=3)
    expected = alone.draw(params.batch, alone.generator(7))
    assert (sampler.draw(sampler.generator(7))[: params.batch] == expected).all()
    only = MixedSampler(CLASSES[CLASSES < 3], PARTS[CLASSES < 3], params, seed=3)
    assert (only.draw(only.generator(7)) == expected).all()


def test_words_of_other_scripts_are_others_than_those_of_arabic() -> None:
    assert words_of("beh_with_small_v.init") == ["beh", "with", "small", "v", ".init"]
    assert words_of("latin_small_v") == ["latin:latin", "latin:small", "latin:v"]
    assert words_of("other") == ["other:other"]
