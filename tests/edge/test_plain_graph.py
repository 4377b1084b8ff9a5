"""Weights that are stored as int8 become the floats they stand for, and nothing else changes."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from glyphlens.edge.plain_graph import with_float_weights
from glyphlens.export.stored_weights import STORED

ROOT = Path(__file__).resolve().parents[2]


def test_the_released_step_gives_the_same_bits() -> None:
    graph = onnx.load(ROOT / "models/scan_lines/release/step.int8.onnx")
    plain = with_float_weights(graph)
    assert not [node for node in plain.graph.node if node.name.endswith(STORED)]
    random = np.random.default_rng(0)
    sessions = [onnxruntime.InferenceSession(each.SerializeToString()) for each in (graph, plain)]
    feed = {end.name: np.zeros((1, *end.shape[1:]), np.float32) for end in sessions[0].get_inputs()}
    feed["line"] = random.random(feed["line"].shape, dtype=np.float32)
    for own, other in zip(*(session.run(None, feed) for session in sessions), strict=True):
        np.testing.assert_array_equal(own, other)
