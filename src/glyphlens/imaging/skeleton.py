"""Drawn shapes → their skeletons as a graph of points: what a pen would have to follow to write them.

N images · H×W pixels · Y×X pixels of all images, one below the other · P points of all skeletons · E links
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = np.array([[1, 2, 4], [128, 0, 8], [64, 32, 16]], np.float32)  # bits clockwise from the upper left
SMOOTHINGS = 4
END_STEPS = 5  # pixels over which a line's direction is taken at its end
END_SHARE = 0.9  # of the shape's half width: how far thinning has shortened a line
# pixels and their neighbours
STRAIGHT: tuple[tuple[Any, Any], ...] = ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1, :], np.s_[1:, :]))
DIAGONAL: tuple[tuple[Any, Any], ...] = ((np.s_[:-1, :-1], np.s_[1:, 1:]), (np.s_[:-1, 1:], np.s_[1:, :-1]))


class Skeletons(NamedTuple):
    """``points_P2`` float64 (x, y) pixels; ``image_P`` ascending; ``links_E2`` numbers of points, each link once.

    A point by itself is linked to itself. ``radius_P``: distance to the shape's border, pixels.
    """

    points_P2: NDArray[np.float64]
    image_P: NDArray[np.int64]
    links_E2: NDArray[np.int64]
    radius_P: NDArray[np.float64]


def skeletons(shapes_NHW: NDArray[np.bool_]) -> Skeletons:
    """The skeletons of images, their ends as long as the shapes'; raises ValueError where a shape touches a border."""
    if shapes_NHW.ndim != 3 or shapes_NHW[:, [0, -1]].any() or shapes_NHW[:, :, [0, -1]].any():
        raise ValueError(f"shapes must be (N, H, W) with a blank pixel on all sides, found {shapes_NHW.shape}")
    height, width = shapes_NHW.shape[1:]
    shape_YX = shapes_NHW.reshape(-1, width)
    thin_YX = thin(shape_YX)
    rows_P, columns_P = np.nonzero(thin_YX)
    radius_P = cv2.distanceTransform(shape_YX.astype(np.uint8), cv2.DIST_L2, 5)[rows_P, columns_P].astype(np.float64)
    points_P2 = np.stack([columns_P, rows_P % height], axis=1).astype(np.float64)
    links_E2 = _links(thin_YX)
    points_P2 = _lengthen(_smooth(points_P2, links_E2), links_E2, radius_P)
    alone_P = np.flatnonzero(np.bincount(links_E2.ravel(), minlength=len(points_P2)) == 0)
    links_E2 = np.concatenate([links_E2, np.stack([alone_P, alone_P], axis=1)])
    return Skeletons(points_P2, rows_P // height, links_E2, radius_P)


def thin(shape_YX: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(Y, X) bool skeleton (Guo and Hall, Parallel thinning with two-subiteration algorithms, CACM 32(3), 1989, A1)."""
    thin_YX = shape_YX.astype(np.uint8)
    tables = [_deletable(step) for step in (0, 1)]
    changed = True
    while changed:
        changed = False
        for table in tables:
            codes_YX = cv2.filter2D(thin_YX, -1, NEIGHBOURS, borderType=cv2.BORDER_CONSTANT)
            gone_YX = np.asarray(cv2.LUT(codes_YX, table), np.uint8) & thin_YX
            if gone_YX.any():
                changed = True
                thin_YX ^= gone_YX
    return thin_YX.astype(np.bool_)


def _deletable(step: int) -> NDArray[np.uint8]:
    """(256,) for every code of neighbours whether a pixel goes in the first (0) or second (1) half of a round."""
    bits = ((np.arange(256)[:, None] >> np.arange(8)) & 1).astype(np.bool_)
    p9, p2, p3, p4, p5, p6, p7, p8 = bits.T  # the paper's names: clockwise from above
    pairs = ((p2, p3, p4), (p4, p5, p6), (p6, p7, p8), (p8, p9, p2))
    runs = sum((~first & (second | third)).astype(np.int64) for first, second, third in pairs)
    one_way = sum((first | second).astype(np.int64) for first, second in ((p9, p2), (p3, p4), (p5, p6), (p7, p8)))
    other_way = sum((first | second).astype(np.int64) for first, second in ((p2, p3), (p4, p5), (p6, p7), (p8, p9)))
    count = np.minimum(one_way, other_way)
    kept = (p2 | p3 | ~p5) & p4 if step == 0 else (p6 | p7 | ~p9) & p8
    deletable: NDArray[np.bool_] = (runs == 1) & (count >= 2) & (count <= 3) & ~kept
    return deletable.astype(np.uint8)


def _links(thin_YX: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(E, 2) neighbours; a diagonal one only where no common neighbour beside it makes the way."""
    number_YX = np.zeros(thin_YX.shape, np.int32)
    number_YX[thin_YX] = np.arange(np.count_nonzero(thin_YX))
    links = []
    for first, second in STRAIGHT:
        both = thin_YX[first] & thin_YX[second]
        links.append(np.stack([number_YX[first][both], number_YX[second][both]], axis=1))
    for first, second in DIAGONAL:
        beside = [number for pair in DIAGONAL if pair[0] != first for number in pair]
        both = thin_YX[first] & thin_YX[second] & ~thin_YX[beside[0]] & ~thin_YX[beside[1]]
        links.append(np.stack([number_YX[first][both], number_YX[second][both]], axis=1))
    return np.concatenate(links)


def _smooth(points_P2: NDArray[np.float64], links_E2: NDArray[np.int64]) -> NDArray[np.float64]:
    """Points moved towards the mean of their neighbours, ends kept: the pixels' staircase goes."""
    count = len(points_P2)
    ends_2E = np.concatenate([links_E2, links_E2[:, ::-1]]).T
    degree_P = np.bincount(ends_2E[0], minlength=count)
    for _ in range(SMOOTHINGS):
        total_P2 = np.stack(
            [np.bincount(ends_2E[0], points_P2[ends_2E[1], axis], minlength=count) for axis in (0, 1)], axis=1
        )
        mean_P2 = total_P2 / np.maximum(degree_P, 1)[:, None]
        points_P2 = np.where(degree_P[:, None] >= 2, (points_P2 + mean_P2) / 2, points_P2)
    return points_P2


def _lengthen(
    points_P2: NDArray[np.float64], links_E2: NDArray[np.int64], radius_P: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Ends moved outwards by the shape's half width there: thinning eats a line from its ends too."""
    count = len(points_P2)
    degree_P = np.bincount(links_E2.ravel(), minlength=count)
    # of two neighbours the sum, so that the way on is the sum less where one came from
    sum_P = np.bincount(links_E2[:, 0], links_E2[:, 1], count) + np.bincount(links_E2[:, 1], links_E2[:, 0], count)
    end_N = np.flatnonzero(degree_P == 1)
    before_N, here_N = end_N, sum_P[end_N].astype(np.int64)
    for _ in range(END_STEPS):
        ahead_N = np.where(degree_P[here_N] == 2, sum_P[here_N].astype(np.int64) - before_N, here_N)
        before_N, here_N = np.where(ahead_N == here_N, before_N, here_N), ahead_N
    along_N2 = points_P2[end_N] - points_P2[here_N]
    unit_N2 = along_N2 / np.maximum(np.hypot(*along_N2.T), 1e-9)[:, None]
    share_N = np.where(degree_P[here_N] > 2, 0, END_SHARE)  # a spur that near to a fork is the shape's own corner
    longer_P2 = points_P2.copy()
    longer_P2[end_N] += (share_N * radius_P[end_N])[:, None] * unit_N2
    return longer_P2
