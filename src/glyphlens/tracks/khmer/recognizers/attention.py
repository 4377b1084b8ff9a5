"""Reads a line token by token: each is chosen by those before it and by eight heads of attention on the picture.

The encoder is that of ``ctc``, and its scores are there too: learnt beside the decoder, they teach the encoder where
tokens stand (Kim et al. 2017, arXiv:1609.06773). A decoder layer is that of Vaswani et al. 2017, arXiv:1706.03762.

N lines · T time steps · L tokens · K tokens of the table · D numbers of a step
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from glyphlens.inference.decoding import LineSymbols
from glyphlens.tracks.khmer.recognizers.line_encoder import LineEncoder, TokenScores, encoded_steps

HEADS = 8
WAVELENGTH = 10_000.0
NOT_SEEN = -1e4  # added to the scores of what must not be attended to; finite in bfloat16 too


@dataclass(frozen=True)
class Config:
    """As of ``ctc``, and the decoder's layers."""

    tokens: int
    parts: int = 0
    widths: tuple[int, ...] = (16, 64, 96, 160)
    depths: tuple[int, ...] = (0, 0, 1, 1)
    blocks: int = 1
    hidden: int = 160
    layers: int = 1
    dropout: float = 0.1
    decoder_layers: int = 1


class MultiHeadAttention(nn.Module):
    """Eight heads; ``mask`` is added to their scores and broadcast over them."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(features, features) for _ in range(4))

    def forward(self, asking_NLD: Tensor, asked_NTD: Tensor, mask: Tensor) -> Tensor:
        """(N, L, D), (N, T, D), (…, L or 1, T) → (N, L, D)."""
        query, key, value = self.query(asking_NLD), self.key(asked_NTD), self.value(asked_NTD)
        heads = [part.unflatten(2, (HEADS, -1)).transpose(1, 2) for part in (query, key, value)]
        scores = heads[0] @ heads[1].transpose(2, 3) * heads[0].shape[-1] ** -0.5
        weights = torch.softmax(scores.float() + mask.unsqueeze(1), dim=-1).to(value.dtype)
        result: Tensor = self.out((weights @ heads[2]).transpose(1, 2).flatten(2))
        return result


class DecoderLayer(nn.Module):
    """Attention on the tokens before, attention on the picture, then a network of each place."""

    def __init__(self, features: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(features) for _ in range(3))
        self.before, self.picture = MultiHeadAttention(features), MultiHeadAttention(features)
        self.each = nn.Sequential(
            nn.Linear(features, 2 * features), nn.ReLU(), nn.Dropout(dropout), nn.Linear(2 * features, features)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, places_NLD: Tensor, memory_NTD: Tensor, causal_1LL: Tensor, seen_N1T: Tensor) -> Tensor:
        """(N, L, D) → the same shape."""
        normed = self.norms[0](places_NLD)
        places_NLD = places_NLD + self.dropout(self.before(normed, normed, causal_1LL))
        places_NLD = places_NLD + self.dropout(self.picture(self.norms[1](places_NLD), memory_NTD, seen_N1T))
        result: Tensor = places_NLD + self.dropout(self.each(self.norms[2](places_NLD)))
        return result


class TokenDecoder(nn.Module):
    """Tokens so far → logits of what follows each: the K tokens and, as number K, the end."""

    def __init__(self, features: int, tokens: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LineSymbols.of(tokens).shown, features)
        nn.init.normal_(self.embedding.weight, std=features**-0.5)
        self.layers = nn.ModuleList(DecoderLayer(features, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(features)
        self.scores = nn.Linear(features, tokens + 1)

    def forward(self, before_NL: Tensor, memory_NTD: Tensor, steps_N: Tensor) -> Tensor:
        """(N, L) numbers that begin with the start symbol, (N, T, D), of which ``steps_N`` count → (N, L, K + 1)."""
        length, steps, features = before_NL.shape[1], memory_NTD.shape[1], memory_NTD.shape[2]
        memory_NTD = memory_NTD + positions(steps, features, memory_NTD)
        places_NLD = self.embedding(before_NL) * features**0.5 + positions(length, features, memory_NTD)
        here_L = torch.arange(length, device=before_NL.device)
        causal_1LL = NOT_SEEN * (here_L.unsqueeze(0) > here_L.unsqueeze(1)).float().unsqueeze(0)
        there_T = torch.arange(steps, device=before_NL.device)
        seen_N1T = NOT_SEEN * (there_T >= steps_N.unsqueeze(1)).float().unsqueeze(1)
        for layer in self.layers:
            places_NLD = layer(places_NLD, memory_NTD, causal_1LL, seen_N1T)
        logits: Tensor = self.scores(self.norm(places_NLD))
        return logits


class Network(nn.Module):
    """Encoder, scores of every time step, and the decoder."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = LineEncoder(
            config.widths, config.depths, config.blocks, config.hidden, config.layers, config.dropout
        )
        self.scores = TokenScores(self.encoder.features, config.tokens, config.parts)
        self.decoder = TokenDecoder(self.encoder.features, config.tokens, config.decoder_layers, config.dropout)

    def forward(self, images_N1HW: Tensor) -> Tensor:
        """(N, 1, 48, W) float ink in 0..1 → (N, T, D) what the decoder attends to."""
        memory_NTD: Tensor = self.encoder(images_N1HW)
        return memory_NTD

    def time_steps(self, widths_N: Tensor) -> Tensor:
        """(N,) int64: how many of the T time steps are of an image so wide."""
        return encoded_steps(widths_N)


def positions(count: int, features: int, like: Tensor) -> Tensor:
    """(count, D) sines and cosines of the places 0, 1, … (arXiv:1706.03762, section 3.5), of the type of ``like``."""
    exponents = torch.arange(0, features, 2, device=like.device) / features
    angles = torch.arange(count, device=like.device).unsqueeze(1) * WAVELENGTH**-exponents
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :features].to(like.dtype)
