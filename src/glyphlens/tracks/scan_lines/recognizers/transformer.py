"""Pre-norm transformer layers over the lines of a scan: all at once, or one line after the other with its cache.

N scans · T tokens · L lines that a cache has room for · D numbers of a token · H heads · E = D / H
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from glyphlens.core.params import Section


class TokenSettings(Section):
    """The ``network`` part in params.yaml of a recogniser that reads tokens of lines."""

    widths: tuple[int, ...] = Field(strict=False, min_length=1)  # YAML has no tuples
    kernels: tuple[int, ...] = Field(strict=False, min_length=1)
    d_model: int = Field(ge=1)
    layers: int = Field(ge=1)
    heads: int = Field(ge=1)
    mlp: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)


@dataclass(frozen=True)
class TokenConfig:
    """``widths`` and ``kernels`` of the tokeniser's convolutions; ``mlp``: width of the feed-forward part."""

    classes: int
    lines: int
    samples: int
    widths: tuple[int, ...] = (16, 32, 64)
    kernels: tuple[int, ...] = (7, 5, 3)
    d_model: int = 128
    layers: int = 3
    heads: int = 4
    mlp: int = 256
    dropout: float = 0.1


class LayerCache(NamedTuple):
    """Keys and values of the lines so far, (N, H, L, E) float32 each; zeros where there is none yet."""

    keys_NHLE: Tensor
    values_NHLE: Tensor


class TransformerLayer(nn.Module):
    """Attention and a feed-forward part, each behind a layer normalisation and beside an identity path."""

    def __init__(self, width: int, heads: int, mlp: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"d_model {width} is not divisible by heads {heads}")
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.projection = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        feed = (nn.LayerNorm(width), nn.Linear(width, mlp), nn.GELU(), nn.Linear(mlp, width))
        self.feed = nn.Sequential(*feed)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens_NTD: Tensor, seen_TT: Tensor | None = None) -> Tensor:
        """(N, T, D) → the same shape; token t looks at token s where ``seen_TT[t, s]``, or at all."""
        query_NHTE, key_NHTE, value_NHTE = self._projected(tokens_NTD)
        return self._joined(tokens_NTD, masked_attention(query_NHTE, key_NHTE, value_NHTE, seen_TT))

    def step(self, token_N1D: Tensor, cache: LayerCache, here_NL: Tensor, seen_NL: Tensor) -> tuple[Tensor, LayerCache]:
        """One token each: ``here_NL`` marks its own place in the cache, ``seen_NL`` the places it looks at."""
        query_NH1E, key_NH1E, value_NH1E = self._projected(token_N1D)
        here_N1L1 = here_NL[:, None, :, None]
        grown = LayerCache(
            torch.where(here_N1L1, key_NH1E, cache.keys_NHLE), torch.where(here_N1L1, value_NH1E, cache.values_NHLE)
        )
        attended_NH1E = masked_attention(query_NH1E, *grown, seen_NL[:, None, None, :])
        return self._joined(token_N1D, attended_NH1E), grown

    def _projected(self, tokens_NTD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        projected = self.projection(self.attention_norm(tokens_NTD)).unflatten(2, (3, self.heads, -1))
        query_NHTE, key_NHTE, value_NHTE = projected.permute(2, 0, 3, 1, 4).unbind(0)
        return query_NHTE, key_NHTE, value_NHTE

    def _joined(self, tokens_NTD: Tensor, attended_NHTE: Tensor) -> Tensor:
        tokens_NTD = tokens_NTD + self.dropout(self.merge(attended_NHTE.transpose(1, 2).flatten(2)))
        fed: Tensor = tokens_NTD + self.dropout(self.feed(tokens_NTD))
        return fed


def masked_attention(query: Tensor, key: Tensor, value: Tensor, seen: Tensor | None = None) -> Tensor:
    """Softmax attention (Vaswani et al. 2017, arXiv:1706.03762, eq. 1) to the places that are ``seen``.

    (…, Q, E), (…, T, E), (…, T, E) and bool that broadcasts to (…, Q, T) → (…, Q, E); every query sees some place.
    """
    scores = (query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5).float()
    if seen is not None:
        scores = scores.masked_fill(~seen, -torch.inf)
    return torch.softmax(scores, dim=-1).to(value.dtype) @ value


def causal_mask(lines: int) -> Tensor:
    """(L, L) bool: line t sees lines 0 … t."""
    return torch.ones(lines, lines, dtype=torch.bool).tril()


def sinusoidal_positions(lines: int, width: int) -> Tensor:
    """(L, D) float32 of Vaswani et al. 2017 (arXiv:1706.03762, section 3.5): sines, then cosines, of D / 2 frequencies.

    Raises ValueError for an odd width.
    """
    if width % 2:
        raise ValueError(f"d_model {width} is odd, sinusoidal positions need an even one")
    rates = 10_000 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.arange(lines, dtype=torch.float64).unsqueeze(1) * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1).float()
