"""The released recogniser of Japanese characters for other runtimes."""

from pathlib import Path

from torch import nn

from glyphlens.data.sample_set import SampleSet
from glyphlens.edge.model import EdgeModel, FromInk, best_label, export_of, graphs_of, one_by_one, require_samples
from glyphlens.edge.plain_graph import with_float_weights
from glyphlens.export.bundle import drawn_rows
from glyphlens.inference.folder import ExportFolder, model_name
from glyphlens.inference.reading import feeds_of, readable_rows
from glyphlens.inference.recognizer import STROKES, Recognizer
from glyphlens.nets.weights import load_model


def edge_model(root: Path, count: int, seed: int) -> EdgeModel:
    """See ``glyphlens.edge.model.EdgeMaker``."""
    released = Recognizer.load(root / "models/kanji/release")
    samples = SampleSet.open(root / "data/kanji/samples")
    rows_N = drawn_rows(readable_rows(samples, released.inputs, samples.rows("test")), count, seed)
    require_samples(samples.folder, rows_N)
    export = export_of(released.path, root / "models/kanji/export")
    graphs = graphs_of(released.path, export / model_name("fp32") if export else None)
    return EdgeModel(
        name="kanji",
        released=released.path,
        graphs={precision: with_float_weights(graph) for precision, graph in graphs.items()},
        network=_network(root / "models/kanji", export) if STROKES not in released.inputs else None,
        rows=one_by_one(feeds_of(samples, released.inputs, rows_N)),
        truths=[(samples.classes[number].label,) for number in samples.class_indices[rows_N]],
        decide=best_label([entry.label for entry in released.classes]),
    )


def _network(models: Path, export: Path | None) -> nn.Module | None:
    if export is None or not (models / export.name / "weights.safetensors").is_file():
        return None
    network = load_model(models / export.name, nn.Module)  # type: ignore[type-abstract,unused-ignore]
    return FromInk(network, ExportFolder(export).manifest.files["fp32"].temperature)
