"""Two views of a class in one prototype: its description and its template, weighed on characters pretended unseen.

A seen class attracts pictures more than one that was never trained on, so its score is lowered by a penalty
(calibrated stacking, Chao et al. 2016, arXiv:1605.04253, section 3.1). Both numbers and the temperature are chosen on
validation: writers and fonts never trained on, classes never trained on beside trained ones.
C classes · N pictures · E numbers of an embedding
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glyphlens.export.temperature import fit_temperature
from glyphlens.inference.prototypes import Prototypes, blended

TEXT_SHARES = tuple(round(0.1 * tenth, 1) for tenth in range(11))
PENALTIES = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1)
SHARPNESS = 20.0  # cosines are multiplied by it before a temperature is fitted: its range is that of logits

Floats = NDArray[np.float32]


class Fusion(NamedTuple):
    """``text_share`` of the description in a prototype; ``seen_penalty`` in cosine; ``scale``: 1 / temperature."""

    text_share: float
    seen_penalty: float
    scale: float


class ClassViews(NamedTuple):
    """(C, E) of length 1 each, 0 without templates: what descriptions and templates say; ``is_seen_C``: trained on."""

    labels: tuple[str, ...]
    text_CE: Floats
    exemplar_CE: Floats
    is_seen_C: NDArray[np.bool_]

    def of(self, rows: NDArray[np.int64]) -> "ClassViews":
        """Some of the classes."""
        labels = tuple(self.labels[row] for row in rows)
        return ClassViews(labels, self.text_CE[rows], self.exemplar_CE[rows], self.is_seen_C[rows])


class Held(NamedTuple):
    """Validation pictures: embeddings (N, E), and the row of each one's class among the candidates (N,)."""

    embedding_NE: Floats
    targets_N: NDArray[np.int64]


def fused(views: ClassViews, fusion: Fusion) -> Prototypes:
    """One prototype of length 1 a class."""
    vectors_CE = blended(views.text_CE, views.exemplar_CE, fusion.text_share)
    bias_C = (-fusion.seen_penalty * fusion.scale * views.is_seen_C).astype(np.float32)
    return Prototypes(views.labels, vectors_CE, bias_C, fusion.scale, fusion.text_share)


def choose_fusion(views: ClassViews, unseen: Held, seen: Held, shares: Sequence[float] = TEXT_SHARES) -> Fusion:
    """The share and the penalty of the best harmonic mean of both top-1, then the temperature that fits the unseen.

    Ties go to the smaller penalty, then to the larger share.
    """
    scored = [_Scored.of(views, held) for held in (unseen, seen)]
    tried = [Fusion(share, penalty, 1.0) for penalty, share in product(PENALTIES, sorted(shares, reverse=True))]
    best = max(tried, key=lambda fusion: round(harmonic_mean(*(each.top1(fusion) for each in scored)), 6))
    logits_NC = SHARPNESS * fused(views, best).logits(unseen.embedding_NE)
    return best._replace(scale=round(SHARPNESS / fit_temperature(logits_NC, unseen.targets_N), 4))


def harmonic_mean(first: float, second: float) -> float:
    """0 where both are."""
    return 2 * first * second / max(first + second, 1e-9)


def top1_of(prototypes: Prototypes, held: Held) -> float:
    """Share of the pictures whose class is nearest."""
    return float(np.mean(prototypes.logits(held.embedding_NE).argmax(axis=1) == held.targets_N))


class _Scored(NamedTuple):
    """Cosines of pictures and classes, once for all fusions; ``product_C``: cosines of both views of a class."""

    text_NC: Floats
    exemplar_NC: Floats
    product_C: Floats
    is_drawn_C: NDArray[np.bool_]  # has templates; without any the exemplar is 0
    is_seen_C: NDArray[np.bool_]
    targets_N: NDArray[np.int64]

    @classmethod
    def of(cls, views: ClassViews, held: Held) -> "_Scored":
        text_NC, exemplar_NC = (held.embedding_NE @ view_CE.T for view_CE in (views.text_CE, views.exemplar_CE))
        product_C = (views.text_CE * views.exemplar_CE).sum(axis=1)
        is_drawn_C = np.linalg.norm(views.exemplar_CE, axis=1) > 0
        return cls(text_NC, exemplar_NC, product_C, is_drawn_C, views.is_seen_C, held.targets_N)

    def top1(self, fusion: Fusion) -> float:
        """As ``top1_of`` of the fused prototypes."""
        text, exemplar = fusion.text_share, 1 - fusion.text_share
        length_C = np.sqrt(np.maximum(text**2 + exemplar**2 + 2 * text * exemplar * self.product_C, 1e-9))
        length_C = np.where(self.is_drawn_C, length_C, max(text, 1e-9))
        scores_NC = (text * self.text_NC + exemplar * self.exemplar_NC) / length_C
        best_N = (scores_NC - fusion.seen_penalty * self.is_seen_C).argmax(axis=1)
        return float(np.mean(best_N == self.targets_N))
