"""An exported recogniser of scans with weights that were never trained: 12 lines of 16 samples, four classes."""

from functools import cache

import numpy as np
from torch import nn

from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.folder import ExportFolder, Manifest, ModelContent
from glyphlens.tracks.scan_lines.export.graph import step_graphs, whole_graphs
from tests.tracks.scan_lines.scan_networks import LINES, SAMPLES, SETTINGS, tiny


def export_scanner(folder, name="sequential", preparation=None, labels="あいuえ", network=None):
    """Write the files of one recogniser in both precisions."""
    assert name in SETTINGS
    answers = 1 if name == "vit" else LINES
    classes = tuple(CharacterClass(label, (f"U+{ord(label):04X}",)) for label in labels)
    manifest = Manifest(
        script="Jpan",
        source="rendered",
        decoder="lines",
        preparation=preparation or {},
        classes=classes,
        temperatures=dict.fromkeys(("fp32", "int8"), (1.0,) * answers),
    )
    whole, step = graphs_of(network) if network else tiny_graphs(name)
    ExportFolder(folder).save_models(manifest, whole, steps=step)
    ExportFolder(folder).save_card("# A recogniser\n\nNever trained.\n")
    return folder / "int8.onnx"


@cache
def tiny_graphs(name):
    """The graphs of a tiny recogniser, exported once a process: it takes seconds."""
    return graphs_of(tiny(name))


def graphs_of(network: nn.Module):
    """Of a recogniser, for whole scans and for one line after the other, by precision."""
    made = (whole_graphs(network.eval(), (LINES, SAMPLES)), step_graphs(network, SAMPLES))
    return [{kind: ModelContent(graph.SerializeToString(), 1.0) for kind, graph in graphs.items()} for graphs in made]


def random_lines(seed=0):
    lines_LS = np.random.default_rng(seed).integers(0, 255, (LINES, SAMPLES)).astype(np.float32)
    lines_LS[3] = np.nan
    return lines_LS
