"""The released glyph recogniser for other runtimes: without the hash of its cells, as a graph and in torch."""

from pathlib import Path

import torch
from torch import Tensor, nn

from glyphlens.data.sample_set import SampleSet
from glyphlens.edge.model import FULL_INK, EdgeModel, best_label, graphs_of, one_by_one, require_samples
from glyphlens.export.bundle import drawn_rows
from glyphlens.inference.folder import ExportFolder
from glyphlens.inference.reading import feeds_of
from glyphlens.inference.recognizer import GEOMETRY, RASTER
from glyphlens.nets.weights import load_model
from glyphlens.tracks.arabic.export.distinct import CELL_PX, GRID
from glyphlens.tracks.arabic.export.every_cell import reading_every_cell
from glyphlens.tracks.arabic.recognizers.cells import CellCNN
from glyphlens.tracks.arabic.recognizers.grid import GridRecognizer


class EveryCell(nn.Module):
    """Both phases on every cell of a raster."""

    def __init__(self, phase1: CellCNN, phase2: GridRecognizer, temperature: float = 1.0) -> None:
        super().__init__()
        self.phase1, self.phase2, self.temperature = phase1, phase2, temperature

    def forward(self, raster_NHW: Tensor, geometry_NF: Tensor) -> Tensor:
        """(N, 128, 128) float32 ink of 0..255 and (N, 7) → (N, C) logits."""
        cells = raster_NHW.reshape(-1, GRID, CELL_PX, GRID, CELL_PX).transpose(2, 3).reshape(-1, 1, CELL_PX, CELL_PX)
        ids = self.phase1(cells / FULL_INK).argmax(1)
        known = torch.where(cells.amax((1, 2, 3)) > 0, ids, torch.zeros_like(ids))
        logits: Tensor = self.phase2(known.reshape(-1, GRID, GRID), geometry_NF) / self.temperature
        return logits


def edge_model(root: Path, count: int, seed: int) -> EdgeModel:
    """See ``glyphlens.edge.model.EdgeMaker``."""
    models = root / "models/arabic"
    released = ExportFolder(models / "release")
    rasters = SampleSet.open(root / "data/arabic/rasters")
    rows_N = drawn_rows(rasters.rows("test"), count, seed)
    require_samples(rasters.folder, rows_N)
    labels = [entry.label for entry in released.manifest.classes]
    graphs = graphs_of(released.only_model(), models / "export/fp32/glyphs.fp32.onnx")
    return EdgeModel(
        name="arabic",
        released=released.only_model(),
        graphs={precision: reading_every_cell(graph) for precision, graph in graphs.items()},
        network=_network(models),
        rows=one_by_one(feeds_of(rasters, (RASTER, GEOMETRY), rows_N)),
        truths=[(rasters.classes[number].label,) for number in rasters.class_indices[rows_N]],
        decide=best_label(labels),
    )


def _network(models: Path) -> nn.Module | None:
    folder = models / "export/fp32"
    if not all(path.is_dir() for path in (folder, models / "phase1", models / "phase2")):
        return None
    phases = load_model(models / "phase1", CellCNN), load_model(models / "phase2", GridRecognizer)
    return EveryCell(*phases, ExportFolder(folder).manifest.files["fp32"].temperature)
