"""Probabilities → the table of answers: one row a glyph, the best class and the runners-up with their confidences.

A class may stand for several labels, its members; the likeliest is what the class is called, and the others of the best
answer are named beside it.

N glyphs · C classes · K best classes
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.reading import Best
from glyphlens.tracks.arabic.members import Member

Row = dict[Any, Any]  # column → value of one glyph
Names = Sequence[tuple[Member, ...]]  # of each class, the likeliest first
BETWEEN = " | "
NO_OUTLINE = "no outline"
RANKED = ("label_", "code_points_", "confidence_")  # begin the columns of the runners-up


def answer_table(
    subjects: pd.DataFrame,
    best: Best,
    faults: Sequence[str],
    classes: Sequence[CharacterClass],
    names: Names,
    top: int,
) -> pd.DataFrame:
    """Columns of ``subjects`` (which glyph), then label, code_points, form, same_shape, confidence, those of the
    runners-up (label_2, code_points_2, confidence_2, …) and fault.

    ``same_shape`` holds the other members, "keheh.init U+06A9 | …". A row with a fault has no answer: empty strings and
    NaN.
    """
    faulty_N = np.array([bool(fault) for fault in faults], dtype=bool)
    texts = {
        "label": [members[0].label for members in names],
        "code_points": [" ".join(members[0].code_points) for members in names],
        "form": [entry.form for entry in classes],
        "same_shape": [BETWEEN.join(map(member_text, members[1:])) for members in names],
    }
    of_class = {name: np.array(values, dtype=object) for name, values in texts.items()}
    confidence_NK = best.confidence_NK.astype(np.float64).round(4)  # as float32 each format would show other digits
    columns: dict[str, Any] = {}
    for rank in range(min(top, best.classes_NK.shape[1])):
        ending = f"_{rank + 1}" if rank else ""
        for name in of_class if rank == 0 else ("label", "code_points"):
            columns[f"{name}{ending}"] = np.where(faulty_N, "", of_class[name][best.classes_NK[:, rank]])
        columns[f"confidence{ending}"] = np.where(faulty_N, np.nan, confidence_NK[:, rank])
    answers = pd.DataFrame({**columns, "fault": list(faults)})  # at once: every class may be a column
    return pd.concat([subjects.reset_index(drop=True), answers], axis=1)


def member_text(member: Member) -> str:
    """The label and the code points that it stands for."""
    return " ".join((member.label, *member.code_points))


def same_shape(row: Row) -> list[tuple[str, str]]:
    """(label, code points) of the other labels that the answer's class stands for."""
    texts = row["same_shape"].split(BETWEEN) if row["same_shape"] else []
    return [(label, codes) for label, _, codes in (text.partition(" ") for text in texts)]


def runners_up(row: Row) -> list[tuple[str, str, float]]:
    """(label, code points, confidence) of the second best answer and on."""
    ranks = sorted(int(name.removeprefix("label_")) for name in row if name.startswith("label_"))
    return [(row[f"label_{rank}"], row[f"code_points_{rank}"], row[f"confidence_{rank}"]) for rank in ranks]


def is_confident(table: pd.DataFrame, least: float) -> NDArray[np.bool_]:
    """(N,) the rows whose best answer is at least that confident, and all rows with a fault."""
    return ((table["fault"] != "") | (table["confidence"] >= least)).to_numpy()


def has_outline(table: pd.DataFrame) -> NDArray[np.bool_]:
    """(N,) the rows of glyphs that are not blank."""
    return (table["fault"] != NO_OUTLINE).to_numpy()
