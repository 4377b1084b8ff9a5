"""Each loss does what its weight is for, and none is there where its weight is 0."""

import pytest
import torch

from glyphlens.data.sample_set import SampleSet
from glyphlens.data.tokens import TokenTable
from glyphlens.tracks.khmer.training.line_batches import KhmerLineBatches
from glyphlens.tracks.khmer.training.line_losses import (
    CtcLosses,
    LineLossWeights,
    expected_error_rate,
    focal,
    mean_entropy,
)
from glyphlens.training.lines import LineBatch, ctc_loss, read_lines
from tests.tracks.khmer.toy_khmer import save_toy_khmer, tiny_ctc, toy_params, toy_tokens

NOTHING = {
    "focal_alpha": 1.0,
    "focal_gamma": 0.0,
    "confidence": 0.0,
    "hierarchical": 0.0,
    "sequence": 0.0,
    "sampled": 2,
}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return save_toy_khmer(tmp_path_factory.mktemp("lines"))


@pytest.fixture(scope="module")
def batch(samples: SampleSet) -> LineBatch:
    return KhmerLineBatches(samples, toy_params(), 1, samples.rows("train")).batch(0)


def loss(samples: SampleSet, batch: LineBatch, **weights: float) -> float:
    tokens = toy_tokens(samples)
    losses = CtcLosses(tokens, LineLossWeights.model_validate(NOTHING | weights))
    return float(losses(tiny_ctc(tokens), batch).detach())


def test_without_weights_it_is_the_likelihood_a_token(samples: SampleSet, batch: LineBatch) -> None:
    tokens = toy_tokens(samples)
    plain = ctc_loss(*read_lines(tiny_ctc(tokens), batch), batch.texts, tokens)
    assert loss(samples, batch) == pytest.approx(float(plain.detach().mean()), rel=1e-6)
    assert plain.shape == (len(batch.texts),)


@pytest.mark.parametrize(
    "weights", [{"focal_alpha": 0.25, "focal_gamma": 2.0}, {"confidence": 0.1}, {"hierarchical": 0.5}]
)
def test_each_weight_changes_the_loss(samples: SampleSet, batch: LineBatch, weights: dict[str, float]) -> None:
    assert abs(loss(samples, batch, **weights) - loss(samples, batch)) > 1e-4


def test_the_focal_loss_makes_small_losses_smaller() -> None:
    weights = LineLossWeights.model_validate(NOTHING | {"focal_alpha": 0.25, "focal_gamma": 2.0})
    nats = torch.tensor([0.1, 3.0])
    expected = 0.25 * (1 - torch.exp(-nats)) ** 2 * nats
    torch.testing.assert_close(focal(nats, weights), expected)
    assert torch.equal(focal(nats, LineLossWeights.model_validate(NOTHING)), nats)


def test_padding_has_no_entropy() -> None:
    logits = torch.zeros(1, 4, 3)
    logits[0, 2:, 0] = 50
    assert float(mean_entropy(logits, torch.tensor([2]))) == pytest.approx(1.0986, abs=1e-3)


def test_the_expected_error_falls_along_its_gradient(samples: SampleSet) -> None:
    """Of one line of two steps and two tokens, the text being the first: its score must rise."""
    torch.manual_seed(0)
    tokens = TokenTable(("a", "b"))
    logits = torch.zeros(1, 1, 3, requires_grad=True)
    expected_error_rate(logits, torch.tensor([1]), ("a",), tokens, 400).backward()
    assert logits.grad is not None
    assert logits.grad[0, 0, 1] < -0.1 < 0 < min(logits.grad[0, 0, 0], logits.grad[0, 0, 2])
