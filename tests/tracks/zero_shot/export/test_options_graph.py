"""Every tower and extension is in the exported files: pictures in floats and integers, descriptions by the encoder."""

from typing import Any

import numpy as np
import pytest
import torch

from glyphlens.export.integer_kernels import require_integer_kernels
from glyphlens.inference.recognizer import RASTER
from glyphlens.tracks.zero_shot.descriptions.description import MOST_STROKES
from glyphlens.tracks.zero_shot.descriptions.encoder import INPUTS, MOST_COMPONENTS
from glyphlens.tracks.zero_shot.export.files import picture_graphs
from glyphlens.tracks.zero_shot.export.graph import assemble_descriptions
from glyphlens.tracks.zero_shot.recognizers.aligned import Network
from glyphlens.tracks.zero_shot.training.batches import Described
from tests.tracks.zero_shot.aligned_networks import arrays, tiny_network
from tests.tracks.zero_shot.export.test_zero_shot_graph import run

PICTURES: dict[str, dict[str, Any]] = {
    "literal, both extensions": {"image": "literal", "radical": 4, "reasoning": True, "canonical": True},
    "both extensions": {"reasoning": True, "canonical": True},
}
TEXTS: dict[str, dict[str, Any]] = {
    "recurrent, both extensions": {"text": "recurrent", "reasoning": True, "canonical": True},
    "both extensions": {"reasoning": True, "canonical": True},
}


def used_network(changes: dict[str, Any]) -> Network:
    """With means and variances of its own, and edges that are no longer all alike."""
    made = tiny_network(**changes)
    with torch.no_grad():
        for name, value in made.named_parameters():
            if name.endswith("edges_KK"):
                value.normal_()
        for _ in range(5):
            made(torch.rand(8, 1, 64, 64))
            made.describe(*Described.of(arrays(12), np.arange(12)))
    return made.eval()


@pytest.mark.parametrize("changes", PICTURES.values(), ids=PICTURES)
def test_pictures_are_embedded_as_by_torch(changes: dict[str, Any]) -> None:
    network = used_network(changes)
    blocks = np.random.default_rng(1).random((40, 8, 8)) > 0.6
    pictures_NHW = np.asarray(255 * blocks.repeat(8, 1).repeat(8, 2), np.uint8)
    graphs = picture_graphs(network, pictures_NHW, reduce_range=True)
    with torch.no_grad():
        expected = network(torch.from_numpy(pictures_NHW).unsqueeze(1).float() / 255).numpy()
    np.testing.assert_allclose(run(graphs["fp32"], {RASTER: pictures_NHW}), expected, atol=2e-5)
    assert require_integer_kernels(graphs["int8"])["QLinearConv"]
    found = run(graphs["int8"], {RASTER: pictures_NHW})
    assert (found * expected).sum(axis=1).min() > 0.9
    alone = np.concatenate([run(graphs["int8"], {RASTER: one[None]}) for one in pictures_NHW[:3]])
    np.testing.assert_allclose(alone, found[:3], atol=1e-6)


@pytest.mark.parametrize("changes", TEXTS.values(), ids=TEXTS)
def test_descriptions_are_embedded_as_by_torch(changes: dict[str, Any]) -> None:
    network = used_network(changes)
    plain = arrays(10, strokes=MOST_STROKES, components=MOST_COMPONENTS)
    parts = (plain.stroke_types_NS, plain.stroke_points_NSP2, plain.component_ids_NK, plain.component_numbers_NK5)
    found = run(assemble_descriptions(network), dict(zip(INPUTS, parts, strict=True)))
    with torch.no_grad():
        expected = network.describe(*map(torch.from_numpy, parts)).numpy()
    assert (found * expected).sum(axis=1).min() > 0.999  # its weights are bytes
