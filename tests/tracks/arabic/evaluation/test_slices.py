"""Slices pick the right rows and say n/a where there are none."""

import numpy as np
import pandas as pd

from glyphlens.tracks.arabic.evaluation.slices import RARE_SAMPLES, SLICES, slice_scores, slice_value


def test_slices_by_hand(outcomes: pd.DataFrame) -> None:
    table = slice_scores(outcomes)
    assert table["slice"].tolist() == ["all", *SLICES]
    assert slice_value(table, "all", "samples") == 8
    assert slice_value(table, "initial", "top1") == 0.5
    assert slice_value(table, "initial", "shape_top1") == 1.0
    assert slice_value(table, "marks", "top1") == 0.5
    assert slice_value(table, "marks", "classes") == 1
    assert slice_value(table, "ligatures", "top1") == 1.0  # not among the isolated letters
    assert slice_value(table, "isolated", "samples") == 0
    assert slice_value(table, "rare classes", "samples") == 8
    assert slice_value(table, "all", "onestage_top1") == 7 / 8


def test_an_empty_slice_keeps_its_row_as_nan(outcomes: pd.DataFrame) -> None:
    table = slice_scores(outcomes.assign(train_samples=RARE_SAMPLES))
    assert slice_value(table, "rare classes", "samples") == 0
    assert np.isnan(slice_value(table, "rare classes", "top1"))
    assert np.isnan(slice_value(table, "presentation forms", "confidence"))


def test_every_form_of_the_index_falls_into_its_slice(outcomes: pd.DataFrame) -> None:
    row = outcomes.iloc[[0]]
    for form, kind, name in (("isol", "isol", "isolated"), ("fina", "final", "final"), ("medi", "medi", "medial")):
        table = slice_scores(row.assign(form=form, char_class=kind))
        assert slice_value(table, name, "samples") == 1
        assert slice_value(slice_scores(row.assign(form=form, char_class="presentation")), name, "samples") == 0
