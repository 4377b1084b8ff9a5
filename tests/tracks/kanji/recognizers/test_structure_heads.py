"""What the recognisers with parts do with components and strokes: the codebook, the queries, absent strokes."""

import pytest
import torch
from torch.nn import functional

from glyphlens.sources.structure import Structure
from glyphlens.tracks.kanji.recognizers.components import component_table
from glyphlens.tracks.kanji.recognizers.hiercode import Network as HierCode
from glyphlens.tracks.kanji.recognizers.radical_rnn import Network as RadicalRNN
from tests.tracks.kanji.recognizers.kanji_networks import CLASSES, COMPONENTS, STRUCTURE, example, tiny


def hiercode() -> HierCode:
    network = tiny("hiercode").eval()
    assert isinstance(network, HierCode)
    return network


def radical_rnn() -> RadicalRNN:
    network = tiny("radical_rnn")
    assert isinstance(network, RadicalRNN)
    return network


# ── components ───────────────────────────────────────────────────────────────────────────────
def test_the_last_component_of_many_is_kept() -> None:
    table = component_table(STRUCTURE, CLASSES, COMPONENTS, 3)
    assert table.tolist()[:3] == [[0, 3, 4], [3, 3, 4], [1, 4, 4]]
    assert table[6].tolist() == [0, 1, 2]


def test_a_structure_of_other_classes_is_refused() -> None:
    fewer = Structure(STRUCTURE.components, STRUCTURE.sequences[:-1])
    for network in (hiercode(), radical_rnn()):
        with pytest.raises(ValueError, match="6"):
            network.describe(fewer)


# ── hiercode ─────────────────────────────────────────────────────────────────────────────────
def test_without_the_codebook_there_is_no_answer() -> None:
    network = hiercode()
    inputs = example(network)
    before = network(inputs)
    with torch.no_grad():
        for level in network.codebook.levels:
            level.zero_()
    collapsed = network(inputs)
    assert torch.equal(collapsed, collapsed[:1].expand_as(collapsed))
    assert (before[0] - before[1]).abs().max() > 1e-6


def test_another_codebook_is_another_answer() -> None:
    network = hiercode()
    inputs = example(network)
    before = network(inputs)
    with torch.no_grad():
        for level in network.codebook.levels:
            level.copy_(level.flip(0))
    assert (network(inputs) - before).abs().max() > 0.01


def test_a_leaf_is_the_sum_of_its_path() -> None:
    codebook = hiercode().codebook
    leaf = 0b1011
    path = sum(level[leaf >> (3 - depth)] for depth, level in enumerate(codebook.levels))
    torch.testing.assert_close(codebook()[leaf], path)
    assert codebook().shape == (16, 16)


def test_neighbouring_leaves_are_alike() -> None:
    codes = functional.normalize(hiercode().codebook(), dim=1)
    near = (codes[0::2] * codes[1::2]).sum(1).mean()
    far = (codes[:8] * codes[8:]).sum(1).mean()
    assert near > 0.3 > far


def test_components_have_leaves_of_their_own_in_their_order() -> None:
    leaves = hiercode().leaves(STRUCTURE)
    of_component = {
        number: int(leaves[row, slot]) for row, slot, number in ((0, 0, 0), (2, 0, 1), (3, 0, 2), (0, 1, 3))
    }
    assert 0 < of_component[0] < of_component[1] < of_component[2] < of_component[3] < 16
    assert leaves[2].tolist() == [of_component[1], 0, 0, 0, 0]


def test_unseen_classes_are_told_apart_by_their_components_alone() -> None:
    """A network that knows the components names a class that was never among its own."""
    network = hiercode()
    unseen = Structure(STRUCTURE.components, ((2, 3), (1, 3), (3, 0)))
    leaves = network.leaves(unseen)
    perfect = torch.full((3, network.config.slots, 16), -50.0).scatter(2, leaves.unsqueeze(2), 50.0)
    logits = network.compare(torch.log_softmax(perfect, dim=2), leaves)
    assert logits.argmax(1).tolist() == [0, 1, 2]
    torch.testing.assert_close(logits.diagonal(), torch.zeros(3))


def test_a_class_is_as_likely_as_all_its_leaves_together() -> None:
    network = hiercode()
    selected = network.select(example(network)).detach()
    torch.testing.assert_close(selected.exp().sum(2), torch.ones(5, 5))
    by_hand = [
        [sum(row[slot, leaf] for slot, leaf in enumerate(leaves)) for leaves in network.leaves_YK] for row in selected
    ]
    torch.testing.assert_close(network(example(network)), torch.tensor(by_hand))


def test_a_structure_of_other_components_is_refused() -> None:
    network = hiercode()
    renamed = Structure(("亻", "口", "目", "木"), STRUCTURE.sequences)
    with pytest.raises(ValueError, match="learnt with"):
        network.describe(renamed)


# ── radical_rnn ──────────────────────────────────────────────────────────────────────────────
def test_the_classes_loss_alone_reaches_the_queries() -> None:
    network = radical_rnn()
    functional.cross_entropy(network(example(network, CLASSES)), torch.arange(CLASSES)).backward()
    assert network.queries.grad is not None and (network.queries.grad.abs().sum(1) > 0).all()


def test_parts_learn_their_names() -> None:
    network = radical_rnn()
    inputs, targets = example(network, CLASSES), torch.arange(CLASSES)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        loss = network.learn(inputs, targets)[1]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    assert (network.parts(inputs)[1].argmax(2) == network.targets_YK).float().mean() > 0.9


# ── stroke_rnn ───────────────────────────────────────────────────────────────────────────────
def test_absent_strokes_change_nothing() -> None:
    network = tiny("stroke_rnn").eval()
    strokes = example(network)
    absent = strokes[:, :, -1:] == 0
    scribbled = torch.where(absent, torch.full_like(strokes, 9.0), strokes)
    scribbled[:, :, -1] = strokes[:, :, -1]
    torch.testing.assert_close(network(scribbled), network(strokes))
    torch.testing.assert_close(network(functional.pad(strokes, (0, 0, 0, 6))), network(strokes))


def test_the_order_of_strokes_matters() -> None:
    network = tiny("stroke_rnn").eval()
    strokes = example(network)[2:3]
    count = int(strokes[0, :, -1].sum())
    backwards = torch.cat([strokes[:, :count].flip(1), strokes[:, count:]], dim=1)
    assert (network(backwards) - network(strokes)).abs().max() > 1e-3


def test_a_character_without_strokes_has_an_answer() -> None:
    assert torch.isfinite(tiny("stroke_rnn").eval()(torch.zeros(2, 24, 17))).all()
