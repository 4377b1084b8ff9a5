"""Phase 1: a small CNN that names the primitive seen in one 8×8 cell (seed specification, section 6.2).

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


@torch.inference_mode()
def predict_ids(model: CellCNN, cells_NPP: Tensor, batch: int = 16384) -> Tensor:
    """(N, 8, 8) uint8 ink in 0..255 → (N,) int64 primitive ids.

    A cell without any ink is 0 by definition; the network is asked only about the others.
    """
    ids_N = torch.zeros(len(cells_NPP), dtype=torch.int64)
    inked = torch.nonzero(cells_NPP.flatten(1).any(1)).squeeze(1)
    for rows in inked.split(batch):
        ids_N[rows] = model(cells_NPP[rows].unsqueeze(1).float() / 255).argmax(1)
    return ids_N
