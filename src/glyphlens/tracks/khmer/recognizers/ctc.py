"""Reads a line by connectionist temporal classification: each time step is a token or nothing.

N lines · H×W pixels · T time steps · K tokens
"""

from dataclasses import dataclass

from torch import Tensor, nn

from glyphlens.tracks.khmer.recognizers.line_encoder import LineEncoder, TokenScores, encoded_steps


@dataclass(frozen=True)
class Config:
    """``tokens``: how many, without the blank. ``parts``: of which they are made up. The rest: see LineEncoder."""

    tokens: int
    parts: int = 0
    widths: tuple[int, ...] = (24, 64, 96, 128)
    depths: tuple[int, ...] = (0, 1, 1, 1)
    blocks: int = 1
    hidden: int = 160
    layers: int = 1
    dropout: float = 0.1


class Network(nn.Module):
    """Encoder and scores of every time step."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = LineEncoder(
            config.widths, config.depths, config.blocks, config.hidden, config.layers, config.dropout
        )
        self.scores = TokenScores(self.encoder.features, config.tokens, config.parts)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 48, W) float ink in 0..1 → (N, T, K + 1) logits, the blank first."""
        logits: Tensor = self.scores(self.encoder(images_N1HW))
        return logits

    def time_steps(self, widths_N: Tensor) -> Tensor:
        """(N,) int64: how many of the T time steps are of an image so wide."""
        return encoded_steps(widths_N)
