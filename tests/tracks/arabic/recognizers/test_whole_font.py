"""The context network: what moves with the glyphs and what does not, and what it cannot see."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glyphlens.tracks.arabic.recognizers.whole_font import FEATURES, OFFSETS, RELATIONS, _beside
from tests.tracks.arabic.forged_context import forged_font, forged_network

BESIDE = slice(RELATIONS * len(OFFSETS))  # features of a candidate that come from its neighbours
LIKENESS = slice(FEATURES - 6, FEATURES - 2)  # how far the font's order looks like one


def inputs(glyphs=30, seed=0):
    font = forged_font(glyphs, seed)
    return torch.from_numpy(font.classes_GK), torch.from_numpy(font.log_p_GK)


def blind(network):
    """Without what is seen of the order."""
    for correction in network.rounds:
        correction[0].weight.data[:, BESIDE] = 0
        correction[0].weight.data[:, LIKENESS] = 0
    return network


@settings(max_examples=20, deadline=None)
@given(glyphs=st.integers(2, 40), seed=st.integers(0, 9))
def test_with_its_order_hidden_a_shuffled_font_has_the_same_answers(glyphs, seed):
    network, (classes_GK, log_p_GK) = blind(forged_network()), inputs(glyphs, seed)
    order_G = torch.from_numpy(np.random.default_rng(seed).permutation(glyphs))
    with torch.inference_mode():
        straight_GK, shuffled_GK = network(classes_GK, log_p_GK), network(classes_GK[order_G], log_p_GK[order_G])
    torch.testing.assert_close(straight_GK[order_G], shuffled_GK, atol=1e-4, rtol=0)


def test_the_order_is_seen_where_it_is_not_hidden():
    network, (classes_GK, log_p_GK) = forged_network(), inputs()
    with torch.inference_mode():
        straight_GK, reverse_GK = network(classes_GK, log_p_GK), network(classes_GK.flip(0), log_p_GK.flip(0)).flip(0)
    assert (straight_GK - reverse_GK).abs().max() > 1e-2


def test_a_fresh_network_changes_nothing():
    network, (classes_GK, log_p_GK) = forged_network(spread=0.0), inputs()
    torch.testing.assert_close(network(classes_GK, log_p_GK), log_p_GK)


def test_a_neighbour_that_is_the_same_letter_or_the_next_is_told_apart():
    network = forged_network()
    classes_GK = torch.tensor([[0, 9], [1, 13], [5, 20]])  # beh.isol beh.fina teh_marbuta.fina; then unlikely ones
    log_p_GK = torch.tensor([[0.0, -9.0]]).expand(3, 2)
    p_GK = log_p_GK.softmax(1)
    letter, group, _, following, previous = _beside(network._related(classes_GK), p_GK)[0, :, :, 0].round()
    assert letter.tolist() == [1, 0, 0] and group.tolist() == [0, 1, 0]
    assert following.tolist() == [0, 1, 0] and previous.tolist() == [0, 0, 0]


def test_what_the_rest_of_the_font_has_leaves_out_the_glyph_itself():
    network = forged_network()
    classes_GK, p_GK = torch.tensor([[0, 1], [1, 0]]), torch.tensor([[0.75, 0.25], [0.5, 0.5]])
    again, forms, *_ = network._within(classes_GK, p_GK, torch.tensor(2.0))
    torch.testing.assert_close(again, torch.tensor([[0.5, 0.5], [0.25, 0.75]]))
    torch.testing.assert_close(forms, torch.ones(2, 2))
