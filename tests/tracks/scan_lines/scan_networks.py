"""Small recognisers of scans of 12 lines, and such scans."""

from typing import Any

import torch
from torch import Tensor, nn

from glyphlens.tracks.scan_lines.recognizers.registry import build_recognizer, scan_params_model

CLASSES, LINES, SAMPLES = 4, 12, 16
TOKENS: dict[str, Any] = {"widths": [4, 8], "kernels": [5, 3], "d_model": 16, "layers": 2, "heads": 2, "mlp": 24}
SETTINGS: dict[str, dict[str, Any]] = {
    "vit": {**TOKENS, "dropout": 0.0},
    "sequential": {**TOKENS, "dropout": 0.0},
    "lrcn": {"window": 7, "widths": [4, 8], "features": 12, "hidden": 16, "layers": 2, "dropout": 0.0},
}
NAMES, STREAMING = sorted(SETTINGS), ("lrcn", "sequential")


def tiny(name: str, **changed: Any) -> nn.Module:
    own = {"network": {**SETTINGS[name], **changed}, "steps": 1, "batch": 2, "lr": 0.01}
    torch.manual_seed(1)
    return build_recognizer(name, scan_params_model(name)(**own).network, CLASSES, (LINES, SAMPLES))


def scans(count: int = 5, seed: int = 0) -> Tensor:
    """Lines of 0 … 255; of scan 1 lines 3 and 7 are missing, line 5 has one value."""
    lines_NLS = 255 * torch.rand(count, LINES, SAMPLES, generator=torch.Generator().manual_seed(seed))
    lines_NLS[1:2, [3, 7]] = torch.nan
    lines_NLS[1:2, 5] = 128.0
    return lines_NLS
