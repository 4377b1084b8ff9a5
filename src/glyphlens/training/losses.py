"""Cross-entropy with smoothing, an angular margin on request, and the auxiliary diacritic loss."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

MarginKind = Literal["cosface", "arcface"]


def warmed_margin(step: int, steps: int, margin: float, warmup: tuple[float, float]) -> float:
    """0 before the first share of training, ``margin`` after the second, linear between."""
    begin, end = (share * steps for share in warmup)
    if step >= end:
        return margin
    return margin * max(0.0, step - begin) / max(end - begin, 1.0)


def add_margin(logits_NC: Tensor, targets_N: Tensor, margin: float, kind: MarginKind, scale: float) -> Tensor:
    """Make the target's scaled cosine harder by ``margin``.

    CosFace (arXiv:1801.09414, eq. 4): cos θ − m. ArcFace (arXiv:1801.07698, eq. 3): cos(θ + m), which is kept
    monotone by leaving θ + m ≤ π.
    """
    target_N1 = targets_N.unsqueeze(1)
    cosine_N1 = (logits_NC.gather(1, target_N1) / scale).clamp(-1 + 1e-6, 1 - 1e-6)
    if kind == "cosface":
        harder_N1 = cosine_N1 - margin
    else:
        harder_N1 = torch.cos((torch.acos(cosine_N1) + margin).clamp(max=torch.pi))
    return logits_NC.scatter(1, target_N1, (scale * harder_N1).to(logits_NC.dtype))


def classification_loss(logits_NC: Tensor, targets_N: Tensor, smoothing: float) -> Tensor:
    """Mean cross-entropy in float32."""
    return functional.cross_entropy(logits_NC.float(), targets_N, label_smoothing=smoothing)


def diacritic_loss(logits_N: Tensor, diacritics_N: Tensor) -> Tensor:
    """Mean binary cross-entropy of the auxiliary head."""
    return functional.binary_cross_entropy_with_logits(logits_N.float(), diacritics_N.float())
