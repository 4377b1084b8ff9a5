"""An exported recogniser of scans with weights that were never trained: 12 lines of 16 samples, four classes."""

import numpy as np

from glyphlens.data.sample_set import CharacterClass
from glyphlens.inference.folder import ExportFolder, Manifest, ModelContent
from glyphlens.tracks.scan_lines.export.graph import step_graphs, whole_graphs
from tests.tracks.scan_lines.scan_networks import LINES, SAMPLES, SETTINGS, tiny


def export_scanner(folder, name="sequential", preparation=None, labels="あいuえ", network=None):
    """Write the files of one recogniser in both precisions."""
    assert name in SETTINGS
    network = (network or tiny(name)).eval()
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
    whole, step = (
        {kind: ModelContent(graph.SerializeToString(), 1.0) for kind, graph in graphs.items()}
        for graphs in (whole_graphs(network, (LINES, SAMPLES)), step_graphs(network, SAMPLES))
    )
    ExportFolder(folder).save_models(manifest, whole, steps=step)
    ExportFolder(folder).save_card("# A recogniser\n\nNever trained.\n")
    return folder / "int8.onnx"


def random_lines(seed=0):
    lines_LS = np.random.default_rng(seed).integers(0, 255, (LINES, SAMPLES)).astype(np.float32)
    lines_LS[3] = np.nan
    return lines_LS
