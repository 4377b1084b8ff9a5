"""What a few pictures of a new character add to its prototype, by writers who are scored nowhere.

A prototype goes towards the mean of its examples by a share that validation's classes choose; 0 leaves it as it is.
n pictures · V candidates · C classes · E numbers of an embedding
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SampleSet
from glyphlens.inference.folder import model_name
from glyphlens.inference.prototypes import Prototypes, of_length_1
from glyphlens.tracks.zero_shot.evaluation.contenders import RELEASED, Floats, Ints, rank_pictures
from glyphlens.tracks.zero_shot.evaluation.reranking import Asked
from glyphlens.tracks.zero_shot.export.fusion import harmonic_mean
from glyphlens.tracks.zero_shot.export.views import embedded_rows, picture_embedder
from glyphlens.tracks.zero_shot.samples.zero_shot_set import EXAMPLES


class Examples(NamedTuple):
    """Pictures of characters that nobody was trained on; ``hand_n``: whose they are, 0 is the first writer."""

    pictures_nE: Floats
    classes_n: Ints
    hand_n: Ints

    @classmethod
    def of(cls, export: Path, samples: SampleSet, shots: int) -> "Examples":
        """Those beside a sample set, by the released file; raises InputError where fewer than ``shots`` wrote them."""
        examples = SampleSet.open(samples.folder / EXAMPLES)
        hand_n, hands = pd.factorize(examples.index["group"], sort=True)
        if len(hands) < shots:
            raise InputError(
                f"params.yaml, zero_shot_evaluate.shots: {shots} pictures of a class, {examples.folder} has "
                f"{len(hands)}; raise zero_shot.example_writers"
            )
        embed = picture_embedder(export / model_name(RELEASED))
        return cls(embedded_rows(examples, np.arange(len(examples)), embed), examples.class_indices, hand_n)


def with_examples(table: Prototypes, examples: Examples, classes: Ints, shots: int, share: float) -> Prototypes:
    """Prototypes of ``classes`` moved by ``share`` to the mean of their pictures by the first ``shots`` hands."""
    shown = np.flatnonzero((examples.hand_n < shots) & np.isin(examples.classes_n, classes))
    total_CE = np.zeros_like(table.vectors_CE)
    np.add.at(total_CE, examples.classes_n[shown], examples.pictures_nE[shown])
    vectors_CE = table.vectors_CE.copy()
    moved = np.unique(examples.classes_n[shown])
    vectors_CE[moved] = of_length_1((1 - share) * vectors_CE[moved] + share * of_length_1(total_CE[moved]))
    return replace(table, vectors_CE=vectors_CE)


def few_shot_table(
    parts: Mapping[str, Asked], examples: Examples, shots: Sequence[int], shares: Sequence[float]
) -> pd.DataFrame:
    """One row per number of pictures: ``shots``, the ``share`` that validation chose, and what both sides then reach.

    ``parts``: those of ``reranking_parts``. Of validation and of the test, only the classes that were not trained on
    are shown. ``val_mean`` is the harmonic mean of ``val_unseen_top1`` and ``val_seen_top1``.
    """
    rows = []
    for count in shots:
        tried = [(share, _asked_with(parts, examples, count, share, "val_")) for share in sorted({0.0, *shares})]
        share, best = max(tried, key=lambda each: (round(each[1]["val_mean"], 6), -each[0]))
        tested = _asked_with(parts, examples, count, share, "")
        rows.append({"shots": count, "share": share, **best, **tested})
    return pd.DataFrame(rows).drop(columns="mean")


def few_shot_scores(table: pd.DataFrame) -> dict[str, float]:
    """The numbers of metrics/zero_shot/shots.json."""
    return {f"shots{shots}_top1": top1 for shots, top1 in zip(table["shots"], table["unseen_top1"], strict=True)}


def _asked_with(
    parts: Mapping[str, Asked], examples: Examples, shots: int, share: float, side: str
) -> dict[str, float]:
    """Top-1 of the unseen and of the seen pictures of validation (``val_``) or the test (nothing), and their mean."""
    asked = {name: parts[f"{side}{name}"] for name in ("unseen", "seen")}
    shown = np.unique(asked["unseen"].classes_n)
    table = with_examples(asked["unseen"].contender.prototypes, examples, shown, shots, share)
    found = {name: _top1(each, table) for name, each in asked.items()}
    named = {f"{side}{name}_top1": value for name, value in found.items()}
    return {**named, f"{side}mean": harmonic_mean(found["unseen"], found["seen"])}


def _top1(asked: Asked, table: Prototypes) -> float:
    contender, every = asked.contender._replace(prototypes=table), np.arange(len(asked.classes_n))
    ranks_n: NDArray[np.int64] = rank_pictures(contender, every, asked.candidates_V, asked.classes_n).rank_n
    return float((ranks_n == 0).mean()) if len(ranks_n) else float("nan")
