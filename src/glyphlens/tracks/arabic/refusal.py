"""Which glyphs of a font are refused: those that are too likely none of the glyphs that the recogniser knows.

How known a glyph is, is 1 less the probability of the class ``other`` that the recogniser gives to it by itself. The
threshold was measured on that (``evaluation/companions.py``) and stands in the label map of the release.

G glyphs · R refused ones of them · C classes · K best classes
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.core.errors import InputError
from glyphlens.inference.folder import LABELS
from glyphlens.inference.reading import CHUNK, Best, best_classes
from glyphlens.inference.recognizer import Recognizer
from glyphlens.sources.companion_scripts import OTHER

KNOWN_THRESHOLD = "known_threshold"  # in the rule of a label map
Floats = NDArray[np.float32]


class Refused(NamedTuple):
    """The refused glyphs, (R,) int64 rows, and (R,) float32 the probability by which each is; ``other`` is the number
    of their class."""

    rows_R: NDArray[np.int64]
    p_R: Floats
    other: int

    @classmethod
    def of(cls, recognizer: Recognizer, probabilities_GC: Floats) -> "Refused":
        """By what the recogniser says of each glyph by itself: none where its label map has no threshold. Rows of 0
        are not refused. Raises InputError for a threshold that is no share."""
        least, labels = known_threshold(recognizer), [entry.label for entry in recognizer.classes]
        if least is None or OTHER not in labels:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.float32), 0)
        p_G = probabilities_GC[:, labels.index(OTHER)]
        rows_R = np.flatnonzero(1 - p_G.astype(np.float64) < least)
        return cls(rows_R, p_G[rows_R], labels.index(OTHER))

    def restore(self, weighed_GC: Floats) -> None:
        """Give the class ``other`` its probability again where a font's other glyphs or a language made it less likely;
        the other classes share out what is left. In place."""
        rest_RC = weighed_GC[self.rows_R]
        p_R = np.maximum(self.p_R, rest_RC[:, self.other])
        rest_RC[:, self.other] = 0
        sums_R = rest_RC.sum(axis=1)
        rest_RC *= ((1 - p_R) / np.where(sums_R > 0, sums_R, 1))[:, None]
        rest_RC[:, self.other] = p_R
        weighed_GC[self.rows_R] = rest_RC

    def put_first(self, best: Best, probabilities_GC: Floats) -> None:
        """Name ``other`` first and the best guesses behind it, in rows of ``best``, which is of ``probabilities_GC``.
        In place."""
        count = best.classes_NK.shape[1]
        for start in range(0, len(self.rows_R), CHUNK):
            rows = self.rows_R[start : start + CHUNK]
            ranked_RC = probabilities_GC[rows]
            ranked_RC[:, self.other] = np.inf
            classes_RK = best_classes(ranked_RC, count).classes_NK
            best.classes_NK[rows] = classes_RK
            best.confidence_NK[rows] = np.take_along_axis(probabilities_GC[rows], classes_RK, axis=1)


def likelier_other(recognizer: Recognizer, probabilities_GC: Floats) -> NDArray[np.bool_]:
    """(G,) for which glyphs ``other`` is the likeliest class; none where the recogniser has no such class."""
    labels = [entry.label for entry in recognizer.classes]
    number = labels.index(OTHER) if OTHER in labels else len(labels)
    is_other_G: NDArray[np.bool_] = probabilities_GC.argmax(axis=1) == number
    return is_other_G


def known_threshold(recognizer: Recognizer) -> float | None:
    """How known a glyph must be; None where nothing was measured. Raises InputError for what is no share."""
    least = recognizer.manifest.preparation.get(KNOWN_THRESHOLD)
    if least is None:
        return None
    if isinstance(least, bool) or not isinstance(least, int | float) or not 0 <= least <= 1:
        place = recognizer.path.with_name(LABELS)
        raise InputError(f"{place}: '{KNOWN_THRESHOLD}' is {least!r}, expected a share from 0 to 1")
    return float(least)
