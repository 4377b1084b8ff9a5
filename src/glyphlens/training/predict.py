"""A trained recogniser's logits over many batches, on the GPU where there is one."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from glyphlens.training.batches import Batch
from glyphlens.training.machine import compute_device


@contextmanager
def on_compute_device(model: nn.Module) -> Iterator[torch.device]:
    """Lend ``model`` to the GPU for the block, where there is one; it comes back to the CPU."""
    device = compute_device()
    model.to(device)
    try:
        yield device
    finally:
        model.cpu()


@torch.inference_mode()
def predict_logits(model: nn.Module, batches: Iterable[Batch], title: str) -> NDArray[np.float32]:
    """(N, C) float32 logits in the order of the batches; the model is in evaluation mode."""
    with on_compute_device(model) as device:
        rows = [
            model(*(tensor.to(device, non_blocking=True) for tensor in batch.inputs)).float().cpu().numpy()
            for batch in tqdm(batches, desc=title, unit="batch")
        ]
    return np.concatenate(rows)
