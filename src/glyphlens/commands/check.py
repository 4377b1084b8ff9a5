"""What a font with a cmap says its glyphs are, and how often the recogniser agrees, slice by slice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.imaging.shaping import FontFace
from glyphlens.inference.reading import Best
from glyphlens.tracks.arabic.glyphs.candidates import PRESENTATION, Candidate

SLICES = {
    "isol": "isolated",
    "init": "initial",
    "medi": "medial",
    "final": "final",
    "diacritic": "marks",
    "ligature": "ligatures",
    "presentation": "presentation forms",
    "digit": "digits",
    "punctuation": "punctuation",
    "symbol": "symbols",
}
TOP = 5
SCORES = ("top1", "shape1", "top5")


class Expected(NamedTuple):
    """Labels that lead to one glyph when the font shapes them, and the slice of the first of them."""

    labels: tuple[str, ...]
    char_class: str


def expected_glyphs(face: FontFace, candidates: Sequence[Candidate]) -> dict[int, Expected]:
    """{gid: Expected} for every candidate text that the face draws as exactly one glyph.

    A form whose glyph is the isolated one is a form that the font lacks.
    """
    mapped = face.code_points()
    found: dict[int, Expected] = {}
    for candidate in candidates:
        is_presentation = candidate.kind == PRESENTATION
        if not mapped.issuperset(candidate.text if is_presentation else candidate.code_points):
            continue
        gid = _single_glyph(face, candidate.text)
        in_context = candidate.form not in ("", "isol") and not is_presentation
        if gid == 0 or (in_context and gid == _single_glyph(face, candidate.code_points)):
            continue
        known = found.get(gid, Expected((), "presentation" if is_presentation else candidate.char_class))
        if candidate.label not in known.labels:
            found[gid] = Expected((*known.labels, candidate.label), known.char_class)
    return found


def labels_by_picture(expected: Mapping[int, Expected], packed_NHB: NDArray[np.uint8]) -> dict[int, set[str]]:
    """{gid: labels of every expected glyph that this font draws with the same pixels}, its own among them."""
    labels: defaultdict[bytes, set[str]] = defaultdict(set)
    for gid, answer in expected.items():
        labels[packed_NHB[gid].tobytes()].update(answer.labels)
    return {gid: labels[packed_NHB[gid].tobytes()] for gid in expected}


def judge(
    expected: Mapping[int, Expected], alike: Mapping[int, set[str]], best: Best, numbers: dict[str, int]
) -> pd.DataFrame:
    """One row for each expected glyph, by gid: gid, slice, known (a class has the label), top1, shape1, top5.

    ``shape1``: the first answer is a label of ``alike``, so that no picture could tell it from the right one.
    """
    rows = []
    for gid, answer in sorted(expected.items()):
        wanted, drawn_alike = (
            [numbers[label] for label in labels if label in numbers] for labels in (answer.labels, alike[gid])
        )
        hits = np.isin(best.classes_NK[gid, :TOP], wanted)
        shape1 = bool(best.classes_NK[gid, 0] in drawn_alike)
        name = SLICES.get(answer.char_class, answer.char_class)
        rows.append((gid, name, bool(wanted), bool(hits[0]), shape1, bool(hits.any())))
    return pd.DataFrame(rows, columns=["gid", "slice", "known", *SCORES])


def agreement(verdicts: pd.DataFrame) -> pd.DataFrame:
    """slice, glyphs, top1, shape1, top5 over glyphs of known classes, all first; ``unknown``: how many of no class."""
    parts = [("all", verdicts), *((name, verdicts[verdicts["slice"] == name]) for name in SLICES.values())]
    rows = []
    for name, part in parts:
        known = part[part["known"].astype(bool)]
        if not len(part) and name != "all":
            continue
        scores = {column: float(known[column].mean()) if len(known) else float("nan") for column in SCORES}
        rows.append({"slice": name, "glyphs": len(known), **scores, "unknown": len(part) - len(known)})
    return pd.DataFrame(rows)


def _single_glyph(face: FontFace, text: tuple[int, ...]) -> int:
    """The one glyph that a text is drawn as; 0 where there are several, none or the missing glyph."""
    parts = face.shape(text)
    return parts[0].gid if len(parts) == 1 else 0
