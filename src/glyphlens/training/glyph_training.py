"""What phase 2 and the one-stage baseline do alike: train a glyph recogniser, its classes sharing words on request."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch

from glyphlens.recognizers.grid import GridRecognizer
from glyphlens.recognizers.raster_cnn import RasterRecognizer
from glyphlens.training.batches import Batch, BatchSource
from glyphlens.training.glyph_params import GlyphParams
from glyphlens.training.label_words import fold_words, share_words
from glyphlens.training.loop import train


def train_glyphs(
    model: GridRecognizer | RasterRecognizer,
    source: BatchSource,
    validation: Sequence[Batch],
    params: GlyphParams,
    labels: Sequence[str],
    *,
    title: str,
    seed: int,
    checkpoints: Path,
) -> pd.DataFrame:
    """Train in place as ``loop.train`` does; ``labels`` in the order of the classes. Returns the curves."""
    torch.manual_seed(seed)
    if params.label_words:
        share_words(model.head, labels)
    curves = train(model, source, validation, params, title=title, seed=seed, checkpoints=checkpoints)
    if params.label_words:
        fold_words(model.head)
    return curves
