"""The exported recogniser: int8 beside fp32 at batch 64 and 1, and reading distinct cells beside reading all."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from benchmarks.ratio import Ratio, timed
from glyphlens.export.quantize import Integers
from glyphlens.inference.recognizer import open_session
from glyphlens.tracks.arabic.export.glyph_integers import quantize
from glyphlens.tracks.arabic.export.graph import Networks, assemble, trace
from glyphlens.tracks.arabic.recognizers.cells import CellCNN, CellConfig
from glyphlens.tracks.arabic.recognizers.grid import GridConfig, GridRecognizer

CLASSES = 1250
SAMPLES = 64
REPEATS = 12
INT8_AT_64, INT8_AT_1, DISTINCT = 2.0, 1.0, 3.0


def measure() -> list[Ratio]:
    """Networks of the default shape with random weights; one core; milliseconds a glyph in the notes."""
    rasters_NHW, geometry_NF = _glyphs(SAMPLES), np.zeros((SAMPLES, 7), np.float32)
    torch.manual_seed(0)
    fp32 = trace(CellCNN(CellConfig()).eval(), GridRecognizer(GridConfig(CLASSES)).eval())
    int8 = quantize(fp32, rasters_NHW, geometry_NF, Integers(reduce_range=True))
    with tempfile.TemporaryDirectory() as place:
        whole, small, plain = (
            _runner(Path(place) / name, networks, distinct=distinct)
            for name, networks, distinct in (("fp32", fp32, True), ("int8", int8, True), ("plain", int8, False))
        )

        def compare(name: str, slow: Callable[..., NDArray[np.float32]], count: int, target: float) -> Ratio:
            part = rasters_NHW[:count], geometry_NF[:count]
            slow_s, slow_NC = timed(lambda: slow(*part), repeats=REPEATS)
            fast_s, fast_NC = timed(lambda: small(*part), repeats=REPEATS)
            assert np.corrcoef(slow_NC.ravel(), fast_NC.ravel())[0, 1] > 0.9, f"{name}: the answers differ"
            return Ratio(name, slow_s, fast_s, target, f"{1000 * fast_s / count:.3f} ms a glyph")

        return [
            compare("export: int8 against fp32, batch 64", whole, SAMPLES, INT8_AT_64),
            compare("export: int8 against fp32, batch 1", whole, 1, INT8_AT_1),
            compare("export: distinct cells against all cells, int8, batch 64", plain, SAMPLES, DISTINCT),
        ]


def _runner(file: Path, networks: Networks, *, distinct: bool) -> Callable[..., NDArray[np.float32]]:
    onnx.save(assemble(networks, distinct=distinct), file)
    session = open_session(file, threads=1)

    def run(rasters_NHW: NDArray[np.uint8], geometry_NF: NDArray[np.float32]) -> NDArray[np.float32]:
        logits_NC: NDArray[np.float32] = session.run(["logits"], {"raster": rasters_NHW, "geometry": geometry_NF})[0]
        return logits_NC

    run(_glyphs(1), np.zeros((1, 7), np.float32))
    return run


def _glyphs(count: int) -> NDArray[np.uint8]:
    """(count, 128, 128) bowls with dots, about as many inked and distinct cells as real glyphs have."""
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:128, :128]
    images = np.zeros((count, 128, 128), np.uint8)
    for image in images:
        radius, thickness, squeeze = random.uniform(45, 62), random.uniform(10, 24), random.uniform(0.5, 1)
        distance = np.hypot(columns - 64, (rows - 40) / squeeze)
        dot = np.hypot(columns - random.uniform(20, 108), rows - random.uniform(100, 118)) < random.uniform(6, 10)
        image[((abs(distance - radius) < thickness / 2) & (rows > 30)) | dot] = 255
    return images
