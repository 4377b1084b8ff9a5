"""Clean rasters of the Arabic test families → worn ones, read cell by cell and as a whole, with and without phase 1.

M rasters · H×W pixels · N cells of 8×8
"""

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from glyphlens.commands.model import open_model
from glyphlens.data.sample_set import SampleSet, pack_bits
from glyphlens.inference.recognizer import RASTER
from glyphlens.nets.weights import load_model
from glyphlens.tracks.arabic.evaluation.primitive_scores import primitive_scores
from glyphlens.tracks.arabic.primitives.cells import cut_cells, pack_cells
from glyphlens.tracks.arabic.primitives.codebook import Codebook
from glyphlens.tracks.arabic.recognizers.cells import CellCNN, predict_ids

Grey = NDArray[np.uint8]


def _blurred(ink_HW: Grey, sigma_px: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(ink_HW, (0, 0), sigma_px), np.uint8)


def _noisy(ink_HW: Grey, sigma: float) -> Grey:
    noise_HW = np.random.default_rng(int(ink_HW.sum())).normal(0, sigma, ink_HW.shape)
    return np.asarray(np.clip(np.rint(ink_HW + noise_HW), 0, 255), np.uint8)


def _jpeg(ink_HW: Grey) -> Grey:
    stream = io.BytesIO()
    Image.fromarray(ink_HW).save(stream, "JPEG", quality=30)
    return np.asarray(Image.open(stream))


def _low(ink_HW: Grey, factor: int) -> Grey:
    small_hw = cv2.resize(ink_HW, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small_hw, ink_HW.shape[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def _pale(ink_HW: Grey) -> Grey:
    """Ink at 140 of 255 on paper at 40: grey levels that no threshold at one half of 255 was made for."""
    return np.asarray(40 + ink_HW.astype(np.uint16) * 100 // 255, np.uint8)


WEAR: dict[str, Callable[[Grey], Grey]] = {
    "none": lambda ink_HW: ink_HW,
    "blur, σ 0.6 px": lambda ink_HW: _blurred(ink_HW, 0.6),
    "blur, σ 1.0 px": lambda ink_HW: _blurred(ink_HW, 1.0),
    "blur, σ 1.5 px": lambda ink_HW: _blurred(ink_HW, 1.5),
    "noise, σ 25": lambda ink_HW: _noisy(ink_HW, 25),
    "noise, σ 50": lambda ink_HW: _noisy(ink_HW, 50),
    "pale ink, grey paper": _pale,
    "JPEG, quality 30": _jpeg,
    "64 px, enlarged": lambda ink_HW: _low(ink_HW, 2),
    "32 px, enlarged": lambda ink_HW: _low(ink_HW, 4),
    "blur 1.0, noise 25, JPEG": lambda ink_HW: _jpeg(_noisy(_blurred(ink_HW, 1.0), 25)),
}


def worn_table(root: Path, count: int) -> str:
    """Markdown: a row per wear."""
    samples, codebook = SampleSet.open(root / "data/arabic/rasters"), Codebook.open(root / "data/arabic/primitives")
    model, recognizer = load_model(root / "models/arabic/phase1", CellCNN), open_model(Path("arabic"), threads=1)
    rows = samples.rows("test")
    rows = rows[np.linspace(0, len(rows) - 1, count).astype(np.int64)]
    clean_MHW, labels = samples.images(rows), samples.index["label"].iloc[rows].astype(str).to_numpy()
    true_N = _looked_up(clean_MHW, codebook)
    zeros = {name: np.zeros((count, *end.shape), end.dtype) for name, end in recognizer.inputs.items()}
    lines = [
        "| wear | cells: phase 1 | cells: lookup | empty: phase 1 | empty: lookup | chain: grey | chain: thresholded |",
        "| --- |" + " ---: |" * 6,
    ]
    for name, wear in WEAR.items():
        grey_MHW = np.stack([wear(ink_HW) for ink_HW in clean_MHW])
        network_N = predict_ids(model, torch.from_numpy(cut_cells(grey_MHW).reshape(-1, 8, 8))).numpy()
        lookup_N = _looked_up(grey_MHW, codebook)
        network, lookup = primitive_scores(network_N, true_N), primitive_scores(lookup_N, true_N)
        shares = [network.nonempty_accuracy, lookup.nonempty_accuracy, network.empty_fpr, lookup.empty_fpr]
        for shown_MHW in (grey_MHW, np.where(grey_MHW >= 128, 255, 0).astype(np.uint8)):
            best_M = recognizer.probabilities({**zeros, RASTER: shown_MHW}).argmax(axis=1)
            named = np.array([recognizer.classes[best].label for best in best_M])
            shares.append(float((named == labels).mean()))
        lines.append(f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + " |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def _looked_up(grey_MHW: Grey, codebook: Codebook) -> NDArray[np.int64]:
    """(N,) what needs no network: half ink or more is ink, then the nearest primitive."""
    return np.asarray(codebook.assign(pack_cells(pack_bits(grey_MHW >= 128))).ravel(), np.int64)
