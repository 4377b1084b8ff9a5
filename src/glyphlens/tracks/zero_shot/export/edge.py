"""The released image tower for other runtimes; its answers are the nearest of the released prototypes."""

from pathlib import Path

import numpy as np
from torch import nn

from glyphlens.data.sample_set import SampleSet
from glyphlens.edge.model import EdgeModel, FromInk, graphs_of, one_by_one, require_samples
from glyphlens.edge.plain_graph import with_float_weights
from glyphlens.edge.worker import Arrays
from glyphlens.export.bundle import drawn_rows
from glyphlens.inference.folder import model_name
from glyphlens.inference.reading import feeds_of
from glyphlens.inference.recognizer import EMBEDDING, RASTER, Recognizer
from glyphlens.nets.weights import load_model
from glyphlens.tracks.zero_shot.recognizers.aligned import Network


def edge_model(root: Path, count: int, seed: int) -> EdgeModel:
    """See ``glyphlens.edge.model.EdgeMaker``."""
    models = root / "models/zero_shot"
    released = Recognizer.load(models / "release")
    samples = SampleSet.open(root / "data/zero_shot/samples")
    rows_N = samples.rows("test")
    is_candidate_C = np.isin([entry.label for entry in samples.classes], [entry.label for entry in released.classes])
    rows_N = drawn_rows(rows_N[is_candidate_C[samples.class_indices[rows_N]]], count, seed)
    require_samples(samples.folder, rows_N)
    prototypes = released.prototypes
    assert prototypes is not None

    def nearest(_: int, outputs: Arrays) -> list[str]:
        return [prototypes.labels[number] for number in prototypes.logits(outputs[EMBEDDING]).argmax(-1)]

    graphs = graphs_of(released.path, models / "export" / model_name("fp32"))
    return EdgeModel(
        name="zero_shot",
        released=released.path,
        graphs={precision: with_float_weights(graph) for precision, graph in graphs.items()},
        network=_network(models / "aligned"),
        rows=one_by_one(feeds_of(samples, (RASTER,), rows_N)),
        truths=[(samples.classes[number].label,) for number in samples.class_indices[rows_N]],
        decide=nearest,
    )


def _network(trained: Path) -> nn.Module | None:
    return FromInk(load_model(trained, Network)) if (trained / "weights.safetensors").is_file() else None
