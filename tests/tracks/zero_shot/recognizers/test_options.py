"""Towers and extensions in any combination: shapes, gradients, padding, and that each really does something."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from glyphlens.tracks.zero_shot.descriptions.arrays import STROKE_TYPE_NUMBERS
from glyphlens.tracks.zero_shot.recognizers.aligned import Network, Settings
from glyphlens.tracks.zero_shot.recognizers.reasoning import GraphReasoning, neighbour_shares
from glyphlens.tracks.zero_shot.recognizers.stroke_types import CANONICAL_TYPES, CanonicalTypes
from glyphlens.tracks.zero_shot.training.batches import AlignmentBatch
from glyphlens.tracks.zero_shot.training.task import AlignmentTask
from tests.tracks.zero_shot.aligned_networks import TINY, described, tiny_network, training_params

LITERAL: dict[str, Any] = {"image": "literal", "radical": 4}
OPTIONS: dict[str, dict[str, Any]] = {
    "literal": LITERAL,
    "recurrent": {"text": "recurrent"},
    "reasoning": {"reasoning": True},
    "canonical": {"canonical": True},
    "both extensions": {"reasoning": True, "canonical": True},
    "all together": {"text": "recurrent", "reasoning": True, "canonical": True, **LITERAL},
}
every_option = pytest.mark.parametrize("changes", OPTIONS.values(), ids=OPTIONS)


def embeddings(network: Network) -> tuple[Tensor, Tensor]:
    images_N1HW = torch.rand(4, 1, 64, 64, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        return network.eval()(images_N1HW), network.describe(*described(4))


@every_option
def test_both_towers_have_the_sizes_that_are_said(changes: dict[str, Any]) -> None:
    network = tiny_network(**changes)
    sizes = network.config.level_sizes
    for embedding_NE in embeddings(network):
        assert embedding_NE.shape == (4, sum(sizes.values()))
        torch.testing.assert_close(embedding_NE.norm(dim=1), torch.ones(4))
    assert sizes["stroke"] == 64 * (14 if network.config.canonical else TINY["stroke"])  # type: ignore[operator]


@every_option
def test_gradients_reach_every_parameter_of_it(changes: dict[str, Any]) -> None:
    network = tiny_network(**changes)
    images_N1HW = torch.rand(6, 1, 64, 64, generator=torch.Generator().manual_seed(3))
    batch = AlignmentBatch(images_N1HW, described(5), torch.arange(3).repeat(2))
    AlignmentTask(training_params()).loss(network, batch, 0).backward()
    without = {name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()}
    assert without == set()


@every_option
def test_padding_changes_nothing(changes: dict[str, Any]) -> None:
    network = tiny_network(**changes).eval()
    few = described(4)
    more = few._replace(
        **{
            name: torch.cat([values, values.new_zeros(4, 7, *values.shape[2:])], dim=1)
            for name, values in few._asdict().items()
        }
    )
    torch.testing.assert_close(network.describe(*more), network.describe(*few), rtol=0, atol=1e-5)


@every_option
def test_a_training_step_in_bfloat16_is_finite(changes: dict[str, Any]) -> None:
    network = tiny_network(**changes)
    batch = AlignmentBatch(torch.rand(6, 1, 64, 64), described(5), torch.arange(3).repeat(2))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.isfinite(AlignmentTask(training_params()).loss(network, batch, 0))


def test_reasoning_changes_both_towers_and_off_it_has_no_parameter() -> None:
    plain, reasoning = tiny_network(), tiny_network(reasoning=True)
    assert not any("reasoning" in name for name in plain.state_dict())
    reasoning.load_state_dict(plain.state_dict(), strict=False)
    for without, with_it in zip(embeddings(plain), embeddings(reasoning), strict=True):
        assert (without - with_it).abs().max() > 1e-3


def test_a_component_hears_one_three_edges_away_and_no_farther() -> None:
    edges_KK = torch.diag(torch.ones(4), 1)  # each hears the next
    graph, nodes_NKD = GraphReasoning(3), torch.rand(1, 5, 3, requires_grad=True)
    graph(nodes_NKD, edges_KK)[0, 0].sum().backward()
    assert nodes_NKD.grad is not None
    heard_K = nodes_NKD.grad[0].abs().sum(1) > 0
    assert not heard_K[4]
    assert heard_K[:2].all()


def test_neighbours_are_near_and_padding_is_nobodys() -> None:
    boxes_NK5 = torch.tensor([[[0.2, 0.5, 0.3, 0.9, 1], [0.5, 0.5, 0.3, 0.9, 1], [0.95, 0.5, 0.1, 0.1, 1], [0.5] * 5]])
    shares_KK = neighbour_shares(boxes_NK5, torch.tensor([[True, True, True, False]]))[0]
    assert shares_KK[0, 1] == 1 and shares_KK[0, 2] == 0 and not shares_KK.diagonal().any()
    assert not shares_KK[3].any() and not shares_KK[:, 3].any()
    torch.testing.assert_close(shares_KK[1].sum(), torch.tensor(1.0))


def test_every_stroke_type_has_one_of_fourteen_canonical_ones() -> None:
    numbers = torch.tensor([[0, *STROKE_TYPE_NUMBERS.values()]])
    kinds_T14 = CanonicalTypes()(numbers)[0]
    assert kinds_T14.shape[1] == len(CANONICAL_TYPES) == 14
    assert kinds_T14.sum(1).tolist() == [0, 0] + [1] * 27 and (kinds_T14.sum(0) > 0).all()


def test_canonical_types_tell_no_finer_ones_apart() -> None:
    """㇒ and ㇓ are one type, ㇒ and ㇏ are two."""
    network, plain = tiny_network(canonical=True).eval(), described(3)
    found = []
    for kind in ("㇒", "㇓", "㇏"):
        types_NS = torch.where(plain.types_NS > 0, STROKE_TYPE_NUMBERS[kind], 0)
        found.append(network.describe(types_NS, *plain[1:]))
    assert torch.equal(found[0], found[1]) and (found[0] - found[2]).abs().max() > 1e-3


def test_writing_order_says_something_to_the_recurrent_tower_alone() -> None:
    turned = described(4)._replace(**{name: value.flip(1) for name, value in described(4)._asdict().items()})
    full = [3]  # the description without padding
    for text, differs in (("layout", False), ("recurrent", True)):
        network = tiny_network(text=text).eval()
        both = [network.describe(*(value[full] for value in each)) for each in (described(4), turned)]
        assert bool((both[0] - both[1]).abs().max() > 1e-4) is differs


def test_the_literal_tower_refuses_radicals_that_its_heads_cannot_share() -> None:
    with pytest.raises(ValidationError, match="radical 3: the literal image tower needs a multiple of 4"):
        Settings.model_validate({**TINY, "image": "literal"})
