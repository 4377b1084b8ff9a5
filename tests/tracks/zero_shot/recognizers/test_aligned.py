"""Both towers give like embeddings, whatever is padded, and a training step reaches all of both."""

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from glyphlens.tracks.zero_shot.recognizers.aligned import Network, Settings
from glyphlens.tracks.zero_shot.recognizers.levels import Levels, LevelWeights, embedding_of
from glyphlens.tracks.zero_shot.training.batches import AlignmentBatch, ZeroShotTrainingParams
from glyphlens.tracks.zero_shot.training.task import AlignmentTask
from glyphlens.training.checkpoints import Identity
from glyphlens.training.module import TrainingModule
from tests.tracks.zero_shot.aligned_networks import TINY, described, tiny_network, training_params


@pytest.fixture
def network() -> Network:
    return tiny_network()


def longer(values: Tensor, by: int) -> Tensor:
    """Zeros behind the second axis."""
    return torch.cat([values, values.new_zeros(len(values), by, *values.shape[2:])], dim=1)


def training_batch(classes: int = 3, further: int = 2) -> AlignmentBatch:
    images_N1HW = torch.rand(2 * classes, 1, 64, 64, generator=torch.Generator().manual_seed(3))
    return AlignmentBatch(images_N1HW, described(classes + further), torch.arange(classes).repeat(2))


def test_padding_changes_nothing(network: Network) -> None:
    network.eval()
    few = described(4)
    more = few._replace(**{name: longer(values, 7) for name, values in few._asdict().items()})
    torch.testing.assert_close(network.describe(*more), network.describe(*few), rtol=0, atol=1e-5)


def test_what_stands_in_padding_is_not_read(network: Network) -> None:
    network.eval()
    plain = described(4)
    points_NSP2 = plain.points_NSP2.clone()
    points_NSP2[plain.types_NS == 0] = 0.5
    numbers_NK5 = plain.numbers_NK5.clone()
    numbers_NK5[plain.names_NK == 0] = 0.5
    assert (plain.types_NS == 0).any() and (plain.names_NK == 0).any()
    filled = plain._replace(points_NSP2=points_NSP2, numbers_NK5=numbers_NK5)
    torch.testing.assert_close(network.describe(*filled), network.describe(*plain), rtol=0, atol=1e-5)


def test_embeddings_have_length_1(network: Network) -> None:
    network.eval()
    images_N1HW = torch.rand(5, 1, 64, 64)
    pictures_NE, texts_NE = network(images_N1HW), network.describe(*described(5))
    sizes = network.config.stroke * 64 + network.config.radical * 16 + network.config.character
    assert pictures_NE.shape == texts_NE.shape == (5, sizes)
    for embedding_NE in (pictures_NE, texts_NE):
        torch.testing.assert_close(embedding_NE.norm(dim=1), torch.ones(5))


def test_a_product_of_embeddings_is_the_weighted_mean_of_cosines() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = (Levels(*(torch.randn(3, size, generator=generator) for size in (4, 6, 5))) for _ in range(2))
    weights = LevelWeights(0.3, 0.5, 0.2)
    cosines_NL = torch.stack([torch.cosine_similarity(a, b) for a, b in zip(first, second, strict=True)], dim=1)
    found_N = (embedding_of(first, weights) * embedding_of(second, weights)).sum(1)
    torch.testing.assert_close(found_N, cosines_NL @ torch.tensor(weights))


@pytest.mark.parametrize("weights", [(0.3, 0.5, 0.3), (-0.2, 1.0, 0.2)])
def test_weights_of_the_levels_are_shares(weights: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="level_weights"):
        Settings.model_validate({**TINY, "level_weights": weights})


def test_an_embedding_is_strokes_then_radicals_then_the_whole(network: Network) -> None:
    network.eval()
    images_N1HW = torch.rand(3, 1, 64, 64)
    for levels, embedding_NE in (
        (network.image(images_N1HW), network(images_N1HW)),
        (network.text(*described(3)), network.describe(*described(3))),
    ):
        parts = embedding_NE.split([level.shape[1] for level in levels], dim=1)
        for part, level, weight in zip(parts, levels, (0.3, 0.5, 0.2), strict=True):
            torch.testing.assert_close(part, weight**0.5 * torch.nn.functional.normalize(level, dim=1))


def test_a_stroke_lies_where_it_is_in_a_picture(network: Network) -> None:
    """x goes to columns and y to rows, as pixels do; a stroke in the corner fills the place in the corner."""
    laid_out: list[Tensor] = []
    network.eval().text.places.register_forward_pre_hook(lambda _, inputs: laid_out.append(inputs[0]))
    corner = torch.tensor([0.95, 0.05]).expand(1, 1, 5, 2)
    nothing = torch.zeros(1, 1, dtype=torch.int64)
    network.describe(torch.ones_like(nothing), corner, nothing, torch.zeros(1, 1, 5))
    places_RS = laid_out[0][0].sum(0)
    assert places_RS[0, 7] > 0 and (places_RS > 0).sum() == 1


def test_an_answer_does_not_depend_on_the_batch(network: Network) -> None:
    network.eval()
    all_of_them = described(4)
    alone = type(all_of_them)(*(values[2:3] for values in all_of_them))
    torch.testing.assert_close(network.describe(*alone)[0], network.describe(*all_of_them)[2], rtol=0, atol=1e-5)


def test_gradients_reach_every_parameter_and_all_are_optimised(network: Network) -> None:
    params = training_params()
    task = AlignmentTask(params)
    task.loss(network, training_batch(), 0).backward()
    without = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert without == []
    assert _optimised(network, params) == {id(value) for value in network.parameters()}


def test_without_text_losses_the_text_tower_has_no_gradient(network: Network) -> None:
    params = training_params(losses={"text": 0.0, "pictures": 1.0, "classes": 0.5})
    AlignmentTask(params).loss(network, training_batch(), 0).backward()
    assert all(value.grad is None for value in network.text.parameters())
    assert all(value.grad is not None for part in (network.image.trunk, network.seen) for value in part.parameters())


def _optimised(network: Network, params: ZeroShotTrainingParams) -> set[int]:
    """Parameters that the optimiser of a training has."""
    module = TrainingModule(network, AlignmentTask(params), params, 0, Identity("zero_shot", {}, {}, "", "cpu", 1))
    optimizer = module.configure_optimizers()["optimizer"]
    return {id(value) for group in optimizer.param_groups for value in group["params"]}
