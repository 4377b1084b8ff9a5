"""How phase 2 and the one-stage baseline are trained: their settings, their task, and classes that share words.

Classes that share words share weights while they are learnt: `beh_with_small_v_below.init` learns from every `beh`,
every `small_v_below` and every `init`. A class's weight vector is its own plus the mean-scaled sum of its words'
vectors. Once learnt, the sum is folded into the plain linear layer: the finished network knows nothing of words.

C classes · W words · E embedding numbers
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils import parametrize

from glyphlens.core.curves import CURVES
from glyphlens.nets.trunk import GlyphHead
from glyphlens.nets.weights import save_model
from glyphlens.sources.companion_scripts import script_of_label
from glyphlens.tracks.arabic.recognizers.grid import GridConfig, GridRecognizer
from glyphlens.tracks.arabic.recognizers.raster_cnn import RasterConfig, RasterRecognizer
from glyphlens.training.batches import Batch, StepSource
from glyphlens.training.checkpoints import Trained
from glyphlens.training.length import FromRandom
from glyphlens.training.loop import train
from glyphlens.training.losses import MarginKind, add_margin, classification_loss, diacritic_loss, warmed_margin
from glyphlens.training.params import TrainingParams
from glyphlens.training.run import TrainingRun, save_training_facts
from glyphlens.training.sample_start import note_start
from glyphlens.training.task import ClassTask

WORD_SCALE = 0.03


class GlyphParams(TrainingParams):
    """The section ``phase2``: network, data and loss; the one-stage baseline takes the same but for its stem.

    ``start``: whether it begins with weights in git where they fit; where it does not, ``from_random`` says how long
    and how fast it learns.
    """

    start: bool
    from_random: FromRandom
    backbone: Literal["cnn", "transformer"]
    width: int = Field(ge=1)
    blocks: int = Field(ge=1)
    patch: Literal[1, 2, 4]
    layers: int = Field(ge=1)
    d_model: int = Field(ge=1)
    heads: int = Field(ge=1)
    mlp: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    geometry: bool
    geometry_dropout: float = Field(ge=0, le=1)
    class_balance: float = Field(ge=0, le=1)
    companion_rows: int = Field(ge=0)
    other_rows: int = Field(ge=0)
    label_words: bool
    clean_share: float = Field(ge=0, le=1)
    token_noise: float = Field(ge=0, le=1)
    aux_weight: float = Field(ge=0)
    margin: float = Field(ge=0)
    margin_kind: MarginKind
    margin_warmup: tuple[float, float] = Field(strict=False)  # YAML has no tuples

    def lasting(self, start: Path | None) -> Self:
        """The same, as long and as fast as a training is that begins with ``start``, or with random weights."""
        return self if start else self.model_copy(update=self.from_random.model_dump())

    def grid_config(self, classes: int, primitives: int) -> GridConfig:
        """Phase 2's network."""
        return GridConfig(
            classes=classes,
            primitives=primitives,
            backbone=self.backbone,
            width=self.width,
            blocks=self.blocks,
            patch=self.patch,
            layers=self.layers,
            d_model=self.d_model,
            heads=self.heads,
            mlp=self.mlp,
            dropout=self.dropout,
            geometry=self.geometry,
            cosine=self.margin > 0,
        )

    def raster_config(self, classes: int, stem: tuple[int, int]) -> RasterConfig:
        """The baseline's network."""
        return RasterConfig(classes, stem, self.width, self.blocks, self.dropout, self.geometry, self.margin > 0)


class GlyphTask(ClassTask):
    """Classes with an angular margin and an auxiliary diacritic head where the parameters ask for them."""

    def __init__(self, params: GlyphParams) -> None:
        super().__init__(params.smoothing)
        self.params = params

    def loss(self, model: nn.Module, batch: Batch, step: int) -> Tensor:
        """Mean over the batch; the model is one of the two glyph recognisers."""
        if not isinstance(model, GridRecognizer | RasterRecognizer):
            raise TypeError(f"{type(model).__name__} has no glyph head to put a margin on")
        params = self.params
        embedding = model.embed(*batch.inputs)
        logits = model.head.classify(embedding)
        if params.margin:
            margin = warmed_margin(step, params.steps, params.margin, params.margin_warmup)
            logits = add_margin(logits.float(), batch.targets, margin, params.margin_kind, model.head.COSINE_SCALE)
        loss = classification_loss(logits, batch.targets, params.smoothing)
        if params.aux_weight and batch.diacritics is not None:
            answers = model.head.diacritic(embedding).squeeze(1)
            loss = loss + params.aux_weight * diacritic_loss(answers, batch.diacritics)
        return loss


def train_glyphs(
    model: GridRecognizer | RasterRecognizer,
    source: StepSource[Batch],
    validation: Sequence[Batch],
    params: GlyphParams,
    labels: Sequence[str],
    *,
    seed: int,
    run: TrainingRun,
    start: Path | None,
    out: Path,
) -> Trained:
    """Train as ``loop.train`` does, write weights, curves and training.json into ``out``.

    ``labels`` in the order of the classes; ``start``: where the weights of ``model`` come from, None where random.
    """
    torch.manual_seed(seed)
    if params.label_words:
        share_words(model.head, labels, 0.0 if start else WORD_SCALE)
    task = GlyphTask(params)
    trained = train(model, source, validation, params, task=task, seed=seed, run=run, curves=out / CURVES)
    if params.label_words:
        fold_words(model.head)
    save_model(out, model)
    save_training_facts(out, note_start(out, start, params.steps), {})
    return trained


def words_of(label: str) -> list[str]:
    """`beh_with_dot.init` → beh, with, dot, .init; words of another script are others than those of Arabic: latin:a."""
    name, dot, form = label.partition(".")
    script = script_of_label(label)
    words = [f"{script}:{word}" for word in name.split("_")] if script else name.split("_")
    return [*words, *([dot + form] if form else [])]


class SharedWords(nn.Module):
    """Adds to each class's weights those of its words; the words' shares of a class have length 1."""

    def __init__(self, labels: Sequence[str], embedding: int, scale: float) -> None:
        super().__init__()
        position = {
            word: number for number, word in enumerate(sorted({w for label in labels for w in words_of(label)}))
        }
        shares_CW = torch.zeros(len(labels), len(position))
        for row, label in enumerate(labels):
            shares_CW[row, [position[word] for word in words_of(label)]] = 1
        self.shares_CW: Tensor
        self.register_buffer("shares_CW", nn.functional.normalize(shares_CW, dim=1))
        self.words_WE = nn.Parameter(scale * torch.randn(len(position), embedding))

    def forward(self, own_CE: Tensor) -> Tensor:
        """(C, E) a class's own weights → (C, E) with its words'."""
        return own_CE + self.shares_CW @ self.words_WE


def share_words(head: GlyphHead, labels: Sequence[str], scale: float) -> None:
    """Let the head's class layer learn through the words of its labels, in the order of the classes.

    ``scale``: standard deviation of what the words add at first.
    """
    shared = SharedWords(labels, head.classes.in_features, scale)
    parametrize.register_parametrization(head.classes, "weight", shared)


def fold_words(head: GlyphHead) -> None:
    """Make the class layer plain again, with the weights that it has now."""
    parametrize.remove_parametrizations(head.classes, "weight", leave_parametrized=True)
