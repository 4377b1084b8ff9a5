"""Losses of reading lines by CTC: focal, confidence-aware, by parts of a cluster, and of the expected error rate.

N lines · T time steps · K tokens · V values of a level · M sampled readings
"""

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics.functional.text import char_error_rate

from glyphlens.core.params import Section
from glyphlens.data.tokens import TokenTable
from glyphlens.inference.decoding import BLANK
from glyphlens.tracks.khmer.training.khmer_tokens import level_values
from glyphlens.training.lines import LineBatch, ctc_loss, greedy_texts, read_lines

LEAST = 1e-6


class LineLossWeights(Section):
    """What is added to, or done to, the likelihood of a text; 0 leaves each out.

    ``focal_gamma`` with ``focal_alpha``: focal loss (Lin et al. 2017, arXiv:1708.02002, eq. 5) of a token's mean
    probability. ``confidence``: share of the entropy that certainty is charged for (Pereyra et al. 2017,
    arXiv:1701.06548, eq. 2). ``hierarchical``: weight of reading the sequences of bases, subscripts, vowels and signs
    by themselves. ``sequence``: weight of the expected character error rate (Prabhavalkar et al. 2018,
    arXiv:1712.01818, eq. 5) over ``sampled`` readings of each line.
    """

    focal_alpha: float = Field(gt=0, le=1)
    focal_gamma: float = Field(ge=0)
    confidence: float = Field(ge=0)
    hierarchical: float = Field(ge=0)
    sequence: float = Field(ge=0)
    sampled: int = Field(ge=2)


class CtcLosses(nn.Module):
    """The weighted loss of logits (N, T, K + 1)."""

    def __init__(self, tokens: TokenTable, weights: LineLossWeights) -> None:
        super().__init__()
        self.tokens, self.weights = tokens, weights
        self.levels = [CtcLevel(values_K) for values_K in level_values(tokens)] if weights.hierarchical else []

    def forward(self, model: nn.Module, batch: LineBatch) -> Tensor:
        """A scalar, the mean over the lines."""
        logits_NTK, steps_N = read_lines(model, batch)
        weights = self.weights
        loss = focal(ctc_loss(logits_NTK, steps_N, batch.texts, self.tokens), weights).mean()
        if weights.confidence:
            loss = loss - weights.confidence * mean_entropy(logits_NTK, steps_N)
        if weights.hierarchical:
            parts = [level.loss(logits_NTK, steps_N, batch.texts, self.tokens) for level in self.levels]
            loss = loss + weights.hierarchical * torch.stack(parts).mean()
        if weights.sequence:
            expected = expected_error_rate(logits_NTK, steps_N, batch.texts, self.tokens, weights.sampled)
            loss = loss + weights.sequence * expected
        return loss


def focal(nats: Tensor, weights: LineLossWeights) -> Tensor:
    """Mean negative log-likelihoods a token, those that are small already made smaller; unchanged for gamma 0."""
    if not weights.focal_gamma:
        return nats
    return weights.focal_alpha * (1 - torch.exp(-nats)) ** weights.focal_gamma * nats


def mean_entropy(logits_NTK: Tensor, steps_N: Tensor) -> Tensor:
    """Nats a time step, of the steps that belong to a line."""
    logs_NTK = logits_NTK.float().log_softmax(2)
    entropy_NT = -(logs_NTK.exp() * logs_NTK).sum(2)
    is_own_NT = torch.arange(logits_NTK.shape[1], device=steps_N.device) < steps_N.unsqueeze(1)
    return entropy_NT[is_own_NT].mean()


class CtcLevel:
    """Tokens that are alike at one level of a cluster (its base, say) taken together."""

    def __init__(self, values_K: NDArray[np.int64]) -> None:
        self.values_K = torch.from_numpy(values_K)
        self.together = functional.one_hot(self.values_K).float()

    def loss(self, logits_NTK: Tensor, steps_N: Tensor, texts: tuple[str, ...], tokens: TokenTable) -> Tensor:
        """Mean negative log-likelihood a token of the sequences of values, where the time steps are enough for it."""
        chances_NTK = logits_NTK.float().softmax(2)
        values_NTV = chances_NTK[..., 1:] @ self.together.to(chances_NTK)
        logs_NTV = torch.cat([chances_NTK[..., :1], values_NTV], dim=2).clamp(min=LEAST).log()
        targets = [1 + self.values_K[torch.from_numpy(tokens.encode(text))] for text in texts]
        lengths_N = torch.tensor([len(target) for target in targets])
        loss: Tensor = functional.ctc_loss(
            logs_NTV.transpose(0, 1).cpu(), torch.cat(targets), steps_N.cpu(), lengths_N, BLANK, zero_infinity=True
        )
        return loss.to(logits_NTK.device)


def expected_error_rate(
    logits_NTK: Tensor, steps_N: Tensor, texts: tuple[str, ...], tokens: TokenTable, sampled: int
) -> Tensor:
    """A scalar whose gradient is that of the expected character error rate, by ``sampled`` readings of each line.

    Readings are drawn step by step; the mean rate of a line's readings is the baseline that lowers the variance.
    """
    logs_NTK = logits_NTK.float().log_softmax(2)
    count, steps, symbols = logs_NTK.shape
    drawn_MNT = torch.multinomial(logs_NTK.detach().exp().reshape(-1, symbols), sampled, replacement=True)
    drawn_MNT = drawn_MNT.T.reshape(sampled, count, steps)
    is_own_NT = torch.arange(steps, device=steps_N.device) < steps_N.unsqueeze(1)
    rates_MN = torch.tensor(
        [
            [
                float(char_error_rate(read, text))
                for read, text in zip(greedy_texts(_as_logits(own_NT, symbols), steps_N, tokens), texts, strict=True)
            ]
            for own_NT in drawn_MNT
        ],
        device=logs_NTK.device,
    )
    chosen_MNT = logs_NTK.unsqueeze(0).expand(sampled, -1, -1, -1).gather(3, drawn_MNT.unsqueeze(3)).squeeze(3)
    likelihood_MN = (chosen_MNT * is_own_NT).sum(2)
    return ((rates_MN - rates_MN.mean(0)) * likelihood_MN).sum(0).mean() / (sampled - 1)


def _as_logits(symbols_NT: Tensor, count: int) -> Tensor:
    return functional.one_hot(symbols_NT, count).float()
