"""One line of a scan → one token, by that line alone: standardised, a short 1-D CNN, a learned token where missing.

N scans · L lines · S samples of a line · C channels · D numbers of a token
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

HALVED_LEVELS = 3  # convolutions of stride 2; further ones keep the length


class StandardLines(NamedTuple):
    """Lines with mean 0 and deviation 1, (N, L, S) float32, and which of them are missing, (N, L) bool."""

    lines_NLS: Tensor
    missing_NL: Tensor


def standard_lines(lines_NLS: Tensor) -> StandardLines:
    """(N, L, S) float32 in any unit, each line by itself; one with NaN or an infinite value is missing.

    A line of one value and a missing one become zeros. Values are brought to 0 … 1 first, so that neither the square
    of a tiny one nor the rounding of a large mean is taken for a signal.
    """
    known_NL1 = torch.isfinite(lines_NLS).all(-1, keepdim=True)
    known_NLS = torch.where(known_NL1, lines_NLS / 2, 0.0)  # halves: the span of any two is finite
    low_NL1 = known_NLS.amin(-1, keepdim=True)
    unit_NLS = (known_NLS - low_NL1) / _divisor(known_NLS.amax(-1, keepdim=True) - low_NL1)
    centred_NLS = unit_NLS - unit_NLS.mean(-1, keepdim=True)
    deviation_NL1 = centred_NLS.square().mean(-1, keepdim=True).sqrt()
    return StandardLines(centred_NLS / _divisor(deviation_NL1), ~known_NL1.squeeze(-1))


class LineTokenizer(nn.Module):
    """Convolutions along each line, the first three of stride 2, then a projection.

    There is no normalisation across lines or scans: a token depends on its own line, in training too. Raises
    ValueError unless each width has an odd kernel.
    """

    def __init__(self, samples: int, widths: tuple[int, ...], kernels: tuple[int, ...], d_model: int) -> None:
        super().__init__()
        if len(widths) != len(kernels) or not all(kernel % 2 for kernel in kernels):
            raise ValueError(f"kernels {kernels}: expected an odd one for each of the widths {widths}")
        layers: list[nn.Module] = []
        length = samples
        for number, (inputs, outputs, kernel) in enumerate(zip((1, *widths[:-1]), widths, kernels, strict=True)):
            stride = 2 if number < HALVED_LEVELS else 1
            layers += [nn.Conv2d(inputs, outputs, (1, kernel), (1, stride), (0, kernel // 2)), nn.ReLU()]
            length = -(-length // stride)
        self.convolutions = nn.Sequential(*layers)
        self.projection = nn.Linear(widths[-1] * length, d_model)
        self.norm = nn.LayerNorm(d_model)
        self.missing_D = nn.Parameter(torch.randn(d_model))

    def forward(self, lines_NLS: Tensor) -> Tensor:
        """(N, L, S) float32 lines as they come, NaN where missing → (N, L, D)."""
        standard_NLS, missing_NL = standard_lines(lines_NLS)
        map_NCLS = self.convolutions(standard_NLS.unsqueeze(1))
        tokens_NLD = self.norm(self.projection(map_NCLS.transpose(1, 2).flatten(2)))
        return torch.where(missing_NL.unsqueeze(-1), self.missing_D.to(tokens_NLD.dtype), tokens_NLD)


def _divisor(scale_NL1: Tensor) -> Tensor:
    return torch.where(scale_NL1 > 0, scale_NL1, 1.0)
