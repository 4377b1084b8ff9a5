"""The int8 graph runs in integers, stays close to float, and is the same bytes every time."""

import numpy as np
import onnx
import pytest

from glyphlens.core.errors import InputError
from glyphlens.export.integer_kernels import require_integer_kernels
from glyphlens.export.quantize import Integers
from glyphlens.tracks.arabic.export.glyph_integers import quantize
from glyphlens.tracks.arabic.export.graph import Networks, assemble, grid_graph, trace
from tests.export import tiny
from tests.tracks.arabic.export.test_graph import run


def quantized(networks: Networks, *, reduce_range: bool = False, float_nodes: tuple[str, ...] = ()) -> Networks:
    return quantize(networks, tiny.rasters(60), tiny.geometry(60), Integers(reduce_range, float_nodes))


@pytest.fixture(scope="module")
def int8(networks: Networks) -> Networks:
    return quantized(networks)


def test_convolutions_and_products_run_in_integers(int8: Networks) -> None:
    kernels = require_integer_kernels(assemble(int8))
    assert kernels["QLinearConv"] == 7, "two strided, two blocks of two, and the pooling convolution"
    assert kernels["QGemm"] == 8, "four of phase 1, four of the head"


def test_a_float_model_is_not_taken_for_int8(networks: Networks) -> None:
    with pytest.raises(InputError, match="of 7 convolutions in integers"):
        require_integer_kernels(assemble(networks))


@pytest.mark.parametrize("reduce_range", [False, True])
def test_int8_stays_close_to_float(networks: Networks, reduce_range: bool) -> None:
    rasters, geometry = tiny.rasters(40, seed=5), tiny.geometry(40, seed=5)
    small = quantized(networks, reduce_range=reduce_range)
    same_ids = run(grid_graph(small), rasters) == run(grid_graph(networks), rasters)
    assert same_ids.mean() > 0.98
    expected = run(assemble(networks), rasters, geometry)
    found = run(assemble(small), rasters, geometry)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.98


def test_int8_is_smaller(networks: Networks, int8: Networks) -> None:
    weights = [sum(len(constant.raw_data) for constant in part.phase1.graph.initializer) for part in (networks, int8)]
    assert weights[1] < weights[0] / 3


def test_phase_1_reads_the_bytes_as_they_are(int8: Networks) -> None:
    entry = int8.phase1.graph.input[0]
    assert (entry.name, entry.type.tensor_type.elem_type) == ("cells", onnx.TensorProto.UINT8)


@pytest.mark.parametrize("name", ["product0", "product1"])
def test_a_node_can_be_left_in_float(networks: Networks, int8: Networks, name: str) -> None:
    mixed = quantized(networks, float_nodes=(name,))
    before, after = (require_integer_kernels(assemble(part))["QGemm"] for part in (int8, mixed))
    assert after == before - 1
    assert run(assemble(mixed), tiny.rasters(2), tiny.geometry(2)).shape == (2, tiny.CLASSES)


def test_the_same_samples_give_the_same_bytes(networks: Networks, int8: Networks) -> None:
    again = assemble(quantized(networks)).SerializeToString(deterministic=True)
    assert again == assemble(int8).SerializeToString(deterministic=True)


def test_a_transformer_stays_close_to_float() -> None:
    float_graph = trace(tiny.cell_network(), tiny.grid_network(backbone="transformer"))
    small = quantized(float_graph)
    require_integer_kernels(assemble(small))
    rasters, geometry = tiny.rasters(10, seed=5), tiny.geometry(10, seed=5)
    found, expected = (run(assemble(part), rasters, geometry) for part in (small, float_graph))
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.95


def test_calibration_needs_ink(networks: Networks) -> None:
    with pytest.raises(InputError, match="3 calibration rasters hold no ink"):
        quantize(networks, np.zeros((3, 128, 128), np.uint8), tiny.geometry(3), Integers(False))


def test_calibration_needs_full_ink(networks: Networks) -> None:
    with pytest.raises(InputError, match="no raster holds full ink"):
        quantize(networks, tiny.rasters(9) // 2, tiny.geometry(9), Integers(False))
