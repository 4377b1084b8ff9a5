"""The context network's batches: what the recogniser says of whole fonts, made as doubtful as on fonts it never saw.

The recogniser has learnt the training families by heart, and what it says of them would teach the network that it is
always right. So its log-probabilities are disturbed: alike for all glyphs of a class, of a letter and of a block in one
font, as a style is misread the same way throughout, and for each glyph by itself. How much is fitted, so that on
average the answers are as often right as on the validation families; a temperature makes them mean what they say.

G glyphs of a font · K best classes · U strengths of disturbance
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torchmetrics import MetricCollection

from glyphlens.export.temperature import fit_temperature
from glyphlens.tracks.arabic.glyphs.class_relations import ClassRelations
from glyphlens.tracks.arabic.recognizers.whole_font import ContextConfig, ContextNetwork
from glyphlens.tracks.arabic.training.context_answers import FontAnswers
from glyphlens.training.params import TrainingParams
from glyphlens.training.task import Monitor, weighted_mean

FEWEST = 6  # glyphs of a piece
STEADY = (2.0, 1.5, 1.0)  # nats at strength 1 of a class, a letter, a block: the same throughout a font
EACH = 1.5  # nats at strength 1, of a glyph's class alone
STRONGEST, HALVINGS, TEMPERATURES = 2.0, 8, 5  # of the search for the level
LONGEST = 0.5  # of the pieces are as long as they may be
RUN, SUBSET = 0.5, 0.3  # of the pieces: a run of the font; glyphs from anywhere, in order; the rest are shuffled
EARLIER = 0.3  # weight of the rounds before the last
IMPOSSIBLE = -1e9


class ContextParams(TrainingParams):
    """Section ``context`` of params.yaml; ``batch`` is the most glyphs of a font that one step sees."""

    fonts_per_family: int = Field(ge=1)
    candidates: int = Field(ge=2)
    hidden: int = Field(ge=1)
    rounds: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    max_loss: float = Field(ge=0, le=1)

    def config(self, classes: int) -> ContextConfig:
        """The network."""
        return ContextConfig(classes, min(self.candidates, classes), self.hidden, self.rounds, self.dropout)


class FontPiece(NamedTuple):
    """``inputs``: (G, K) int64 classes and float log-probabilities; ``right_GK`` bool; ``known_G`` bool."""

    inputs: tuple[Tensor, Tensor]
    right_GK: Tensor
    known_G: Tensor

    @classmethod
    def of(cls, answers: FontAnswers) -> "FontPiece":
        """All glyphs, undisturbed."""
        arrays = (answers.classes_GK, answers.log_p_GK, answers.right_GK, answers.known_G)
        classes_GK, log_p_GK, right_GK, known_G = (torch.from_numpy(np.ascontiguousarray(values)) for values in arrays)
        return cls((classes_GK, log_p_GK), right_GK, known_G)


class Disturbance(NamedTuple):
    """Noise in answers: ``keys_3C`` number classes, letters and blocks; ``level`` is the mean strength; a temperature
    belongs to each of ``strengths_U``, which begin with 0 and end with twice the level."""

    keys_3C: NDArray[np.int64]
    level: float
    strengths_U: NDArray[np.float64]
    temperatures_U: NDArray[np.float64]

    def disturb(self, answers: FontAnswers, strength: float, rng: np.random.Generator) -> FontAnswers:
        """The answers with noise of this strength, the best first again."""
        noise_GK = EACH * rng.standard_normal(answers.classes_GK.shape)
        for key_C, nats in zip(self.keys_3C, STEADY, strict=True):
            noise_GK += nats * rng.standard_normal(int(key_C.max()) + 1)[key_C[answers.classes_GK]]
        temperature = np.interp(strength, self.strengths_U, self.temperatures_U)
        log_p_GK = (answers.log_p_GK + strength * noise_GK) / temperature
        log_p_GK -= np.logaddexp.reduce(log_p_GK, axis=1, keepdims=True)
        order_GK = np.argsort(-log_p_GK, axis=1, kind="stable")
        sort = partial(np.take_along_axis, indices=order_GK, axis=1)
        p_GK = np.exp(sort(log_p_GK)).astype(np.float32)
        return replace(answers, classes_GK=sort(answers.classes_GK), p_GK=p_GK, right_GK=sort(answers.right_GK))


def fit_disturbance(answers: Sequence[FontAnswers], relations: ClassRelations, top1: float, seed: int) -> Disturbance:
    """The level at which ``answers`` are right as often as ``top1`` says, and temperatures up to twice that."""
    keys_3C = np.stack([np.arange(len(relations.letter_C)), relations.letter_C, relations.block_C])
    plain = Disturbance(keys_3C, 0.0, np.zeros(1), np.ones(1))

    def scores(strength: float) -> tuple[float, float]:
        rng = np.random.default_rng(seed)
        return _top1_and_temperature([plain.disturb(each, strength, rng) for each in answers])

    low, high = 0.0, STRONGEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if scores(middle)[0] > top1 else (low, middle)
    strengths_U = np.linspace(0, 2 * low, TEMPERATURES)
    return plain._replace(
        level=low, strengths_U=strengths_U, temperatures_U=np.array([scores(strength)[1] for strength in strengths_U])
    )


def _top1_and_temperature(answers: Sequence[FontAnswers]) -> tuple[float, float]:
    """Of the glyphs known to be Arabic: how many are right, and a temperature that makes answers mean what they say."""
    right_NK = np.concatenate([each.right_GK[each.arabic_G] for each in answers])
    log_p_NK = np.concatenate([each.log_p_GK[each.arabic_G] for each in answers])
    found_N = right_NK.any(axis=1)
    if not found_N.any():
        return 0.0, 1.0
    return float(right_NK[:, 0].mean()), fit_temperature(log_p_NK[found_N], right_NK[found_N].argmax(axis=1))


class ContextBatches:
    """A piece of one training font a step: a run of its glyphs, some of them, or some in any order.

    Fonts are drawn by how many glyphs of them are known, so that the rare letters of large fonts are seen as often as
    they are met there: drawn alike, small fonts would teach that what is rare is never right.
    """

    def __init__(
        self, answers: Sequence[FontAnswers], disturbance: Disturbance, params: ContextParams, seed: int
    ) -> None:
        self.answers, self.disturbance, self.params, self.seed = answers, disturbance, params, seed
        known = np.array([font.known_G.sum() for font in answers], np.float64)
        self.chances = known / known.sum()

    def batch(self, step: int, rank: int = 0, world: int = 1) -> FontPiece:
        """The piece of a step; each process has one of its own."""
        rng = np.random.default_rng([self.seed, step, rank])
        font = self.answers[rng.choice(len(self.answers), p=self.chances)]
        piece = font.take(piece_rows(len(font.known_G), self.params.batch, rng))
        return FontPiece.of(self.disturbance.disturb(piece, 2 * self.disturbance.level * rng.random(), rng))


def piece_rows(count: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of a piece of a font: from FEWEST to ``most`` of ``count``, in a row, here and there, or shuffled."""
    longest = min(count, most)
    length = (
        longest if rng.random() < LONGEST else int(np.exp(rng.uniform(np.log(min(FEWEST, longest)), np.log(longest))))
    )
    kind = rng.random()
    if kind < RUN:
        start = rng.integers(count - length + 1)
        return np.arange(start, start + length)
    rows = rng.choice(count, length, replace=False)
    return np.sort(rows) if kind < RUN + SUBSET else rows


class ContextTask:
    """Cross-entropy of the right class among the candidates, after every round; glyphs without one teach nothing."""

    monitor = Monitor("val_top1", "max")

    def __init__(self, smoothing: float) -> None:
        self.smoothing = smoothing

    def loss(self, model: nn.Module, batch: FontPiece, step: int) -> Tensor:
        """Mean over the glyphs of known class whose class is among the candidates."""
        if not isinstance(model, ContextNetwork):
            raise TypeError(f"{type(model).__name__} reads no fonts")
        *earlier, last = [_loss(scores_GK, batch.right_GK, self.smoothing) for scores_GK in model.scores(*batch.inputs)]
        return last + EARLIER * sum(earlier, torch.zeros(()))

    def metrics(self) -> MetricCollection:
        """Loss, and the share of known glyphs whose first answer is right."""
        means = {name: weighted_mean() for name in ("val_loss", "val_top1")}
        return MetricCollection(means, compute_groups=False)  # type: ignore[arg-type]

    def update(self, metrics: MetricCollection, model: nn.Module, batch: FontPiece) -> None:
        """Of one font, or of some glyphs of it."""
        scores_GK, known = model(*batch.inputs).float(), int(batch.known_G.sum())
        if not known:
            return
        hits_G = batch.right_GK.gather(1, scores_GK.argmax(1, keepdim=True)).squeeze(1)
        metrics["val_loss"].update(_loss(scores_GK, batch.right_GK, 0.0), known)
        metrics["val_top1"].update(hits_G[batch.known_G].float().mean(), known)


def _loss(scores_GK: Tensor, right_GK: Tensor, smoothing: float) -> Tensor:
    """Mean over the glyphs with a right candidate, 0 where there are none."""
    taught_G = right_GK.any(1)
    log_p_GK = scores_GK.float().log_softmax(1)
    right_G = log_p_GK.masked_fill(~right_GK, IMPOSSIBLE).logsumexp(1)
    aim_G = (1 - smoothing) * right_G + smoothing * log_p_GK.mean(1)
    return -(aim_G * taught_G).sum() / taught_G.sum().clamp(min=1)
