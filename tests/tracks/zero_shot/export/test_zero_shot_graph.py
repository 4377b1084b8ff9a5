"""The exported graphs answer as the towers do."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from glyphlens.inference.recognizer import EMBEDDING, RASTER
from glyphlens.tracks.zero_shot.descriptions.description import MOST_STROKES
from glyphlens.tracks.zero_shot.descriptions.encoder import INPUTS, MOST_COMPONENTS
from glyphlens.tracks.zero_shot.export.graph import assemble_descriptions, assemble_pictures, trace_pictures
from glyphlens.tracks.zero_shot.recognizers.aligned import Network
from glyphlens.tracks.zero_shot.training.batches import Described
from tests.tracks.zero_shot.aligned_networks import arrays, tiny_network


@pytest.fixture(scope="module")
def network() -> Network:
    """With means and variances of its own, as after a training."""
    made = tiny_network()
    with torch.no_grad():
        for _ in range(5):
            made(torch.rand(8, 1, 64, 64))
            made.describe(*Described.of(arrays(12), np.arange(12)))
    return made.eval()


def run(graph: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    answer: np.ndarray = session.run([EMBEDDING], feeds)[0]
    return answer


def test_pictures_are_embedded_as_by_torch(network: Network) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 64, 64), dtype=np.uint8)
    found = run(assemble_pictures(trace_pictures(network, 64)), {RASTER: pictures})
    with torch.no_grad():
        expected = network(torch.from_numpy(pictures).unsqueeze(1).float() / 255).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_descriptions_are_embedded_as_by_torch(network: Network) -> None:
    plain = arrays(10, strokes=MOST_STROKES, components=MOST_COMPONENTS)
    parts = (plain.stroke_types_NS, plain.stroke_points_NSP2, plain.component_ids_NK, plain.component_numbers_NK5)
    found = run(assemble_descriptions(network), dict(zip(INPUTS, parts, strict=True)))
    with torch.no_grad():
        expected = network.describe(*map(torch.from_numpy, parts)).numpy()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    assert (found * expected).sum(axis=1).min() > 0.999  # its weights are bytes
