"""Where in a picture the released file finds what speaks for a character and against its best rival, level by level.

The score of a picture and a class is a sum over the numbers of an embedding. Those of strokes and radicals belong to
places of the picture, so the difference of two classes' scores falls into a map per level exactly; a place has seen
some of what lies around it. The third level has no places: parts of the picture are covered in turn instead.
n pictures · V candidates · E numbers of an embedding · H×W pixels · R×C places
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.evaluation.pictures import Heat
from glyphlens.inference.folder import model_name
from glyphlens.inference.prototypes import Prototypes
from glyphlens.tracks.zero_shot.evaluation.contenders import RELEASED
from glyphlens.tracks.zero_shot.evaluation.reranking import level_numbers
from glyphlens.tracks.zero_shot.export.views import Embed, picture_embedder

SIDES = {"stroke": 8, "radical": 4}  # places of a level along a side of the picture (recognizers/levels.py)
WHOLE, COVERS = "character", 8  # the level without places; parts along a side that are covered in turn
Floats = NDArray[np.float32]


def hardest(outcomes: pd.DataFrame, shown: int) -> pd.DataFrame:
    """Half of them the most confident errors, the others the least confident right answers; one picture a class."""
    once = outcomes.sort_values(["confidence", "row"], kind="stable")
    wrong = once[~once["top1"]].iloc[::-1].drop_duplicates("label").head(shown // 2)
    right = once[once["top1"]].drop_duplicates("label").head(shown - len(wrong))
    return pd.concat([right, wrong])


def evidence_heats(
    export: Path, samples: SampleSet, prototypes: Prototypes, outcomes: pd.DataFrame, labels: Sequence[str]
) -> list[Heat]:
    """Three maps a picture of ``outcomes``, of strokes, radicals and the whole; ``labels``: the candidates.

    Raises InputError for an export whose levels do not fit their places.
    """
    embed, table = picture_embedder(export / model_name(RELEASED)), prototypes.of(labels)
    numbers = {level: level_numbers(export, level) for level in (*SIDES, WHOLE)}
    heats = []
    for row in outcomes.to_dict("records"):
        picture_HW = samples.images(np.array([row["row"]]))[0]
        embedding_E, truth = embed(picture_HW[None])[0], labels.index(row["label"])
        logits_V = table.logits(embedding_E[None])[0]
        logits_V[truth] = -np.inf
        rival = int(logits_V.argmax())
        gap_E = table.vectors_CE[truth] - table.vectors_CE[rival]
        maps = {level: place_map(embedding_E * gap_E, numbers[level], side) for level, side in SIDES.items()}
        maps[WHOLE] = cover_map(picture_HW, embed, gap_E, numbers[WHOLE])
        for level, heat_RC in maps.items():
            share = float(embedding_E[numbers[level]] @ gap_E[numbers[level]])
            own, other = (f"U+{ord(label):04X}" for label in (row["label"], labels[rival]))
            note = f"{level}: {share:+.3f} of {embedding_E @ gap_E:+.3f}"
            heats.append(Heat(picture_HW, heat_RC, f"{own}, rival {other}", own if row["top1"] else other, note))
    return heats


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
