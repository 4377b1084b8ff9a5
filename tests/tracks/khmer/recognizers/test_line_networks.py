"""Shapes, lengths, presets, and scores that are the sum of a token's parts."""

import pytest
import torch

from glyphlens.core.errors import InputError
from glyphlens.data.tokens import TokenTable
from glyphlens.tracks.khmer.recognizers.line_encoder import LineEncoder
from glyphlens.tracks.khmer.recognizers.presets import PRESETS, LineRecognizerParams, build_line_recognizer
from tests.tracks.khmer.toy_khmer import tiny_ctc

TOKENS = TokenTable(("ក", "ា", "កា"))


@pytest.mark.parametrize("width", [4, 37, 64, 131])
def test_every_pixel_has_a_time_step(width: int) -> None:
    network = tiny_ctc(TOKENS).eval()
    logits = network(torch.zeros(2, 1, 48, width))
    steps = network.time_steps(torch.tensor([width, 1]))
    assert logits.shape == (2, -(-width // 4), 4)
    assert steps.tolist() == [-(-width // 4), 1]


def test_a_cluster_scores_the_sum_of_its_parts() -> None:
    scores = tiny_ctc(TOKENS).scores
    with torch.no_grad():
        scores.own_KD.zero_()
        scores.bias.zero_()
    logits = scores(torch.randn(1, 2, 48))
    torch.testing.assert_close(logits[..., 3], logits[..., 1] + logits[..., 2])


@pytest.mark.parametrize("name", ["ctc", "attention"])
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_built(name: str, preset: str) -> None:
    own = LineRecognizerParams.model_validate(
        {"start": False, "preset": preset, "dropout": 0.1, "steps": 1, "batch": 4, "lr": 0.1}
    )
    network = build_line_recognizer(name, own, 10, 3).eval()
    assert network(torch.zeros(1, 1, 48, 64)).shape[:2] == (1, 16)


def test_an_unknown_recogniser_is_named() -> None:
    own = LineRecognizerParams(start=False, preset="small", dropout=0.1, steps=1, batch=4, lr=0.1)
    with pytest.raises(InputError, match="no recogniser of lines is called 'tesseract'"):
        build_line_recognizer("tesseract", own, 10, 3)


def test_levels_that_are_missing_are_an_error() -> None:
    with pytest.raises(ValueError, match="expected 4 of each"):
        LineEncoder((8, 8), (0, 0), 1, 8, 1, 0.0)
