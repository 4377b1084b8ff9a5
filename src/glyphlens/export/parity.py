"""Torch beside the exported files: do they say the same, how often are they right, how fast are they?

N samples · C classes · R×S = 16×16 grid
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from glyphlens.errors import InputError
from glyphlens.inference import BATCH, Recognizer, open_session
from glyphlens.recognizers.cells import CELL_PX, CellCNN, predict_ids

WARM_UPS = 3
CELL_PIXELS = CELL_PX * CELL_PX


@dataclass(frozen=True)
class Latency:
    """Median milliseconds a glyph of one file at one batch size, on one core."""

    file: str
    batch: int
    ms_per_glyph: float


@torch.inference_mode()
def torch_logits(
    phase1: nn.Module, phase2: nn.Module, rasters_NHW: NDArray[np.uint8], geometry_NF: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(N, C) logits of the trained networks themselves, the reference of every exported file."""
    parts = []
    for start in range(0, len(rasters_NHW), BATCH):
        part = slice(start, start + BATCH)
        grid_NRS = torch.from_numpy(torch_grids(phase1, rasters_NHW[part]))
        parts.append(phase2(grid_NRS, torch.from_numpy(geometry_NF[part])).float().numpy())
    return np.concatenate(parts)


def torch_grids(phase1: nn.Module, rasters_NHW: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(N, 16, 16) ids by the trained phase 1; equal cells of a batch are read once."""
    side = rasters_NHW.shape[1] // CELL_PX
    tiles = rasters_NHW.reshape(-1, side, CELL_PX, side, CELL_PX).swapaxes(2, 3).reshape(-1, CELL_PIXELS)
    cells = np.ascontiguousarray(tiles)
    _, first, places = np.unique(cells.view(f"V{CELL_PIXELS}").ravel(), return_index=True, return_inverse=True)
    distinct = torch.from_numpy(cells[first].reshape(-1, CELL_PX, CELL_PX))
    ids: NDArray[np.int64] = predict_ids(cast(CellCNN, phase1), distinct).numpy()
    return ids[places].reshape(-1, side, side)


def top1(logits_NC: NDArray[np.floating[Any]], classes_N: NDArray[np.integer[Any]]) -> float:
    """Share of samples whose true class scores best; raises InputError for no sample."""
    if not len(classes_N):
        raise InputError("parity: no sample to score; the split is empty")
    return float(np.mean(logits_NC.argmax(axis=1) == classes_N))


def agreement(first_NC: NDArray[np.floating[Any]], second_NC: NDArray[np.floating[Any]]) -> float:
    """Share of samples that two models give the same class; raises InputError for no sample."""
    return top1(first_NC, second_NC.argmax(axis=1))


def measure_latency(
    file: Path,
    rasters_NHW: NDArray[np.uint8],
    geometry_NF: NDArray[np.float32],
    *,
    batches: Sequence[int],
    repeats: int,
) -> list[Latency]:
    """One core, median of ``repeats`` runs over successive rasters (as a font gives them), after a warm-up."""
    session = open_session(file, threads=1)
    found = []
    for batch in batches:
        if batch > len(rasters_NHW):
            raise InputError(f"latency: batch {batch} needs as many rasters, found {len(rasters_NHW)}")
        seconds = []
        for turn in range(WARM_UPS + repeats):
            start = turn * batch % (len(rasters_NHW) - batch + 1)
            part = slice(start, start + batch)
            feed = {"raster": rasters_NHW[part], "geometry": geometry_NF[part]}
            began = time.perf_counter()
            session.run(["logits"], feed)
            seconds.append(time.perf_counter() - began)
        found.append(Latency(file.name, batch, 1000 * float(np.median(seconds[WARM_UPS:])) / batch))
    return found


def latency_table(found: Sequence[Latency]) -> list[dict[str, Any]]:
    """The measurements as plain rows."""
    return [asdict(entry) for entry in found]


def megabytes(file: Path) -> float:
    """Size of a file in MB (10^6 bytes)."""
    return file.stat().st_size / 1e6


def file_logits(
    file: Path, rasters_NHW: NDArray[np.uint8], geometry_NF: NDArray[np.float32], threads: int
) -> NDArray[np.float32]:
    """(N, C) logits of an exported file that has its label map beside it."""
    return Recognizer.load(file, threads=threads).logits(rasters_NHW, geometry_NF)
