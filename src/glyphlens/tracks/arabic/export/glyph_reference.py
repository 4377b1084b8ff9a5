"""Both trained networks of the glyph recogniser in torch: the reference of every file that is exported from them.

N samples · C classes · R×S = 16×16 grid
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from glyphlens.inference.recognizer import BATCH, GEOMETRY, RASTER
from glyphlens.tracks.arabic.primitives.cells import cut_cells
from glyphlens.tracks.arabic.recognizers.cells import CELL_PX, CellCNN, predict_ids

CELL_PIXELS = CELL_PX * CELL_PX


@torch.inference_mode()
def torch_logits(phase1: nn.Module, phase2: nn.Module, feeds: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """(N, C) logits of the trained networks themselves, the reference of every exported file."""
    rasters_NHW, geometry_NF = feeds[RASTER], feeds[GEOMETRY]
    parts = []
    for start in range(0, len(rasters_NHW), BATCH):
        part = slice(start, start + BATCH)
        grid_NRS = torch.from_numpy(torch_grids(phase1, rasters_NHW[part]))
        parts.append(phase2(grid_NRS, torch.from_numpy(geometry_NF[part])).float().numpy())
    return np.concatenate(parts)


def torch_grids(phase1: nn.Module, rasters_NHW: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N, 16, 16) ids by the trained phase 1; equal cells of a batch are read once."""
    side = rasters_NHW.shape[1] // CELL_PX
    cells = np.ascontiguousarray(cut_cells(rasters_NHW).reshape(-1, CELL_PIXELS))
    _, first, places = np.unique(cells.view(f"V{CELL_PIXELS}").ravel(), return_index=True, return_inverse=True)
    distinct = torch.from_numpy(cells[first].reshape(-1, CELL_PX, CELL_PX))
    ids: NDArray[np.int64] = predict_ids(cast(CellCNN, phase1), distinct).numpy()
    return ids[places].reshape(-1, side, side)
