"""Each line of a scan → one token, by that line and the few before it: standardised, a short CNN, a learned token where
the line is missing.

A line that is standardised by itself shows faint paper as loud as ink. So it is given twice: as it is, and weighed by
its contrast, its deviation as a share of the largest so far, which has no unit and knows no later line.

N scans · L lines · S samples of a line · W lines that a token sees · C channels · D numbers of a token
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

FEWEST_PLACES = 8  # along a line, to which convolutions shorten it
CONTRAST_GAIN = 3.0  # so that both maps of a line of text deviate alike
BLOCK_KERNEL = 3


class StandardLines(NamedTuple):
    """Lines with mean 0 and deviation 1, (N, L, S) float32, which of them are missing, (N, L) bool, and how much they
    deviated, in their unit, (N, L) float32; 0 where missing."""

    lines_NLS: Tensor
    missing_NL: Tensor
    deviation_NL: Tensor


def standard_lines(lines_NLS: Tensor) -> StandardLines:
    """(N, L, S) float32 in any unit, each line by itself; one with NaN or an infinite value is missing.

    A line of one value and a missing one become zeros. Values are brought to 0 … 1 first, so that neither the square
    of a tiny one nor the rounding of a large mean is taken for a signal.
    """
    known_NL1 = torch.isfinite(lines_NLS).all(-1, keepdim=True)
    known_NLS = torch.where(known_NL1, lines_NLS / 2, 0.0)  # halves: the span of any two is finite
    low_NL1 = known_NLS.amin(-1, keepdim=True)
    span_NL1 = known_NLS.amax(-1, keepdim=True) - low_NL1
    unit_NLS = (known_NLS - low_NL1) / _divisor(span_NL1)
    centred_NLS = unit_NLS - unit_NLS.mean(-1, keepdim=True)
    deviation_NL1 = centred_NLS.square().mean(-1, keepdim=True).sqrt()
    lines_NLS = centred_NLS / _divisor(deviation_NL1)
    return StandardLines(lines_NLS, ~known_NL1.squeeze(-1), (2 * span_NL1 * deviation_NL1).squeeze(-1))


class LineCache(NamedTuple):
    """What a tokeniser keeps of the lines before: both maps of the last W − 1, (N, 2, W − 1, S), and the largest
    deviation so far, (N, 1); zeros before the first line."""

    maps_N2WS: Tensor
    largest_N1: Tensor


class LineNorm(nn.Module):
    """Mean 0 and deviation 1 over the channels and places of each line by itself, then a scale and shift a channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale_C = nn.Parameter(torch.ones(channels))
        self.shift_C = nn.Parameter(torch.zeros(channels))

    def forward(self, map_NCLS: Tensor) -> Tensor:
        """The same shape."""
        map_NLSC = map_NCLS.permute(0, 2, 3, 1)
        normal_NLSC = functional.layer_norm(map_NLSC, map_NLSC.shape[2:])
        return (normal_NLSC * self.scale_C + self.shift_C).permute(0, 3, 1, 2)


class LineBlock(nn.Module):
    """Two 3×3 convolutions beside an identity path, each line seen with those ``steps`` and twice as many before it.

    The first ``2 * sum(steps)`` lines of its input are context alone, so that its output is shorter by them.
    """

    def __init__(self, channels: int, steps: tuple[int, int]) -> None:
        super().__init__()
        self.context = (BLOCK_KERNEL - 1) * sum(steps)
        first, second = (
            nn.Conv2d(channels, channels, BLOCK_KERNEL, padding=(0, 1), dilation=(step, 1)) for step in steps
        )
        self.body = nn.Sequential(first, LineNorm(channels), nn.ReLU(), second, LineNorm(channels))

    def forward(self, map_NCLS: Tensor) -> Tensor:
        """(N, C, L, S) → (N, C, L − context, S)."""
        return functional.relu(self.body(map_NCLS) + map_NCLS[:, :, self.context :])


class LineTokenizer(nn.Module):
    """Convolutions along each line and over the lines before it, the last of them of stride 2, then a projection.

    ``kernels``: samples, ``heights``: lines that each sees; ``blocks``: how many ``LineBlock``, looking back ever
    further. With heights of 1 and no block a token is of its own line alone. There is no normalisation across lines or
    scans, in training either. Raises ValueError unless each width has an odd kernel and a height.
    """

    def __init__(
        self,
        samples: int,
        widths: tuple[int, ...],
        kernels: tuple[int, ...],
        heights: tuple[int, ...],
        blocks: int,
        d_model: int,
    ) -> None:
        super().__init__()
        if not len(widths) == len(kernels) == len(heights) or not all(kernel % 2 for kernel in kernels):
            raise ValueError(
                f"kernels {kernels}, heights {heights}: expected an odd one, and one, for each of {widths}"
            )
        halved = min(len(widths), max(0, round(math.log2(samples / FEWEST_PLACES))))
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(zip((2, *widths[:-1]), widths, strict=True)):
            stride = 2 if number >= len(widths) - halved else 1
            shape = (heights[number], kernels[number])
            convolution = nn.Conv2d(inputs, outputs, shape, (1, stride), (0, kernels[number] // 2))
            layers += [convolution, LineNorm(outputs), nn.ReLU()]
            samples = -(-samples // stride)
        added = [LineBlock(widths[-1], (2**number, 2 ** (number + 1))) for number in range(blocks)]
        self.window = 1 + sum(height - 1 for height in heights) + sum(block.context for block in added)
        self.convolutions = nn.Sequential(*layers, *added)
        self.projection = nn.Linear(widths[-1] * samples, d_model)
        self.norm = nn.LayerNorm(d_model)
        self.missing_D = nn.Parameter(torch.randn(d_model))

    def forward(self, lines_NLS: Tensor) -> Tensor:
        """(N, L, S) float32 lines as they come, NaN where missing → (N, L, D)."""
        seen = standard_lines(lines_NLS)
        largest_NL = running_maximum(seen.deviation_NL)
        maps_N2LS = functional.pad(_maps(seen, largest_NL), (0, 0, self.window - 1, 0))
        return self._tokens(maps_N2LS, seen.missing_NL)

    def start(self, count: int, samples: int) -> LineCache:
        """The cache before the first line."""
        return LineCache(torch.zeros(count, 2, self.window - 1, samples), torch.zeros(count, 1))

    def step(self, line_NS: Tensor, cache: LineCache) -> tuple[Tensor, LineCache]:
        """One more line of each scan → (N, 1, D), and the cache for the next."""
        seen = standard_lines(line_NS.unsqueeze(1))
        largest_N1 = torch.maximum(seen.deviation_NL, cache.largest_N1)
        maps_N2WS = torch.cat([cache.maps_N2WS, _maps(seen, largest_N1)], dim=2)
        return self._tokens(maps_N2WS, seen.missing_NL), LineCache(maps_N2WS[:, :, 1:], largest_N1)

    def _tokens(self, maps_N2LS: Tensor, missing_NL: Tensor) -> Tensor:
        map_NCLS = self.convolutions(maps_N2LS)
        tokens_NLD = self.norm(self.projection(map_NCLS.transpose(1, 2).flatten(2)))
        return torch.where(missing_NL.unsqueeze(-1), self.missing_D.to(tokens_NLD.dtype), tokens_NLD)


def running_maximum(values_NL: Tensor) -> Tensor:
    """(N, L) float of 0 and above → the largest so far; ONNX has no other word for it than this pooling."""
    lines = values_NL.shape[1]
    return functional.max_pool1d(functional.pad(values_NL, (lines - 1, 0)).unsqueeze(1), lines, 1).squeeze(1)


def _maps(seen: StandardLines, largest_NL: Tensor) -> Tensor:
    """(N, 2, L, S): the lines, and the lines weighed by their contrast."""
    contrast_NL = CONTRAST_GAIN * seen.deviation_NL / _divisor(largest_NL)
    return torch.stack([seen.lines_NLS, seen.lines_NLS * contrast_NL.unsqueeze(-1)], dim=1)


def _divisor(scale_NL1: Tensor) -> Tensor:
    return torch.where(scale_NL1 > 0, scale_NL1, 1.0)
