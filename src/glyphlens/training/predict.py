"""A trained recogniser's logits over many batches."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from glyphlens.training.batches import Batch


@torch.inference_mode()
def predict_logits(model: nn.Module, batches: Iterable[Batch], title: str) -> NDArray[np.float32]:
    """(N, C) float32 logits in the order of the batches; the model is in evaluation mode."""
    return np.concatenate([model(*batch.inputs).float().numpy() for batch in tqdm(batches, desc=title, unit="batch")])
