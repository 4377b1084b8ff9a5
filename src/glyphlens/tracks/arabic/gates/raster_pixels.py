"""Checks of gate_rasters that look at pixels: ink, anchoring, size, holes."""

import numpy as np
from numpy.typing import NDArray

from glyphlens.gates.check import Checks, Outcome, at_least, at_most, first_rows, none_of
from glyphlens.gates.ink_bounds import ink_within
from glyphlens.gates.sample_splits import KEY
from glyphlens.tracks.arabic.gates.raster_data import RasterData, RasterLimits

DIACRITIC_PX, MAIN_PX = 64, 128  # docs/SPEC.md#diacritics
SHARE_TOLERANCE = 1e-4

CHECKS: Checks[RasterData, RasterLimits] = Checks()


@CHECKS.add("ink-share")
def ink_share(data: RasterData, limits: RasterLimits) -> Outcome:
    """A blank picture has no label, and a nearly full one is a filling rule gone wrong."""
    low, high = limits.min_ink_share, limits.max_ink_share
    return ink_within(data.facts, low, high, limits.max_odd_ink_share, *KEY)


@CHECKS.add("ink-share-recorded")
def ink_share_recorded(data: RasterData, limits: RasterLimits) -> Outcome:
    """The index describes these pixels and no others: its ink share is that of the pixels."""
    differs = ~np.isclose(data.facts["ink_share"], data.facts["measured_ink_share"], rtol=0, atol=SHARE_TOLERANCE)
    columns = (*KEY, "ink_share", "measured_ink_share")
    return none_of(int(differs.sum()), "rows whose index disagrees", first_rows(data.facts, differs, *columns))


@CHECKS.add("anchored-share")
def anchored_share(data: RasterData, limits: RasterLimits) -> Outcome:
    """Glyphs are anchored top-left: nearly all have ink in the first row and in the first column."""
    away = _offset(data) > 0
    rows = first_rows(data.facts, away, *KEY, "measured_top", "measured_left")
    message = "share of pictures with ink in the first row and column"
    return at_least(1 - away.mean(), limits.min_anchored_share, message, rows)


@CHECKS.add("anchored-offset")
def anchored_offset(data: RasterData, limits: RasterLimits) -> Outcome:
    """A pointed tip may leave the first pixels half covered; a glyph further off is misplaced."""
    away = _offset(data) > limits.max_offset_px
    rows = first_rows(data.facts, away, *KEY, "measured_top", "measured_left")
    message = f"share of pictures further than {limits.max_offset_px} px from the corner; {away.sum()} of them"
    return at_most(float(away.mean()), limits.max_far_share, message, rows)


@CHECKS.add("target-side")
def target_side(data: RasterData, limits: RasterLimits) -> Outcome:
    """Diacritics are drawn at 64 px and everything else at 128 px; the size tells them apart."""
    wrong = data.facts["target_dim"] != np.where(data.facts["is_diacritic"], DIACRITIC_PX, MAIN_PX)
    columns = (*KEY, "is_diacritic", "target_dim")
    return none_of(int(wrong.sum()), "rows with another target", first_rows(data.facts, wrong, *columns))


@CHECKS.add("major-side")
def major_side(data: RasterData, limits: RasterLimits) -> Outcome:
    """The ink's longer side is the target within a pixel, or the scaling is wrong."""
    wrong = np.abs(_major_px(data) - data.facts["target_dim"]) > limits.max_side_error_px
    rows = first_rows(
        data.facts.assign(measured_major_px=_major_px(data)), wrong, *KEY, "target_dim", "measured_major_px"
    )
    message = f"share of pictures whose longer side is within {limits.max_side_error_px} px of its target"
    return at_least(1 - wrong.mean(), limits.min_true_side_share, message, rows)


@CHECKS.add("inside-box")
def inside_box(data: RasterData, limits: RasterLimits) -> Outcome:
    """Nothing is drawn outside the glyph's scaled bounding box."""
    facts, scale = data.facts, data.facts["scale_factor"]
    width_px = (facts["bbox_max_x"] - facts["bbox_min_x"]) * scale
    height_px = (facts["bbox_max_y"] - facts["bbox_min_y"]) * scale
    over = (facts["measured_right"] > np.ceil(width_px - 1e-3) + 1) | (
        facts["measured_bottom"] > np.ceil(height_px - 1e-3) + 1
    )
    columns = (*KEY, "measured_right", "measured_bottom")
    return none_of(int(over.sum()), "pictures with ink outside their box", first_rows(facts, over, *columns))


@CHECKS.add("holes-kept")
def holes_kept(data: RasterData, limits: RasterLimits) -> Outcome:
    """The eye of a meem or heh tells it from its neighbours; a filled one means a broken filling rule."""
    shares: list[tuple[float, str, int]] = []
    for label in limits.hole_labels:
        rows_n = np.flatnonzero((data.samples.index["label"] == label).to_numpy())
        holed = [count_holes(image) > 0 for image in data.samples.images(rows_n)]
        shares.append((sum(holed) / max(1, len(holed)), label, len(holed)))
    bad = [
        {"label": label, "pictures": pictures, "with_holes": share}
        for share, label, pictures in sorted(shares)
        if share < limits.min_hole_share
    ]
    return at_least(min(shares)[0], limits.min_hole_share, "lowest share of a label's pictures with a hole", bad)


@CHECKS.add("undrawn-share")
def undrawn_share(data: RasterData, limits: RasterLimits) -> Outcome:
    """Glyphs that leave no ink are audited, and there are few of them."""
    share = len(data.audit) / max(1, len(data.audit) + len(data.samples))
    rows = first_rows(data.audit, np.ones(len(data.audit), bool), "glyph_id", "label", "font_hash", "reason")
    return at_most(share, limits.max_undrawn_share, f"share of the glyphs; {len(data.audit)} of them", rows)


def count_holes(image_HW: NDArray[np.uint8]) -> int:
    """Regions of background (joined by sides) that ink encloses."""
    from scipy import ndimage

    _, regions = ndimage.label(np.pad(image_HW == 0, 1, constant_values=True))
    return int(regions) - 1


def _offset(data: RasterData) -> NDArray[np.int64]:
    offset_N2: NDArray[np.int64] = data.facts[["measured_top", "measured_left"]].to_numpy()
    larger_N: NDArray[np.int64] = offset_N2.max(axis=1)
    return larger_N


def _major_px(data: RasterData) -> NDArray[np.int64]:
    """Extent of the ink itself, so that a misplaced glyph is not also called misscaled."""
    facts = data.facts
    ends_N2: NDArray[np.int64] = facts[["measured_bottom", "measured_right"]].to_numpy()
    starts_N2: NDArray[np.int64] = facts[["measured_top", "measured_left"]].to_numpy()
    major_N: NDArray[np.int64] = (ends_N2 - starts_N2).max(axis=1)
    return major_N
