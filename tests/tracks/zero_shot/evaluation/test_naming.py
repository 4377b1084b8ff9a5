"""Shares of strokes and components in a map: they add up to it, and follow the parts in whatever order these are."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glyphlens.tracks.zero_shot.descriptions.description import STROKE_POINTS, Description, on_levels
from glyphlens.tracks.zero_shot.evaluation.naming import (
    COVERS,
    component_cover,
    for_and_against,
    named_shares,
    overlaps,
    shared_out,
    stroke_cover,
    strongest,
)

LEVELS = st.sampled_from(sorted(COVERS))
SEEDS = st.integers(0, 2**32 - 1)


def straight(*ends: tuple[float, float, float, float]) -> Description:
    """One component and one stroke for each of the lines from (x, y) to (x, y)."""
    ends_N22 = np.array(ends).reshape(-1, 2, 2)
    parts_P1 = np.linspace(0, 1, STROKE_POINTS)[:, None]
    points_NP2 = ends_N22[:, :1] + (ends_N22[:, 1:] - ends_N22[:, :1]) * parts_P1
    names = tuple(chr(ord("一") + number) for number in range(len(ends)))
    return Description(("㇐",) * len(ends), on_levels(points_NP2), names, np.arange(len(ends)))


def drawn(seed: int, parts: int = 4) -> tuple[Description, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return straight(*(tuple(row) for row in rng.uniform(0, 1, (parts, 4)))), rng


def table(level: str, **shares: float) -> pd.DataFrame:
    numbers = [*range(1, len(shares)), 0]
    return pd.DataFrame({"level": level, "number": numbers, "name": list(shares), "share": list(shares.values())})


@given(SEEDS, LEVELS, st.integers(1, 9))
def test_shares_and_what_is_elsewhere_add_up_to_the_map(seed: int, level: str, side: int) -> None:
    description, rng = drawn(seed)
    heat = rng.normal(size=(side, side))
    cover = COVERS[level](description, side)
    shares = shared_out(heat, cover)
    assert shares.sum() == pytest.approx(heat.sum(), abs=1e-9)
    assert shares[-1] == pytest.approx(heat[cover.sum(axis=0) == 0].sum())


@given(SEEDS)
def test_where_every_slot_is_covered_nothing_is_elsewhere(seed: int) -> None:
    description, rng = drawn(seed)
    whole = straight((0, 0, 1, 1), *description.points_SP2[:, [0, -1]].reshape(-1, 4))
    heat = rng.normal(size=(4, 4))
    *shares, elsewhere = shared_out(heat, component_cover(whole, 4))
    assert elsewhere == 0 and sum(shares) == pytest.approx(heat.sum(), abs=1e-9)


@given(SEEDS, LEVELS)
def test_parts_in_another_order_have_the_same_shares(seed: int, level: str) -> None:
    description, rng = drawn(seed)
    heat, order = rng.normal(size=(8, 8)), rng.permutation(4)
    other = Description(
        description.types,
        description.points_SP2[order],
        tuple(description.names[number] for number in order),
        description.owners_S,
    )
    before, after = (shared_out(heat, COVERS[level](each, 8)) for each in (description, other))
    assert after[:-1] == pytest.approx(before[:-1][order]) and after[-1] == pytest.approx(before[-1])


@given(SEEDS, LEVELS)
def test_a_part_where_the_map_is_0_or_that_is_nowhere_gets_0(seed: int, level: str) -> None:
    rng = np.random.default_rng(seed)
    left, right = ((low, *rng.uniform(0, 1, 1), high, *rng.uniform(0, 1, 1)) for low, high in ((0, 0.4), (0.6, 1)))
    heat = rng.normal(size=(4, 4))
    heat[:, 2:] = 0
    shares = shared_out(heat, COVERS[level](straight(left, right), 4))
    assert shares[1] == 0 and shares[0] != 0
    nowhere = np.zeros((1, 4, 4))
    assert shared_out(heat, np.concatenate([COVERS[level](straight(left), 4), nowhere]))[1] == 0


@given(SEEDS)
def test_a_single_stroke_takes_all_of_the_places_that_it_crosses(seed: int) -> None:
    description, rng = drawn(seed, 1)
    heat = rng.normal(size=(8, 8))
    columns_P, rows_P = np.minimum((description.points_SP2[0] * 8).astype(int), 7).T
    cover = stroke_cover(description, 8)
    assert cover[0, rows_P, columns_P].all()
    assert shared_out(heat, cover)[0] == pytest.approx(heat[cover[0] > 0].sum())


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 9))
def test_overlaps_are_the_interval_in_units_of_places(one: float, other: float, side: int) -> None:
    low, high = np.array([min(one, other)]), np.array([max(one, other)])
    found = overlaps(low, high, side)
    assert found.sum() == pytest.approx(side * (high - low)[0], abs=1e-5 * side) and found.max() <= 1 + 1e-9


def test_a_place_is_divided_by_how_much_of_it_lies_there() -> None:
    heat = np.zeros((8, 8))
    heat[2, 3] = 3
    long, short = (0.375, 0.28, 0.5, 0.28), (0.375, 0.35, 0.4375, 0.35)
    found = shared_out(heat, stroke_cover(straight(long, short), 8))
    assert found[0] > found[1] > 0.5 and found.sum() == pytest.approx(3)


def test_a_stroke_on_the_border_of_two_columns_has_both() -> None:
    cover = stroke_cover(straight((0.5, 0.1, 0.5, 0.9)), 8)[0]
    assert np.flatnonzero(cover.any(axis=0)).tolist() == [3, 4]
    assert cover[:, 3] == pytest.approx(cover[:, 4], rel=0.2)  # points are whole 255ths


def test_what_a_frame_surrounds_is_not_the_frames_where_only_the_inner_part_has_ink() -> None:
    corners = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.1, 0.1))
    ends = [(*start, *end) for start, end in pairwise(corners)]
    framing = replace(straight(*ends, (0.45, 0.5, 0.55, 0.5)), names=("囗", "㇐"), owners_S=np.array([0, 0, 0, 0, 1]))
    frame, inner = component_cover(framing, 4)
    assert not frame[1:3, 1:3].any() and inner[1:3, 1:3].all()
    assert frame[0].all() and not inner[0].any()
    finer = component_cover(framing, 8)
    assert finer[0, 2, 2] == 1 and not stroke_cover(framing, 8)[:, 2, 2].any()  # paper within its box


def test_parts_are_framed_as_the_picture_is_and_named() -> None:
    cross = straight((0.4, 0.5, 0.6, 0.5), (0.5, 0.4, 0.5, 0.6))  # framed, it fills the picture
    heat = np.zeros((8, 8))
    heat[3:5, 1], heat[1, 3:5], heat[0, 0] = 1, -2, 0.5
    found = named_shares(cross, {"stroke": heat, "component": np.ones((4, 4))})
    strokes, components = found[found["level"] == "stroke"], found[found["level"] == "component"]
    assert strokes["number"].tolist() == components["number"].tolist() == [1, 2, 0]
    assert strokes["name"].tolist() == ["㇐", "㇐", "elsewhere"] and components["name"].iloc[1] == "丁"
    assert strokes["share"].tolist() == pytest.approx([2, -4, 0.5])
    assert components["share"].sum() == pytest.approx(16)


def test_the_strongest_leave_out_what_is_elsewhere() -> None:
    parts = table("component", 木=0.02, 口=-0.03, 日=0.01, elsewhere=0.5)
    assert [part["name"] for part in strongest(parts, 2)] == ["口", "木"]
    assert for_and_against(parts) == "for U+6728 (no. 1), against U+53E3 (no. 2)"
    assert for_and_against(table("stroke", 一=0.2, elsewhere=-1.0)) == "for stroke 1, against none"
