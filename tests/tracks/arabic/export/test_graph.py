"""The whole graph answers as the two networks do, for any batch, and is the same bytes every time."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.export.onnx_parts import IR_VERSION
from glyphlens.export.temperature import with_temperature
from glyphlens.tracks.arabic.export.glyph_reference import torch_grids, torch_logits
from glyphlens.tracks.arabic.export.graph import Networks, assemble, grid_graph, trace
from tests.export import tiny

CPU = ["CPUExecutionProvider"]


def run(model: onnx.ModelProto, rasters: np.ndarray, geometry: np.ndarray | None = None) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=CPU)
    feed = {"raster": rasters} | ({} if geometry is None else {"geometry": geometry})
    answer: np.ndarray = session.run(None, feed)[0]
    return answer


@pytest.fixture(scope="module")
def graph(networks: Networks) -> onnx.ModelProto:
    return assemble(networks)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("count", [1, 2, 9])
def test_the_graph_answers_like_torch(graph: onnx.ModelProto, count: int, grey: bool) -> None:
    rasters, geometry = tiny.rasters(count, grey=grey), tiny.geometry(count)
    expected = torch_logits(tiny.cell_network(), tiny.grid_network(), {"raster": rasters, "geometry": geometry})
    np.testing.assert_allclose(run(graph, rasters, geometry), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("settings", [{"cosine": True}, {"geometry": False}, {"backbone": "transformer"}])
def test_every_kind_of_second_phase_can_be_exported(settings: dict[str, bool]) -> None:
    phase2 = tiny.grid_network(**settings)
    rasters, geometry = tiny.rasters(3), tiny.geometry(3)
    found = run(assemble(trace(tiny.cell_network(), phase2)), rasters, geometry)
    expected = torch_logits(tiny.cell_network(), phase2, {"raster": rasters, "geometry": geometry})
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_a_raster_without_ink_is_answered(graph: onnx.ModelProto) -> None:
    blank, geometry = np.zeros((1, 128, 128), np.uint8), tiny.geometry(1)
    with torch.inference_mode():
        expected = tiny.grid_network()(torch.zeros(1, 16, 16, dtype=torch.int64), torch.from_numpy(geometry)).numpy()
    np.testing.assert_allclose(run(graph, blank, geometry), expected, rtol=1e-3, atol=1e-4)


def test_an_answer_does_not_depend_on_its_neighbours(graph: onnx.ModelProto) -> None:
    rasters, geometry = tiny.rasters(8), tiny.geometry(8)
    order = np.random.default_rng(1).permutation(8)
    together = run(graph, rasters, geometry)
    np.testing.assert_allclose(run(graph, rasters[order], geometry[order]), together[order], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(run(graph, rasters[3:4], geometry[3:4]), together[3:4], rtol=1e-4, atol=1e-5)


def test_reading_all_cells_gives_the_same(networks: Networks, graph: onnx.ModelProto) -> None:
    plain = assemble(networks, distinct=False)
    rasters, geometry = tiny.rasters(4), tiny.geometry(4)
    np.testing.assert_allclose(run(plain, rasters, geometry), run(graph, rasters, geometry), rtol=1e-4, atol=1e-5)


def test_the_grid_is_phase_1s(networks: Networks) -> None:
    rasters = tiny.rasters(3)
    np.testing.assert_array_equal(run(grid_graph(networks), rasters), torch_grids(tiny.cell_network(), rasters))


def test_the_same_networks_give_the_same_bytes(graph: onnx.ModelProto) -> None:
    again = assemble(trace(tiny.cell_network(), tiny.grid_network()))
    assert again.SerializeToString(deterministic=True) == graph.SerializeToString(deterministic=True)


def test_nothing_of_this_machine_is_in_the_file(graph: onnx.ModelProto) -> None:
    content = graph.SerializeToString()
    for trace_of_it in (str(Path.home()), str(Path(nn.__file__).parent), "site-packages", ".py", "torch"):
        assert trace_of_it.encode() not in content
    assert graph.ir_version == IR_VERSION <= 13


def test_logits_are_divided_by_the_temperature(graph: onnx.ModelProto) -> None:
    rasters, geometry = tiny.rasters(2), tiny.geometry(2)
    halved = run(with_temperature(graph, 2.0), rasters, geometry)
    np.testing.assert_allclose(halved, run(graph, rasters, geometry) / 2, rtol=1e-6)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_is_a_positive_number(graph: onnx.ModelProto, temperature: float) -> None:
    with pytest.raises(ValueError, match="not a positive number"):
        with_temperature(graph, temperature)


def test_networks_of_two_codebooks_are_refused() -> None:
    with pytest.raises(InputError, match="gives 10 ids, phase 2 knows 16"):
        trace(tiny.cell_network(primitives=9), tiny.grid_network())


def test_a_second_phase_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="only a GridRecognizer"):
        trace(tiny.cell_network(), nn.Linear(2, 2))
