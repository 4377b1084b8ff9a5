"""Both recognisers learn a few lines by heart; transfer takes what fits and names what does not."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from glyphlens.core.errors import InputError, ParamsError
from glyphlens.data.sample_set import SampleSet
from glyphlens.data.tokens import TokenTable
from glyphlens.inference.decoding import LineSymbols
from glyphlens.nets.weights import save_model
from glyphlens.tracks.khmer.training.line_tasks import AttentionTask, KhmerCtcTask, shown_and_asked
from glyphlens.tracks.khmer.training.line_training import begin_with, validation_lines
from glyphlens.training.lines import line_batch
from tests.tracks.khmer.toy_khmer import save_toy_khmer, tiny_attention, tiny_ctc, toy_params, toy_tokens

STEPS = {"ctc": 250, "attention": 250}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    return save_toy_khmer(tmp_path_factory.mktemp("lines"))


def learnt(samples: SampleSet, model: nn.Module, task: Any, steps: int) -> dict[str, float]:
    """After some steps on the same sixteen lines: how well these are read."""
    batch = line_batch(samples, samples.rows("train")[:16], 192)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    for step in range(steps):
        optimiser.zero_grad()
        task.loss(model, batch, step).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    metrics = task.metrics()
    with torch.inference_mode():
        task.update(metrics, model.eval(), batch)
    return {name: float(value) for name, value in metrics.compute().items()}


def test_ctc_learns_by_heart(samples: SampleSet) -> None:
    tokens = toy_tokens(samples)
    scores = learnt(samples, tiny_ctc(tokens), KhmerCtcTask(tokens, toy_params()), STEPS["ctc"])
    assert scores["val_cer"] < 0.05 and scores["val_exact"] > 0.8


def test_attention_learns_by_heart_and_ends_its_lines(samples: SampleSet) -> None:
    tokens = toy_tokens(samples)
    scores = learnt(samples, tiny_attention(tokens), AttentionTask(tokens, toy_params()), STEPS["attention"])
    assert scores["val_cer"] < 0.1 and scores["val_exact"] > 0.7


def test_attention_has_no_paths_to_expect_errors_of(samples: SampleSet) -> None:
    params = toy_params()
    wanted = params.model_copy(update={"loss": params.loss.model_copy(update={"sequence": 0.1})})
    with pytest.raises(ParamsError, match=r"loss.sequence is 0.1; only ctc has it"):
        AttentionTask(toy_tokens(samples), wanted)


def test_what_the_decoder_is_shown_is_what_it_was_asked_a_token_before() -> None:
    tokens = TokenTable(("a", "b"))
    symbols = LineSymbols.of(2)
    shown, asked = shown_and_asked(("ab", "b"), tokens)
    assert shown.tolist() == [[symbols.start, 0, 1], [symbols.start, 1, symbols.pad]]
    assert asked.tolist() == [[0, 1, symbols.end], [1, symbols.end, symbols.pad]]


def test_a_prefix_does_not_see_what_follows(samples: SampleSet) -> None:
    tokens = toy_tokens(samples)
    model, memory, steps = tiny_attention(tokens).eval(), torch.randn(1, 9, 48), torch.tensor([7])
    with torch.inference_mode():
        long = model.decoder(torch.tensor([[3, 1, 2, 0]]), memory, steps)
        short = model.decoder(torch.tensor([[3, 1]]), memory, steps)
        padded = model.decoder(torch.tensor([[3, 1]]), torch.cat([memory[:, :7], torch.randn(1, 9, 48)], 1), steps)
    torch.testing.assert_close(long[:, :2], short)
    torch.testing.assert_close(padded, short)


def test_transfer_takes_the_shared_weights(samples: SampleSet, tmp_path: Path) -> None:
    tokens = toy_tokens(samples)
    trained = tiny_ctc(tokens)
    with torch.no_grad():
        trained.scores.bias.fill_(0.5)
    save_model(tmp_path, trained)
    tokens.save(tmp_path)
    model = tiny_attention(tokens)
    begin_with(model, tokens, tmp_path)
    assert (model.scores.bias == 0.5).all()
    with pytest.raises(InputError, match=r"writes \d+ tokens, this training 1; they differ in"):
        begin_with(model, TokenTable(("a",)), tmp_path)
    model.encoder.context = nn.LSTM(48, 12, batch_first=True, bidirectional=True)
    with pytest.raises(InputError, match=r"encoder.context.bias_hh_l0 is \(96,\), here \(48,\)"):
        begin_with(model, tokens, tmp_path)


def test_validation_lines_are_spread_and_ordered(samples: SampleSet) -> None:
    batches = list(validation_lines(samples, toy_params(held_out_rows=6)))
    assert sum(len(batch.texts) for batch in batches) == 6
    assert all(batch.images_N1HW.shape[3] % 64 == 0 for batch in batches)
