"""The exported graphs answer as the towers do, in floats and in integers."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.export.integer_kernels import require_integer_kernels
from glyphlens.inference.recognizer import EMBEDDING, RASTER
from glyphlens.tracks.zero_shot.descriptions.arrays import ComponentVocabulary
from glyphlens.tracks.zero_shot.descriptions.description import LEVELS, MOST_STROKES, Description
from glyphlens.tracks.zero_shot.descriptions.encoder import INPUTS, MODEL, MOST_COMPONENTS, DescriptionEncoder
from glyphlens.tracks.zero_shot.descriptions.table import DescriptionTable
from glyphlens.tracks.zero_shot.export.files import picture_graphs
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


@pytest.fixture(scope="module")
def describing(network: Network) -> onnx.ModelProto:
    return assemble_descriptions(network)


def run(graph: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    answer: np.ndarray = session.run([EMBEDDING], feeds)[0]
    return answer


def test_pictures_are_embedded_as_by_torch(network: Network) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 64, 64), dtype=np.uint8)
    found = run(assemble_pictures(trace_pictures(network, 64)), {RASTER: pictures})
    with torch.no_grad():
        expected = network(torch.from_numpy(pictures).unsqueeze(1).float() / 255).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_descriptions_are_embedded_as_by_torch(network: Network, describing: onnx.ModelProto) -> None:
    plain = arrays(10, strokes=MOST_STROKES, components=MOST_COMPONENTS)
    parts = (plain.stroke_types_NS, plain.stroke_points_NSP2, plain.component_ids_NK, plain.component_numbers_NK5)
    found = run(describing, dict(zip(INPUTS, parts, strict=True)))
    with torch.no_grad():
        expected = network.describe(*map(torch.from_numpy, parts)).numpy()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    assert (found * expected).sum(axis=1).min() > 0.999  # its weights are bytes


@pytest.fixture(scope="module")
def blots_NHW() -> np.ndarray:
    blocks = np.random.default_rng(1).random((40, 8, 8)) > 0.6
    return np.asarray(255 * blocks.repeat(8, 1).repeat(8, 2), np.uint8)


def test_pictures_in_integers_are_nearly_the_same(network: Network, blots_NHW: np.ndarray) -> None:
    graphs = picture_graphs(network, blots_NHW, reduce_range=True)
    convolutions = sum(isinstance(layer, nn.Conv2d) for layer in network.image.modules())
    assert require_integer_kernels(graphs["int8"])["QLinearConv"] == convolutions
    found, expected = (run(graphs[kind], {RASTER: blots_NHW}) for kind in ("int8", "fp32"))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert 0.95 < (found * expected).sum(axis=1).min() < 1 - 1e-7
    alone = np.concatenate([run(graphs["int8"], {RASTER: one[None]}) for one in blots_NHW[:3]])
    np.testing.assert_allclose(alone, found[:3], atol=1e-6)


def test_weights_that_describe_are_bytes(network: Network, describing: onnx.ModelProto) -> None:
    layers = [layer for layer in network.text.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    kinds = [constant.data_type for constant in describing.graph.initializer]
    assert kinds.count(onnx.TensorProto.INT8) == len(layers)


def described_by(strokes: int, components: int) -> Description:
    levels = np.random.default_rng(0).integers(0, LEVELS + 1, (strokes, 5, 2))
    owners_S = np.minimum(np.arange(strokes), components - 1)
    return Description(("㇀",) * strokes, (levels / LEVELS).astype(np.float32), ("口",) * components, owners_S)


def test_a_description_may_have_so_many_parts_and_no_more(describing: onnx.ModelProto, tmp_path: Path) -> None:
    few = described_by(3, 2)
    onnx.save(describing, tmp_path / MODEL)
    ComponentVocabulary({"口": 3}).save(tmp_path)
    DescriptionTable({"口": few}).save(tmp_path)
    encoder = DescriptionEncoder.load(tmp_path)
    most = described_by(MOST_STROKES, MOST_COMPONENTS)
    found_NE = encoder.vectors([few, most])
    np.testing.assert_allclose(np.linalg.norm(found_NE, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(encoder.vectors([few]), found_NE[:1], atol=1e-5)
    for strokes, components in ((MOST_STROKES + 1, 1), (MOST_STROKES, MOST_COMPONENTS + 1)):
        with pytest.raises(InputError, match=f"^{strokes} strokes and {components} components"):
            encoder.vectors([few, described_by(strokes, components)])
    (tmp_path / MODEL).unlink()
    with pytest.raises(InputError, match=r"encoder\.onnx: no such model file"):
        DescriptionEncoder.load(tmp_path)
