"""What a font with a cmap says its glyphs are, and how often the recogniser agrees, slice by slice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glyphlens.commands.answers import Names
from glyphlens.imaging.shaping import FontFace
from glyphlens.inference.reading import Best
from glyphlens.tracks.arabic.glyphs.candidates import COMPANION, PRESENTATION, Candidate

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
    "latin": "Latin",
    "greek": "Greek",
    "cyrillic": "Cyrillic",
    "hebrew": "Hebrew",
    "common": "common digits and signs",
}
TOP = 5
SCORES = ("top1", "exact", "shape1", "top5")
YES, OTHER_CODE_POINT, NO, NOT_A_CLASS = "yes", "other code point", "no", "not a class"


class Expected(NamedTuple):
    """Labels that lead to one glyph when the font shapes them, the slice of the first of them, and the code points of
    each, "U+0644 U+0627"."""

    labels: tuple[str, ...]
    char_class: str
    code_points: tuple[str, ...] = ()


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
        is_shaped = candidate.kind != COMPANION
        gid = _single_glyph(face, candidate.text) if is_shaped else face.glyph(candidate.text[0])
        in_context = candidate.form not in ("", "isol") and not is_presentation
        if gid == 0 or (in_context and gid == _single_glyph(face, candidate.code_points)):
            continue
        known = found.get(gid, Expected((), "presentation" if is_presentation else candidate.char_class))
        if candidate.label not in known.labels:
            codes = " ".join(f"U+{code_point:04X}" for code_point in candidate.code_points)
            found[gid] = Expected((*known.labels, candidate.label), known.char_class, (*known.code_points, codes))
    return found


def labels_by_picture(expected: Mapping[int, Expected], packed_NHB: NDArray[np.uint8]) -> dict[int, set[str]]:
    """{gid: labels of every expected glyph that this font draws with the same pixels}, its own among them."""
    labels: defaultdict[bytes, set[str]] = defaultdict(set)
    for gid, answer in expected.items():
        labels[packed_NHB[gid].tobytes()].update(answer.labels)
    return {gid: labels[packed_NHB[gid].tobytes()] for gid in expected}


def judge(
    expected: Mapping[int, Expected], alike: Mapping[int, set[str]], best: Best, numbers: dict[str, int], names: Names
) -> pd.DataFrame:
    """One row for each expected glyph, by gid: gid, slice, known (a class has the label), verdict, and SCORES.

    ``verdict``: YES, OTHER_CODE_POINT where only the class is right, NO or NOT_A_CLASS. ``exact``: it is YES.
    ``shape1``: the first answer is a label of ``alike``, so that no picture could tell it from the right one.
    """
    rows = []
    for gid, answer in sorted(expected.items()):
        wanted, drawn_alike = (
            [numbers[label] for label in labels if label in numbers] for labels in (answer.labels, alike[gid])
        )
        first, hits = best.classes_NK[gid, 0], np.isin(best.classes_NK[gid, :TOP], wanted)
        called = names[first][0]
        is_exact = called.label in answer.labels or " ".join(called.code_points) in answer.code_points
        verdict = NOT_A_CLASS if not wanted else NO if not hits[0] else YES if is_exact else OTHER_CODE_POINT
        name = SLICES.get(answer.char_class, answer.char_class)
        scores = (bool(hits[0]), verdict == YES, bool(first in drawn_alike), bool(hits.any()))
        rows.append((gid, name, bool(wanted), verdict, *scores))
    return pd.DataFrame(rows, columns=["gid", "slice", "known", "verdict", *SCORES])


def agreement_words(verdicts: pd.DataFrame) -> str:
    """How many glyphs got which verdict, in words."""
    counts = verdicts["verdict"].value_counts()
    right, other, wrong, unknown = (int(counts.get(word, 0)) for word in (YES, OTHER_CODE_POINT, NO, NOT_A_CLASS))
    return (
        f"{len(verdicts)} glyphs checked: {right} right, {other} of the right class with another code point, "
        f"{wrong} wrong, {unknown} not a class"
    )


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
