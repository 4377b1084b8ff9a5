"""A model's answers on a sample set, scored: overall, per set, per group and per class, whatever their class lists.

N scored samples · S classes of the set · C classes of the model · K = 5 best classes
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.commands.class_matching import UNKNOWN, match_classes, shape_classes
from glyphlens.core.errors import InputError
from glyphlens.data.sample_set import SPLITS, SampleSet
from glyphlens.evaluation.outcomes import class_table, group_table
from glyphlens.evaluation.scores import MACRO_F1, accuracy, ece, part_scores
from glyphlens.inference.reading import Best, best_classes, joined, read_probabilities, readable_rows
from glyphlens.inference.recognizer import RASTER, Recognizer

TOP = 5
BINS = 15
ALL = "all"
SHARES = ("top1", "top5", "shape1", "among")
SCORES = (*map(accuracy, SHARES), MACRO_F1, ece(BINS))
CLASS_COLUMNS = ("label", "code_points", "samples", *SHARES, "predicted", "f1", "mistaken_for", "mistakes")
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Scored:
    """One row of ``rows`` a scored sample: label, group, set, class_index (of the model), predicted, confidence,
    top1, top5, shape1 and ``among``, right when only classes of the set may be answered. What was not scored is counted
    beside it."""

    rows: pd.DataFrame
    classes: pd.DataFrame
    known_classes: int
    unknown: pd.Series
    unreadable: int

    @property
    def total(self) -> int:
        """Samples of the split, scored or not."""
        return len(self.rows) + int(self.unknown.sum()) + self.unreadable


def score(recognizer: Recognizer, samples: SampleSet, split: str, batch: int) -> Scored:
    """Read every sample of a split (``all``: every sample) whose class the model knows.

    Raises InputError where the split is empty, no class is known, or the pictures are of another size.
    """
    check_pictures(recognizer, samples)
    chosen = split_rows(samples, split)
    matched_S = match_classes(samples.classes, recognizer.classes)
    truth = matched_S[samples.class_indices[chosen]]
    unknown = samples.index["label"].iloc[chosen[truth == UNKNOWN]].value_counts()
    known = chosen[truth != UNKNOWN]
    rows = readable_rows(samples, recognizer.inputs, known)
    if not len(rows):
        raise InputError(
            f"{samples.folder}: none of the {len(chosen)} samples of split '{split}' can be scored by "
            f"{recognizer.path}: {int(unknown.sum())} are of classes that it does not know, {len(known)} lack its "
            f"{', '.join(recognizer.inputs)}"
        )
    allowed = np.unique(matched_S[matched_S != UNKNOWN])
    best, among_N = _answers(recognizer, samples, rows, allowed, batch)
    table = _row_table(recognizer, samples, rows, matched_S, best, among_N)
    classes = scored_classes(table, recognizer)
    return Scored(table, classes, len(allowed), unknown, len(known) - len(rows))


def check_pictures(recognizer: Recognizer, samples: SampleSet) -> None:
    """Raise InputError where the set's pictures are not of the size that the model reads."""
    found = (samples.image.height_px, samples.image.width_px)
    if RASTER in recognizer.inputs and recognizer.inputs[RASTER].shape != found:
        raise InputError(
            f"{samples.folder}: pictures of {found[0]}×{found[1]} px, {recognizer.path} reads "
            f"{'×'.join(map(str, recognizer.inputs[RASTER].shape))}; they belong to different tracks or settings"
        )


def split_rows(samples: SampleSet, split: str) -> Ints:
    """Row numbers of train, val, test or all; raises InputError where there is none."""
    rows = np.arange(len(samples)) if split == ALL else samples.rows(split)
    if not len(rows):
        counts = samples.index["split"].value_counts()
        there = ", ".join(f"{name} {counts.get(name, 0)}" for name in SPLITS)
        raise InputError(f"{samples.folder}: no sample of split '{split}' ({there}); --split all reads every sample")
    return rows


def summary_table(scored: Scored) -> pd.DataFrame:
    """One row for all samples and, where there are several, one for each set: see ``summary`` for the columns."""
    parts: list[tuple[str, pd.DataFrame]] = [(ALL, scored.rows)]
    sets = sorted(scored.rows["set"].unique())
    if len(sets) > 1:
        parts += [(name, scored.rows[scored.rows["set"] == name]) for name in sets]
    return pd.DataFrame([{"set": name, **summary(part)} for name, part in parts])


def summary(rows: pd.DataFrame) -> dict[str, Any]:
    """samples, groups, top1, top5, shape1, among, macro_f1 and ece of some scored rows."""
    scores = {score.name: score.of(rows) for score in SCORES}
    return {"samples": len(rows), "groups": rows["group"].nunique(), **scores}


def scored_groups(scored: Scored) -> pd.DataFrame:
    """One row a group, the worst first: group, set, samples, top1, top5, shape1, among."""
    found = group_table(scored.rows, SHARES)
    found.insert(1, "set", found["group"].map(scored.rows.groupby("group")["set"].first()))
    return found


def scored_classes(rows: pd.DataFrame, recognizer: Recognizer) -> pd.DataFrame:
    """One row a class of the model with samples, hardest first: label, code_points, samples, top1, top5, shape1,
    among, predicted (how often it was the answer), f1, and the commonest wrong answer with its count."""
    counts = class_table(rows, len(recognizer.classes)).drop(columns=["label", "samples"])
    found = part_scores(rows, "class_index", SHARES).merge(counts, on="class_index")
    classes = [recognizer.classes[number] for number in found["class_index"]]
    found["label"] = [entry.label for entry in classes]
    found["code_points"] = [" ".join(entry.code_points) for entry in classes]
    wrong = rows[~rows["top1"]].groupby(["class_index", "predicted"]).size().sort_values(ascending=False, kind="stable")
    first = wrong.reset_index(name="count").drop_duplicates("class_index").set_index("class_index")
    mistaken = found["class_index"].map(first["predicted"])
    found["mistaken_for"] = ["" if np.isnan(n) else recognizer.classes[int(n)].label for n in mistaken]
    found["mistakes"] = found["class_index"].map(first["count"]).fillna(0).astype(np.int64)
    return found[list(CLASS_COLUMNS)].sort_values(["top1", "label"], ignore_index=True)


def _answers(recognizer: Recognizer, samples: SampleSet, rows: Ints, allowed: Ints, batch: int) -> tuple[Best, Ints]:
    """The five best classes, and the best of the allowed ones."""
    parts: list[Best] = []
    among: list[Ints] = []

    def use(probabilities_nC: NDArray[np.float32]) -> None:
        parts.append(best_classes(probabilities_nC, TOP))
        among.append(allowed[probabilities_nC[:, allowed].argmax(axis=1)])

    read_probabilities(recognizer, samples, rows, use, batch=batch)
    return joined(parts, min(TOP, len(recognizer.classes))), np.concatenate(among)


def _row_table(
    recognizer: Recognizer, samples: SampleSet, rows: Ints, matched_S: Ints, best: Best, among_N: Ints
) -> pd.DataFrame:
    frame = samples.index.iloc[rows]
    truth_N = matched_S[samples.class_indices[rows]]
    predicted_N = best.classes_NK[:, 0]
    shape_C = shape_classes(recognizer.classes, samples.classes)
    return pd.DataFrame(
        {
            "label": frame["label"].to_numpy(object),
            "group": frame["group"].astype(str).to_numpy(object),
            "set": frame["set" if "set" in frame else "source"].astype(str).to_numpy(object),
            "class_index": truth_N,
            "predicted": predicted_N,
            "confidence": best.confidence_NK[:, 0],
            "top1": predicted_N == truth_N,
            "top5": (best.classes_NK == truth_N[:, None]).any(axis=1),
            "shape1": shape_C[predicted_N] == shape_C[truth_N],
            "among": among_N == truth_N,
        }
    )


def told(counts: Iterable[tuple[Any, int]], most: int) -> str:
    """``あ 12, い 3, …`` of labels and counts, at most so many."""
    listed = list(counts)
    shown = ", ".join(f"{label} {count:,}" for label, count in listed[:most])
    return shown + (", …" if len(listed) > most else "")
