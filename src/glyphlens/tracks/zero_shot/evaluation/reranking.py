"""Would a second look at the radicals help? The first K answers ordered again, measured with and without.

An answer's score is its cosine, less the penalty of a trained class, plus a weight times the cosine of the radical
level alone. The weight is chosen on validation; 0 leaves the order as it is.
n pictures · V candidates · K first answers · W weights · E numbers of an embedding
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.folder import LABELS, ExportFolder, model_name
from glyphlens.inference.prototypes import of_length_1
from glyphlens.inference.reading import best_classes
from glyphlens.tracks.zero_shot.evaluation.contenders import BLOCK, RELEASED, Contender, Ints
from glyphlens.tracks.zero_shot.export.fusion import harmonic_mean
from glyphlens.tracks.zero_shot.export.views import embedded_rows, picture_embedder
from glyphlens.tracks.zero_shot.samples.roles import ClassRoles

LEVEL = "radical"


class Asked(NamedTuple):
    """Pictures of a contender, the class index of each, and the candidates."""

    contender: Contender
    classes_n: Ints
    candidates_V: Ints


def level_numbers(export: Path, level: str) -> slice:
    """Which numbers of an embedding are of a level; raises InputError for an export that does not say."""
    levels: Mapping[str, int] = ExportFolder(export).manifest.levels
    if level not in levels:
        raise InputError(f"{export / LABELS}: no level '{level}' of embeddings ({', '.join(levels) or 'none'})")
    end = sum(list(levels.values())[: list(levels).index(level) + 1])
    return slice(end - levels[level], end)


def reranked_top1(asked: Asked, numbers: slice, first: int, weights: Sequence[float]) -> NDArray[np.float64]:
    """(W,) top-1 where the ``first`` answers are ordered again with each weight; NaN of no picture."""
    (pictures_nE, table), hits_W = asked.contender, np.zeros(len(weights))
    prototypes = table.of([table.labels[number] for number in asked.candidates_V])
    parts_VR = of_length_1(prototypes.vectors_CE[:, numbers])
    for start in range(0, len(pictures_nE), BLOCK):
        block_nE = pictures_nE[start : start + BLOCK]
        best = best_classes(prototypes.logits(block_nE), first)
        radical_nK = np.einsum("nr,nkr->nk", of_length_1(block_nE[:, numbers]), parts_VR[best.classes_NK])
        is_right_nK = asked.candidates_V[best.classes_NK] == asked.classes_n[start : start + BLOCK, None]
        for place, weight in enumerate(weights):
            chosen_n1 = (best.confidence_NK / prototypes.scale + weight * radical_nK).argmax(axis=1)[:, None]
            hits_W[place] += np.take_along_axis(is_right_nK, chosen_n1, axis=1).sum()
    return hits_W / len(pictures_nE) if len(pictures_nE) else np.full(len(weights), np.nan)


def reranking_table(parts: Mapping[str, Asked], numbers: slice, first: int, weights: Sequence[float]) -> pd.DataFrame:
    """One row per weight, 0 first: ``weight``, the top-1 of each part, and ``val_mean`` of val_unseen and val_seen."""
    tried = sorted({0.0, *weights})
    table = pd.DataFrame({"weight": tried})
    for name, asked in parts.items():
        table[f"{name}_top1"] = reranked_top1(asked, numbers, first, tried)
    columns = zip(table["val_unseen_top1"], table["val_seen_top1"], strict=True)
    table["val_mean"] = [harmonic_mean(unseen, seen) for unseen, seen in columns]
    return table


def reranking_scores(table: pd.DataFrame) -> dict[str, float]:
    """The numbers of metrics/zero_shot/reranking.json.

    ``weight``: the best by validation's harmonic mean, ties to the smaller: 0 means off. ``on_…``: with ``tried``, the
    best weight above 0; ``off_…``: without.
    """
    mean_W = table["val_mean"].to_numpy().round(6)
    tried = 1 + int(mean_W[1:].argmax())
    found = {"weight": float(table["weight"].iloc[int(mean_W.argmax())]), "tried": float(table["weight"].iloc[tried])}
    for name, row in (("off", 0), ("on", tried)):
        found |= {
            f"{name}_val_mean": table["val_mean"].iloc[row],
            f"{name}_unseen_top1": table["unseen_top1"].iloc[row],
        }
    return {name: float(value) for name, value in found.items()}


def reranking_parts(export: Path, samples: SampleSet, roles: ClassRoles, tested: Asked) -> dict[str, Asked]:
    """``val_unseen`` and ``val_seen`` by the released file, beside ``unseen`` and ``seen`` of the test."""
    rows_n = samples.rows("val")
    embedding_nE = embedded_rows(samples, rows_n, picture_embedder(export / model_name(RELEASED)))
    held = Asked(
        Contender(embedding_nE, tested.contender.prototypes), samples.class_indices[rows_n], tested.candidates_V
    )
    labels = np.array([entry.label for entry in samples.classes])
    wanted = (("val_unseen", held, roles.val), ("val_seen", held, roles.seen), ("unseen", tested, roles.unseen))
    return {
        name: _of(asked, np.isin(labels[asked.classes_n], own))
        for name, asked, own in (*wanted, ("seen", tested, roles.seen))
    }


def _of(asked: Asked, own_n: NDArray[np.bool_]) -> Asked:
    """Some of the pictures."""
    pictures_nE, prototypes = asked.contender
    return Asked(Contender(pictures_nE[own_n], prototypes), asked.classes_n[own_n], asked.candidates_V)
