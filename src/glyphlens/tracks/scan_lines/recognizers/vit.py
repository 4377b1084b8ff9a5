"""The baseline that waits for the whole scan: line tokens and a class token, learned positions, a transformer.

The class token and learned positions are those of Dosovitskiy et al. 2021 (arXiv:2010.11929, section 3.1).

N scans · L lines · S samples of a line · D numbers of a token · C classes
"""

import torch
from torch import Tensor, nn

from glyphlens.tracks.scan_lines.recognizers.line_tokens import LineTokenizer
from glyphlens.tracks.scan_lines.recognizers.transformer import (
    TokenConfig,
    TokenSettings,
    TransformerLayer,
    sinusoidal_positions,
)


class Settings(TokenSettings):
    """``scan_recognizers.vit.network`` in params.yaml."""


class Config(TokenConfig):
    """The sizes of the network."""


def config(settings: Settings, classes: int, lines: int, samples: int) -> Config:
    """The network of ``settings`` for such scans."""
    return Config(classes, lines, samples, **settings.model_dump())


class Network(nn.Module):
    """(N, L, S) → class token and L tokens (N, 1 + L, D) → transformer → class token → (N, 1, C)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = LineTokenizer(config.samples, config.widths, config.kernels, config.d_model)
        self.class_token_D = nn.Parameter(torch.randn(config.d_model))
        # Begun as sines: neighbours are alike from the first step on, which the few steps of a small training need.
        self.positions_LD = nn.Parameter(sinusoidal_positions(config.lines, config.d_model))
        layer = (config.d_model, config.heads, config.mlp, config.dropout)
        self.layers = nn.Sequential(*(TransformerLayer(*layer) for _ in range(config.layers)))
        self.norm = nn.LayerNorm(config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.classes = nn.Linear(config.d_model, config.classes)

    def forward(self, lines_NLS: Tensor) -> Tensor:
        """(N, L, S) float32 lines as they come, NaN where missing → (N, 1, C) logits after the last line."""
        tokens_NLD = self.tokenizer(lines_NLS) + self.positions_LD
        first_N1D = self.class_token_D.to(tokens_NLD.dtype).expand(len(tokens_NLD), 1, -1)
        tokens_NTD = self.layers(torch.cat([first_N1D, tokens_NLD], dim=1))
        logits_N1C: Tensor = self.classes(self.dropout(self.norm(tokens_NTD[:, :1])))
        return logits_N1C
