"""What the kanji recognisers share: separable blocks, squeeze-and-excitation, the plain convolutional encoder.

N samples · C channels · R×S map
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.nets.trunk import ResidualBlock, convolution

IMAGE_PX = 64
HALVED_LEVELS = 3
ATTENTIVE_LEVELS = 3


class SqueezeExcitation(nn.Module):
    """Channels weighed by what the whole map holds (Hu et al. 2018, arXiv:1709.01507, section 3).

    The weights are broadcast (no ``expand_as``) and both layers are 1×1 convolutions, so that torchao and
    onnxruntime quantise it like the convolutions around it.
    """

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        inner = max(8, channels // reduction)
        self.squeeze = nn.Conv2d(channels, inner, 1)
        self.excite = nn.Conv2d(inner, channels, 1)

    def forward(self, map_NCRS: Tensor) -> Tensor:
        """(N, C, R, S) → the same shape."""
        pooled_NC11 = functional.adaptive_avg_pool2d(map_NCRS, 1)
        return map_NCRS * torch.sigmoid(self.excite(functional.relu(self.squeeze(pooled_NC11))))


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Softmax attention over the last but one axis (Vaswani et al. 2017, arXiv:1706.03762, eq. 1).

    (…, Q, D), (…, T, D), (…, T, E) → (…, Q, E). Written out: torch's fused CPU kernel takes twice the time of a whole
    training step at these few tokens.
    """
    scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
    return torch.softmax(scores.float(), dim=-1).to(value.dtype) @ value


class SeparableBlock(nn.Module):
    """A 3×3 convolution of each channel by itself, then a 1×1 convolution across them (arXiv:1704.04861, section 3.1).

    ``halve`` takes 2×2 maxima first: on a CPU that is several times as fast as a strided depthwise convolution. There
    is no nonlinearity between the two (arXiv:1610.02357, section 4.7). A block that keeps shape and channels has an
    identity path beside it.
    """

    def __init__(self, inputs: int, outputs: int, *, halve: bool) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2) if halve else nn.Identity()
        self.residual = inputs == outputs and not halve
        self.depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(inputs)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.pointwise_norm = nn.BatchNorm2d(outputs)

    def forward(self, map_NCRS: Tensor) -> Tensor:
        """(N, inputs, R, S) → (N, outputs, R, S), half as high and wide with ``halve``."""
        pooled: Tensor = self.pool(map_NCRS)
        mixed: Tensor = self.pointwise_norm(self.pointwise(self.depthwise_norm(self.depthwise(pooled))))
        return functional.relu(pooled + mixed if self.residual else mixed)


class PlacePooling(nn.Sequential):
    """Global pooling with learned weights of the places (global depthwise convolution, arXiv:1804.07573, section 3.1).

    (N, C, side, side) → (N, C), normalised. A character lies in the middle of its picture, so where a stroke is says
    much; plain means learn slower (docs/LOG.md).
    """

    def __init__(self, channels: int, side: int) -> None:
        weigh = nn.Conv2d(channels, channels, side, groups=channels, bias=False)
        super().__init__(weigh, nn.BatchNorm2d(channels), nn.Flatten())


class TokenPooling(nn.Module):
    """The same for tokens: (N, T, D) → (N, weightings × D), each number weighed by place, normalised.

    Written as a product and a sum, because a convolution would have to rearrange the tokens first.
    """

    def __init__(self, places: int, features: int, weightings: int = 1) -> None:
        super().__init__()
        self.weights_WTD = nn.Parameter(torch.randn(weightings, places, features) / places**0.5)
        self.norm = nn.BatchNorm1d(weightings * features)

    def forward(self, tokens_NTD: Tensor) -> Tensor:
        """(N, T, D) → (N, W · D)."""
        pooled_NWD = (tokens_NTD.unsqueeze(1) * self.weights_WTD).sum(2)
        features: Tensor = self.norm(pooled_NWD.flatten(1))
        return features


class Encoder(nn.Sequential):
    """Plain 3×3 convolutions of stride 2, one a width, each followed by ``depths`` residual blocks (arXiv:1512.03385).

    (N, 1, 64, 64) → (N, widths[-1], 64 / 2^L, 64 / 2^L) after L widths. On a CPU a plain convolution of these sizes
    in bfloat16 is hardly slower than a separable one, and sees more. Raises ValueError unless each width has a depth.
    """

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...]) -> None:
        _require_depths(depths, widths, least=0)
        layers: list[nn.Module] = []
        for inputs, outputs, depth in zip((1, *widths[:-1]), widths, depths, strict=True):
            layers += [*convolution(inputs, outputs, 2), nn.ReLU()]
            layers += [ResidualBlock(outputs) for _ in range(depth)]
        super().__init__(*layers)


class SeparableEncoder(nn.Sequential):
    """A plain strided stem, levels of separable blocks of which the first three halve the map, learned pooling.

    ``widths``: channels of the stem and of each level after it; ``depths``: blocks of those levels. Raises ValueError
    unless each level has some. Squeeze-and-excitation follows the last three. (N, 1, 64, 64) → (N, widths[-1]).
    """

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...], reduction: int) -> None:
        _require_depths(depths, widths[1:], least=1)
        layers: list[nn.Module] = [*convolution(1, widths[0], 2), nn.ReLU()]
        for number, depth in enumerate(depths):
            inputs, outputs = widths[number : number + 2]
            layers.append(SeparableBlock(inputs, outputs, halve=number < HALVED_LEVELS))
            layers += [SeparableBlock(outputs, outputs, halve=False) for _ in range(depth - 1)]
            if number >= len(depths) - ATTENTIVE_LEVELS:
                layers.append(SqueezeExcitation(outputs, reduction))
        side = IMAGE_PX >> 1 + min(HALVED_LEVELS, len(depths))
        super().__init__(*layers, PlacePooling(widths[-1], side))


def _require_depths(depths: tuple[int, ...], widths: tuple[int, ...], least: int) -> None:
    if len(depths) != len(widths) or any(depth < least for depth in depths):
        raise ValueError(f"depths {depths}: expected one ≥ {least} for each level of the widths {widths}")
