"""How often the glyphs of whole fonts are named right, each alone and in context, however the font is cut up.

G glyphs of a font · K best classes · C classes
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.evaluation.calibration import calibration_error, reliability_bins
from glyphlens.tracks.arabic.font_context import FontContext
from glyphlens.tracks.arabic.training.context_answers import FontAnswers

SUBSET = 10  # glyphs that are read together
BINS = 15
SEED = 0  # of what is shuffled and drawn: the gate scores the same again


class Hits(NamedTuple):
    """(N,) known glyphs of several fonts: right at the first guess, and how sure the guess was."""

    right_N: NDArray[np.bool_]
    confidence_N: NDArray[np.float32]

    @property
    def top1(self) -> float:
        """Share that is right."""
        return float(self.right_N.mean())


def context_scores(context: FontContext, fonts: Sequence[FontAnswers]) -> dict[str, float]:
    """Top-1 of all known glyphs of Arabic script alone, in context, in context and shuffled, in tens alone and in
    context; and the calibration error in context."""
    natural = read_in_context(context, fonts)
    tens = list(subsets(fonts))
    return {
        "alone_top1": read_alone(fonts).top1,
        "context_top1": natural.top1,
        "shuffled_top1": read_in_context(context, list(shuffled(fonts))).top1,
        "subset_alone_top1": read_alone(tens).top1,
        "subset_top1": read_in_context(context, tens).top1,
        "context_ece": calibration_error(reliability_bins(natural.confidence_N, natural.right_N, BINS)),
    }


def beside_scores(context: FontContext, fonts: Sequence[FontAnswers]) -> dict[str, float]:
    """Top-1, alone and in context, of the known glyphs that are not of Arabic script; nothing where there are none."""
    if not any(font.beside_G.any() for font in fonts):
        return {}
    return {
        "alone_top1": _joined([_hits(font, font.p_GK, font.beside_G) for font in fonts]).top1,
        "context_top1": _joined([_hits(font, corrected(context, font), font.beside_G) for font in fonts]).top1,
    }


def context_losses(scores: dict[str, float]) -> dict[str, float]:
    """Top-1 that context costs, by how the font is cut up; negative where it gains."""
    return {
        "whole fonts": scores["alone_top1"] - scores["context_top1"],
        "shuffled fonts": scores["alone_top1"] - scores["shuffled_top1"],
        "ten glyphs": scores["subset_alone_top1"] - scores["subset_top1"],
    }


def shuffled(fonts: Sequence[FontAnswers]) -> Iterator[FontAnswers]:
    """Every font with its glyphs in any order."""
    for number, font in enumerate(fonts):
        yield font.take(np.random.default_rng([SEED, number]).permutation(len(font.known_G)))


def subsets(fonts: Sequence[FontAnswers]) -> Iterator[FontAnswers]:
    """The known glyphs of every font, SUBSET at a time, drawn from anywhere and in glyph order."""
    for number, font in enumerate(fonts):
        known = np.random.default_rng([SEED, number]).permutation(np.flatnonzero(font.known_G))
        for start in range(0, len(known), SUBSET):
            yield font.take(np.sort(known[start : start + SUBSET]))


def read_alone(fonts: Sequence[FontAnswers]) -> Hits:
    """The recogniser's own answers."""
    return _joined([_hits(font, font.p_GK, font.arabic_G) for font in fonts])


def read_in_context(context: FontContext, fonts: Sequence[FontAnswers]) -> Hits:
    """The answers of every font corrected by the exported file."""
    return _joined([_hits(font, corrected(context, font), font.arabic_G) for font in fonts])


def corrected(context: FontContext, font: FontAnswers) -> NDArray[np.float32]:
    """(G, K) corrected probabilities of the best classes; of all others the file hears that they are impossible."""
    probabilities_GC = np.zeros((len(font.known_G), context.facts.classes), np.float32)
    np.put_along_axis(probabilities_GC, font.classes_GK, font.p_GK, axis=1)
    return np.take_along_axis(context.correct(probabilities_GC), font.classes_GK, axis=1)


def _hits(font: FontAnswers, p_GK: NDArray[np.float32], counted_G: NDArray[np.bool_]) -> Hits:
    rows = np.flatnonzero(counted_G)
    best = p_GK[rows].argmax(axis=1)
    return Hits(font.right_GK[rows, best], p_GK[rows, best])


def _joined(parts: Sequence[Hits]) -> Hits:
    return Hits(*(np.concatenate(column) for column in zip(*parts, strict=True)))
