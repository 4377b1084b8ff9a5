"""What phase 2 and the one-stage baseline do alike: train a glyph recogniser, its classes sharing words on request."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from glyphlens.tracks.arabic.recognizers.grid import GridRecognizer
from glyphlens.tracks.arabic.recognizers.raster_cnn import RasterRecognizer
from glyphlens.tracks.arabic.training.glyph_params import GlyphParams
from glyphlens.tracks.arabic.training.label_words import fold_words, share_words
from glyphlens.training.batches import Batch, BatchSource
from glyphlens.training.checkpoints import Trained
from glyphlens.training.loop import train
from glyphlens.training.losses import add_margin, classification_loss, diacritic_loss, warmed_margin
from glyphlens.training.run import TrainingRun


class GlyphLoss:
    """The class loss with an angular margin and an auxiliary diacritic head where the parameters ask for them."""

    def __init__(self, params: GlyphParams) -> None:
        self.params = params

    def __call__(self, model: nn.Module, batch: Batch, step: int) -> Tensor:
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
    source: BatchSource,
    validation: Sequence[Batch],
    params: GlyphParams,
    labels: Sequence[str],
    *,
    seed: int,
    run: TrainingRun,
    curves: Path,
) -> Trained:
    """Train in place as ``loop.train`` does; ``labels`` in the order of the classes."""
    torch.manual_seed(seed)
    if params.label_words:
        share_words(model.head, labels)
    trained = train(model, source, validation, params, objective=GlyphLoss(params), seed=seed, run=run, curves=curves)
    if params.label_words:
        fold_words(model.head)
    return trained
