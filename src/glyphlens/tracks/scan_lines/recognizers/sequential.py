"""An answer after every line: tokens of lines, sinusoidal positions, a causal transformer.

Its step takes one line, what the tokeniser keeps of the last ones, and the keys and values of all before, which have
room for all lines of a scan: memory is the same at the first line and at the last.

N scans · L lines · S samples of a line · W lines that a token sees · D numbers of a token
Y layers · H heads · E = D / H · C classes
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from glyphlens.tracks.scan_lines.recognizers.line_tokens import LineCache, LineTokenizer
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

    cache_names: ClassVar[tuple[str, ...]] = ("attended", "window", "seen")
    positions_LD: Tensor
    seen_LL: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = LineTokenizer(
            config.samples, config.widths, config.kernels, config.heights, config.blocks, config.d_model
        )
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
        """The cache before the first line, all 0: keys and values (N, 2, Y, H, L, E), the tokeniser's window
        (N, 2, W − 1, S), and (N, 2) how many lines were seen and the largest deviation of one."""
        own = self.config
        attended = torch.zeros(count, 2, own.layers, own.heads, own.lines, own.d_model // own.heads)
        maps_N2WS, largest_N1 = self.tokenizer.start(count, own.samples)
        return attended, maps_N2WS, torch.cat([torch.zeros(count, 1), largest_N1], dim=1)

    def step(self, line_NS: Tensor, cache: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One more line of each scan → (N, C) logits after it, and the cache for the next."""
        attended, maps_N2WS, seen_N2 = cache
        position_N = seen_N2[:, 0].long()
        places_NL = torch.arange(self.config.lines, device=line_NS.device).unsqueeze(0)
        here_NL, seen_NL = places_NL == position_N.unsqueeze(1), places_NL <= position_N.unsqueeze(1)
        token_N1D, kept = self.tokenizer.step(line_NS, LineCache(maps_N2WS, seen_N2[:, 1:]))
        token_N1D = token_N1D + self.positions_LD[position_N].unsqueeze(1)
        grown = []
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, TransformerLayer)
            token_N1D, after = layer.step(token_N1D, LayerCache(*attended[:, :, number].unbind(1)), here_NL, seen_NL)
            grown.append(torch.stack(after, dim=1))
        seen_N2 = torch.cat([seen_N2[:, :1] + 1, kept.largest_N1], dim=1)
        logits_NC = self.classes(self.norm(token_N1D)).squeeze(1)
        return logits_NC, (torch.stack(grown, dim=2), kept.maps_N2WS, seen_N2)
