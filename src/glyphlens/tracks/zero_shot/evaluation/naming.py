"""Which strokes and which components of a character a map of evidence speaks of, by where its description has them.

Every place of a map is divided among the parts that lie there, each by how much of it lies there; what is where no part
lies is kept apart, as elsewhere. A part is as wide as a pen, as in a picture.
S strokes · P points along each · Q points between two of them · K components · N parts of one kind · 2 coordinates
R×C places, as many down as across
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.tracks.zero_shot.descriptions.description import FRAMED_SIDE, LEVELS, Description, framed

PEN = 56 / 64 - FRAMED_SIDE  # its width as a share of the picture, see FRAMED_SIDE
BETWEEN = 16  # Q: nearer to each other than a pen is wide
TOUCHES = 1e-6  # of a place: less is a rounding error
ELSEWHERE = "elsewhere"
Floats = NDArray[np.float64]


def overlaps(low_N: Floats, high_N: Floats, side: int) -> Floats:
    """(…, side) the share that intervals within 0..1 cover of each of ``side`` equal places."""
    places_R = np.arange(side)
    ends = np.minimum(high_N[..., None] * side, places_R + 1), np.maximum(low_N[..., None] * side, places_R)
    length_NR = ends[0] - ends[1]
    return np.where(length_NR > TOUCHES, length_NR, 0)


def stroke_cover(description: Description, side: int) -> Floats:
    """(S, R, C) how far each stroke runs through each place."""
    points_SP2 = description.points_SP2.astype(np.float64)
    ways_SP2 = np.diff(points_SP2, axis=1)
    parts_Q1 = ((np.arange(BETWEEN) + 0.5) / BETWEEN)[:, None]
    dense_SPQ2 = points_SP2[:, :-1, None] + ways_SP2[:, :, None] * parts_Q1
    lengths_SP = np.maximum(np.hypot(ways_SP2[..., 0], ways_SP2[..., 1]), 1 / LEVELS)  # a dot lies somewhere, too
    across, down = np.moveaxis(overlaps(dense_SPQ2 - PEN / 2, dense_SPQ2 + PEN / 2, side), -2, 0)
    return np.asarray(np.einsum("sp,spqr,spqc->src", lengths_SP, down, across) / BETWEEN)


def component_cover(description: Description, side: int) -> Floats:
    """(K, R, C) how far the strokes of each component run through each place; where none does, the share that its box
    covers: by boxes alone, what a frame surrounds would be the frame's."""
    own_KS = np.arange(len(description.names))[:, None] == description.owners_S
    inked_KRC = np.einsum("ks,src->krc", own_KS.astype(np.float64), stroke_cover(description, side))
    numbers_5K = description.numbers_K5.astype(np.float64).T
    middle_2K, half_2K = numbers_5K[:2], (numbers_5K[2:4] + PEN) / 2
    across_KC, down_KR = overlaps(middle_2K - half_2K, middle_2K + half_2K, side)
    boxed_KRC = down_KR[:, :, None] * across_KC[:, None, :]
    return np.asarray(np.where(inked_KRC.any(axis=0), inked_KRC, boxed_KRC))


def shared_out(heat_RC: Floats, cover_NRC: Floats) -> Floats:
    """(N + 1,) what of a map falls to each part, and last what lies where there is none; they add up to the map."""
    total_RC = cover_NRC.sum(axis=0)
    parts_NRC = np.divide(cover_NRC, total_RC, out=np.zeros_like(cover_NRC), where=total_RC > 0)
    return np.append(np.einsum("nrc,rc->n", parts_NRC, heat_RC), heat_RC[total_RC == 0].sum())


COVERS: Mapping[str, Callable[[Description, int], Floats]] = {"stroke": stroke_cover, "component": component_cover}


def named_shares(description: Description, maps: Mapping[str, Floats]) -> pd.DataFrame:
    """What of the map of each level (``stroke``, ``component``) falls to each part of a character.

    Columns: ``level``; ``number`` in writing order, from 1 on; ``name``, of a stroke its type; ``share``. The last row
    of a level has the number 0 and the name ``elsewhere``.
    """
    own, tables = framed(description), []
    for level, heat_RC in maps.items():
        names = own.types if level == "stroke" else own.names
        shares_N = shared_out(heat_RC, COVERS[level](own, len(heat_RC)))
        numbers = [*range(1, len(names) + 1), 0]
        tables.append(pd.DataFrame({"level": level, "number": numbers, "name": [*names, ELSEWHERE], "share": shares_N}))
    return pd.concat(tables, ignore_index=True)


def strongest(parts: pd.DataFrame, most: int) -> list[dict[str, Any]]:
    """Rows of the parts, of one level and one picture, that say most for or against, the strongest first."""
    named = parts[parts["number"] > 0]
    order_N = np.argsort(-named["share"].abs().to_numpy(), kind="stable")[:most]
    return [{str(key): value for key, value in row.items()} for row in named.iloc[order_N].to_dict("records")]


def for_and_against(parts: pd.DataFrame) -> str:
    """The part that says most for the character and the one that says most against it, as a chart's font can show."""
    named = parts[parts["number"] > 0]
    sides = (("for", named[named["share"] > 0]), ("against", named[named["share"] < 0]))
    return ", ".join(f"{side} {_charted(strongest(own, 1)[0])}" if len(own) else f"{side} none" for side, own in sides)


def _charted(part: Mapping[str, Any]) -> str:
    if part["level"] == "stroke":
        return f"stroke {part['number']}"
    return f"{'+'.join(f'U+{ord(each):04X}' for each in part['name'])} (no. {part['number']})"
