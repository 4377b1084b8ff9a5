"""Shapes, budgets and the meaning of ids and anchors of every recogniser."""

from pathlib import Path

import pytest
import torch
from torch import nn

from glyphlens.core.errors import InputError
from glyphlens.nets.weights import load_model, save_model
from glyphlens.tracks.arabic.recognizers.cells import CellCNN, CellConfig, predict_ids
from glyphlens.tracks.arabic.recognizers.grid import GridConfig, GridRecognizer
from glyphlens.tracks.arabic.recognizers.raster_cnn import RasterConfig, RasterRecognizer

CLASSES = 7


def small_networks() -> list[nn.Module]:
    torch.manual_seed(0)
    return [
        CellCNN(CellConfig(primitives=15)),
        GridRecognizer(GridConfig(CLASSES, 15, width=8, blocks=1)),
        GridRecognizer(GridConfig(CLASSES, 15, backbone="transformer", patch=2, layers=1, d_model=16, heads=2, mlp=16)),
        GridRecognizer(GridConfig(CLASSES, 15, width=8, blocks=1, geometry=False, cosine=True)),
        RasterRecognizer(RasterConfig(CLASSES, stem=(4, 8), width=8, blocks=1)),
    ]


def example(model: nn.Module, count: int = 3) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    geometry = torch.rand(count, 7, generator=generator)
    if isinstance(model, CellCNN):
        return (torch.rand(count, 1, 8, 8, generator=generator),)
    if isinstance(model, GridRecognizer):
        return (torch.randint(0, 16, (count, 16, 16), generator=generator), geometry)
    return (torch.rand(count, 1, 128, 128, generator=generator), geometry)


@pytest.mark.parametrize("number", range(5))
def test_logits_have_one_column_a_class_and_do_not_depend_on_the_batch(number: int) -> None:
    model = small_networks()[number].eval()
    inputs = example(model)
    logits = model(*inputs)
    assert logits.shape == (3, 16 if isinstance(model, CellCNN) else CLASSES)
    alone = model(*(value[1:2] for value in inputs))
    torch.testing.assert_close(alone, logits[1:2], rtol=1e-4, atol=1e-5)


def test_phase1_has_the_size_that_the_facts_state() -> None:
    assert 175_000 < sum(parameter.numel() for parameter in CellCNN(CellConfig()).parameters()) < 195_000


def test_baseline_has_no_more_parameters_than_phase2() -> None:
    count = {
        type(model): sum(parameter.numel() for parameter in model.parameters())
        for model in (GridRecognizer(GridConfig(1272)), RasterRecognizer(RasterConfig(1272)))
    }
    assert 0.95 < count[RasterRecognizer] / count[GridRecognizer] <= 1.0


def test_place_matters() -> None:
    """The same stroke elsewhere is another glyph: anchored top-left, positions are information."""
    model = small_networks()[1].eval()
    grid = torch.zeros(2, 16, 16, dtype=torch.int64)
    grid[0, 0, 0], grid[1, 8, 8] = 5, 5
    logits = model(grid, torch.zeros(2, 7))
    assert not torch.allclose(logits[0], logits[1])


def test_an_embedding_that_starts_from_centroids_is_the_picture() -> None:
    model = small_networks()[1]
    centroids = torch.rand(15, 64, generator=torch.Generator().manual_seed(3))
    model.start_from(centroids)
    assert torch.equal(model.embedding.weight[1:] + 0.5, centroids)
    assert torch.equal(model.embedding.weight[0] + 0.5, torch.zeros(64))
    with pytest.raises(ValueError, match="15 primitives"):
        model.start_from(centroids[:-1])


def test_geometry_is_read_only_where_configured() -> None:
    _, reading, _, blind, _ = (network.eval() for network in small_networks())
    grid = torch.ones(1, 16, 16, dtype=torch.int64)
    near, far = torch.zeros(1, 7), torch.ones(1, 7)
    assert not torch.allclose(reading(grid, near), reading(grid, far))
    assert torch.equal(blind(grid, near), blind(grid, far))


def test_cosine_head_is_bounded_by_its_scale() -> None:
    blind = small_networks()[3].eval()
    assert blind(*example(blind)).abs().max() <= blind.head.COSINE_SCALE + 1e-4


def test_a_cell_without_ink_is_the_empty_primitive_whatever_the_network_says() -> None:
    model = CellCNN(CellConfig(primitives=15)).eval()
    with torch.no_grad():
        model.layers[-1].bias[3] = 1e4
    cells = torch.zeros(2, 8, 8, dtype=torch.uint8)
    cells[1, 4, 4] = 255
    assert predict_ids(model, cells).tolist() == [0, 3]


def repeated(distinct: torch.Tensor) -> torch.Tensor:
    return distinct[torch.randperm(3 * len(distinct), generator=torch.Generator().manual_seed(4)) % len(distinct)]


def single_pixels() -> torch.Tensor:
    """Every cell with one inked pixel, at several greys, and every straight edge: what a poor hash confuses."""
    dots = (torch.eye(64).reshape(64, 1, 8, 8) * torch.tensor([1, 2, 128, 255]).reshape(1, 4, 1, 1)).reshape(-1, 8, 8)
    edges = (torch.arange(8) < torch.arange(1, 9)[:, None]).unsqueeze(1).expand(8, 8, 8) * 255
    return torch.cat([dots, edges, edges.transpose(1, 2)]).to(torch.uint8)


@pytest.mark.parametrize(
    "distinct",
    [
        single_pixels(),
        torch.randint(0, 256, (60, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(5)),
        torch.randint(0, 2, (3000, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(6)) * 255,
    ],
)
def test_ids_of_repeated_cells_are_those_of_the_network(distinct: torch.Tensor) -> None:
    torch.manual_seed(2)
    model = CellCNN(CellConfig(primitives=1023)).eval()
    cells = repeated(distinct)
    expected = model(cells.unsqueeze(1).float() / 255).argmax(1)
    assert torch.equal(predict_ids(model, cells, batch=70), expected)


def test_no_inked_cell_at_all() -> None:
    model = CellCNN(CellConfig(primitives=15)).eval()
    assert predict_ids(model, torch.zeros(3, 8, 8, dtype=torch.uint8)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("number", range(5))
def test_saved_weights_come_back(number: int, tmp_path: Path) -> None:
    model = small_networks()[number].eval()
    save_model(tmp_path, model)
    again = load_model(tmp_path, type(model))
    torch.testing.assert_close(again(*example(model)), model(*example(model)))
    assert again.config == model.config


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    save_model(tmp_path, small_networks()[1])
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(InputError, match="weights.safetensors"):
        load_model(tmp_path, GridRecognizer)
    (tmp_path / "model.json").write_text('{"recognizer": "oracle", "config": {}}')
    with pytest.raises(InputError, match="oracle"):
        load_model(tmp_path, GridRecognizer)


@pytest.mark.parametrize("config", ["{}", '{"classes": 2, "depth": 1}', '{"classes": 2, "depths": [1]}', "2"])
def test_a_description_of_no_network_is_named(config: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(f'{{"recognizer": "cnn", "config": {config}}}')
    with pytest.raises(InputError, match=r"model\.json: not the description of a recogniser"):
        load_model(tmp_path, nn.Module)


def test_a_network_of_another_kind_is_named(tmp_path: Path) -> None:
    save_model(tmp_path, small_networks()[1])
    with pytest.raises(InputError, match="a GridRecognizer, expected a CellCNN"):
        load_model(tmp_path, CellCNN)


def test_an_unknown_network_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Linear"):
        save_model(tmp_path, nn.Linear(1, 1))
