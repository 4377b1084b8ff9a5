"""Phase 1: a small CNN that names the primitive seen in one 8×8 cell (docs/SPEC.md#phase-1).

N cells · P = 8 pixels a side · K = 1023 primitives, id 0 is the empty cell
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

CELL_PX = 8


@dataclass(frozen=True)
class CellConfig:
    """``primitives``: ids without the empty one; ``dropout`` before the last layer."""

    primitives: int = 1023
    dropout: float = 0.2


class CellCNN(nn.Module):
    """Two convolutions and two linear layers, about 184,000 parameters with 1,023 primitives."""

    def __init__(self, config: CellConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(32),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(64),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * (CELL_PX // 4) ** 2, 128),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(128, config.primitives + 1),
        )

    def forward(self, cells_N1PP: Tensor) -> Tensor:
        """(N, 1, 8, 8) float ink in 0..1 → (N, K + 1) logits."""
        logits: Tensor = self.layers(cells_N1PP)
        return logits


# One random 64-bit weight a pixel: the wrapped sum of ink × weight tells distinct cells apart. Weighing whole rows of
# eight bytes instead would not do: cells that differ in a row's last pixel alone would then share the low 56 bits.
_PIXEL_WEIGHTS = torch.randint(-(2**63), 2**63 - 1, (CELL_PX**2,), generator=torch.Generator().manual_seed(64))


@torch.inference_mode()
def predict_ids(model: CellCNN, cells_NPP: Tensor, batch: int = 1024) -> Tensor:
    """(N, 8, 8) uint8 ink in 0..255 → (N,) int64 primitive ids.

    A cell without any ink is 0 by definition; of the others the network reads each distinct one once, since most
    cells of a glyph are solid ink or a straight edge that another glyph has too. It computes where its weights are.
    """
    device = next(model.parameters()).device
    pixels_N64 = cells_NPP.flatten(1)
    inked = torch.nonzero(pixels_N64.any(1)).squeeze(1)
    keys, inverse = torch.unique(pixels_N64[inked].long() @ _PIXEL_WEIGHTS, return_inverse=True)
    example = torch.empty_like(keys).scatter_(0, inverse, inked)
    distinct = [
        model(cells_NPP[rows].to(device).unsqueeze(1).float() / 255).argmax(1).cpu()
        for rows in torch.split(example, batch)
        if len(rows)
    ]
    ids_N = torch.zeros(len(cells_NPP), dtype=torch.int64)
    if distinct:
        ids_N[inked] = torch.cat(distinct)[inverse]
    return ids_N


Network, Config = CellCNN, CellConfig
