"""What reading characters never seen costs beside a recogniser of fixed classes: exported files, the same pictures.

The first description of this system expected 3–4 times the milliseconds of HierCode (2–3 ms against 8–10 ms a picture).
A ratio of 1 is four times; where it is larger, ours needs less.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ratio import Ratio
from glyphlens.core.storage import load_array
from glyphlens.inference.folder import Precision
from glyphlens.inference.recognizer import RASTER, Recognizer

SAMPLES = Path("data/zero_shot/samples/pixels.npy")
OURS, THEIRS = Path("models/zero_shot/export"), Path("models/kanji/export/hiercode")
ALLOWED = 4  # times HierCode's
REPEATS = 60
PRECISIONS: tuple[Precision, ...] = ("int8", "fp32")


def measure() -> list[Ratio]:
    """Pictures to logits of all candidates, one core, batches of 1 and 64, both files in turn; medians."""
    pictures_NHW = np.asarray(load_array(SAMPLES, mmap=True)[: 64 * 8])
    ratios = []
    for kind in PRECISIONS:
        ours, theirs = (Recognizer.load(folder / f"{kind}.onnx", threads=1) for folder in (OURS, THEIRS))
        for batch in (1, 64):
            own_s, other_s = _medians((ours.logits, theirs.logits), pictures_NHW, batch)
            note = (
                f"{1000 * own_s / batch:.3f} ms a picture of {len(ours.classes):,} candidates, "
                f"{1000 * other_s / batch:.3f} ms of hiercode's {len(theirs.classes):,}: {own_s / other_s:.1f} times"
            )
            name = f"zero-shot: within {ALLOWED}× of hiercode, {kind}, batch {batch}"
            ratios.append(Ratio(name, ALLOWED * other_s, own_s, 1.0, note))
    return ratios


def _medians(
    readers: tuple[Callable[[dict[str, NDArray[np.uint8]]], object], ...], pictures_NHW: NDArray[np.uint8], batch: int
) -> list[float]:
    """Seconds a batch of each, one after the other in every turn, so that a busy machine slows both."""
    seconds: list[list[float]] = [[] for _ in readers]
    for turn in range(REPEATS):
        start = turn * batch % (len(pictures_NHW) - batch + 1)
        for reader, taken in zip(readers, seconds, strict=True):
            began_s = time.perf_counter()
            reader({RASTER: pictures_NHW[start : start + batch]})
            taken.append(time.perf_counter() - began_s)
    return [float(np.median(taken[REPEATS // 10 :])) for taken in seconds]
