"""The released recogniser of Khmer lines for other runtimes; its answers are texts, by the best path."""

from pathlib import Path

import numpy as np
from torch import nn

from glyphlens.data.sample_set import SampleSet
from glyphlens.edge.model import EdgeModel, FromInk, export_of, graphs_of, require_samples
from glyphlens.edge.plain_graph import with_float_weights
from glyphlens.edge.worker import Arrays
from glyphlens.export.bundle import drawn_rows
from glyphlens.imaging.line_images import filled_px
from glyphlens.inference.decoding import read_greedy
from glyphlens.inference.folder import model_name
from glyphlens.inference.khmer_text import canonical
from glyphlens.inference.line_reader import LineReader
from glyphlens.inference.recognizer import LOGITS, RASTER
from glyphlens.nets.weights import load_model
from glyphlens.tracks.khmer.export.line_graph import FoldedReader
from glyphlens.tracks.khmer.recognizers.ctc import Network


def edge_model(root: Path, count: int, seed: int) -> EdgeModel:
    """See ``glyphlens.edge.model.EdgeMaker``."""
    models = root / "models/khmer"
    released = LineReader.load(models / "release")
    samples = SampleSet.open(root / "data/khmer/lines")
    rows_N = drawn_rows(samples.rows("test"), count, seed)
    require_samples(samples.folder, rows_N)
    rule, charset, widths_N = released.rule, released.manifest.charset, samples.widths_N[rows_N]

    def text(number: int, outputs: Arrays) -> list[str]:
        frames = np.array([-(-widths_N[number] // rule.stride_px)])
        (line,) = read_greedy(outputs[LOGITS], frames, charset)
        return list(canonical(line.text))

    export = export_of(released.path, models / "export")
    graphs = graphs_of(released.path, export / model_name("fp32") if export else None)
    return EdgeModel(
        name="khmer",
        released=released.path,
        graphs={precision: with_float_weights(graph) for precision, graph in graphs.items()},
        network=_network(models / "trained" / export.name) if export else None,
        rows=[
            {RASTER: samples.images(np.array([row]), filled_px(int(width), rule.multiple_px))}
            for row, width in zip(rows_N, widths_N, strict=True)
        ],
        truths=[list(samples.texts[row]) for row in rows_N],
        decide=text,
        is_text=True,
    )


def _network(trained: Path) -> nn.Module | None:
    if not (trained / "weights.safetensors").is_file():
        return None
    network = load_model(trained, Network)
    return FromInk(FoldedReader(network.encoder, network.scores))
