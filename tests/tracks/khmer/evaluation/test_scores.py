"""Scores of read lines, worked out by hand; kinds of errors."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.edits import Aligned
from glyphlens.inference.line_reader import LineText
from glyphlens.tracks.khmer.evaluation.error_kinds import KINDS, error_kind
from glyphlens.tracks.khmer.evaluation.scores import (
    cer,
    cluster_errors,
    kind_table,
    line_metrics,
    line_table,
    slice_metrics,
    slice_table,
    worst_lines,
)


def table_of(samples: SampleSet, texts: dict[int, str]) -> pd.DataFrame:
    """The test lines as if all were read right but some."""
    rows = samples.rows("test")
    read = [texts.get(place, samples.texts[row]) for place, row in enumerate(rows)]
    return line_table(samples, rows, [LineText(text, 0.9, ()) for text in read])


def test_all_right(line_samples: SampleSet) -> None:
    table = table_of(line_samples, {})
    zero = {"cer": 0.0, "exact_lines": 1.0, "cluster_cer": 0.0, "clean_cer": 0.0}
    assert line_metrics(table, None) == zero
    assert line_metrics(table, table) == {**zero, "int8_cer": 0.0}
    assert cluster_errors(table).empty and kind_table(cluster_errors(table)).empty and worst_lines(table, 5).empty


def test_edits_are_counted_in_characters_and_in_clusters(line_samples: SampleSet) -> None:
    table = table_of(line_samples, {0: "មនុស", 8: "Al គ្រូ"})  # មនុស្ស without its subscript, AI as Al
    characters, pieces = table["characters"].sum(), table["clusters"].sum()
    numbers = line_metrics(table, None)
    assert numbers["cer"] == pytest.approx((2 + 1) / characters)
    assert numbers["cluster_cer"] == pytest.approx((1 + 1) / pieces)
    assert numbers["exact_lines"] == pytest.approx(7 / 9)
    assert numbers["clean_cer"] == pytest.approx(2 / table.loc[table["slice"] == "clean", "characters"].sum())
    assert slice_metrics(table)["mixed_cer"] == pytest.approx(1 / len("AI គ្រូ"))
    assert list(worst_lines(table, 5)["read"]) == ["មនុស", "Al គ្រូ"]
    kinds = kind_table(cluster_errors(table))
    assert dict(zip(kinds["kind"], kinds["errors"], strict=True)) == {"latin": 1, "subscript lost": 1}


def test_zero_width_characters_and_order_are_no_errors(line_samples: SampleSet) -> None:
    assert cer(table_of(line_samples, {0: "ម\u200bនុស្ស"})) == 0


def test_slices_are_parts_of_the_whole(line_samples: SampleSet) -> None:
    table = table_of(line_samples, {0: "ម", 1: "ទ", 4: ""})
    for column in ("slice", "group", "length", "is_mixed"):
        parts = slice_table(table, column)
        assert parts["lines"].sum() == len(table)
        assert list(parts["cer"]) == sorted(parts["cer"], reverse=True)
    assert all(math.isfinite(number) for number in slice_metrics(table).values())


def test_an_index_without_facts_is_named(line_samples: SampleSet) -> None:
    bare = replace(line_samples, index=line_samples.index.drop(columns=["slice", "font"]))
    with pytest.raises(InputError, match="columns missing: slice, font"):
        line_table(bare, np.array([0]), [LineText("", 0.5, ())])


@pytest.mark.parametrize(
    ("truth", "guess", "kind"),
    [
        ("ក្ន", "ក", "subscript lost"),
        ("ស្ត្រី", "ស្តី", "subscript lost"),
        ("ក្ន", "ក្ត", "subscript"),
        ("ក", "ក្ន", "subscript"),
        ("គ្រូ", "ត្រូ", "base"),
        ("កើ", "កឺ", "vowel"),
        ("កា", "ក", "vowel"),
        ("កំ", "ក", "sign"),
        ("ក៉ា", "កា៉", "order"),
        ("ក្ន", "ខ្ត", "several"),
        ("ក", "a", "several"),
        ("ក", "", "lost"),
        ("", "ក", "added"),
        (" ", "", "space"),
        ("", " ", "space"),
        ("A", "l", "latin"),
        ("១", "9", "digit"),
        ("៖", ":", "mark"),
    ],
)
def test_kinds_of_errors(truth: str, guess: str, kind: str) -> None:
    assert error_kind(Aligned(truth, guess)) == kind
    assert kind in KINDS
