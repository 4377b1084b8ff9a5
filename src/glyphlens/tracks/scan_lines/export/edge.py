"""The released step of one line for other runtimes; samples are whole scans, read line by line."""

from pathlib import Path

from torch import nn

from glyphlens.edge.model import EdgeModel, best_label, export_of, graphs_of, one_by_one, require_samples
from glyphlens.edge.plain_graph import with_float_weights
from glyphlens.export.bundle import drawn_rows
from glyphlens.inference.folder import STEP, model_name
from glyphlens.inference.streams import LINE, LineRecognizer
from glyphlens.nets.weights import load_model
from glyphlens.tracks.scan_lines.export.graph import Step
from glyphlens.tracks.scan_lines.samples.scan_set import ScanSet


def edge_model(root: Path, count: int, seed: int) -> EdgeModel:
    """See ``glyphlens.edge.model.EdgeMaker``. Temperatures stay in the manifest: they move no answer."""
    models = root / "models/scan_lines"
    released = LineRecognizer.load(models / "release")
    scans = ScanSet.open(root / "data/scan_lines/samples")
    rows_N = drawn_rows(scans.samples.rows("test"), count, seed)
    require_samples(scans.samples.folder, rows_N)
    assert released.step is not None
    step = released.path.with_name(released.step.name)
    export = export_of(released.path, models / "export")
    graphs = graphs_of(step, export / model_name("fp32", STEP) if export else None)
    labels = [scans.samples.classes[number].label for number in scans.samples.class_indices[rows_N]]
    return EdgeModel(
        name="scan_lines",
        released=step,
        graphs={precision: with_float_weights(graph) for precision, graph in graphs.items()},
        network=_network(models / "trained" / export.name) if export else None,
        rows=one_by_one({LINE: scans.lines(rows_N)}),
        truths=[(label,) * released.lines for label in labels],
        decide=best_label([entry.label for entry in released.classes]),
    )


def _network(trained: Path) -> nn.Module | None:
    if not (trained / "weights.safetensors").is_file():
        return None
    return Step(load_model(trained, nn.Module))  # type: ignore[arg-type,type-abstract,unused-ignore]
