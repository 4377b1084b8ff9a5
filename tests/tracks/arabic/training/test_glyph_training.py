"""Classes that share words learn together, and the finished layer is plain and says the same."""

import torch

from glyphlens.nets.trunk import GlyphHead
from glyphlens.tracks.arabic.training.glyph_training import WORD_SCALE, fold_words, share_words, words_of

LABELS = ["beh.init", "beh.medi", "fatha", "peh.init"]


def head() -> GlyphHead:
    torch.manual_seed(0)
    return GlyphHead(8, len(LABELS), geometry=True, dropout=0.0, cosine=False)


def test_words_of_a_label() -> None:
    assert words_of("beh_with_dot.init") == ["beh", "with", "dot", ".init"]
    assert words_of("fatha") == ["fatha"]


def test_a_class_moves_the_classes_that_share_its_words_and_no_other() -> None:
    layer = head()
    share_words(layer, LABELS, WORD_SCALE)
    before = layer.classes.weight.detach().clone()
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    layer.classes.weight[0].sum().backward()
    optimizer.step()
    moved = (layer.classes.weight - before).abs().sum(1) > 1e-6
    assert moved.tolist() == [True, True, False, True]


def test_folding_keeps_the_logits_and_leaves_a_plain_layer() -> None:
    layer = head().eval()
    names = set(layer.state_dict())
    share_words(layer, LABELS, WORD_SCALE)
    embedding = torch.rand(3, layer.classes.in_features)
    shared = layer.classify(embedding)
    fold_words(layer)
    torch.testing.assert_close(layer.classify(embedding), shared)
    assert set(layer.state_dict()) == names


def test_the_same_seed_gives_the_same_words() -> None:
    first, second = head(), head()
    for layer in (first, second):
        torch.manual_seed(5)
        share_words(layer, LABELS, WORD_SCALE)
    assert torch.equal(first.classes.weight, second.classes.weight)


def test_learnt_weights_are_begun_with_as_they_are() -> None:
    layer = head()
    learnt = layer.classes.weight.detach().clone()
    share_words(layer, LABELS, 0.0)
    assert torch.equal(layer.classes.weight, learnt)
    layer.classes.weight[0].sum().backward()
    words = layer.classes.parametrizations.weight[0].words_WE
    assert words.grad is not None and words.grad.abs().sum() > 0
