"""An answer after every line: tokens of single lines, sinusoidal positions, a causal transformer.

Its step takes one line and the keys and values of those before it, which have room for all lines of a scan: memory is
the same at the first line and at the last.

N scans · L lines · S samples of a line · D numbers of a token · Y layers · H heads · E = D / H · C classes
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from glyphlens.tracks.scan_lines.recognizers.line_tokens import LineTokenizer
from glyphlens.tracks.scan_lines.recognizers.transformer import (
    LayerCache,
    TokenConfig,
    TokenSettings,
    TransformerLayer,
    causal_mask,
    sinusoidal_positions,
)


class Settings(TokenSettings):
    """``scan_recognizers.sequential.network`` in params.yaml."""


class Config(TokenConfig):
    """The sizes of the network."""


def config(settings: Settings, classes: int, lines: int, samples: int) -> Config:
    """The network of ``settings`` for such scans."""
    return Config(classes, lines, samples, **settings.model_dump())


class Network(nn.Module):
    """(N, L, S) → tokens (N, L, D) → causal transformer → (N, L, C)."""

    cache_names: ClassVar[tuple[str, ...]] = ("keys", "values", "position")
    positions_LD: Tensor
    seen_LL: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = LineTokenizer(config.samples, config.widths, config.kernels, config.d_model)
        layer = (config.d_model, config.heads, config.mlp, config.dropout)
        self.layers = nn.ModuleList(TransformerLayer(*layer) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(config.d_model, config.classes)
        positions_LD = sinusoidal_positions(config.lines, config.d_model)
        self.register_buffer("positions_LD", positions_LD, persistent=False)
        self.register_buffer("seen_LL", causal_mask(config.lines), persistent=False)

    def forward(self, lines_NLS: Tensor) -> Tensor:
        """(N, L, S) float32 lines as they come, NaN where missing → (N, L, C) logits after every line."""
        tokens_NLD = self.tokenizer(lines_NLS) + self.positions_LD
        for layer in self.layers:
            tokens_NLD = layer(tokens_NLD, self.seen_LL)
        logits_NLC: Tensor = self.classes(self.dropout(self.norm(tokens_NLD)))
        return logits_NLC

    def start(self, count: int) -> tuple[Tensor, ...]:
        """The cache before the first line: keys and values (N, Y, H, L, E) and position (N,) int64, all 0."""
        own = self.config
        room = (count, own.layers, own.heads, own.lines, own.d_model // own.heads)
        return torch.zeros(room), torch.zeros(room), torch.zeros(count, dtype=torch.int64)

    def step(self, line_NS: Tensor, cache: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One more line of each scan → (N, C) logits after it, and the cache for the next."""
        keys_NYHLE, values_NYHLE, position_N = cache
        places_NL = torch.arange(self.config.lines, device=position_N.device).unsqueeze(0)
        here_NL, seen_NL = places_NL == position_N.unsqueeze(1), places_NL <= position_N.unsqueeze(1)
        token_N1D = self.tokenizer(line_NS.unsqueeze(1)) + self.positions_LD[position_N].unsqueeze(1)
        grown = []
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, TransformerLayer)
            before = LayerCache(keys_NYHLE[:, number], values_NYHLE[:, number])
            token_N1D, after = layer.step(token_N1D, before, here_NL, seen_NL)
            grown.append(after)
        keys, values = (torch.stack(parts, dim=1) for parts in zip(*grown, strict=True))
        return self.classes(self.norm(token_N1D)).squeeze(1), (keys, values, position_N + 1)
