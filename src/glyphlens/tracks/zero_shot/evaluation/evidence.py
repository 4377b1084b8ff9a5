"""Where in a picture the released file finds what speaks for a character and against its best rival, level by level.

The score of a picture and a class is a sum over the numbers of an embedding. Those of strokes and radicals belong to
places of the picture, so the difference of two classes' scores falls into a map per level exactly; a place has seen
some of what lies around it. The third level has no places: parts of the picture are covered in turn instead.
n pictures · V candidates · E numbers of an embedding · H×W pixels · R×C places
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.pictures import Heat
from glyphlens.inference.folder import model_name
from glyphlens.inference.prototypes import Prototypes
from glyphlens.tracks.zero_shot.descriptions.description import Description
from glyphlens.tracks.zero_shot.evaluation.contenders import RELEASED
from glyphlens.tracks.zero_shot.evaluation.naming import for_and_against, named_shares, strongest
from glyphlens.tracks.zero_shot.evaluation.reranking import level_numbers
from glyphlens.tracks.zero_shot.export.views import Embed, picture_embedder

SIDES = {"stroke": 8, "radical": 4}  # places of a level along a side of the picture (recognizers/levels.py)
PARTS = {"stroke": "stroke", "radical": "component"}  # what of a description has its places in a level's map
WHOLE, COVERS = "character", 8  # the level without places; parts along a side that are covered in turn
Floats = NDArray[np.float32]


class Compared(NamedTuple):
    """A picture read for what it is and for its best rival: ``gap``, the difference of both cosines, the part of each
    level in it (``gaps``) and a map of each."""

    row: int
    picture_HW: NDArray[np.uint8]
    character: str
    rival: str
    is_right: bool
    gap: float
    gaps: Mapping[str, float]
    maps: Mapping[str, NDArray[np.float64]]


def hardest(outcomes: pd.DataFrame, shown: int) -> pd.DataFrame:
    """Half of them the most confident errors, the others the least confident right answers; one picture a class."""
    once = outcomes.sort_values(["confidence", "row"], kind="stable")
    wrong = once[~once["top1"]].iloc[::-1].drop_duplicates("label").head(shown // 2)
    right = once[once["top1"]].drop_duplicates("label").head(shown - len(wrong))
    return pd.concat([right, wrong])


def compared(
    export: Path, samples: SampleSet, prototypes: Prototypes, outcomes: pd.DataFrame, labels: Sequence[str]
) -> list[Compared]:
    """Every picture of ``outcomes``; ``labels``: the candidates.

    Raises InputError for an export whose levels do not fit their places.
    """
    embed, table = picture_embedder(export / model_name(RELEASED)), prototypes.of(labels)
    numbers = {level: level_numbers(export, level) for level in (*SIDES, WHOLE)}
    found = []
    for row in outcomes.to_dict("records"):
        picture_HW = samples.images(np.array([row["row"]]))[0]
        embedding_E, truth = embed(picture_HW[None])[0], labels.index(row["label"])
        logits_V = table.logits(embedding_E[None])[0]
        logits_V[truth] = -np.inf
        rival = int(logits_V.argmax())
        gap_E = table.vectors_CE[truth] - table.vectors_CE[rival]
        maps = {level: place_map(embedding_E * gap_E, numbers[level], side) for level, side in SIDES.items()}
        maps[WHOLE] = cover_map(picture_HW, embed, gap_E, numbers[WHOLE])
        gaps = {level: float(embedding_E[own] @ gap_E[own]) for level, own in numbers.items()}
        gap = float(embedding_E @ gap_E)
        found.append(Compared(row["row"], picture_HW, row["label"], labels[rival], row["top1"], gap, gaps, maps))
    return found


def evidence_table(pictures: Sequence[Compared], descriptions: Mapping[str, Description]) -> pd.DataFrame:
    """``named_shares`` of every picture's character, after ``row``, ``character`` and ``rival``."""
    tables = [pd.DataFrame(columns=["row", "character", "rival", "level", "number", "name", "share"])]
    for own in pictures:
        parts = named_shares(descriptions[own.character], {PARTS[level]: own.maps[level] for level in SIDES})
        tables.append(parts.assign(row=own.row, character=own.character, rival=own.rival)[tables[0].columns])
    return pd.concat(tables[1:] or tables, ignore_index=True)


def evidence_heats(pictures: Sequence[Compared], table: pd.DataFrame) -> list[Heat]:
    """Three maps a picture, of strokes, radicals and the whole; below the first two, which part says most."""
    heats = []
    for own in pictures:
        true, rival = (f"U+{ord(label):04X}" for label in (own.character, own.rival))
        for level, heat_RC in own.maps.items():
            note = f"{level}: {own.gaps[level]:+.3f} of {own.gap:+.3f}"
            if level in PARTS:
                parts = table[(table["row"] == own.row) & (table["level"] == PARTS[level])]
                note = f"{note}\n{for_and_against(parts)}"
            heats.append(Heat(own.picture_HW, heat_RC, f"{true}, rival {rival}", true if own.is_right else rival, note))
    return heats


def evidence_rows(table: pd.DataFrame, most: int = 3) -> list[dict[str, Any]]:
    """One row per picture and level for the page: its ``strongest`` parts, ``elsewhere``, and the ``sum`` of all."""
    rows = []
    for (_, level), parts in table.groupby(["row", "level"], sort=False):
        named = ((name, parts[name].iloc[0]) for name in ("character", "rival"))
        first = {name: f"{label} U+{ord(label):04X}" for name, label in named}
        elsewhere, total = parts["share"][parts["number"] == 0].sum(), parts["share"].sum()
        rows.append(
            {**first, "level": level, "strongest": strongest(parts, most), "elsewhere": elsewhere, "sum": total}
        )
    return rows


def place_map(products_E: Floats, numbers: slice, side: int) -> NDArray[np.float64]:
    """(R, C) what each place of a level adds to a score; raises InputError where its numbers do not fit."""
    products_F = products_E[numbers].astype(np.float64)
    if not len(products_F) or len(products_F) % side**2:
        raise InputError(f"a level of {len(products_F)} numbers has not {side} × {side} places")
    return np.asarray(products_F.reshape(-1, side, side).sum(axis=0))


def cover_map(picture_HW: NDArray[np.uint8], embed: Embed, gap_E: Floats, numbers: slice) -> NDArray[np.float64]:
    """(R, C) what a level's part of a score loses when a part of the picture is covered with paper."""
    side = picture_HW.shape[0] // COVERS
    covered_NHW = np.repeat(picture_HW[None], 1 + COVERS**2, axis=0)
    for part in range(COVERS**2):
        top, left = (side * place for place in divmod(part, COVERS))
        covered_NHW[1 + part, top : top + side, left : left + side] = 0
    scores_N = (embed(covered_NHW)[:, numbers] @ gap_E[numbers]).astype(np.float64)
    return np.asarray((scores_N[0] - scores_N[1:]).reshape(COVERS, COVERS))
